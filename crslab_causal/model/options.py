"""Options of this package's models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from crslab_causal.base.options import Count, Fraction, NonNegative, Options, Positive
from crslab_causal.base.training_options import ConvTrainingOptions
from crslab_causal.data.confounders import Adjustment

SHIPPED_INTERVENTIONS = ('zero', 'bernoulli', 'learned', 'noise')
"""Values of ``intervention`` that this package has. They are listed here so that a configuration is checked without
PyTorch."""


def _check_intervention(name: str) -> str:
    if name in SHIPPED_INTERVENTIONS:
        return name
    from crslab_causal.model.intervention import INTERVENTIONS  # imported late, because it imports PyTorch

    if name not in INTERVENTIONS:
        *others, last = map(repr, INTERVENTIONS)
        raise ValueError(f'must be {", ".join(others)} or {last}, but is {name!r}')
    return name


class TransitionCountsOptions(Options):
    """Options of the transition counts."""

    transition_decay: Positive = 1.5
    """Ratio of the weights of a mention and the one before it, like lambda in Eq 3."""
    transition_smoothing: Positive = 10.0
    """Number of counted transitions of a mention at which the counts and the prior have equal weight."""
    neighbour_weight: Fraction = 0.2
    """Share of the items one hop away in the knowledge graph in the prior. The rest of the prior is popularity."""
    seeker_weight: Fraction = 0.0
    """Weight of an item that the seeker mentions, relative to a recommended item. 0: only recommended items count."""


class CausalKBRDOptions(TransitionCountsOptions):
    """Options of the paper's recommender, and of the transition counts with which it can be mixed."""

    kg_emb_dim: Count = 128
    """Size of the entity embeddings."""
    num_bases: Count | None = None
    """Number of bases of the R-GCN; None: one vector for each (relation, entity) pair, as in Eq 2."""
    rgcn_aggr: Literal['add', 'mean'] = 'add'
    """Z of Eq 2: ``add`` for Z = 1, ``mean`` for the number of neighbours by that relation."""
    num_neighbors: Count | None = None
    """Number of edges into each entity that are drawn for an update, for very large graphs; None: all edges are used.
    """
    attention_decay: Positive = 1.5
    """Lambda of Eq 3: ratio of the weights of a mention and the one before it."""
    intervention: Annotated[str, AfterValidator(_check_intervention)] = 'zero'
    """Matrix M of Eq 5, a key of :data:`crslab_causal.model.intervention.INTERVENTIONS`."""
    intervention_position: Literal['last', 'random', 'all'] = 'last'
    """Mentions to which M of Eq 5 is applied: the last one, a random one, or all of them."""
    alpha: NonNegative = 2.0
    """Weight of the causal loss, Eq 7."""
    beta: NonNegative = 0.5
    """Weight of the KL term of Eq 8."""
    item_bias: bool = False
    """Whether Eq 4 and Eq 6 add a learned bias of each item."""
    adjustment: Adjustment = 'none'
    """Confounder over which the backdoor adjustment sums. ``random`` is a control that confounds nothing. ``context``
    needs ``dataset: CausalDemo``."""
    adjustment_strata: Count = 5
    """Number of strata: quantile bins of ``popularity`` and ``turn``, clusters of ``genre``."""
    embedding_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability that an element of H (Eq 2) is set to zero in training."""
    entity_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability that a mention is left out of a history in training. This regulariser has no causal meaning."""
    counts_weight: Annotated[float, Field(ge=0, lt=1)] | None = 0.0
    """Weight of transition counts in a mixture with p, which does not change the loss. None: it is chosen on valid
    after the training, by the sum of recall at the smallest and at the largest cutoff."""


class TokenOptions(Options):
    """Options of every encoder of tokens."""

    context_truncate: Annotated[int, Field(ge=2)] = 128
    """Maximum number of tokens of the context. The last ones are kept."""
    token_emb_dim: Count = 64
    """Size of the token embeddings, and of the encoder's states."""
    n_layers: Count = 1
    """Number of layers."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Dropout probability."""


class TransformerOptions(TokenOptions):
    """Options of a Transformer over tokens."""

    n_heads: Count = 2
    """Number of attention heads."""
    ffn_size: Count = 128
    """Size of the hidden layer after the attention."""


class CTACRSOptions(TransformerOptions):
    """Options of the recommender of CTA-CRS."""

    text_encoder: str = 'transformer'
    """Encoder of the text. ``transformer``, ``gru`` and ``bag`` (of embeddings) are trained with the model. Other
    values are the folder or name of an encoder of Hugging Face, for example ``facebook/bart-base``, which has its own
    sizes."""
    freeze_text_encoder: bool = True
    """Whether the parameters of an encoder of Hugging Face stay unchanged."""
    kg_emb_dim: Count = 128
    """Size of the entity embeddings."""
    num_bases: Count | None = 8
    """Number of bases of the R-GCN; None: one vector for each (relation, entity) pair."""
    rgcn_aggr: Literal['add', 'mean'] = 'mean'
    """Z of Eq 2: ``add`` for Z = 1, ``mean`` for the number of neighbours by that relation."""
    attention_decay: Positive = 1.5
    """Ratio of the weights of a mention and the one before it, like lambda in Eq 3."""
    embedding_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability that an element of H (Eq 2) is set to zero in training."""
    context_weight: Fraction | None = None
    """Weight of the contextual level in the mixture; None: it is chosen on valid after the training."""


class ResponseOptions(Options):
    """Options of a model that writes responses."""

    response_truncate: Annotated[int, Field(ge=2)] = 40
    """Maximum number of tokens of a response, in training and in generation."""
    response_min_count: Count = 2
    """Minimum number of times that a token occurs in the responses of the training data. The model does not write rarer
    tokens."""
    conv: ConvTrainingOptions = ConvTrainingOptions()
    """Section with the training of the decoder."""


class Seq2SeqOptions(ResponseOptions, TokenOptions):
    """Options of an encoder and a decoder with GRUs."""


class TransformerSeq2SeqOptions(ResponseOptions, TransformerOptions):
    """Options of the encoder and the decoder of a Transformer."""
