"""Options of CRSLab's own models, with the defaults of CRSLab's configurations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.base.options import Count, Fraction, NonNegative, Options, Positive


class KBRDRepairedOptions(Options):
    """Options of CRSLab's KBRD with its user vector repaired, and without the conversation stage."""

    kg_emb_dim: Count = 128
    """Size of the entity embeddings."""
    num_bases: Count | None = 8
    """Number of bases of the R-GCN; None: every relation has its own parameters."""


class KBRDOptions(KBRDRepairedOptions):
    """Options of CRSLab's KBRD, with the values of its ``config/crs/kbrd/redial.yaml``."""

    token_emb_dim: Count = 300
    """Size of the token embeddings."""
    n_heads: Count = 2
    """Number of attention heads."""
    n_layers: Count = 2
    """Number of Transformer layers."""
    ffn_size: Count = 300
    """Size of the hidden layer after the attention."""
    dropout: Fraction = 0.1
    """Dropout probability of the Transformer."""
    attention_dropout: Fraction = 0.0
    """Dropout probability of the attention weights."""
    relu_dropout: Fraction = 0.1
    """Dropout probability after the ReLU of the feed-forward layer."""
    learn_positional_embeddings: bool = False
    """Whether the position embeddings are learned; otherwise they are sines and cosines."""
    reduction: bool = False
    """Whether the encoder returns the mean vector of the context instead of one vector per token."""
    n_positions: Count = 1024
    """Number of position embeddings."""
    user_proj_dim: Count = 512
    """Size of the hidden layer that turns the user vector into a bias of the words."""


class KGSFOptions(KBRDOptions):
    """Options of CRSLab's KGSF."""

    embeddings_scale: bool = True
    """Whether token embeddings are multiplied by the square root of their size."""
    context_truncate: Count = 256
    """Maximum number of tokens of the context. The last ones are kept."""
    response_truncate: Count = 30
    """Maximum number of tokens of a response."""
    word_truncate: Count | None = None
    """Maximum number of words of the context that are looked up in the word graph; None: all."""
    info_loss_weight: NonNegative = 0.025
    """Weight of the mutual information loss (system/kgsf.py:86)."""
    pretrain_epoch: Annotated[int, Field(ge=0)] = 3
    """Number of epochs of mutual information pre-training (the section ``pretrain`` of CRSLab)."""


class ReDialRecOptions(Options):
    """Options of CRSLab's ReDialRec, an autoencoder."""

    autorec_layer_sizes: list[Count] = [1000]
    """Sizes of the hidden layers."""
    autorec_f: Literal['identity', 'sigmoid', 'relu'] = 'sigmoid'
    """Activation of the encoder."""
    autorec_g: Literal['identity', 'sigmoid', 'relu'] = 'sigmoid'
    """Activation of the output."""


class SequenceOptions(Options):
    """Options of CRSLab's ``TGReDialDataLoader``."""

    context_truncate: Annotated[int, Field(ge=8)] = 256
    """Maximum number of tokens of the context. The last ones are kept."""
    item_truncate: Count = 100
    """Maximum number of items of the history. The last ones are kept."""
    word_truncate: Count | None = None
    """Maximum number of words of the context that are looked up in the word graph; None: all."""
    response_truncate: Count | None = None
    """Maximum number of tokens of a response; None: unlimited."""


class TextCNNOptions(SequenceOptions):
    """Options of CRSLab's TextCNN."""

    num_filters: Count = 256
    """Number of filters of each size."""
    embed: Count = 300
    """Size of the token embeddings."""
    filter_sizes: Annotated[str, Field(pattern=r'^\([0-9, ]+\)$')] = '(2, 3, 4)'
    """Sizes of the filters in tokens, as a Python tuple."""
    dropout: Fraction = 0.1
    """Dropout probability."""


class GRU4RECOptions(SequenceOptions):
    """Options of CRSLab's GRU4REC."""

    gru_hidden_size: Count = 50
    """Size of the hidden state."""
    num_layers: Count = 3
    """Number of GRU layers."""
    dropout_hidden: Fraction = 0.2
    """Dropout probability between the GRU layers."""
    dropout_input: Fraction = 0.2
    """Not used. CRSLab reads the key but applies no such dropout."""
    embedding_dim: Count = 50
    """Size of the item embeddings."""


class SASRECOptions(SequenceOptions):
    """Options of CRSLab's SASREC."""

    hidden_dropout_prob: Fraction = 0.2
    """Dropout probability of the embeddings and hidden layers."""
    initializer_range: Positive = 0.02
    """Standard deviation of the initial parameters."""
    hidden_size: Count = 64
    """Size of the item embeddings and hidden layers."""
    max_history_items: Count = 100
    """Number of position embeddings, which is the maximum number of items of a history."""
    num_attention_heads: Count = 2
    """Number of attention heads."""
    attention_probs_dropout_prob: Fraction = 0.2
    """Dropout probability of the attention weights."""
    hidden_act: Literal['gelu', 'relu', 'swish'] = 'gelu'
    """Activation of the feed-forward layers."""
    num_hidden_layers: Count = 2
    """Number of Transformer layers."""
