"""Chooses the weight of a mixture of two distributions, which training does not see."""

from __future__ import annotations

from typing import Callable

from loguru import logger
from torch import nn


def mixture_key(model: nn.Module) -> str | None:
    """The option that holds the weight of a model's mixture; None if it mixes nothing.

    A model with a mixture has the class attributes ``mixture_key``, which is also the name of the buffer with the weight,
    and ``mixture_weights``, from which it is to be chosen. Until then it is NaN, and counts as 0, so that early stopping
    goes by one of the two distributions alone.
    """
    key = getattr(model, 'mixture_key', None)
    return key if key is not None and getattr(model, key) is not None else None


def is_open(model: nn.Module) -> bool:
    """Whether a model has a mixture whose weight is to be chosen."""
    key = mixture_key(model)
    return key is not None and bool(getattr(model, key).isnan())


def choose_weight(model: nn.Module, recall: Callable[[], float]) -> float:
    """Sets the weight of a model's mixture to the first that is best, and returns it.

    Args:
        model: whose :func:`mixture_key` is not None.
        recall: of the model as it is, on valid.
    """
    key = mixture_key(model)
    weight, found = getattr(model, key), []
    for candidate in model.mixture_weights:
        weight.fill_(candidate)
        found.append(recall())
        logger.info(f'[{key} {candidate}: recall on valid, first and last cutoff together, {100 * found[-1]:.2f}]')
    best = model.mixture_weights[found.index(max(found))]
    weight.fill_(best)
    logger.info(f'[{key}, chosen on valid: {best}]')
    return best
