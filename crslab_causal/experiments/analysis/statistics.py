"""How sure a score, a difference or an agreement is. Functions of NumPy arrays, without a state."""

from __future__ import annotations

import math
from typing import Iterator, Literal, Mapping, NamedTuple, Sequence, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

K = TypeVar('K')
Weights = Literal['linear', 'quadratic'] | None

BLOCK = 1 << 20
"""Weights of a bootstrap held at a time: 8 MiB of them."""


class Interval(NamedTuple):
    """A mean with its confidence interval, mean ± half_width."""

    mean: float
    half_width: float | None
    """None for a single value, which says nothing about the spread."""
    n: int


class Difference(NamedTuple):
    """A mean difference, its confidence interval, and its p value against no difference."""

    mean: float
    low: float
    high: float
    p: float


class Kappa(NamedTuple):
    """Cohen's kappa with its confidence interval; NaN where it is not defined."""

    kappa: float
    low: float
    high: float
    n: int


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """The mean over runs with other seeds, or over any independent values, with Student's t interval.

    Args:
        values: ``(n,)``, at least one.
        level: of confidence.

    Raises:
        ValueError: no value, or one that is not finite.
    """
    values = _finite(values, 1)
    n = len(values)
    if n == 1:
        return Interval(float(values[0]), None, 1)
    half_width = stats.t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / math.sqrt(n)
    return Interval(float(values.mean()), float(half_width), n)


def paired_bootstrap(a: ArrayLike, b: ArrayLike, clusters: Sequence, draws: int = 10_000, seed: int = 0,
                     level: float = 0.95) -> Difference:
    """The mean of a - b over samples, tested by drawing whole clusters, here conversations, with replacement.

    Samples of one conversation share its context, so that they are no independent evidence: the conversations are.
    The interval is the percentile interval; p is two-sided, from the distribution of the drawn differences around the
    observed one, shifted to 0 (Efron and Tibshirani 1993, chapters 13 and 16), and (1 + k) / (1 + draws), never 0.

    With more than one seed, scores are first averaged over the seeds of each sample. The test is then about
    conversations, and conditional on these seeds: it says how the difference between *these* runs would hold on other
    conversations, and not how runs with other seeds would differ. :func:`mean_interval` over seeds is about those.

    Args:
        a, b: scores of the same samples by two systems, such as hits: ``(n_sample,)``, or ``(n_sample, n_seed)``
            where the numbers of seeds may differ.
        clusters: ``(n_sample,)``, the conversation of each sample.
        draws: of the bootstrap.
        seed: of the bootstrap; equal seeds give equal results.
        level: of confidence.

    Returns:
        A difference whose interval and p value are NaN if there is only one cluster.

    Raises:
        ValueError: no samples, lengths that differ, or a score that is not finite.
    """
    a, b = _over_seeds(a), _over_seeds(b)
    if not len(a) == len(b) == len(clusters):
        raise ValueError(f'lengths differ: {len(a)} and {len(b)} scores, {len(clusters)} clusters')
    difference = a - b
    names, index = np.unique(np.asarray(clusters), return_inverse=True)
    size = np.bincount(index).astype(float)
    total = np.bincount(index, weights=difference)
    mean = float(difference.mean())
    if len(names) == 1:
        return Difference(mean, math.nan, math.nan, math.nan)
    sums = np.concatenate([weights @ np.stack([total, size], 1) for weights in resampled(len(names), draws, seed)])
    drawn = sums[:, 0] / sums[:, 1]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    as_far = np.abs(drawn - mean) >= abs(mean) * (1 - 1e-9)  # differences of hits tie often, but for rounding
    return Difference(mean, float(low), float(high), float((1 + as_far.sum()) / (1 + draws)))


