"""Keys of the sections ``rec`` and ``conv``: how a stage is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.base.options import Count, NonNegative, Options, Positive


class OptimizerOptions(Options):
    """``rec.optimizer``: a class of ``torch.optim`` and its arguments."""

    name: Literal['Adam', 'AdamW', 'SGD', 'Adagrad', 'RMSprop'] = 'Adam'
    """Class of ``torch.optim``."""
    lr: Positive = 1e-3
    """Learning rate."""
    weight_decay: NonNegative = 0.0
    """Weight decay of the optimizer."""


class SchedulerOptions(Options):
    """``rec.lr_scheduler``: linear warm-up, then decay; steps are updates of the parameters."""

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
    """Keys of the training of a stage."""

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
    """``rec``: how the recommender is trained."""

    metric: str = 'recall'
    """Validation metric of early stopping, the larger the better: ``recall``, ``ndcg`` or ``mrr``,
    ``@K`` with one of the cutoffs (default: the largest), ``new_`` before it for labels not in the context."""


class ConvTrainingOptions(TrainingOptions):
    """``conv``: how the writer of responses is trained, after the recommender; early stopping is by perplexity."""

    epoch: Annotated[int, Field(ge=0)] = 10
    """Maximum number of epochs; 0: the model writes no responses."""
    gradient_clip: Positive | None = 1.0
    """Maximum norm of the gradient; None: it is not clipped."""
