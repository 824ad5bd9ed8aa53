r"""The losses of Section 3.3: Eqs 7 and 8.

All take logits over the items, so that p = softmax(logits) of Eq 4 is never formed where it could
underflow, and return one value per sample.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class CausalLoss(NamedTuple):
    """The terms of Eq 8, each the mean over the batch."""

    total: Tensor
    cross_entropy: Tensor
    causal: Tensor
    kl: Tensor


def label_cosine(logits: Tensor, label: Tensor) -> Tensor:
    r""":math:`\cos(p, \hat p) = p_y / \|p\|_2` for the one-hot :math:`\hat p` of label y.

    Args:
        logits: ``(batch, n_item)``.
        label: ``(batch,)``, index of the label among the items.

    Returns:
        ``(batch,)``, in (0, 1].
    """
    label_logit = logits.gather(-1, label[:, None]).squeeze(-1)
    return torch.exp(label_logit - 0.5 * torch.logsumexp(2 * logits, dim=-1))


def causal_term(logits: Tensor, intervened: Tensor, label: Tensor) -> Tensor:
    r"""Eq 7, :math:`L_c = \cos(\bar p, \hat p) - \cos(p, \hat p)`: ``(batch,)``, in (-1, 1)."""
    return label_cosine(intervened, label) - label_cosine(logits, label)


def kl_term(logits: Tensor, intervened: Tensor) -> Tensor:
    r""":math:`\mathrm{KL}(\bar p \,\|\, p)` of Eq 8: ``(batch,)``, at least 0."""
    log_p, log_p_bar = F.log_softmax(logits, -1), F.log_softmax(intervened, -1)
    return (log_p_bar.exp() * (log_p_bar - log_p)).sum(-1)


def causal_loss(logits: Tensor, intervened: Tensor | None, label: Tensor, alpha: float, beta: float) -> CausalLoss:
    r"""Eq 8, :math:`L = \mathrm{CE}(p, \hat p) + \alpha L_c + \beta\,\mathrm{KL}(\bar p \| p)`.

    The total may be negative: :math:`\alpha L_c` reaches :math:`-\alpha`. A term whose weight is 0
    is not computed and given as 0 ("w/o causal" costs no more than the cross-entropy).

    Args:
        logits: ``(batch, n_item)``, before the intervention.
        intervened: ``(batch, n_item)``, after it; not read if both weights are 0.
        label: ``(batch,)``, index of the label among the items.
        alpha: weight of Eq 7 (2 in the paper).
        beta: weight of the KL term (0.5 in the paper).
    """
    zero = logits.new_zeros(())
    cross_entropy = F.cross_entropy(logits, label)
    if not (alpha or beta):
        return CausalLoss(cross_entropy, cross_entropy, zero, zero)
    causal = causal_term(logits, intervened, label).mean() if alpha else zero
    kl = kl_term(logits, intervened).mean() if beta else zero
    return CausalLoss(cross_entropy + alpha * causal + beta * kl, cross_entropy, causal, kl)
