"""Options of the experts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crslab_causal.base.options import Count, NonNegative, Options, Positive

Smoothing = Annotated[float, Field(gt=0, lt=1)]

PACKAGED_ENCODER = 'all-MiniLM-L6-v2'
"""The sentence encoder that the extra ``text`` of this package installs."""


class ExpertOptions(Options):
    """Options of every expert."""

    expert_smoothing: Smoothing = 0.25
    """Share of popularity in the prediction of the expert. With it no item has probability 0."""


class CoMentionOptions(ExpertOptions):
    """Options of the experts that count which entities are mentioned in the same conversations."""

    min_count: Count = 2
    """Minimum number of conversations that mention an entity. The expert ignores rarer entities."""
    history_base: Positive = 1.2
    """Ratio of the weights of a mention and the one before it, like lambda in Eq 3."""


class EASEOptions(CoMentionOptions):
    """Options of EASE."""

    ease_lambda: Positive = 150.0
    """Weight of the squared norm of the coefficients."""


class ItemCosineOptions(CoMentionOptions):
    """Options of ItemCosine."""

    history_base: Positive = 1.5
    """Ratio of the weights of a mention and the one before it, like lambda in Eq 3."""


class OneHopOptions(ExpertOptions):
    """Options of OneHop."""

    history_base: Positive = 1.5
    """Ratio of the weights of a mention and the one before it, like lambda in Eq 3."""


class TextOptions(ExpertOptions):
    """Options of the experts that read the text."""

    sentence_encoder: str = PACKAGED_ENCODER
    """Sentence encoder: ``all-MiniLM-L6-v2``, which the extra ``text`` installs, or the folder or name of an encoder of
    Hugging Face."""
    context_turns: Count = 4
    """Number of last turns that are read."""
    context_pieces: Annotated[int, Field(ge=8)] = 128
    """Maximum number of word pieces of a text. The last ones are kept."""


class TextToItemOptions(TextOptions):
    """Options of TextToItem."""

    text_epochs: Count = 6
    """Number of passes over the training texts. A small number prevents overfitting."""
    text_lr: Positive = 0.06
    """Learning rate of the first update. It falls linearly to nearly 0."""
    text_decay: NonNegative = 0.0
    """Weight of the squared norm of the coefficients."""


class TextNeighboursOptions(TextOptions):
    """Options of TextNeighbours."""

    neighbours: Count = 300
    """Number of most similar training contexts whose labels are counted."""
    neighbour_temperature: Positive = 0.1
    """Temperature tau of the weights of neighbours: an increase of the cosine by tau multiplies the weight by e."""
