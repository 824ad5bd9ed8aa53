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
    """Keys of the transition counts."""

    transition_decay: Positive = 1.5
    """Ratio of the weights of a mention and the one before it, as lambda in Eq 3."""
    transition_smoothing: Positive = 10.0
    """Count at which a mention's own transitions and the prior weigh the same."""
    neighbour_weight: Fraction = 0.2
    """Share of the knowledge graph's one-hop items in the prior, the rest being popularity."""
    seeker_weight: Fraction = 0.0
    """Weight of an item that the seeker mentions, beside a recommended one; 0: only recommended items count."""


class CausalKBRDOptions(TransitionCountsOptions):
    """Keys of the recommender of the paper, and of the transition counts that it is mixed with."""

    kg_emb_dim: Count = 128
    """Size of the entity embeddings."""
    num_bases: Count | None = None
    """Number of bases of the R-GCN; None: one vector for each (relation, entity) pair, as in Eq 2."""
    rgcn_aggr: Literal['add', 'mean'] = 'add'
    """Z of Eq 2: ``add`` for Z = 1, ``mean`` for the number of neighbours by that relation."""
    num_neighbors: Count | None = None
    """Number of edges into each entity that are drawn for an update, for very large graphs; None: all are used."""
    attention_decay: Positive = 1.5
    """Lambda of Eq 3: ratio of the weights of a mention and the one before it."""
    intervention: Annotated[str, AfterValidator(_check_intervention)] = 'zero'
    """M of Eq 5, a key of :data:`crslab_causal.model.intervention.INTERVENTIONS`."""
    intervention_position: Literal['last', 'random', 'all'] = 'last'
    """Mentions that M of Eq 5 is applied to: the last one, a random one, or all of them."""
    alpha: NonNegative = 2.0
    """Weight of the causal loss, Eq 7."""
    beta: NonNegative = 0.5
    """Weight of the KL term of Eq 8."""
    item_bias: bool = False
    """Whether Eq 4 and Eq 6 add a learned bias of each item."""
    adjustment: Adjustment = 'none'
    """The confounder that the backdoor adjustment sums over; ``random`` is a control without one, ``context`` for
    ``dataset: CausalDemo`` only."""
    adjustment_strata: Count = 5
    """Quantile bins of ``popularity`` and ``turn``, clusters of ``genre``."""
    embedding_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability that an element of H (Eq 2) is set to zero in training."""
    entity_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability that a mention is left out of a history in training. It is a plain regulariser."""
    counts_weight: Annotated[float, Field(ge=0, lt=1)] | None = 0.0
    """Weight of transition counts in a mixture with p, which the loss does not see; None: chosen on valid after the
    training, by the sum of recall at the smallest and at the largest cutoff."""


class TokenOptions(Options):
    """Keys of every encoder of tokens."""

    context_truncate: Annotated[int, Field(ge=2)] = 128
    """Longest context in tokens, of which the last are kept."""
    token_emb_dim: Count = 64
    """Size of the token embeddings, and of the encoder's states."""
    n_layers: Count = 1
    """Number of layers."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Dropout probability."""


class TransformerOptions(TokenOptions):
    """Keys of a Transformer over tokens."""

    n_heads: Count = 2
    """Number of attention heads."""
    ffn_size: Count = 128
    """Size of the hidden layer after the attention."""


class CTACRSOptions(TransformerOptions):
    """Keys of the recommender of CTA-CRS."""

    text_encoder: str = 'transformer'
    """``transformer``, ``gru`` or ``bag`` (of embeddings), trained with the model; or the folder or name of an encoder
    of Hugging Face, for example ``facebook/bart-base``, which has its own sizes."""
    freeze_text_encoder: bool = True
    """Whether an encoder of Hugging Face keeps its parameters."""
    kg_emb_dim: Count = 128
    """Size of the entity embeddings."""
    num_bases: Count | None = 8
    """Number of bases of the R-GCN; None: one vector for each (relation, entity) pair."""
    rgcn_aggr: Literal['add', 'mean'] = 'mean'
    """Z of Eq 2: ``add`` for Z = 1, ``mean`` for the number of neighbours by that relation."""
    attention_decay: Positive = 1.5
    """Ratio of the weights of a mention and the one before it, as lambda in Eq 3."""
    embedding_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability that an element of H (Eq 2) is set to zero in training."""
    context_weight: Fraction | None = None
    """Weight of the contextual level in the mixture; None: chosen on valid after the training."""


class ResponseOptions(Options):
    """Keys of a model that writes responses."""

    response_truncate: Annotated[int, Field(ge=2)] = 40
    """Maximum number of tokens of a response, in training and in writing."""
    response_min_count: Count = 2
    """Number of times that the responses of the training data must have a token for the model to learn to write it."""
    conv: ConvTrainingOptions = ConvTrainingOptions()
    """Section with the training of the decoder."""


class Seq2SeqOptions(ResponseOptions, TokenOptions):
    """Keys of an encoder and a decoder with GRUs."""


class TransformerSeq2SeqOptions(ResponseOptions, TransformerOptions):
    """Keys of an encoder and a decoder of the Transformer."""
