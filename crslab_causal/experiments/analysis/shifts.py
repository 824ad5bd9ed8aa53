"""How the ranks of labels shift under the intervention (Section 5, Figure 4): the numbers behind the figure."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np
from numpy.typing import ArrayLike

from crslab_causal.experiments.analysis.statistics import resampled

RANK_EDGES = tuple(range(0, 51, 5))
"""Ranges of the original rank: 1 to 5, 6 to 10, ..., 46 to 50."""

KL_EDGES = tuple(range(0, 51, 10))

GROUPS = ('improved', 'unchanged', 'worsened')


class RankShiftHistogram(NamedTuple):
    """Numbers of samples by their original rank and by the shift of it, delta = rank without - rank with.

    Bins of the shift are open towards 0 and closed away from it, on both sides: (0, 1], (1, 2], (2, 5], (5, 10], ...,
    and 0 has its own. They grow as the shift does, so that one step and a fall through the whole catalogue are told
    apart in one picture, as on a symmetric logarithmic axis, and nothing is cut off.
    """

    rank_edges: np.ndarray
    """``(n_column + 1,)``: column j holds the ranks above edge j up to edge j + 1, as Recall@K counts those up to K."""
    up_edges: np.ndarray
    """``(n_up + 1,)``, from 0: sizes of the shifts to the better, delta > 0."""
    down_edges: np.ndarray
    """``(n_down + 1,)``, from 0: sizes of the shifts to the worse, delta < 0."""
    up: np.ndarray
    """``(n_up, n_column)``, from the smallest shift."""
    unchanged: np.ndarray
    """``(n_column,)``: delta = 0."""
    down: np.ndarray
    """``(n_down, n_column)``, from the smallest shift; an infinite rank is in the last bin."""
    beyond: int
    """Samples whose original rank is above the last edge; they are in no column."""
    missing: int
    """Samples of which one rank or the other is NaN, and which are in no column either."""


class KLByRank(NamedTuple):
    """Mean divergence for each of :data:`GROUPS` and each range of the original rank, ``(3, n_range)`` each."""

    rank_edges: np.ndarray
    """``(n_range + 1,)``, as in :class:`RankShiftHistogram`."""
    mean: np.ndarray
    """In the unit of the input; NaN where there is no sample."""
    low: np.ndarray
    """End of the confidence interval; NaN where the samples are of fewer than two conversations."""
    high: np.ndarray
    samples: np.ndarray
    beyond: int
    """Samples whose original rank is above the last edge."""
    missing: int
    """Samples that lack a rank or a finite divergence."""


def bin_edges(reach: float) -> np.ndarray:
    """0, 1, 2, 5, 10, 20, 50, ... up to the first that is not below ``reach``."""
    edges = [0.0, 1.0]
    while edges[-1] < reach:
        edges.append(next(m * 10.0 ** p for p in range(17) for m in (1, 2, 5) if m * 10.0 ** p > edges[-1]))
    return np.array(edges)


def largest_fall(rank_without: ArrayLike, rank_with: ArrayLike, last_rank: float = RANK_EDGES[-1]) -> float:
    """The largest finite shift to the worse of samples up to ``last_rank``; 0 if there is none."""
    before, after = _same_length(rank_without, rank_with)
    chosen = np.isfinite(after) & (before <= last_rank)
    return float((after[chosen] - before[chosen]).max(initial=0.0))


def rank_shift_histogram(rank_without: ArrayLike, rank_with: ArrayLike, rank_edges: Sequence[float] = RANK_EDGES,
                         reach: float | None = None) -> RankShiftHistogram:
    """Counts samples by original rank and shift (Figure 4a, 4b).

    A rank from 1 to 50 cannot improve by more than 49 and can get worse by thousands, and those who are at the top of
    one list are so by luck, too: two lists that differ by noise alone also show more shifts below the axis than above.

    Args:
        rank_without: ``(n_sample,)``, expected ranks from 1 without the intervention, the original ones; inf where the
            label is not ranked at all, NaN where there is no rank.
        rank_with: ``(n_sample,)``, the same with it.
        rank_edges: ends of the columns, ascending.
        reach: bins of shifts to the worse go as far as this at least, so that several histograms can share them.

    Raises:
        ValueError: lengths that differ.
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

    return RankShiftHistogram(edges, up_edges, down_edges, counts(delta, delta > 0, up_edges),
                              np.bincount(column[delta == 0], minlength=n), counts(-delta, delta < 0, down_edges),
                              int((~missing & ~inside).sum()), int(missing.sum()))


