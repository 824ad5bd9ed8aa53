"""Choose the weight of a mixture of two distributions after the training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from loguru import logger
from torch import nn


def mixture_key(model: nn.Module) -> str | None:
    """Return the name of the option with the weight of a model's mixture; None if the model has no mixture.

    A model with a mixture has two class attributes. ``mixture_key`` is the name of the option and of the buffer with
    the weight. ``mixture_weights`` are the candidates. Until the weight is chosen it is NaN and counts as 0, so early
    stopping uses one of the two distributions alone.
    """
    key = getattr(model, 'mixture_key', None)
    return key if key is not None and getattr(model, key) is not None else None


def is_open(model: nn.Module) -> bool:
    """Return whether a model has a mixture whose weight is not chosen yet."""
    key = mixture_key(model)
    return key is not None and bool(getattr(model, key).isnan())


def choose_weight(model: nn.Module, scores: Callable[[], Mapping[str, float]], cutoffs: Sequence[int]) -> float:
    """Set the weight of a model's mixture to the best candidate, and return it.

    If several candidates are equally good, the first of them is chosen.

    The criterion is the sum of recall at the smallest and at the largest cutoff, as in the released code of CTA-CRS.

    Args:
        model: a model with a mixture.
        scores: function that scores the model with its current weight on valid. It returns scores by name, such as
            ``recall@50``.
        cutoffs: values of K of the scores.
    """
    key = mixture_key(model)
    assert key is not None
    weight, recalls = getattr(model, key), []
    for candidate in model.mixture_weights:
        weight.fill_(candidate)
        found = scores()
        recalls.append(sum(found[f'recall@{k}'] for k in (min(cutoffs), max(cutoffs))))
        logger.info(f'[{key} {candidate}: recall on valid, first and last cutoff together, {100 * recalls[-1]:.2f}]')
    best = model.mixture_weights[recalls.index(max(recalls))]
    weight.fill_(best)
    logger.info(f'[{key}, chosen on valid: {best}]')
    return best
