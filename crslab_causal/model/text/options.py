"""Keys of models that read the conversation's text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.strict import Count, Fraction, Options, Positive


class TokenOptions(Options):
    """Any encoder of tokens."""

    context_truncate: Annotated[int, Field(ge=2)] = 128
    """Longest context in tokens, of which the last are kept."""
    token_emb_dim: Count = 64
    """Size of the token embeddings, and of the encoder's states."""
    n_layers: Count = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1


class TransformerOptions(TokenOptions):
    """A Transformer over tokens."""

    n_heads: Count = 2
    ffn_size: Count = 128


class CTACRSOptions(TransformerOptions):
    """The recommender of CTA-CRS."""

    text_encoder: str = 'transformer'
    """``transformer``, ``gru`` or ``bag`` (of embeddings), trained with the model; or the folder or name of an encoder
    of Hugging Face, for example ``facebook/bart-base``, which has its own sizes."""
    freeze_text_encoder: bool = True
    """Leave an encoder of Hugging Face as it is."""
    kg_emb_dim: Count = 128
    num_bases: Count | None = 8
    """Of the R-GCN; None: one vector for each (relation, entity) pair."""
    rgcn_aggr: Literal['add', 'mean'] = 'mean'
    attention_decay: Positive = 1.5
    """Weight of the later mentions, as lambda in Eq 3."""
    embedding_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    context_weight: Fraction | None = None
    """Weight of the contextual level in the mixture; None: chosen on valid after the training."""
