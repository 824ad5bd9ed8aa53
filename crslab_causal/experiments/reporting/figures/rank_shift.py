"""Draw Figure 4 of the paper (Section 5): how the intervention shifts ranks, and the divergence that goes with it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from crslab_causal.experiments.analysis.record import FigureRecord, HistogramRecord, KLRecord, Reading
from crslab_causal.experiments.analysis.shifts import DIRECTIONS, bin_edges
from crslab_causal.experiments.reporting.figures.style import (
    BETTER,
    COLUMN,
    GREY,
    LIGHT_GREY,
    PAGE,
    TITLE_WIDTH,
    WORSE,
    new_figure,
    say_empty,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage


class Labels(NamedTuple):
    """The labels of the axes in one reading of "with intervention"."""

    rank: str
    shift: str
    kl: str


LABELS: dict[Reading, Labels] = {
    'one_model': Labels(
        'rank without intervention', 'Δ rank = without − with intervention', r'$\mathrm{KL}(\bar{p}\,\Vert\,p)$ in nats'
    ),
    'two_models': Labels(
        'rank, trained without intervention',
        'Δ rank = trained without − trained with it',
        r'$\mathrm{KL}(p_{\mathrm{with}}\,\Vert\,p_{\mathrm{without}})$ in nats',
    ),
}


@styled()
def draw_rank_shift(record: FigureRecord, wide: bool = False) -> Figure:
    """Draw heat maps of the shifts, one for each dataset, and below them the divergence by range of the original rank.

    Three rows contain counts: the top row counts the samples of a column that rise, the row in the middle those that do
    not shift, and the bottom row those that fall. Hatched cells are impossible: rank 5 cannot improve by 10. A hollow
    point has no interval, because its samples come from a single conversation.

    Args:
        record: numbers of the figure; the histograms share their bins.
        wide: whether the figure takes the width of a page, with the heat maps side by side; otherwise it takes a
            column, with the heat maps above one another.
    """
    panels, labels = record.panels, LABELS[record.reading]
    if not panels:
        figure = new_figure(PAGE if wide else COLUMN, 2)
        say_empty(figure.add_subplot())
        return figure
    divergences = [(panel.title, panel.kl) for panel in panels if panel.kl is not None]

    n_column = len(panels) if wide else 1
    n_row = -(-len(panels) // n_column)
    height = max(2.6, 0.55 + 0.108 * (len(_counts(panels[0].histogram)) + 3.6))
    heights = [n_row * height + (0 if wide else 0.4)]
    heights += [2.1] * bool(divergences)
    figure = new_figure(PAGE if wide else COLUMN, sum(heights))
    parts = figure.subfigures(len(heights), height_ratios=heights, squeeze=False)[:, 0]

    most = max(2.0, *(float(_counts(panel.histogram).max()) for panel in panels))
    maps = parts[0].subplots(n_row, n_column, squeeze=False).ravel()
    for i, (axes, panel) in enumerate(zip(maps, panels)):
        image = _draw_map(axes, panel.histogram, most, labelled=i % n_column == 0)
        _set_title(axes, i, f'{panel.title}: {_direction_counts(panel.histogram)}', COLUMN)
        axes.set_ylabel(labels.shift if i % n_column == 0 else '')
        axes.set_xlabel(f'{labels.rank}\n{_sample_counts(panel.histogram)}')
    bar = parts[0].colorbar(image, ax=maps, location='right' if wide else 'bottom', shrink=0.7, aspect=30, pad=0.02)
    bar.set_label('samples')
    bar.outline.set_visible(False)
    bar.minorticks_off()
    steps = bin_edges(most)[1:]
    bar.set_ticks(steps[steps <= most], labels=[f'{step:,.0f}' for step in steps[steps <= most]])

    if divergences:
        every = parts[1].subplots(1, len(divergences), sharey=True, squeeze=False)[0]
        part_width = (PAGE if wide else COLUMN) / len(divergences)
        for axes, (title, divergence) in zip(every, divergences):
            _draw_divergence(axes, divergence)
            _set_title(axes, len(panels), f'{title}: {_higher_divergence(divergence)}', part_width)
        every[0].set_ylabel(labels.kl)
        every[0].set_ylim(bottom=0)
        handles, names = every[0].get_legend_handles_labels()
        handles += every[0].plot([], [], linestyle='none')
        parts[1].legend(
            handles,
            [*names, 'mean, 95 % interval'],
            loc='outside upper center',
            ncols=3,
            columnspacing=1,
            handletextpad=0.3,
            handlelength=1,
        )
    return figure


def _set_title(axes: Axes, number: int, title: str, width: float) -> None:
    """Set the title of a panel that is ``width`` inches wide, with its letter."""
    characters = round(0.95 * TITLE_WIDTH * width / COLUMN)  # the labels of the y axis take the rest
    axes.set_title(textwrap.fill(f'({_letter(number)}) {title}', characters), loc='left')


def _letter(number: int) -> str:
    return 'abcdefghijklmnopqrstuvwxyz'[number % 26]


def _direction_counts(histogram: HistogramRecord) -> str:
    """Return a text that says how many labels rise and fall in the columns of the map."""
    rise, fall = (int(np.sum(half)) for half in (histogram.up, histogram.down))
    return f'{rise:,} labels rise, {fall:,} fall'


def _higher_divergence(divergence: KLRecord) -> str:
    """Return a text that says in how many ranges of ranks the mean divergence is higher for falling labels."""
    means = np.array(divergence.mean, float)
    improved, worsened = (means[DIRECTIONS.index(direction)] for direction in ('improved', 'worsened'))
    known = np.isfinite(improved) & np.isfinite(worsened)
    return f'higher for ▼ in {int((worsened > improved)[known].sum())} of {int(known.sum())} ranges'


def _sample_counts(histogram: HistogramRecord) -> str:
    """Return a text with the number of samples in the map, and of those outside it."""
    text = f'{_counts(histogram).sum():,} samples; {histogram.beyond:,} more beyond rank {histogram.rank_edges[-1]:g}'
    return text + (f', {histogram.missing:,} without a rank' if histogram.missing else '')


def _counts(histogram: HistogramRecord) -> np.ndarray:
    """Return ``(n_down + 1 + n_up, n_column)`` counts, from the largest fall to the largest rise."""
    return np.array([*histogram.down[::-1], histogram.unchanged, *histogram.up])


def _edge(value: float) -> str:
    """Return the label of an edge; the first rank is 1, although the range is open towards 0."""
    return f'{value or 1:g}'


def _draw_map(axes: Axes, histogram: HistogramRecord, most: float, labelled: bool) -> AxesImage:
    import matplotlib
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    # without the palest colours, which look like the white of empty cells
    colors = LinearSegmentedColormap.from_list('counts', matplotlib.colormaps['Purples'](np.linspace(0.15, 1, 256)))
    counts = _counts(histogram)
    n_down, n_column, n_up = len(histogram.down), counts.shape[1], len(histogram.up)
    up, down = (np.array(half).sum(axis=0) for half in (histogram.up, histogram.down))
    # cells have side 1, and the row of unchanged ranks is around y = 0
    low, high = -n_down - 0.5, n_up + 0.5
    norm = LogNorm(1, most)
    image = axes.imshow(
        np.ma.masked_equal(counts, 0),
        origin='lower',
        aspect='auto',
        interpolation='nearest',
        extent=(0, n_column, low, high),
        cmap=colors,
        norm=norm,
    )
    for j, last in enumerate(histogram.rank_edges[1:]):
        impossible = sum(edge >= last - 1 for edge in histogram.up_edges[:-1])
        axes.fill_between(
            [j, j + 1], high - impossible, high, facecolor='none', edgecolor=LIGHT_GREY, linewidth=0, hatch='//////'
        )
        dark = norm(max(1, histogram.unchanged[j])) > 0.5
        for y, count, color in (
            (high + 1.1, up[j], BETTER),
            (0, histogram.unchanged[j], 'white' if dark else 'black'),
            (low - 1.1, down[j], WORSE),
        ):
            axes.text(j + 0.5, y, f'{count}', ha='center', va='center_baseline', fontsize=6, color=color)
    for y in (low, -0.5, 0.5, high):
        axes.axhline(y, color=GREY, linewidth=0.5)
    axes.set(xlim=(0, n_column), ylim=(low - 1.8, high + 1.8))
    axes.set_xticks(range(n_column + 1), list(map(_edge, histogram.rank_edges)))
    edges = [*(-i - 0.5 for i in range(n_down, 0, -1)), *(i + 0.5 for i in range(1, n_up + 1))]
    names = [
        *(f'−{edge:,.0f}' for edge in histogram.down_edges[:0:-1]),
        *(f'+{edge:,.0f}' for edge in histogram.up_edges[1:]),
    ]
    axes.set_yticks(edges, names if labelled else [''] * len(names))
    totals = ['n (Δ < 0)', 'n (Δ = 0)', 'n (Δ > 0)']
    axes.set_yticks([low - 1.1, 0, high + 1.1], totals if labelled else [''] * 3, minor=True)
    axes.tick_params(axis='y', which='minor', length=0)
    return image


def _draw_divergence(axes: Axes, divergence: KLRecord) -> None:
    means, lows, highs = (np.array(values, float) for values in (divergence.mean, divergence.low, divergence.high))
    middle = np.arange(len(divergence.rank_edges) - 1) + 0.5
    for direction, name, color, marker, shift in (
        ('improved', 'Rank + (Δ > 0)', BETTER, '^', -0.14),
        ('worsened', 'Rank − (Δ < 0)', WORSE, 'v', 0.14),
    ):
        i = DIRECTIONS.index(direction)
        mean, has_interval = means[i], np.isfinite(lows[i])
        # a percentile interval may not contain the mean of very few conversations
        ends = np.stack([mean - lows[i], highs[i] - mean]).clip(0)
        axes.errorbar(
            (middle + shift)[has_interval],
            mean[has_interval],
            ends[:, has_interval],
            color=color,
            marker=marker,
            linestyle='none',
            linewidth=1,
            label=name,
        )
        axes.plot(
            (middle + shift)[~has_interval],
            mean[~has_interval],
            color=color,
            marker=marker,
            linestyle='none',
            markerfacecolor='white',
        )
    improved, unchanged, worsened = np.array(divergence.samples).sum(1)
    axes.set(xlim=(0, len(middle)), xlabel=f'original rank\n{improved:,} ▲, {worsened:,} ▼, {unchanged:,} unchanged')
    axes.set_xticks(range(len(middle) + 1), list(map(_edge, divergence.rank_edges)))
    axes.grid(axis='y')
