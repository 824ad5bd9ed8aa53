"""Shifts of the labels' ranks by the intervention, and the divergence by rank (Section 5, Figure 4), as arrays."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np
from numpy.typing import ArrayLike

from crslab_causal.experiments.analysis.statistics import resampling_weights

RANK_EDGES: tuple[float, ...] = tuple(range(0, 51, 5))
"""Edges of the ranges of the original rank in the histogram: 1 to 5, 6 to 10, ..., 46 to 50."""

KL_EDGES: tuple[float, ...] = tuple(range(0, 51, 10))
"""Edges of the ranges of the original rank in the divergence by rank."""

DIRECTIONS = ('improved', 'unchanged', 'worsened')
"""Directions of a shift, in the order of the rows of :class:`KLByRank`."""


class RankShiftHistogram(NamedTuple):
    """Numbers of samples by original rank and by shift of the rank.

    The shift is delta = rank without - rank with intervention. Its bins are open towards 0 and closed away from it, on
    both sides: (0, 1], (1, 2], (2, 5], (5, 10], ...; a shift of 0 has its own bin. Bins grow with the shift, as on a
    symmetric logarithmic axis. One picture can therefore show a shift of one rank and a fall through the whole
    catalogue, and nothing is cut off.
    """

    rank_edges: np.ndarray
    """``(n_column + 1,)``: column j contains the ranks above edge j up to and including edge j + 1, like Recall@K."""
    up_edges: np.ndarray
    """``(n_up + 1,)``, from 0: edges of the sizes of improvements (delta > 0)."""
    down_edges: np.ndarray
    """``(n_down + 1,)``, from 0: edges of the sizes of losses (delta < 0)."""
    up: np.ndarray
    """``(n_up, n_column)``: numbers of samples that improve, from the smallest improvement."""
    unchanged: np.ndarray
    """``(n_column,)``: numbers of samples whose rank does not change (delta = 0)."""
    down: np.ndarray
    """``(n_down, n_column)``: numbers of samples that fall, from the smallest loss. An infinite rank is in the last
    bin."""
    beyond: int
    """Number of samples whose original rank is above the last edge; they are in no column."""
    missing: int
    """Number of samples whose rank is NaN; they are in no column either."""


class KLByRank(NamedTuple):
    """Mean KL divergence between the predictions with and without the intervention, in a table of two dimensions.

    The first dimension is what the intervention does to the rank of the label (:data:`DIRECTIONS`: three values). The
    second one is the range of the rank without the intervention. Arrays have the shape ``(3, n_range)``, unless another
    shape is stated.
    """

    rank_edges: np.ndarray
    """``(n_range + 1,)``, as in :class:`RankShiftHistogram`."""
    mean: np.ndarray
    """Mean divergences, in the unit of the input; NaN for a range without samples."""
    low: np.ndarray
    """Lower ends of the confidence intervals; NaN if the samples are from fewer than two conversations."""
    high: np.ndarray
    """Upper ends of the confidence intervals."""
    samples: np.ndarray
    """Numbers of samples."""
    beyond: int
    """Number of samples whose original rank is above the last edge."""
    missing: int
    """Number of samples without a rank or without a finite divergence."""


def bin_edges(reach: float) -> np.ndarray:
    """Return the edges 0, 1, 2, 5, 10, 20, 50, ... up to the first edge that is at least ``reach``."""
    edges = [0.0, 1.0]
    while edges[-1] < reach:
        edges.append(next(m * 10.0**p for p in range(17) for m in (1, 2, 5) if m * 10.0**p > edges[-1]))
    return np.array(edges)


def largest_fall(rank_without: ArrayLike, rank_with: ArrayLike, last_rank: float = RANK_EDGES[-1]) -> float:
    """Return the largest finite loss of ranks among the samples with an original rank up to ``last_rank``.

    It is 0 if no sample falls.
    """
    before, after = _same_length(rank_without, rank_with)
    chosen = np.isfinite(after) & (before <= last_rank)
    return float((after[chosen] - before[chosen]).max(initial=0.0))


def rank_shift_histogram(
    rank_without: ArrayLike, rank_with: ArrayLike, rank_edges: Sequence[float] = RANK_EDGES, reach: float | None = None
) -> RankShiftHistogram:
    """Count samples by original rank and shift (Figure 4a, 4b).

    A rank from 1 to 50 can improve by at most 49, but it can fall by thousands. The top ranks of a list are also partly
    due to chance. Even two lists that differ by noise alone therefore show more falls than rises.

    Args:
        rank_without: ``(n_sample,)``, original ranks (without the intervention), from 1; inf if the label is not
            ranked, NaN if there is no rank.
        rank_with: ``(n_sample,)``, ranks with the intervention.
        rank_edges: edges of the columns, ascending.
        reach: smallest size of a loss that the bins have to include, so that several histograms can share their bins.

    Raises:
        ValueError: lengths differ.
    """
    before, after = _same_length(rank_without, rank_with)
    edges = np.asarray(rank_edges, float)
    missing = np.isnan(before) | np.isnan(after)
    inside = ~missing & (before > edges[0]) & (before <= edges[-1])
    up_edges = bin_edges(edges[-1] - 1)
    down_edges = bin_edges(max(largest_fall(before, after, edges[-1]), reach or 0.0))
    column = np.searchsorted(edges, before[inside], 'left') - 1
    delta = before[inside] - after[inside]
    n = len(edges) - 1

    def counts(size: np.ndarray, chosen: np.ndarray, ends: np.ndarray) -> np.ndarray:
        row = np.minimum(np.searchsorted(ends, size[chosen], 'left') - 1, len(ends) - 2)
        return np.bincount(row * n + column[chosen], minlength=(len(ends) - 1) * n).reshape(-1, n)

    return RankShiftHistogram(
        edges,
        up_edges,
        down_edges,
        counts(delta, delta > 0, up_edges),
        np.bincount(column[delta == 0], minlength=n),
        counts(-delta, delta < 0, down_edges),
        int((~missing & ~inside).sum()),
        int(missing.sum()),
    )


def kl_by_rank(
    rank_without: ArrayLike,
    rank_with: ArrayLike,
    kl: ArrayLike,
    conversation: Sequence | np.ndarray,
    rank_edges: Sequence[float] = KL_EDGES,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> KLByRank:
    """Return the mean divergence by range of the original rank and by direction of the shift (Figure 4c).

    The interval is the percentile interval of a bootstrap that draws whole conversations with replacement, because the
    samples of a conversation share its context. A draw that has no sample of a direction in a range is left out of that
    interval.

    Args:
        rank_without: ranks as for :func:`rank_shift_histogram`.
        rank_with: ranks as for :func:`rank_shift_histogram`.
        kl: ``(n_sample,)``, divergence between the distributions that gave the two ranks.
        conversation: ``(n_sample,)``, the conversation of each sample.
        rank_edges: edges of the ranges, ascending.
        draws: number of bootstrap draws.
        seed: seed of the bootstrap.
        level: confidence level.

    Raises:
        ValueError: lengths differ.
    """
    before, after, kl = _same_length(rank_without, rank_with, kl)
    if len(conversation) != len(kl):
        raise ValueError(f'lengths differ: {len(kl)} samples, {len(conversation)} conversations')
    edges = np.asarray(rank_edges, float)
    missing = np.isnan(before) | np.isnan(after) | ~np.isfinite(kl)
    inside = ~missing & (before > edges[0]) & (before <= edges[-1])
    column = np.searchsorted(edges, before[inside], 'left') - 1
    shape = len(DIRECTIONS), len(edges) - 1
    cell = _direction(before[inside], after[inside]) * shape[1] + column
    n_cell = shape[0] * shape[1]

    _, cluster = np.unique(np.asarray(conversation)[inside], return_inverse=True)
    n_cluster = int(cluster.max(initial=-1)) + 1
    index = cluster * n_cell + cell
    count = np.bincount(index, minlength=n_cluster * n_cell).reshape(n_cluster, n_cell).astype(float)
    total = np.bincount(index, kl[inside], minlength=n_cluster * n_cell).reshape(n_cluster, n_cell)
    low, high = _interval(total, count, draws, seed, level) if n_cluster else np.full((2, n_cell), np.nan)
    with np.errstate(invalid='ignore'):
        mean = total.sum(0) / count.sum(0)
    return KLByRank(
        edges,
        mean.reshape(shape),
        low.reshape(shape),
        high.reshape(shape),
        count.sum(0).astype(int).reshape(shape),
        int((~missing & ~inside).sum()),
        int(missing.sum()),
    )


def _interval(total: np.ndarray, count: np.ndarray, draws: int, seed: int, level: float) -> np.ndarray:
    """Return the interval of each cell's mean, ``(2, n_cell)``, by a bootstrap over clusters.

    Args:
        total: ``(n_cluster, n_cell)``, sums of each cluster.
        count: ``(n_cluster, n_cell)``, numbers of samples of each cluster.
        draws: number of bootstrap draws.
        seed: seed of the bootstrap.
        level: confidence level.
    """
    with np.errstate(invalid='ignore'):
        drawn = np.concatenate(
            [(weights @ total) / (weights @ count) for weights in resampling_weights(len(count), draws, seed)]
        )
    ends = np.full((2, count.shape[1]), np.nan)
    enough = (count > 0).sum(0) > 1
    ends[:, enough] = np.nanquantile(drawn[:, enough], [(1 - level) / 2, (1 + level) / 2], axis=0)
    return ends


def _direction(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the index into :data:`DIRECTIONS` of each shift."""
    return np.where(after < before, 0, np.where(after > before, 2, 1))


def _same_length(*columns: ArrayLike) -> list[np.ndarray]:
    arrays = [np.asarray(column, float) for column in columns]
    if len({array.shape for array in arrays}) > 1 or arrays[0].ndim != 1:
        raise ValueError(f'lengths differ: arrays of shapes {[array.shape for array in arrays]}')
    return arrays
