"""The conditional logit: a softmax over items whose scores are linear in a few parameters."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import torch
from torch import Tensor

BATCH_SIZE = 64
"""Number of samples whose values are in double precision at one time."""
MAX_STEPS = 100
_ARMIJO = 1e-4


class Choices(NamedTuple):
    """The samples to which a conditional logit is fitted. In each sample one item was chosen among all items."""

    values: Tensor
    """Values g of each channel and item in single precision, ``(n, n_channel, n_item)``."""
    context: Tensor
    """Features of each sample in double precision, ``(n, n_feature)``."""
    label: Tensor
    """Index of the chosen item of each sample, ``(n,)``."""
    excluded: Tensor | None = None
    """Mask of the items that cannot be chosen, ``(n, n_item)``; None: all items can be chosen."""


class LogitFit(NamedTuple):
    """The result of fitting a conditional logit: the weights, their covariance, and how the search ended."""

    weights: Tensor
    """Weights in double precision, ``(n_channel, n_feature)``."""
    covariance: Tensor
    """Covariance of the weights, ``(n_channel * n_feature, n_channel * n_feature)``. It allows for dependent samples in
    a group."""
    log_likelihood: float
    """Mean of the log-probability of the chosen item."""
    gradient: float
    """Largest absolute derivative of the objective at the optimum."""
    steps: int
    """Number of Newton steps."""
    influence: Tensor | None = None
    """``(n_group, n_channel * n_feature)``: by how much the weights change, to first order, if a group counts once
    more."""

    def bootstrap(self, n_draw: int, seed: int) -> Tensor:
        """Return the weights of a bootstrap over the groups, ``(n_draw, n_channel, n_feature)``.

        Every draw is one Newton step from the optimum. (Kline and Santos, "A Score Based Approach to Wild Bootstrap
        Inference", Journal of Econometric Methods 2012.)

        Args:
            n_draw: number of draws.
            seed: seed of the draws.
        """
        assert self.influence is not None
        n_group = len(self.influence)
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.randint(n_group, (n_draw, n_group), generator=generator)
        times = torch.zeros(n_draw, n_group, dtype=torch.float64)
        times.scatter_add_(1, drawn, torch.ones_like(drawn, dtype=torch.float64))
        return self.weights + ((times - 1) @ self.influence).view(n_draw, *self.weights.shape)


class _Terms(NamedTuple):
    objective: float
    gradients: Tensor
    """Derivatives of each sample's negative log-likelihood without the ridge, ``(n, n_channel * n_feature)``."""
    hessian: Tensor


def fit_conditional_logit(choices: Choices, groups: Sequence[str], ridge: float, tolerance: float = 1e-8) -> LogitFit:
    r"""Fit a conditional logit: find the weights :math:`\theta` that minimise a convex objective.

    The objective is

    .. math::
        -\sum_n \log \mathrm{softmax}_y \Bigl(\sum_{k,a} \theta_{ka}\, \varphi_a(x_n)\, g_k(x_n, y)\Bigr)_{y_n} +
        \frac{\rho}{2} \lVert \theta \rVert^2

    Newton's method with a line search minimises it in double precision. The ridge makes it strictly convex, so there is
    exactly one optimum. (McFadden, "Conditional Logit Analysis of Qualitative Choice Behavior", 1974.)

    The covariance is the sandwich estimator :math:`H^{-1} (\sum_c s_c s_c^\top) H^{-1}`, where H is the Hessian and
    :math:`s_c` the sum of the gradients of group c. A bootstrap over the groups converges to it. (Liang and Zeger,
    Biometrika 1986.)

    Args:
        choices: samples.
        groups: the group of each sample, such as its conversation.
        ridge: :math:`\rho > 0`.
        tolerance: the search ends when the squared Newton decrement, divided by the number of samples, is below this.

    Raises:
        ValueError: there is no sample.
        ArithmeticError: the search does not converge, for example because a value is not finite.
    """
    if not len(choices.label):
        raise ValueError('a conditional logit needs at least one sample')
    n_weight = choices.values.shape[1] * choices.context.shape[1]
    theta = torch.zeros(n_weight, dtype=torch.float64)
    terms = _terms(choices, theta, ridge)
    for step in range(MAX_STEPS):
        gradient = terms.gradients.sum(0) + ridge * theta
        direction = -torch.linalg.solve(terms.hessian, gradient)
        decrement = float(-gradient @ direction)
        if not decrement >= 0:  # this condition also catches NaN
            break
        if decrement <= tolerance * len(choices.label):
            influence = _influence(terms, groups)
            return LogitFit(
                theta.view(choices.values.shape[1], -1),
                influence.T @ influence,
                float(ridge / 2 * theta @ theta - terms.objective) / len(choices.label),
                float(gradient.abs().max()),
                step,
                influence,
            )
        length = 1.0
        while (
            _terms(choices, theta + length * direction, ridge, only_objective=True).objective
            > terms.objective - _ARMIJO * length * decrement
            and length > 1e-10
        ):
            length /= 2
        theta = theta + length * direction
        terms = _terms(choices, theta, ridge)
    raise ArithmeticError(f'the weights of the conditional logit do not converge in {MAX_STEPS} steps')


def _terms(choices: Choices, theta: Tensor, ridge: float, only_objective: bool = False) -> _Terms:
    n_channel, n_feature = choices.values.shape[1], choices.context.shape[1]
    objective = ridge / 2 * theta @ theta
    hessian = ridge * torch.eye(len(theta), dtype=torch.float64)
    gradients = []
    for start in range(0, len(choices.label), BATCH_SIZE):
        rows = slice(start, start + BATCH_SIZE)
        values, context, label = choices.values[rows].double(), choices.context[rows], choices.label[rows]
        scores = torch.einsum('nc,nci->ni', context @ theta.view(n_channel, n_feature).T, values)
        if choices.excluded is not None:
            scores = scores.masked_fill(choices.excluded[rows], -torch.inf)
        log_p = scores.log_softmax(-1)
        objective = objective - log_p.gather(1, label[:, None]).sum()
        if only_objective:
            continue
        weighted = values * log_p.exp()[:, None]
        mean = weighted.sum(-1)
        chosen = values.gather(2, label[:, None, None].expand(-1, n_channel, 1)).squeeze(2)
        gradients.append(torch.einsum('nc,na->nca', mean - chosen, context).flatten(1))
        # single precision is enough, because the Hessian changes the steps but not the optimum
        spread = torch.bmm(weighted.float(), choices.values[rows].transpose(1, 2)).double()
        spread -= mean[:, :, None] * mean[:, None]
        hessian += torch.einsum('ncd,na,nb->cadb', spread, context, context).reshape(hessian.shape)
    return _Terms(float(objective), torch.cat(gradients) if gradients else torch.empty(0), hessian)


def _influence(terms: _Terms, groups: Sequence[str]) -> Tensor:
    number = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    index = torch.tensor([number[group] for group in groups])
    sums = torch.zeros(len(number), terms.gradients.shape[1], dtype=torch.float64).index_add_(0, index, terms.gradients)
    return -sums @ torch.linalg.inv(terms.hessian)
