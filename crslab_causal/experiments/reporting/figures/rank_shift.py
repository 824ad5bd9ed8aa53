"""Figure 4 of the paper (Section 5): which ranks the intervention shifts, how far, and at what divergence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Sequence

import numpy as np

from crslab_causal.experiments.analysis.shifts import (GROUPS, KLByRank, RankShiftHistogram, bin_edges, kl_by_rank,
                                                       largest_fall, rank_shift_histogram)
from crslab_causal.experiments.reporting.figures.style import (BETTER, COLUMN, GREY, LIGHT_GREY, PAGE, WORSE, new_figure,
                                                           say_empty, styled)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage


class Samples(NamedTuple):
    """Samples of a panel, ``(n_sample,)`` each."""

    title: str
    rank_without: np.ndarray
    """As for :func:`.rank_shift_histogram`."""
    rank_with: np.ndarray
    kl: np.ndarray | None = None
    """Divergence between the distributions of the two; None or all NaN leaves panel (c) out."""
    conversation: np.ndarray | None = None
    """Which conversation each sample is of, for the intervals; None: each is its own."""


class Reading(NamedTuple):
    """What "with intervention" stands for: the axes' labels."""

    rank: str
    shift: str
    kl: str


ONE_MODEL = Reading('rank without intervention', 'Δ rank = without − with intervention',
                    r'$\mathrm{KL}(\bar{p}\,\Vert\,p)$ in nats')
"""One model: the ranks by p, and after the intervention by p bar."""

TWO_MODELS = Reading('rank, trained without intervention', 'Δ rank = trained without − trained with it',
                     r'$\mathrm{KL}(p_{\mathrm{with}}\,\Vert\,p_{\mathrm{without}})$ in nats')
"""A model trained without the causal loss, and one trained with it."""


