"""Keys of this package's models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from crslab_causal.base.options import Count, Fraction, NonNegative, Options, Positive
from crslab_causal.base.training_options import ConvTrainingOptions
from crslab_causal.data.confounders import Adjustment

SHIPPED_INTERVENTIONS = ('zero', 'bernoulli', 'learned', 'noise')
"""Values of ``intervention`` that need no look at the table, so that a configuration is checked without PyTorch."""


def _check_intervention(name: str) -> str:
    if name in SHIPPED_INTERVENTIONS:
        return name
    from crslab_causal.model.intervention import INTERVENTIONS  # only here, since it imports PyTorch

    if name not in INTERVENTIONS:
        *others, last = map(repr, INTERVENTIONS)
        raise ValueError(f'Input should be {", ".join(others)} or {last}')
    return name


class TransitionCountsOptions(Options):
    """Entity to item transition counts."""

    transition_decay: Positive = 1.5
    """Weight of the later mentions, as lambda in Eq 3."""
    transition_smoothing: Positive = 10.0
    """Count at which a mention's own transitions and the prior weigh the same."""
    neighbour_weight: Fraction = 0.2
    """Share of the knowledge graph's one-hop items in the prior, the rest being popularity."""
    seeker_weight: Fraction = 0.0
    """Weight of an item that the seeker mentions, beside a recommended one; 0: only recommended items count."""


class CausalKBRDOptions(TransitionCountsOptions):
    """The recommender of the paper, and transition counts to mix it with."""

    kg_emb_dim: Count = 128
    num_bases: Count | None = None
    """None: one vector for each (relation, entity) pair, as Eq 2 has it."""
    rgcn_aggr: Literal['add', 'mean'] = 'add'
    """Z of Eq 2: ``add`` for Z = 1, ``mean`` for the number of neighbours by that relation."""
    num_neighbors: Count | None = None
    """Edges into each entity that are drawn for an update, on graphs too large for all; None: all of them."""
    attention_decay: Positive = 1.5
    """Lambda of Eq 3."""
    intervention: Annotated[str, AfterValidator(_check_intervention)] = 'zero'
    """M of Eq 5, a key of :data:`crslab_causal.model.intervention.INTERVENTIONS`."""
    intervention_position: Literal['last', 'random', 'all'] = 'last'
    alpha: NonNegative = 2.0
    """Weight of the causal loss, Eq 7."""
    beta: NonNegative = 0.5
    """Weight of the KL term of Eq 8."""
    item_bias: bool = False
    adjustment: Adjustment = 'none'
    """The confounder that the backdoor adjustment sums over; ``random`` is a control without one, ``context`` for
    ``dataset: CausalDemo`` only."""
    adjustment_strata: Count = 5
    """Quantile bins of ``popularity`` and ``turn``, clusters of ``genre``."""
    embedding_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    entity_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability that a mention is left out of a history in training: a regulariser without a causal reading."""
    counts_weight: Annotated[float, Field(ge=0, lt=1)] | None = 0.0
    """Weight of transition counts in a mixture with p, which the loss does not see; None: chosen on valid after the
    training, by the sum of recall at the smallest and at the largest cutoff."""


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


class ResponseOptions(Options):
    """A model that writes responses."""

    response_truncate: Annotated[int, Field(ge=2)] = 40
    """Most tokens of a response, in training and in writing."""
    response_min_count: Count = 2
    """How often the training data's responses have a token that is learned to be written."""
    conv: ConvTrainingOptions = ConvTrainingOptions()


class Seq2SeqOptions(ResponseOptions, TokenOptions):
    """Encoder and decoder with GRUs."""


class TransformerSeq2SeqOptions(ResponseOptions, TransformerOptions):
    """Encoder and decoder of the Transformer."""
