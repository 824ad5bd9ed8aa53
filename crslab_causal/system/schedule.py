"""The optimizer, and the schedule of its learning rate over the updates of a run."""

from __future__ import annotations

from typing import Iterable

from torch import nn, optim
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from crslab_causal.base.training_options import OptimizerOptions, SchedulerOptions


def lr_multiplier(step: int, lr: float, warmup_steps: int, training_steps: int, lr_end: float, power: float) -> float:
    """Return the factor of the learning rate after a linear warm-up and a polynomial decay.

    CRSLab's ``TransformersPolynomialDecayLR`` makes the first step of the warm-up with the full learning rate
    (system/utils/lr_scheduler.py:53); here it is ``lr / warmup_steps``.

    Args:
        step: number of updates so far.
        lr: learning rate at the end of the warm-up.
        warmup_steps: number of updates of the warm-up.
        training_steps: update at which ``lr_end`` is reached, counted from the start.
        lr_end: learning rate after the decay.
        power: exponent of the decay; 1 is linear.

    Returns:
        The factor by which ``lr`` is multiplied for the next update.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    if step >= training_steps:
        return lr_end / lr
    remaining = (training_steps - step) / (training_steps - warmup_steps)
    return (lr_end + (lr - lr_end) * remaining**power) / lr


def build_optimizer(options: OptimizerOptions, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """Build the optimizer of a stage."""
    arguments = options.model_dump(exclude={'name'})
    optimizer_class = getattr(optim, options.name)
    if optimizer_class in (optim.Adam, optim.AdamW):
        arguments['fused'] = True  # one pass over the parameters, same result
    return optimizer_class(parameters, **arguments)


def build_scheduler(optimizer: Optimizer, options: SchedulerOptions, total_steps: int) -> LambdaLR:
    """Build the learning rate schedule of a stage, which makes a step after each update.

    Args:
        optimizer: the optimizer; its learning rate is the one after the warm-up.
        options: the section ``lr_scheduler``.
        total_steps: number of updates of the whole training, used if ``training_steps`` is None.
    """
    warmup, lr = options.warmup_steps, optimizer.defaults['lr']
    if options.name == 'Constant':
        return LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / max(1, warmup)))
    steps = max(options.training_steps or total_steps, warmup + 1)
    lr_end = min(options.lr_end, lr)
    return LambdaLR(optimizer, lambda step: lr_multiplier(step, lr, warmup, steps, lr_end, options.power))
