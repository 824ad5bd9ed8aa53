"""Keys of the sections ``rec`` and ``conv``: how a stage is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.base.options import Count, NonNegative, Options, Positive


class OptimizerOptions(Options):
    """``rec.optimizer``: a class of ``torch.optim`` and its arguments."""

    name: Literal['Adam', 'AdamW', 'SGD', 'Adagrad', 'RMSprop'] = 'Adam'
    lr: Positive = 1e-3
    weight_decay: NonNegative = 0.0


class SchedulerOptions(Options):
    """``rec.lr_scheduler``: linear warm-up, then decay; steps are updates of the parameters."""

    name: Literal['TransformersPolynomialDecayLR', 'Constant'] = 'TransformersPolynomialDecayLR'
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    training_steps: Count | None = None
    """Update at which the decay ends; None: the last update of the last epoch."""
    lr_end: NonNegative = 1e-7
    power: Positive = 1.0


class TrainingOptions(Options):
    """How a stage is trained."""

    epoch: Count = 20
    batch_size: Count = 32
    update_freq: Count = 1
    """Batches whose gradients are accumulated for one update."""
    early_stop: bool = True
    impatience: Count = 3
    """Epochs without a better validation metric before training stops."""
    gradient_clip: Positive | None = None
    optimizer: OptimizerOptions = OptimizerOptions()
    lr_scheduler: SchedulerOptions = SchedulerOptions(name='Constant')


class RecTrainingOptions(TrainingOptions):
    """``rec``: how the recommender is trained."""

    metric: str = 'recall'
    """Validation metric of early stopping, the larger the better: ``recall``, ``ndcg`` or ``mrr``,
    ``@K`` with one of the cutoffs (default: the largest), ``new_`` before it for labels not in the context."""


class ConvTrainingOptions(TrainingOptions):
    """``conv``: how the writer of responses is trained, after the recommender; early stopping is by perplexity."""

    epoch: Annotated[int, Field(ge=0)] = 10
    """0: no responses."""
    gradient_clip: Positive | None = 1.0
