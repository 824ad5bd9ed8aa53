"""Mixtures of two distributions over the items."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def mixture_weight(option: float | None) -> Tensor:
    """Return the weight of the second distribution of a mixture as a tensor.

    Args:
        option: value of the option of the weight. None means that the weight is chosen after the training; the tensor
            is then NaN.
    """
    return torch.tensor(math.nan if option is None else option)


def log_mixture(first: Tensor, second: Tensor, weight: Tensor) -> Tensor:
    r"""Return :math:`\log\,((1 - w)\, e^a + w\, e^b)` for log-probabilities a and b, which may be minus infinity.

    Args:
        first: log-probabilities a, of any shape.
        second: log-probabilities b, of the same shape.
        weight: weight w in [0, 1], a scalar; NaN counts as 0.
    """
    weight = weight.nan_to_num(0.0)
    return torch.logaddexp(first + torch.log(1 - weight), second + torch.log(weight))