def kl_by_rank(rank_without: ArrayLike, rank_with: ArrayLike, kl: ArrayLike, conversation: Sequence,
               rank_edges: Sequence[float] = KL_EDGES, draws: int = 2000, seed: int = 0,
               level: float = 0.95) -> KLByRank:
    """Mean divergence by range of the original rank for labels whose rank improved, and worsened (Figure 4c).

    The interval is the percentile interval of a bootstrap that draws whole conversations with replacement, because
    samples of one conversation share its context. A draw that has no sample of a group in a range says nothing of it.

    Args:
        rank_without, rank_with: as for :func:`rank_shift_histogram`.
        kl: ``(n_sample,)``, divergence between the distributions that gave the two ranks.
        conversation: ``(n_sample,)``, which conversation each sample is of.
        rank_edges: ends of the ranges, ascending.
        draws: of the bootstrap.
        seed: of the bootstrap.
        level: of confidence.

    Raises:
        ValueError: lengths that differ.
    """
    before, after, kl = _same_length(rank_without, rank_with, kl)
    if len(conversation) != len(kl):
        raise ValueError(f'lengths differ: {len(kl)} samples, {len(conversation)} conversations')
    edges = np.asarray(rank_edges, float)
    missing = np.isnan(before) | np.isnan(after) | ~np.isfinite(kl)
    inside = ~missing & (before > edges[0]) & (before <= edges[-1])
    column = np.searchsorted(edges, before[inside], 'left') - 1
    shape = len(GROUPS), len(edges) - 1
    cell = _group(before[inside], after[inside]) * shape[1] + column
    n_cell = shape[0] * shape[1]

    _, cluster = np.unique(np.asarray(conversation)[inside], return_inverse=True)
    n_cluster = int(cluster.max(initial=-1)) + 1
    at = cluster * n_cell + cell
    count = np.bincount(at, minlength=n_cluster * n_cell).reshape(n_cluster, n_cell).astype(float)
    total = np.bincount(at, kl[inside], minlength=n_cluster * n_cell).reshape(n_cluster, n_cell)
    low, high = _interval(total, count, draws, seed, level) if n_cluster else np.full((2, n_cell), np.nan)
    with np.errstate(invalid='ignore'):
        mean = total.sum(0) / count.sum(0)
    return KLByRank(edges, mean.reshape(shape), low.reshape(shape), high.reshape(shape),
                    count.sum(0).astype(int).reshape(shape), int((~missing & ~inside).sum()), int(missing.sum()))


def _interval(total: np.ndarray, count: np.ndarray, draws: int, seed: int, level: float) -> np.ndarray:
    """``(2, n_cell)``: ends of the interval of each cell's mean, from ``(n_cluster, n_cell)`` sums and counts."""
    with np.errstate(invalid='ignore'):
        drawn = np.concatenate([(weights @ total) / (weights @ count)
                                for weights in resampled(len(count), draws, seed)])
    ends = np.full((2, count.shape[1]), np.nan)
    enough = (count > 0).sum(0) > 1
    ends[:, enough] = np.nanquantile(drawn[:, enough], [(1 - level) / 2, (1 + level) / 2], axis=0)
    return ends


def _group(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Position in :data:`GROUPS`."""
    return np.where(after < before, 0, np.where(after > before, 2, 1))


def _same_length(*columns: ArrayLike) -> list[np.ndarray]:
    arrays = [np.asarray(column, float) for column in columns]
    if len({array.shape for array in arrays}) > 1 or arrays[0].ndim != 1:
        raise ValueError(f'lengths differ: arrays of shapes {[array.shape for array in arrays]}')
    return arrays
