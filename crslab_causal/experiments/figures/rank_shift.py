r"""Figure 4: what the intervention does to the rank of the label.

(a, b) :math:`\Delta` rank, the rank without the intervention minus the rank with it, against the rank without. (c)
:math:`\mathrm{KL}(\bar p \| p)` by rank, of labels that rise and of labels that fall.

"With intervention" can be read in two ways: :math:`\bar p` against p of one model, and the model that was trained with
the intervention against the one trained without. The functions take ranks, so that both are drawn alike.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from crslab_causal.experiments.figures.style import COLOURS, MARKERS, SEQUENTIAL, new_figure

DEEPEST = 50
"""Only labels within these ranks without the intervention are drawn."""
SHIFT_EDGES = (0.25, 1.25, 2.25, 5.25, 10.25, 20.25, 50.25, 100.25, 300.25, 1000.25, np.inf)
"""Of the bins of a shift, the same above and below 0; ranks are whole or half, so that no shift is on an edge."""
RANK_BINS = ((1, 5), (6, 10), (11, 20), (21, 30), (31, 40), (41, 50))
"""Of panel (c)."""
DRAWS = 2000


class Shifts(NamedTuple):
    """A histogram of shifts over the ranks without the intervention."""

    counts: np.ndarray
    """``(2 * n_bin + 1, n_rank)``: from the deepest fall to the highest rise, the middle row for no shift."""
    rise: np.ndarray
    """``(n_rank,)``: labels that rise, of each rank."""
    fall: np.ndarray
    same: np.ndarray


def rank_shifts(without: np.ndarray, with_: np.ndarray, deepest: int = DEEPEST) -> Shifts:
    """Counts labels by rank, rounded up to a whole one, and by shift.

    Args:
        without, with_: ``(n,)``, ranks of the same labels; samples with a NaN are left out.
        deepest: the last rank without the intervention that is counted.
    """
    there = np.isfinite(without) & ~np.isnan(with_) & (without <= deepest)
    rank, shift = np.ceil(without[there]).astype(int), (without - with_)[there]
    edges = np.array(SHIFT_EDGES)
    size = np.searchsorted(edges, np.abs(shift))  # 0: none
    row = len(edges) - 1 + np.sign(shift).astype(int) * np.minimum(size, len(edges) - 1)
    counts = np.zeros((2 * len(edges) - 1, deepest), int)
    np.add.at(counts, (row, rank - 1), 1)
    middle = len(edges) - 1
    return Shifts(counts, counts[middle + 1:].sum(0), counts[:middle].sum(0), counts[middle])


class KLByRank(NamedTuple):
    """Mean KL by bin of ranks, and its 95 % interval over conversations; NaN for a bin without labels."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray


def kl_by_rank(rank: np.ndarray, kl: np.ndarray, chosen: np.ndarray, conversation: np.ndarray,
               bins: Sequence[tuple[int, int]] = RANK_BINS, seed: int = 0) -> KLByRank:
    """The mean of ``kl`` over the ``chosen`` samples of each bin of ranks.

    Args:
        rank, kl, chosen, conversation: ``(n,)`` each.
        bins: first and last rank of each.
        seed: of the bootstrap over conversations.
    """
    rows = []
    for first, last in bins:
        inside = chosen & (np.ceil(rank) >= first) & (np.ceil(rank) <= last) & np.isfinite(kl)
        values = kl[inside]
        if not len(values):
            rows.append((np.nan, np.nan, np.nan, 0))
            continue
        names, index = np.unique(conversation[inside], return_inverse=True)
        total, size = np.bincount(index, values), np.bincount(index)
        drawn = np.random.default_rng(seed).integers(len(names), size=(DRAWS, len(names)))
        means = total[drawn].sum(1) / size[drawn].sum(1)
        rows.append((values.mean(), *np.quantile(means, [0.025, 0.975]), len(values)))
    return KLByRank(*(np.array(column) for column in zip(*rows)))


