"""Time-aware attention over the mentioned entities (Eq 3)."""

import math

import torch
from torch import Tensor


def time_aware_weights(lengths: Tensor, max_length: int, decay: float) -> Tensor:
    r"""Return the weights of Eq 3, :math:`w_i = \lambda^{i-1} / \sum_j \lambda^{j-1}`.

    Args:
        lengths: ``(batch,)``, number n of mentions; 0 for an empty history.
        max_length: columns of the result.
        decay: :math:`\lambda > 0`; above 1 the later mentions weigh more.

    Returns:
        Weights of shape ``(batch, max_length)``. A row sums to 1 over its first n columns and is 0 elsewhere. The row
        of an empty history is 0, so its user vector is the zero vector.
    """
    position = torch.arange(max_length, device=lengths.device)
    logit = (position * math.log(decay)).expand(len(lengths), -1)
    # computed as a softmax of log-weights, because 1.5^n overflows for long histories
    logit = logit.masked_fill(position >= lengths[:, None], -math.inf)
    return torch.softmax(logit, -1).nan_to_num(0.0)  # Eq 3: w_i, with 0 in the row of an empty history


def drop_mentions(weights: Tensor, probability: float) -> Tensor:
    """Set the weights of random mentions to 0, and scale the weights of the others so that they sum to 1 again.

    This regulariser has no causal meaning. It is a control for the intervention.

    Args:
        weights: ``(batch, max_length)``, from :func:`time_aware_weights`.
        probability: probability that a mention is left out, in [0, 1).

    Returns:
        Weights of shape ``(batch, max_length)``. A row that would lose all its mentions keeps them.
    """
    kept = weights * (torch.rand_like(weights) >= probability)
    total = kept.sum(-1, keepdim=True)
    return torch.where(total > 0, kept / total.clamp(min=torch.finfo(weights.dtype).tiny), weights)
