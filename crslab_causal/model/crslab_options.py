"""Keys of CRSLab's own models, with the defaults of CRSLab's configurations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.base.options import Count, Fraction, NonNegative, Options, Positive


class KBRDRepairedOptions(Options):
    """Keys of CRSLab's KBRD with its user vector repaired, and without the conversation stage."""

    kg_emb_dim: Count = 128
    num_bases: Count | None = 8


class KBRDOptions(KBRDRepairedOptions):
    """CRSLab's KBRD, with the values of its ``config/crs/kbrd/redial.yaml``."""

    token_emb_dim: Count = 300
    n_heads: Count = 2
    n_layers: Count = 2
    ffn_size: Count = 300
    dropout: Fraction = 0.1
    attention_dropout: Fraction = 0.0
    relu_dropout: Fraction = 0.1
    learn_positional_embeddings: bool = False
    reduction: bool = False
    n_positions: Count = 1024
    user_proj_dim: Count = 512


class KGSFOptions(KBRDOptions):
    """CRSLab's KGSF."""

    embeddings_scale: bool = True
    context_truncate: Count = 256
    response_truncate: Count = 30
    word_truncate: Count | None = None
    info_loss_weight: NonNegative = 0.025
    """Weight of the mutual information loss (system/kgsf.py:86)."""
    pretrain_epoch: Annotated[int, Field(ge=0)] = 3
    """Epochs of mutual information pre-training (the section ``pretrain`` of CRSLab)."""


class ReDialRecOptions(Options):
    """CRSLab's ReDialRec, an autoencoder."""

    autorec_layer_sizes: list[Count] = [1000]
    autorec_f: Literal['identity', 'sigmoid', 'relu'] = 'sigmoid'
    autorec_g: Literal['identity', 'sigmoid', 'relu'] = 'sigmoid'


class SequenceOptions(Options):
    """What CRSLab's ``TGReDialDataLoader`` reads."""

    context_truncate: Annotated[int, Field(ge=8)] = 256
    item_truncate: Count = 100
    word_truncate: Count | None = None
    response_truncate: Count | None = None


class TextCNNOptions(SequenceOptions):
    """CRSLab's TextCNN."""

    num_filters: Count = 256
    embed: Count = 300
    filter_sizes: Annotated[str, Field(pattern=r'^\([0-9, ]+\)$')] = '(2, 3, 4)'
    dropout: Fraction = 0.1


class GRU4RECOptions(SequenceOptions):
    """CRSLab's GRU4REC."""

    gru_hidden_size: Count = 50
    num_layers: Count = 3
    dropout_hidden: Fraction = 0.2
    dropout_input: Fraction = 0.2
    embedding_dim: Count = 50


class SASRECOptions(SequenceOptions):
    """CRSLab's SASREC."""

    hidden_dropout_prob: Fraction = 0.2
    initializer_range: Positive = 0.02
    hidden_size: Count = 64
    max_history_items: Count = 100
    num_attention_heads: Count = 2
    attention_probs_dropout_prob: Fraction = 0.2
    hidden_act: Literal['gelu', 'relu', 'swish'] = 'gelu'
    num_hidden_layers: Count = 2
