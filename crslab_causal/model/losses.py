r"""The losses of Section 3.3: Eqs 7 and 8.

All functions take logits over the items. They do not compute p = softmax(logits) of Eq 4 where it could underflow.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


class CausalLoss(NamedTuple):
    """The terms of Eq 8, each as a mean over the batch."""

    total: Tensor
    cross_entropy: Tensor
    causal: Tensor
    kl: Tensor


def kl_term(logits: Tensor, intervened: Tensor) -> Tensor:
    r"""Return :math:`\mathrm{KL}(\bar p \,\|\, p)` of Eq 8, numbers of at least 0 of shape ``(batch,)``."""
    log_p, log_p_bar = F.log_softmax(logits, -1), F.log_softmax(intervened, -1)
    return (log_p_bar.exp() * (log_p_bar - log_p)).sum(-1)


class _CausalLoss(torch.autograd.Function):
    r"""The loss of Eq 8 with its gradient in closed form, which the forward pass computes block by block.

    Autograd keeps a dozen ``(batch, n_item)`` tensors between its passes. Here the rows of a block stay in the cache of
    the CPU from the softmax to the gradient, and only the gradient is kept. With :math:`c = p_y / \|p\|`, :math:`q =
    \bar p` and :math:`k = \mathrm{KL}(q \| p)` the gradients of one sample are

    - p's logits: :math:`p - e_y - \alpha c (e_y - p^2 / \|p\|^2) + \beta (p - q)`,
    - q's logits: :math:`\alpha \bar c (e_y - q^2 / \|q\|^2) + \beta q (\log q - \log p - k)`.
    """

    BLOCK = 64
    """Number of rows of a block on the CPU. A block of each tensor then has a few hundred KiB on a catalogue of some
    thousand items."""

    @staticmethod
    def forward(ctx, logits: Tensor, intervened: Tensor, label: Tensor, alpha: float, beta: float):
        n = len(label)
        block = _CausalLoss.BLOCK if logits.device.type == 'cpu' else max(1, n)
        grad, grad_intervened = torch.empty_like(logits), torch.empty_like(intervened)
        sums = logits.new_zeros(3)
        for start in range(0, n, block):
            rows = slice(start, start + block)
            y = label[rows, None]
            log_p, log_q = torch.log_softmax(logits[rows], -1), torch.log_softmax(intervened[rows], -1)
            p, q = log_p.exp(), log_q.exp()
            log_p_y = log_p.gather(1, y)
            p_square, q_square = (torch.linalg.vecdot(x, x)[:, None] for x in (p, q))
            cos_p, cos_q = log_p_y.exp() / p_square.sqrt(), log_q.gather(1, y).exp() / q_square.sqrt()
            log_ratio = log_q.sub_(log_p)
            kl = torch.linalg.vecdot(q, log_ratio)[:, None]
            sums += torch.stack([-log_p_y.sum(), (cos_q - cos_p).sum(), kl.sum()])

            of_p = torch.mul(p, alpha * cos_p / p_square, out=log_p)
            of_p.add_(1 + beta).mul_(p).sub_(q, alpha=beta).scatter_add_(1, y, -1 - alpha * cos_p)
            of_q = log_ratio.sub_(kl).mul_(beta).addcmul_(q, -alpha * cos_q / q_square).mul_(q)
            of_q.scatter_add_(1, y, alpha * cos_q)
            torch.div(of_p, n, out=grad[rows])
            torch.div(of_q, n, out=grad_intervened[rows])
        ctx.save_for_backward(grad, grad_intervened)
        cross_entropy, causal, kl = (sums / n).unbind()
        ctx.mark_non_differentiable(cross_entropy, causal, kl)
        return cross_entropy + alpha * causal + beta * kl, cross_entropy, causal, kl  # Eq 8, with Eq 7 as causal

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_total: Tensor, *_):
        grad, grad_intervened = ctx.saved_tensors
        return grad * grad_total, grad_intervened * grad_total, None, None, None


def causal_loss(logits: Tensor, intervened: Tensor | None, label: Tensor, alpha: float, beta: float) -> CausalLoss:
    r"""Compute Eq 8, :math:`L = \mathrm{CE}(p, \hat p) + \alpha L_c + \beta\,\mathrm{KL}(\bar p \| p)`.

    By Eq 7 :math:`L_c = \cos(\bar p, \hat p) - \cos(p, \hat p)`. For the one-hot :math:`\hat p` of label y,
    :math:`\cos(p, \hat p) = p_y / \|p\|_2`.

    The total may be negative, because :math:`\alpha L_c` can reach :math:`-\alpha`. Only the total has a gradient; the
    other terms are for the report. If both weights are 0 ("w/o causal"), the total is the cross-entropy, and the other
    terms are not computed but returned as 0.

    Args:
        logits: ``(batch, n_item)``, before the intervention.
        intervened: ``(batch, n_item)``, after the intervention; not read if both weights are 0.
        label: ``(batch,)``, index of the label among the items.
        alpha: weight of Eq 7 (2 in the paper).
        beta: weight of the KL term (0.5 in the paper).
    """
    if not (alpha or beta):
        cross_entropy, zero = F.cross_entropy(logits, label), logits.new_zeros(())
        return CausalLoss(cross_entropy, cross_entropy.detach(), zero, zero)
    return CausalLoss(*_CausalLoss.apply(logits, intervened, label, alpha, beta))
