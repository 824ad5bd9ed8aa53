"""Weights of the experts of a pool by the length of the history."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Collection, Mapping, NamedTuple, Sequence

from crslab_causal.experiments.reporting.figures.style import (
    GREY,
    PAGE,
    add_legend,
    line_style,
    new_figure,
    say_empty,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4
_TITLE_WIDTH = 24


class Weights(NamedTuple):
    """The weights of an expert at several lengths of the history."""

    weight: Sequence[float]
    low: Sequence[float]
    """Lower end of the interval of each weight."""
    high: Sequence[float]
    """Upper end of the interval of each weight."""


@styled()
def draw_weights(
    lengths: Sequence[int], experts: Mapping[str, Weights], interval: str, repeats: Collection[str] = ()
) -> Figure:
    """Draw a panel for each expert, in which a line shows its weight and a band the interval.

    The panels have the same axes, so that they can be compared. An expert whose weight is 0 does not count.

    Args:
        lengths: numbers of mentions, in ascending order.
        experts: weights of each expert by its title.
        interval: name of the bands in the legend.
        repeats: titles of the values that say whether an item was mentioned. They have a scale of their own, and no
            weight without a mention.
    """
    n_row = max(1, math.ceil(len(experts) / _COLUMNS))
    figure = new_figure(PAGE, 0.4 + 1.45 * n_row)
    all_axes = figure.subplots(n_row, _COLUMNS, squeeze=False).flatten()
    color, *_ = line_style(0)
    handles: dict[str, Artist] = {}
    ends: dict[bool, list[float]] = {True: [0.0], False: [0.0]}
    drawn: list[tuple[Axes, bool]] = []
    for axes, (title, weights) in zip(all_axes, experts.items()):
        shown = [i for i, n in enumerate(lengths) if n or title not in repeats]
        x, weight, low, high = ([values[i] for i in shown] for values in (lengths, *weights))
        axes.axhline(0, color=GREY, linewidth=0.7)
        handles[interval] = axes.fill_between(x, low, high, color=color, alpha=0.22, linewidth=0)
        (handles['weight'],) = axes.plot(x, weight, color=color, marker='o', markersize=2.5)
        axes.set_title(textwrap.fill(title, _TITLE_WIDTH), loc='left')
        axes.grid(axis='y')
        axes.set_xlim(min(lengths) - 0.5, max(lengths) + 0.5)
        axes.set_xticks([n for n in lengths if n % 5 == 0])
        ends[title in repeats] += [*low, *high]
        drawn.append((axes, title in repeats))
    for axes, is_repeat in drawn:
        least, most = min(ends[is_repeat]), max(ends[is_repeat])
        axes.set_ylim(least - 0.05 * (most - least), most + 0.05 * (most - least))
    for axes in all_axes[len(experts) :]:
        axes.set_axis_off()
    for i, axes in enumerate(all_axes[: len(experts)]):
        if i + _COLUMNS >= len(experts):
            axes.set_xlabel('mentions in the history')
        if i % _COLUMNS == 0:
            axes.set_ylabel('weight')
    if not experts:
        say_empty(all_axes[0])
    else:
        add_legend(figure, {name: handles[name] for name in ('weight', interval)})
    return figure
