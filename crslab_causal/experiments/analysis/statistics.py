"""Confidence intervals and significance tests of scores, as functions of NumPy arrays."""

from __future__ import annotations

import math
from typing import Iterator, Mapping, NamedTuple, Sequence, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

K = TypeVar('K')

MAX_WEIGHTS = 1 << 20
"""Largest number of bootstrap weights in memory at one time (8 MiB)."""


class Interval(NamedTuple):
    """A mean with its confidence interval, mean ± half_width."""

    mean: float
    half_width: float | None
    """Half of the interval's width; None for a single value, because it does not show the spread."""
    n: int
    """Number of values."""


class Difference(NamedTuple):
    """A mean difference with its confidence interval, and its p value under the hypothesis of no difference."""

    mean: float
    low: float
    high: float
    p: float


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Return the mean of independent values, such as the scores of several seeds, with Student's t interval.

    Args:
        values: ``(n,)``, at least one.
        level: confidence level.

    Raises:
        ValueError: there is no value, or one is not finite.
    """
    values = finite_array(values, 1)
    n = len(values)
    if n == 1:
        return Interval(float(values[0]), None, 1)
    half_width = stats.t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / math.sqrt(n)
    return Interval(float(values.mean()), float(half_width), n)


def paired_bootstrap(
    a: ArrayLike, b: ArrayLike, clusters: Sequence | np.ndarray, draws: int = 10_000, seed: int = 0, level: float = 0.95
) -> Difference:
    """Test the mean of a - b over samples with a bootstrap that draws whole clusters, such as conversations.

    Samples of one conversation share its context and are not independent, but conversations are. The interval is the
    percentile interval. The p value is two-sided: it comes from the distribution of the drawn differences around the
    observed one, shifted to 0 (Efron and Tibshirani 1993, chapters 13 and 16). It is (1 + k) / (1 + draws), never 0.

    Scores of several seeds are first averaged for each sample. The test then holds for *these* runs: it says whether
    the difference between them would remain on other conversations. It does not say how runs with other seeds would
    differ. Use :func:`mean_interval` over seeds for that.

    Args:
        a: scores of the samples by one system, such as hits: ``(n_sample,)``, or ``(n_sample, n_seed)``.
        b: scores of the same samples by another system; the number of seeds may differ.
        clusters: ``(n_sample,)``, the conversation of each sample.
        draws: number of bootstrap draws.
        seed: seed of the bootstrap; equal seeds give equal results.
        level: confidence level.

    Returns:
        The difference; its interval and p value are NaN if there is only one cluster.

    Raises:
        ValueError: there are no samples, lengths differ, or a score is not finite.
    """
    a, b = _mean_over_seeds(a), _mean_over_seeds(b)
    if not len(a) == len(b) == len(clusters):
        raise ValueError(f'lengths differ: {len(a)} and {len(b)} scores, {len(clusters)} clusters')
    difference = a - b
    names, index = np.unique(np.asarray(clusters), return_inverse=True)
    size = np.bincount(index).astype(float)
    total = np.bincount(index, weights=difference)
    mean = float(difference.mean())
    if len(names) == 1:
        return Difference(mean, math.nan, math.nan, math.nan)
    sums = np.concatenate(
        [weights @ np.stack([total, size], 1) for weights in resampling_weights(len(names), draws, seed)]
    )
    drawn = sums[:, 0] / sums[:, 1]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    as_far = np.abs(drawn - mean) >= abs(mean) * (1 - 1e-9)  # allow for rounding, because many differences are equal
    return Difference(mean, float(low), float(high), float((1 + as_far.sum()) / (1 + draws)))


def cluster_intervals(
    scores: ArrayLike, clusters: Sequence | np.ndarray, draws: int = 10_000, seed: int = 0, level: float = 0.95
) -> np.ndarray:
    """Return the percentile interval of each column's mean, by a bootstrap that draws whole clusters.

    All columns share the draws, so that many scores cost little more than one; see :func:`paired_bootstrap`.

    Args:
        scores: ``(n_sample, n_score)``.
        clusters: ``(n_sample,)``, the conversation of each sample.
        draws: number of bootstrap draws.
        seed: seed of the bootstrap.
        level: confidence level.

    Returns:
        ``(2, n_score)``, the lower and the upper ends; NaN if there is only one cluster.

    Raises:
        ValueError: there are no samples, lengths differ, or a score is not finite.
    """
    scores = finite_array(scores, 2)
    if len(scores) != len(clusters):
        raise ValueError(f'lengths differ: {len(scores)} scores, {len(clusters)} clusters')
    names, index = np.unique(np.asarray(clusters), return_inverse=True)
    if len(names) == 1:
        return np.full((2, scores.shape[1]), math.nan)
    totals = np.zeros((len(names), scores.shape[1] + 1))
    np.add.at(totals, index, np.column_stack([scores, np.ones(len(scores))]))
    sums = np.concatenate([weights @ totals for weights in resampling_weights(len(names), draws, seed)])
    return np.quantile(sums[:, :-1] / sums[:, -1:], [(1 - level) / 2, (1 + level) / 2], axis=0)


def welch(a: ArrayLike, b: ArrayLike) -> float:
    """Return the two-sided p value of Welch's t test, which allows the spreads of the two sides to differ.

    Args:
        a: ``(n,)``, scores of runs with several seeds, at least two.
        b: ``(m,)``, scores of the runs to compare with, at least two.

    Returns:
        The p value. If neither side has a spread, it is 1 for equal means and 0 for different ones.

    Raises:
        ValueError: there are fewer than two scores, or one is not finite.
    """
    a, b = finite_array(a, 1), finite_array(b, 1)
    if min(len(a), len(b)) < 2:
        raise ValueError('a spread over seeds needs two of them')
    if not np.ptp(a) and not np.ptp(b):
        return float(a[0] == b[0])
    return float(stats.ttest_ind(a, b, equal_var=False).pvalue)


def paired_t(a: ArrayLike, b: ArrayLike) -> float:
    """Return the two-sided p value of the paired t test.

    Args:
        a: ``(n,)``, scores of the first run of each pair, at least two pairs.
        b: ``(n,)``, scores of the second run of each pair.

    Returns:
        The p value; if all differences are equal, 1 for a difference of 0 and 0 for others.

    Raises:
        ValueError: there are fewer than two pairs, lengths differ, or a score is not finite.
    """
    difference = finite_array(a, 1) - finite_array(b, 1)
    if len(difference) < 2:
        raise ValueError('a spread over seeds needs two of them')
    if not np.ptp(difference):
        return float(difference[0] == 0)
    return float(stats.ttest_1samp(difference, 0.0).pvalue)


def holm(p_values: Mapping[K, float]) -> dict[K, float]:
    """Adjust p values for the number of tests by Holm's step-down method (1979).

    Raises:
        ValueError: a value is outside [0, 1].
    """
    adjusted: dict[K, float] = {}
    largest = 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        if not 0 <= p <= 1:
            raise ValueError(f'{name}: {p} is not a p value')
        largest = max(largest, min(1.0, (len(p_values) - rank) * p))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


def resampling_weights(n: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Yield the weights of a bootstrap in blocks.

    A weight says how often a cluster is among n clusters that are drawn with replacement.

    Args:
        n: number of clusters.
        draws: number of rows of all blocks together.
        seed: seed of the draws.

    Yields:
        Blocks of shape ``(block, n)``.
    """
    rng = np.random.default_rng(seed)
    block = max(1, MAX_WEIGHTS // n)
    for start in range(0, draws, block):
        rows = min(block, draws - start)
        chosen = rng.integers(n, size=(rows, n), dtype=np.int32)
        chosen += np.arange(rows, dtype=np.int32)[:, None] * n
        yield np.bincount(chosen.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def finite_array(values: ArrayLike, ndim: int) -> np.ndarray:
    """Return values as an array of floats.

    Raises:
        ValueError: the array is empty or has another number of dimensions, or a value is not finite.
    """
    array = np.asarray(values, dtype=float)
    if array.ndim != ndim or not array.size:
        raise ValueError(f'values of shape {array.shape}, where a non-empty array of {ndim} dimension(s) is needed')
    if not np.isfinite(array).all():
        raise ValueError('a value is not finite')
    return array


def _mean_over_seeds(scores: ArrayLike) -> np.ndarray:
    """Return the mean over seeds, ``(n_sample,)``, of scores ``(n_sample,)`` or ``(n_sample, n_seed)``."""
    ndim = np.ndim(scores)
    array = finite_array(scores, 2 if ndim == 2 else 1)
    return array.mean(1) if ndim == 2 else array
