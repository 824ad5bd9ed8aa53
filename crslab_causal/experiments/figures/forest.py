"""Differences to a reference, with their intervals."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from matplotlib.figure import Figure

from crslab_causal.experiments.figures.style import COLOURS, new_figure


class Comparison(NamedTuple):
    """A row of the figure."""

    name: str
    difference: float
    low: float
    high: float
    significant: bool


def draw(columns: Sequence[tuple[str, Sequence[Comparison]]], x_label: str) -> Figure:
    """A panel for each column, which share their rows; what is significant is a filled square, the rest a hollow circle."""
    names = list(dict.fromkeys(row.name for _, rows in columns for row in rows))
    figure = new_figure(2.2 + 1.9 * len(columns), 0.9 + 0.24 * len(names))
    axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for ax, (title, rows) in zip(axes, columns):
        ax.axvline(0, color='0.5', linewidth=0.8)
        for row in rows:
            y = len(names) - 1 - names.index(row.name)
            colour = COLOURS[1] if row.significant else COLOURS[0]
            ax.plot([row.low, row.high], [y, y], color=colour)
            ax.plot(row.difference, y, marker='s' if row.significant else 'o', color=colour,
                    markerfacecolor=colour if row.significant else 'white')
        ax.set_title(title)
        ax.set_xlabel(x_label)
    axes[0].set_yticks(range(len(names)), list(reversed(names)))
    axes[0].set_ylim(-0.6, len(names) - 0.4)
    return figure
