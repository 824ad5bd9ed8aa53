"""Keys of the experts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crslab_causal.base.options import Count, NonNegative, Options, Positive

Smoothing = Annotated[float, Field(gt=0, lt=1)]

PACKAGED_ENCODER = 'all-MiniLM-L6-v2'
"""The sentence encoder that the extra ``text`` of this package installs."""


class ExpertOptions(Options):
    """Keys of every expert."""

    expert_smoothing: Smoothing = 0.25
    """Share of popularity in the prediction of the expert, so that no item has probability 0."""


class CoMentionOptions(ExpertOptions):
    """Keys of the experts that count which entities are mentioned in the same conversation."""

    min_count: Count = 2
    """Number of conversations that must mention an entity for it to have a column."""
    history_base: Positive = 1.2
    """Ratio of the weights of a mention and the one before it, as lambda in Eq 3."""


class EASEOptions(CoMentionOptions):
    """Keys of EASE."""

    ease_lambda: Positive = 150.0
    """Weight of the squared norm of the coefficients."""


class ItemCosineOptions(CoMentionOptions):
    """Keys of ItemCosine."""

    history_base: Positive = 1.5
    """Ratio of the weights of a mention and the one before it, as lambda in Eq 3."""


class OneHopOptions(ExpertOptions):
    """Keys of OneHop."""

    history_base: Positive = 1.5
    """Ratio of the weights of a mention and the one before it, as lambda in Eq 3."""


class TextOptions(ExpertOptions):
    """Keys of the experts that read the text."""

    sentence_encoder: str = PACKAGED_ENCODER
    """``all-MiniLM-L6-v2``, which the extra ``text`` installs, or the folder or name of an encoder of Hugging Face."""
    context_turns: Count = 4
    """Number of last turns that are read."""
    context_pieces: Annotated[int, Field(ge=8)] = 128
    """Maximum number of word pieces of a text, of which the last are kept."""


class TextToItemOptions(TextOptions):
    """Keys of TextToItem."""

    text_epochs: Count = 6
    """Number of passes over the training texts. A small number prevents overfitting."""
    text_lr: Positive = 0.06
    """Learning rate of the first update; it falls linearly to nearly 0."""
    text_decay: NonNegative = 0.0
    """Weight of the squared norm of the coefficients."""


class TextNeighboursOptions(TextOptions):
    """Keys of TextNeighbours."""

    neighbours: Count = 300
    """Number of training contexts whose labels count."""
    neighbour_temperature: Positive = 0.1
    """Temperature tau: a cosine that is larger by tau makes a neighbour count e times as much."""
