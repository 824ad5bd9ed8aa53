"""Mixtures of two distributions over the items."""

from __future__ import annotations

import torch
from torch import Tensor


def log_mixture(first: Tensor, second: Tensor, weight: Tensor) -> Tensor:
    r""":math:`\log\,((1 - w)\, e^a + w\, e^b)`, of log-probabilities a and b, in which minus infinity may stand.

    Args:
        first: a, of any shape.
        second: b, of the same shape.
        weight: w in [0, 1], a scalar.
    """
    return torch.logaddexp(first + torch.log(1 - weight), second + torch.log(weight))
