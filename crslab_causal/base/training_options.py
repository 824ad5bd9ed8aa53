"""Options of the sections ``rec`` and ``conv``, which control the training of the recommender and of the responses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.base.options import Count, NonNegative, Options, Positive


class OptimizerOptions(Options):
    """Options of the section ``rec.optimizer``: a class of ``torch.optim`` and its arguments."""

    name: Literal['Adam', 'AdamW', 'SGD', 'Adagrad', 'RMSprop'] = 'Adam'
    """Class of ``torch.optim``."""
    lr: Positive = 1e-3
    """Learning rate."""
    weight_decay: NonNegative = 0.0
    """Weight decay of the optimizer."""


class SchedulerOptions(Options):
    """Options of the section ``rec.lr_scheduler``: a linear warm-up, then a decay.

    A step is an update of the parameters.
    """

    name: Literal['TransformersPolynomialDecayLR', 'Constant'] = 'TransformersPolynomialDecayLR'
    """``TransformersPolynomialDecayLR``: warm-up, then decay; ``Constant``: the learning rate does not change."""
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Number of updates in which the learning rate rises from 0."""
    training_steps: Count | None = None
    """Update at which the decay ends; None: the last update of the last epoch."""
    lr_end: NonNegative = 1e-7
    """Learning rate after the decay."""
    power: Positive = 1.0
    """Exponent of the decay; 1: linear."""


class TrainingOptions(Options):
    """Options that the sections ``rec`` and ``conv`` share."""

    epoch: Count = 20
    """Maximum number of epochs."""
    batch_size: Count = 32
    """Number of samples in a batch."""
    update_freq: Count = 1
    """Number of batches whose gradients are accumulated for one update."""
    early_stop: bool = True
    """Whether training stops when the validation metric has not improved for ``impatience`` epochs."""
    impatience: Count = 3
    """Number of epochs without a better validation metric after which training stops."""
    gradient_clip: Positive | None = None
    """Maximum norm of the gradient; None: it is not clipped."""
    optimizer: OptimizerOptions = OptimizerOptions()
    """Section of the optimizer."""
    lr_scheduler: SchedulerOptions = SchedulerOptions(name='Constant')
    """Section of the learning rate schedule."""


class RecTrainingOptions(TrainingOptions):
    """Options of the section ``rec``: the training of the recommender."""

    metric: str = 'recall'
    """Validation metric of early stopping; larger is better. It has the form ``recall@K``, ``ndcg@K`` or ``mrr@K``,
    where K is one of the cutoffs (default: the largest). ``new_`` before it counts only labels that are not in the
    context."""


class ConvTrainingOptions(TrainingOptions):
    """Options of the section ``conv``: the training of the responses, after the recommender.

    It stops early by perplexity.
    """

    epoch: Annotated[int, Field(ge=0)] = 10
    """Maximum number of epochs; 0: the model writes no responses."""
    gradient_clip: Positive | None = 1.0
    """Maximum norm of the gradient; None: it is not clipped."""
