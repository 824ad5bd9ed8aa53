"""Draw forest plots: a row for each difference, with its interval."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, NamedTuple, Sequence

import numpy as np

from crslab_causal.experiments.reporting.figures.style import (
    BETTER,
    COLUMN,
    GREY,
    LIGHT_GREY,
    TITLE_WIDTH,
    WORSE,
    add_legend,
    new_figure,
    say_empty,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABEL_WIDTH = 26
"""Number of characters of a row's name in one line, in a figure as wide as a column."""
WIDE = 5.0
"""Width in inches of a figure with many rows."""
MANY_ROWS = 20
"""Number of rows from which a figure is drawn wide, so that small differences can be seen beside large ones."""
FOCUS = 1.25
"""Factor that decides where the axis is cut, see :func:`axis_limits`."""


NOT_SIGNIFICANT = 'not significant: the test is corrected for the\nnumber of rows, the interval is for its row alone'
"""Name of the grey rows in the legend, if tests say what is significant."""


class Comparison(NamedTuple):
    """A row of a forest plot: a difference and its interval."""

    name: str
    mean: float
    low: float
    """Lower end of the interval; NaN if there is none."""
    high: float
    """Upper end of the interval; NaN if there is none."""
    significant: bool | None = None
    """Result of a test; None: the row is significant if its interval excludes 0."""
    group: str = ''
    """Heading above the row and its neighbours of the same group."""


@styled()
def draw_forest(rows: Sequence[Comparison], x_label: str, title: str = '', width: float | None = None) -> Figure:
    """Draw a forest plot: a row for each comparison, with its numbers.

    Significant gains are blue triangles that point upwards, significant losses are orange ones that point downwards,
    and everything else is a grey circle. Points without an interval are hollow. An interval is that of its row alone.
    Tests are corrected for all rows, so a grey interval may exclude 0; the legend says so. A difference far beyond all
    others is an arrow at the edge of the axis, so that the others can be read. Its numbers are beside it.

    Args:
        rows: comparisons from top to bottom.
        x_label: what is compared, in which unit and direction ("ΔRecall@50 in points, against the full model").
        title: title above the plot.
        width: width in inches; None: the width of a column, or :data:`WIDE` from :data:`MANY_ROWS` rows on.
    """
    width = width or (COLUMN if len(rows) < MANY_ROWS else WIDE)
    label_width, title_width = (round(characters * width / COLUMN) for characters in (LABEL_WIDTH, TITLE_WIDTH))
    lines: list[Comparison | str] = []
    for i, comparison in enumerate(rows):
        if comparison.group and (i == 0 or comparison.group != rows[i - 1].group):
            lines.append(comparison.group)
        lines.append(comparison)
    names = [textwrap.fill(line if isinstance(line, str) else line.name, label_width) for line in lines]
    heights = np.array([1 + 0.75 * name.count('\n') for name in names])
    middles = np.cumsum(heights) - heights / 2
    total = max(3.0, heights.sum())
    figure = new_figure(width, 0.55 + 0.2 * bool(title) + 0.17 * total)
    axes = figure.add_subplot()
    values = axes.twinx()
    if title:  # it extends over the names, because the plot is too narrow
        figure.suptitle(textwrap.fill(title, title_width), x=0.01, ha='left')
    axes.set_xlabel(x_label)
    axes.axvline(0, color='black', linewidth=0.8, zorder=1)
    for both in (axes, values):
        both.spines['left'].set_visible(False)
        both.tick_params(axis='y', length=0)
        both.set_ylim(total, 0)
    low, high = axis_limits(rows)
    for y, line in zip(middles, lines):
        if isinstance(line, Comparison):
            _draw_row(axes, y, line, low, high)
            axes.axhline(y, color=LIGHT_GREY, linewidth=0.5, zorder=0)
    margin = 0.05 * (high - low)
    axes.set_xlim(low - margin, high + margin)
    axes.set_yticks(middles, names)
    values.set_yticks(middles, ['' if isinstance(line, str) else _numbers(line) for line in lines])
    for label, line in zip(axes.get_yticklabels(), lines):
        label.set_fontweight('bold' if isinstance(line, str) else 'normal')
    handles: dict[str, Artist] = {}
    for handle, name in zip(*axes.get_legend_handles_labels()):
        handles.setdefault(name, handle)
    add_legend(figure, handles, above=False)
    if not handles:
        say_empty(axes)
    return figure


def axis_limits(rows: Sequence[Comparison]) -> tuple[float, float]:
    """Return the ends of the axis. A side that would squeeze the rows of the other side is cut.

    The limit of a side is :data:`FOCUS` times the length of the other side or, if this is larger, times the median
    absolute difference. A side that is much longer than its limit is cut there.
    """
    drawn = [row for row in rows if math.isfinite(row.mean)]
    if not drawn:
        return -1.0, 1.0
    ends = [end for row in drawn for end in (row.mean, row.low, row.high) if math.isfinite(end)]
    right, left = max(0.0, *ends), max(0.0, *(-end for end in ends))
    typical = float(np.median([abs(row.mean) for row in drawn]))
    limits = []
    for side, other in ((left, right), (right, left)):
        limit = FOCUS * max(other, typical)
        limits.append(limit if side > 2.5 * limit else side)
    return (-limits[0], limits[1]) if any(limits) else (-1.0, 1.0)


def is_significant(row: Comparison) -> bool:
    """Return the result of the row's test, or whether its interval excludes 0."""
    return row.low > 0 or row.high < 0 if row.significant is None else row.significant


def _has_interval(row: Comparison) -> bool:
    return math.isfinite(row.low) and math.isfinite(row.high)


def _draw_row(axes: Axes, y: float, row: Comparison, left: float, right: float) -> None:
    if not math.isfinite(row.mean):
        return
    marker, color, name = 'o', GREY, 'not significant'
    if row.significant is not None:
        name = NOT_SIGNIFICANT
    if is_significant(row):
        marker, color, name = ('^', BETTER, 'significant gain') if row.mean > 0 else ('v', WORSE, 'significant loss')
    has_interval = _has_interval(row)
    if not has_interval and marker == 'o':
        name = 'no interval'
    if has_interval:
        ends = np.clip([row.low, row.high], left, right)
        axes.plot(ends, [y, y], color=color, linewidth=1, marker='|', markersize=4, zorder=2)
    if not left <= row.mean <= right:
        marker, name = ('<' if row.mean < left else '>'), 'beyond the axis'
    axes.plot(
        min(max(row.mean, left), right),
        y,
        color=color,
        marker=marker,
        markerfacecolor=color if has_interval else 'white',
        linestyle='none',
        zorder=3,
        label=name,
    )


def _numbers(row: Comparison) -> str:
    """Return the numbers of a row with two decimals and a true minus sign."""
    if not math.isfinite(row.mean):
        return '–'
    text = f'{row.mean:+.2f}'
    if _has_interval(row):
        text += f' [{row.low:.2f}, {row.high:.2f}]'
    return text.replace('-', '−')