@styled()
def draw_rank_shift(panels: Sequence[Samples], reading: Reading = ONE_MODEL, wide: bool = False,
                    seed: int = 0) -> Figure:
    """Heat maps of the shifts, a panel for each dataset, and below them the divergence by range of the original rank.

    The row in the middle, and those above and below all bins, tell how many samples of each column do not shift, rise
    and fall. Hatched cells are out of reach: rank 5 cannot improve by 10. A hollow point has no interval, because its
    samples are of a single conversation.

    Args:
        panels: a dataset each.
        reading: labels of the axes.
        wide: over the width of a page, panels side by side; otherwise over a column, heat maps one above the other.
        seed: of the bootstrap.
    """
    if not panels:
        figure = new_figure(PAGE if wide else COLUMN, 2)
        say_empty(figure.add_subplot())
        return figure
    reach = max(largest_fall(p.rank_without, p.rank_with) for p in panels)
    histograms = [rank_shift_histogram(p.rank_without, p.rank_with, reach=reach) for p in panels]
    divergences = {i: _divergence(p, seed) for i, p in enumerate(panels)
                   if p.kl is not None and np.isfinite(p.kl).any()}

    n_column = len(panels) if wide else 1
    n_row = -(-len(panels) // n_column)
    height = max(2.6, 0.55 + 0.108 * (len(_counts(histograms[0])) + 3.6))
    heights = [n_row * height + (0 if wide else 0.4)]
    heights += [1.9] * bool(divergences)
    figure = new_figure(PAGE if wide else COLUMN, sum(heights))
    parts = figure.subfigures(len(heights), height_ratios=heights, squeeze=False)[:, 0]

    most = max(2, max(_counts(h).max() for h in histograms))
    maps = parts[0].subplots(n_row, n_column, squeeze=False).ravel()
    for i, (axes, panel, histogram) in enumerate(zip(maps, panels, histograms)):
        image = _draw_map(axes, histogram, most, labelled=i % n_column == 0)
        axes.set_title(f'({_letter(i)}) {panel.title}', loc='left')
        axes.set_ylabel(reading.shift if i % n_column == 0 else '')
        axes.set_xlabel(f'{reading.rank}\n{_numbers(histogram)}')
    bar = parts[0].colorbar(image, ax=maps, location='right' if wide else 'bottom', shrink=0.7, aspect=30, pad=0.02)
    bar.set_label('samples')
    bar.outline.set_visible(False)
    bar.minorticks_off()
    steps = bin_edges(most)[1:]
    bar.set_ticks(steps[steps <= most], labels=[f'{step:,.0f}' for step in steps[steps <= most]])

    if divergences:
        every = parts[1].subplots(1, len(divergences), sharey=True, squeeze=False)[0]
        for axes, (i, divergence) in zip(every, divergences.items()):
            _draw_divergence(axes, divergence)
            axes.set_title(f'({_letter(len(panels))}) {panels[i].title}', loc='left')
        every[0].set_ylabel(reading.kl)
        every[0].set_ylim(bottom=0)
        handles, names = every[0].get_legend_handles_labels()
        handles += every[0].plot([], [], linestyle='none')
        parts[1].legend(handles, [*names, 'mean, 95 % interval'], loc='outside upper center', ncols=3, columnspacing=1,
                        handletextpad=0.3, handlelength=1)
    return figure


def _letter(number: int) -> str:
    return 'abcdefghijklmnopqrstuvwxyz'[number % 26]


def _divergence(panel: Samples, seed: int) -> KLByRank:
    conversation = np.arange(len(panel.kl)) if panel.conversation is None else panel.conversation
    return kl_by_rank(panel.rank_without, panel.rank_with, panel.kl, conversation, seed=seed)


def _numbers(histogram: RankShiftHistogram) -> str:
    text = f'{_counts(histogram).sum():,} samples; {histogram.beyond:,} more beyond rank {histogram.rank_edges[-1]:g}'
    return text + (f', {histogram.missing:,} without a rank' if histogram.missing else '')


def _counts(histogram: RankShiftHistogram) -> np.ndarray:
    """``(n_down + 1 + n_up, n_column)``, from the largest fall to the largest rise."""
    return np.concatenate([histogram.down[::-1], histogram.unchanged[None], histogram.up])


def _edge(value: float) -> str:
    """The first rank is 1, although the range is open towards 0."""
    return f'{value or 1:g}'


def _draw_map(axes: Axes, histogram: RankShiftHistogram, most: float, labelled: bool) -> AxesImage:
    import matplotlib
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    # without its palest end, which is like the white of no sample
    colors = LinearSegmentedColormap.from_list('counts', matplotlib.colormaps['Purples'](np.linspace(0.15, 1, 256)))
    counts = _counts(histogram)
    n_down, n_column, n_up = len(histogram.down), counts.shape[1], len(histogram.up)
    # cells have side 1, and the row of 0 is around y = 0
    low, high = -n_down - 0.5, n_up + 0.5
    image = axes.imshow(np.ma.masked_equal(counts, 0), origin='lower', aspect='auto', interpolation='nearest',
                        extent=(0, n_column, low, high), cmap=colors, norm=LogNorm(1, most))
    for j, last in enumerate(histogram.rank_edges[1:]):
        out_of_reach = int((histogram.up_edges[:-1] >= last - 1).sum())
        axes.fill_between([j, j + 1], high - out_of_reach, high, facecolor='none', edgecolor=LIGHT_GREY, linewidth=0,
                          hatch='//////')
        dark = image.norm(max(1, histogram.unchanged[j])) > 0.5
        for y, count, color in ((high + 1.1, histogram.up[:, j].sum(), BETTER),
                                (0, histogram.unchanged[j], 'white' if dark else 'black'),
                                (low - 1.1, histogram.down[:, j].sum(), WORSE)):
            axes.text(j + 0.5, y, f'{count}', ha='center', va='center_baseline', fontsize=6, color=color)
    for y in (low, -0.5, 0.5, high):
        axes.axhline(y, color=GREY, linewidth=0.5)
    axes.set(xlim=(0, n_column), ylim=(low - 1.8, high + 1.8))
    axes.set_xticks(range(n_column + 1), map(_edge, histogram.rank_edges))
    edges = [*(-i - 0.5 for i in range(n_down, 0, -1)), *(i + 0.5 for i in range(1, n_up + 1))]
    names = [*(f'−{edge:,.0f}' for edge in histogram.down_edges[:0:-1]),
             *(f'+{edge:,.0f}' for edge in histogram.up_edges[1:])]
    axes.set_yticks(edges, names if labelled else [''] * len(names))
    totals = ['n (Δ < 0)', 'n (Δ = 0)', 'n (Δ > 0)']
    axes.set_yticks([low - 1.1, 0, high + 1.1], totals if labelled else [''] * 3, minor=True)
    axes.tick_params(axis='y', which='minor', length=0)
    return image


def _draw_divergence(axes: Axes, divergence: KLByRank) -> None:
    middle = np.arange(len(divergence.rank_edges) - 1) + 0.5
    for group, name, color, marker, shift in (('improved', 'Rank + (Δ > 0)', BETTER, '^', -0.14),
                                              ('worsened', 'Rank − (Δ < 0)', WORSE, 'v', 0.14)):
        i = GROUPS.index(group)
        mean, sure = divergence.mean[i], np.isfinite(divergence.low[i])
        # a percentile interval need not hold the mean of very few conversations
        ends = np.stack([mean - divergence.low[i], divergence.high[i] - mean]).clip(0)
        axes.errorbar((middle + shift)[sure], mean[sure], ends[:, sure], color=color, marker=marker, linestyle='none',
                      linewidth=1, label=name)
        axes.plot((middle + shift)[~sure], mean[~sure], color=color, marker=marker, linestyle='none',
                  markerfacecolor='white')
    improved, unchanged, worsened = divergence.samples.sum(1)
    axes.set(xlim=(0, len(middle)), xlabel=f'original rank\n{improved:,} ▲, {worsened:,} ▼, {unchanged:,} unchanged')
    axes.set_xticks(range(len(middle) + 1), map(_edge, divergence.rank_edges))
    axes.grid(axis='y')
