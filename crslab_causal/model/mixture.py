"""Mixtures of two distributions over the items."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def mixture_weight(option: float | None) -> Tensor:
    """Return the weight of an option as a tensor; NaN for None, a weight that is still to be chosen."""
    return torch.tensor(math.nan if option is None else option)


def log_mixture(first: Tensor, second: Tensor, weight: Tensor) -> Tensor:
    r"""Return :math:`\log\,((1 - w)\, e^a + w\, e^b)` for log-probabilities a and b, which may be minus infinity.

    Args:
        first: a, of any shape.
        second: b, of the same shape.
        weight: w in [0, 1], a scalar; NaN counts as 0.
    """
    weight = weight.nan_to_num(0.0)
    return torch.logaddexp(first + torch.log(1 - weight), second + torch.log(weight))