class Panel(NamedTuple):
    """What one dataset gives for the figure, ``(n,)`` each."""

    title: str
    without: np.ndarray
    with_: np.ndarray
    kl: np.ndarray | None
    conversation: np.ndarray


def draw(panels: Sequence[Panel]) -> Figure:
    """Heat maps of all panels, and (c) below them for those that have a KL."""
    shown = [panel for panel in panels if panel.kl is not None]
    figure = new_figure(3.4 * len(panels), 3.1 + (1.9 if shown else 0))
    parts = figure.subfigures(2, 1, height_ratios=[3.1, 1.9]) if shown else [figure]
    axes = parts[0].subplots(1, len(panels), squeeze=False)[0]
    for letter, ax, panel in zip('abcdefg', axes, panels):
        _heat_map(ax, parts[0], rank_shifts(panel.without, panel.with_), f'({letter}) {panel.title}')
    if shown:
        below = parts[1].subplots(1, len(panels), squeeze=False)[0]
        for ax, panel in zip(below, panels):
            _kl_panel(ax, panel, f"({'abcdefg'[len(panels)]}) {panel.title}")
    return figure


def _heat_map(ax: Axes, figure, shifts: Shifts, title: str) -> None:
    counts = np.ma.masked_equal(shifts.counts, 0)
    n_bin, deepest = len(SHIFT_EDGES) - 1, counts.shape[1]
    rows = np.arange(-n_bin, n_bin + 1)
    image = ax.pcolormesh(np.arange(deepest + 1) + 0.5, np.append(rows, n_bin + 1) - 0.5, counts, cmap=SEQUENTIAL,
                          norm=LogNorm(1, max(2, counts.max() if counts.count() else 2)))
    ax.axhline(0, color='black', linewidth=0.5)
    for start in range(0, deepest, 10):  # a count for each rank would be too many to read
        part = slice(start, start + 10)
        middle = start + 5.5
        ax.text(middle, n_bin + 0.8, int(shifts.rise[part].sum()), ha='center', va='bottom', fontsize=6.5)
        ax.text(middle, -n_bin - 0.8, int(shifts.fall[part].sum()), ha='center', va='top', fontsize=6.5)
    ax.set_ylim(-n_bin - 2.4, n_bin + 2.4)
    ticks = {1: '1', 3: '≤ 5', 5: '≤ 20', 7: '≤ 100', 10: '> 1,000'}
    falls = {-row: f"−{name}" if name == '1' else name.replace('≤ ', '≥ −').replace('> ', '< −')
             for row, name in ticks.items()}
    both = falls | {0: '0'} | ticks
    ax.set_yticks(list(both), list(both.values()))
    ax.set_xlabel('rank without the intervention')
    ax.set_ylabel('Δ rank (fall below 0, rise above)')
    rise, fall, same = (int(part.sum()) for part in (shifts.rise, shifts.fall, shifts.same))
    ax.set_title(f'{title}: {rise} rise, {fall} fall, {same} stay')
    figure.colorbar(image, ax=ax, label='labels', pad=0.02, aspect=30)


def _kl_panel(ax: Axes, panel: Panel, title: str) -> None:
    shift = panel.without - panel.with_
    position = np.arange(len(RANK_BINS))
    for i, (name, chosen) in enumerate((('Rank +', shift > 0), ('Rank −', shift < 0))):
        found = kl_by_rank(panel.without, panel.kl, chosen, panel.conversation)
        error = np.abs(np.stack([found.mean - found.low, found.high - found.mean]))
        ax.errorbar(position + 0.16 * (2 * i - 1), found.mean, error, fmt=MARKERS[i], color=COLOURS[i], capsize=2,
                    label=f'{name} ({int(found.n.sum())})')
    ax.set_xticks(position, [f'{first}–{last}' for first, last in RANK_BINS])
    ax.set_xlabel('rank without the intervention')
    ax.set_ylabel('KL(p̄ ‖ p), nats')
    ax.set_ylim(bottom=0)
    ax.set_title(title)
    ax.legend()
