"""Agreement of raters: Cohen's kappa."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, Sequence

import numpy as np
from numpy.typing import ArrayLike

from crslab_causal.experiments.analysis.statistics import finite_array, resampling_weights

Weights = Literal['linear', 'quadratic'] | None


class Kappa(NamedTuple):
    """Cohen's kappa with its confidence interval; NaN where it is not defined."""

    kappa: float
    low: float
    high: float
    n: int
    """Number of rated items."""


def cohens_kappa(
    first: ArrayLike,
    second: ArrayLike,
    weights: Weights = None,
    level: float = 0.95,
    clusters: Sequence | np.ndarray | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Kappa:
    """Return the agreement of two raters beyond chance (Cohen 1960, 1968), with a percentile bootstrap interval.

    The asymptotic variance (Fleiss, Cohen and Everitt 1969) is not used, because it assumes independent items. The
    answers of several systems to one context are not independent. A bootstrap over contexts takes this into account.

    Args:
        first: ``(n,)``, ratings of the first rater.
        second: ``(n,)``, ratings of the second rater for the same items.
        weights: cost of a disagreement. None: all disagreements cost the same. ``linear`` or ``quadratic``: the cost
            grows with the difference of the ratings. A rating that nobody gives still counts as a step of the scale.
        level: confidence level.
        clusters: ``(n,)``, items that are drawn together; None: each item alone.
        draws: number of bootstrap draws.
        seed: seed of the bootstrap.

    Returns:
        The agreement. It is NaN if both raters give the same rating to all items, because no disagreement is then
        expected by chance. If only one rater is constant, it is 0. Bootstrap draws without a kappa are left out of the
        interval. The interval is NaN if no draw has a kappa, or if there is a single cluster.

    Raises:
        ValueError: there are no items, lengths differ, or a rating is not finite.
    """
    a, b = finite_array(first, 1), finite_array(second, 1)
    clusters = np.arange(len(a)) if clusters is None else np.asarray(clusters)
    if not len(a) == len(b) == len(clusters):
        raise ValueError(f'lengths differ: {len(a)} and {len(b)} ratings, {len(clusters)} clusters')
    values, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    k, n = len(values), len(a)
    distance = np.abs(values[:, None] - values)
    cost = (distance > 0) * 1.0 if weights is None else distance ** {'linear': 1, 'quadratic': 2}[weights]
    names, index = np.unique(clusters, return_inverse=True)
    # a k x k table of both ratings for each cluster
    tables = np.bincount((index * k + codes[:n]) * k + codes[n:], minlength=len(names) * k * k)
    tables = tables.reshape(len(names), k * k).astype(float)
    kappa = float(_kappas(tables.sum(0)[None], cost)[0])
    if len(names) == 1:
        return Kappa(kappa, math.nan, math.nan, n)
    drawn = np.concatenate([_kappas(block @ tables, cost) for block in resampling_weights(len(names), draws, seed)])
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]) if len(drawn) else (math.nan, math.nan)
    return Kappa(kappa, float(low), float(high), n)


def _kappas(tables: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Return kappa, 1 - observed / expected disagreement, of each draw, ``(draw,)``.

    Args:
        tables: ``(draw, k * k)``, counts of each pair of ratings.
        cost: cost of each pair of ratings.
    """
    counts = tables.reshape(-1, *cost.shape)
    observed = (counts * cost).sum((1, 2)) * counts.sum((1, 2))
    expected = np.einsum('di,ij,dj->d', counts.sum(2), cost, counts.sum(1))
    with np.errstate(invalid='ignore'):
        return np.where(expected > 0, 1 - observed / expected, math.nan)