def mcnemar(a: ArrayLike, b: ArrayLike) -> float:
    """McNemar's exact test on paired hits: the two-sided binomial p of the samples that only one system hits.

    It takes the samples as independent; where conversations have several, :func:`paired_bootstrap` does not.

    Args:
        a, b: ``(n_sample,)``, hits of the same samples, 0 or 1.

    Returns:
        p; 1 if the systems hit the same samples.

    Raises:
        ValueError: lengths that differ, or a value that is neither 0 nor 1.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f'hits of the same samples are needed, but their shapes are {a.shape} and {b.shape}')
    if not (np.isin(a, (0, 1)).all() and np.isin(b, (0, 1)).all()):
        raise ValueError('hits are 0 or 1')
    only_a, only_b = int((a > b).sum()), int((b > a).sum())
    if not only_a + only_b:
        return 1.0
    return float(stats.binomtest(only_a, only_a + only_b).pvalue)


def merged(p_values: Sequence[float]) -> float:
    """One p of several tests of a hypothesis, such as of the same two models with other seeds: their upper median, times K / k
    for the k-th smallest of K.

    It holds however the tests depend on each other, as those on the same samples do (Rüger 1978; Vovk and Wang 2020,
    `Combining p-values via averaging <https://arxiv.org/abs/1212.4966>`_).

    Raises:
        ValueError: no p value.
    """
    if not p_values:
        raise ValueError('no p value to merge')
    k = len(p_values) // 2 + 1
    return min(1.0, sorted(p_values)[k - 1] * len(p_values) / k)


def welch(a: ArrayLike, b: ArrayLike) -> float:
    """Welch's t test: the two-sided p of the scores of runs with several seeds each, whose spread may differ.

    Args:
        a, b: ``(n,)`` and ``(m,)``, at least two each.

    Returns:
        p; where neither side has a spread, 1 for equal scores and 0 for others.

    Raises:
        ValueError: fewer than two scores, or one that is not finite.
    """
    a, b = _finite(a, 1), _finite(b, 1)
    if min(len(a), len(b)) < 2:
        raise ValueError('a spread over seeds needs two of them')
    if not np.ptp(a) and not np.ptp(b):
        return float(a[0] == b[0])
    return float(stats.ttest_ind(a, b, equal_var=False).pvalue)


def paired_t(a: ArrayLike, b: ArrayLike) -> float:
    """The paired t test: the two-sided p of the differences of runs that have all in common but what is compared.

    Args:
        a, b: ``(n,)``, at least two each, one of a pair each.

    Returns:
        p; where all differences are the same, 1 for none and 0 for others.

    Raises:
        ValueError: fewer than two scores, numbers that differ, or a score that is not finite.
    """
    difference = _finite(a, 1) - _finite(b, 1)
    if len(difference) < 2:
        raise ValueError('a spread over seeds needs two of them')
    if not np.ptp(difference):
        return float(difference[0] == 0)
    return float(stats.ttest_1samp(difference, 0.0).pvalue)


def holm(p_values: Mapping[K, float]) -> dict[K, float]:
    """Holm's step-down adjustment (1979): p values that hold for all of these tests together.

    Raises:
        ValueError: a value outside [0, 1].
    """
    adjusted: dict[K, float] = {}
    largest = 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        if not 0 <= p <= 1:
            raise ValueError(f'{name}: {p} is no p value')
        largest = max(largest, min(1.0, (len(p_values) - rank) * p))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


def cohens_kappa(first: ArrayLike, second: ArrayLike, weights: Weights = None, level: float = 0.95,
                 clusters: Sequence | None = None, draws: int = 2000, seed: int = 0) -> Kappa:
    """Agreement of two raters beyond chance (Cohen 1960, 1968), with a percentile bootstrap interval.

    The bootstrap, and not the asymptotic variance (Fleiss, Cohen and Everitt 1969): that one takes the items as
    independent, which the answers of several systems to one context are not, and a bootstrap over contexts does not.

    Args:
        first, second: ``(n,)``, the ratings of the same items.
        weights: of a disagreement: None: all alike; ``linear`` or ``quadratic`` in the difference of the ratings
            themselves, not of their ranks, so that a step of a scale that nobody uses still counts.
        level: of confidence.
        clusters: ``(n,)``, what is drawn together; None: each item alone.
        draws, seed: of the bootstrap.

    Returns:
        NaN for the kappa of raters who both give one and the same rating to all items: there is no disagreement to be
        expected by chance, so that agreement says nothing. A rater who alone is constant has kappa 0. Draws without
        a kappa are left out of the interval, which is NaN if there are only such, or a single cluster.

    Raises:
        ValueError: no items, lengths that differ, or a rating that is not finite.
    """
    first, second = _finite(first, 1), _finite(second, 1)
    clusters = np.arange(len(first)) if clusters is None else np.asarray(clusters)
    if not len(first) == len(second) == len(clusters):
        raise ValueError(f'lengths differ: {len(first)} and {len(second)} ratings, {len(clusters)} clusters')
    values, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    k, n = len(values), len(first)
    distance = np.abs(values[:, None] - values)
    cost = (distance > 0) * 1.0 if weights is None else distance ** {'linear': 1, 'quadratic': 2}[weights]
    names, index = np.unique(clusters, return_inverse=True)
    # a k x k table of both ratings for each cluster
    tables = np.bincount((index * k + codes[:n]) * k + codes[n:], minlength=len(names) * k * k)
    tables = tables.reshape(len(names), k * k).astype(float)
    kappa = float(_kappas(tables.sum(0)[None], cost)[0])
    if len(names) == 1:
        return Kappa(kappa, math.nan, math.nan, n)
    drawn = np.concatenate([_kappas(block @ tables, cost) for block in resampled(len(names), draws, seed)])
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]) if len(drawn) else (math.nan, math.nan)
    return Kappa(kappa, float(low), float(high), n)


def _kappas(tables: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """``(draw,)``: 1 - observed / expected disagreement of ``(draw, k * k)`` counts."""
    counts = tables.reshape(-1, *cost.shape)
    observed = (counts * cost).sum((1, 2)) * counts.sum((1, 2))
    expected = np.einsum('di,ij,dj->d', counts.sum(2), cost, counts.sum(1))
    with np.errstate(invalid='ignore'):
        return np.where(expected > 0, 1 - observed / expected, math.nan)


def resampled(n: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """``(block, n)`` each, ``draws`` rows in all: how often each of n clusters is among n drawn with replacement."""
    rng = np.random.default_rng(seed)
    block = max(1, BLOCK // n)
    for start in range(0, draws, block):
        rows = min(block, draws - start)
        chosen = rng.integers(n, size=(rows, n), dtype=np.int32)
        chosen += np.arange(rows, dtype=np.int32)[:, None] * n
        yield np.bincount(chosen.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def _finite(values: ArrayLike, ndim: int) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.ndim != ndim or not values.size:
        raise ValueError(f'values of shape {values.shape}, where a non-empty array of {ndim} dimension(s) is needed')
    if not np.isfinite(values).all():
        raise ValueError('a value is not finite')
    return values


def _over_seeds(scores: ArrayLike) -> np.ndarray:
    """``(n_sample,)`` of ``(n_sample,)`` or ``(n_sample, n_seed)``."""
    ndim = np.ndim(scores)
    scores = _finite(scores, 2 if ndim == 2 else 1)
    return scores.mean(1) if ndim == 2 else scores
