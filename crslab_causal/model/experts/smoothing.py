"""Turn the evidence of an expert into a distribution in which every item has a positive probability."""

from __future__ import annotations

import torch
from torch import Tensor


def log_popularity(item_count: Tensor) -> Tensor:
    r"""Return the logarithm of popularity, :math:`\log \pi(y) = \log\frac{c(y) + 1/2}{\sum_z (c(z) + 1/2)}`.

    Args:
        item_count: ``(n_item,)``, number c of times that each item is a training label.
    """
    smoothed = item_count + 0.5
    return (smoothed / smoothed.sum()).log()


def smoothed_log_probability(evidence: Tensor, log_prior: Tensor, share: float) -> Tensor:
    r"""Return :math:`\log p(y) = \log\,((1 - s)\, q(y) + s\, \pi(y))`.

    q is the evidence, divided by its sum over the items. If an expert has no evidence for any item, p is :math:`\pi`.

    Args:
        evidence: ``(batch, n_item)``, not negative.
        log_prior: ``(n_item,)``, logarithm of the distribution :math:`\pi`.
        share: share s of :math:`\pi`, above 0 and below 1.
    """
    total = evidence.sum(-1, keepdim=True)
    known = total > 0
    share_of_evidence = torch.where(known, (1 - share) / torch.where(known, total, 1.0), 0.0)
    share_of_prior = torch.where(known, share, 1.0)
    return (evidence * share_of_evidence + share_of_prior * log_prior.exp()).log()
