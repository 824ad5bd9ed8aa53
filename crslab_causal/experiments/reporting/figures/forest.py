"""Differences with their intervals, a row each."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, NamedTuple, Sequence

import numpy as np

from crslab_causal.experiments.reporting.figures.style import (BETTER, COLUMN, GREY, LIGHT_GREY, TITLE_WIDTH, WORSE,
                                                           add_legend, new_figure, say_empty, styled)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABEL_WIDTH = 26
"""Characters of a row's name before it goes on in the next line."""


class Comparison(NamedTuple):
    """A row: a difference and its interval."""

    name: str
    mean: float
    low: float
    """End of the interval; NaN where there is none."""
    high: float
    significant: bool | None = None
    """The verdict of a test, which may have been corrected for several; None: whether the interval leaves out 0."""
    group: str = ''
    """Heading that this row stands under, with the rows before and after it that have the same."""


@styled()
def draw_forest(rows: Sequence[Comparison], x_label: str, title: str = '', width: float = COLUMN) -> Figure:
    """A forest plot: a row for each comparison, with its numbers.

    Significant gains are blue triangles that point upwards, significant losses are orange ones that point downwards,
    and everything else is a grey circle; points without an interval are hollow.

    Args:
        rows: from top to bottom.
        x_label: what is compared, in which unit and direction ("ΔRecall@50 in points, against the full model").
        title: above the plot.
        width: in inches.
    """
    lines: list[Comparison | str] = []
    for i, row in enumerate(rows):
        if row.group and (i == 0 or row.group != rows[i - 1].group):
            lines.append(row.group)
        lines.append(row)
    names = [textwrap.fill(row if isinstance(row, str) else row.name, LABEL_WIDTH) for row in lines]
    heights = np.array([1 + 0.75 * name.count('\n') for name in names])
    middles = np.cumsum(heights) - heights / 2
    total = max(3.0, heights.sum())
    figure = new_figure(width, 0.55 + 0.2 * bool(title) + 0.17 * total)
    axes = figure.add_subplot()
    values = axes.twinx()
    if title:  # over the names, too, for which the plot alone is too narrow
        figure.suptitle(textwrap.fill(title, TITLE_WIDTH), x=0.01, ha='left')
    axes.set_xlabel(x_label)
    axes.axvline(0, color='black', linewidth=0.8, zorder=1)
    for other in (axes, values):
        other.spines['left'].set_visible(False)
        other.tick_params(axis='y', length=0)
        other.set_ylim(total, 0)
    for y, row in zip(middles, lines):
        if isinstance(row, Comparison):
            _draw_row(axes, y, row)
            axes.axhline(y, color=LIGHT_GREY, linewidth=0.5, zorder=0)
    axes.set_yticks(middles, names)
    values.set_yticks(middles, ['' if isinstance(row, str) else _said(row) for row in lines])
    for label, row in zip(axes.get_yticklabels(), lines):
        label.set_fontweight('bold' if isinstance(row, str) else 'normal')
    handles: dict[str, Artist] = {}
    for handle, name in zip(*axes.get_legend_handles_labels()):
        handles.setdefault(name, handle)
    add_legend(figure, handles, above=False)
    if not handles:
        say_empty(axes)
    return figure


def is_significant(row: Comparison) -> bool:
    """The row's own verdict, or whether its interval leaves out 0."""
    return row.low > 0 or row.high < 0 if row.significant is None else row.significant


def _has_interval(row: Comparison) -> bool:
    return math.isfinite(row.low) and math.isfinite(row.high)


def _draw_row(axes: Axes, y: float, row: Comparison) -> None:
    if not math.isfinite(row.mean):
        return
    marker, color, name = 'o', GREY, 'not significant'
    if is_significant(row):
        marker, color, name = ('^', BETTER, 'significant gain') if row.mean > 0 else ('v', WORSE, 'significant loss')
    sure = _has_interval(row)
    if not sure and marker == 'o':
        name = 'no interval'
    if sure:
        axes.plot([row.low, row.high], [y, y], color=color, linewidth=1, marker='|', markersize=4, zorder=2)
    axes.plot(row.mean, y, color=color, marker=marker, markerfacecolor=color if sure else 'white', linestyle='none',
              zorder=3, label=name)


def _said(row: Comparison) -> str:
    """The numbers, as they are read: two decimals, a true minus sign."""
    if not math.isfinite(row.mean):
        return '–'
    text = f'{row.mean:+.2f}'
    if _has_interval(row):
        text += f' [{row.low:.2f}, {row.high:.2f}]'
    return text.replace('-', '−')
