"""Scores against a setting, one line for each series, with intervals."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crslab_causal.experiments.figures.style import COLOURS, LINES, MARKERS, new_figure


class Series(NamedTuple):
    """A line: ``(n,)`` each."""

    name: str
    x: Sequence
    """Numbers, or names of the settings."""
    mean: Sequence[float]
    half_width: Sequence[float | None]
    """Of the interval; None for a single seed."""


class Axis(NamedTuple):
    """A panel: its series, and what is on its y axis."""

    label: str
    series: Sequence[Series]
    references: Sequence[Series] = ()
    """Drawn thin and grey: what is known without training."""


def draw(x_label: str, axes: Sequence[Axis], title: str = '', height: float = 2.0) -> Figure:
    """Panels above each other, that share x; their series are named once, above them."""
    figure = new_figure(height=height * len(axes) + 0.4)
    shown = figure.subplots(len(axes), 1, sharex=True, squeeze=False)[:, 0]
    for ax, axis in zip(shown, axes):
        _draw_panel(ax, axis)
    shown[-1].set_xlabel(x_label)
    if title:
        shown[0].set_title(title)
    handles = {name: handle for ax in shown for handle, name in zip(*ax.get_legend_handles_labels())}
    if len(handles) > 1:
        figure.legend(handles.values(), handles.keys(), loc='outside lower center', ncols=2)
    return figure


def _draw_panel(ax: Axes, axis: Axis) -> None:
    names = _names(axis)
    every = [*axis.series, *axis.references]
    for i, series in enumerate(axis.series):
        x = np.array([names.index(v) for v in series.x]) if names is not None else np.array(series.x, float)
        if names is not None:  # side by side, and no line between settings without an order
            x = x + 0.12 * (i - (len(axis.series) - 1) / 2)
        error = [0 if width is None or np.isnan(width) else width for width in series.half_width]
        ax.errorbar(x, series.mean, error, label=series.name, color=COLOURS[i % len(COLOURS)], capsize=2,
                    marker=MARKERS[i % len(MARKERS)], linestyle=LINES[i % len(LINES)] if names is None else 'none')
    for series, style in zip(axis.references, ('--', ':', '-.')):
        ax.plot(np.array(series.x, float), series.mean, color='0.45', linewidth=0.9, linestyle=style, label=series.name)
    if names is not None:
        ax.set_xticks(range(len(names)), names)
        ax.set_xlim(-0.5, len(names) - 0.5)
    elif every:
        ax.set_xticks(sorted({float(v) for series in every for v in series.x}))
    ax.set_ylabel(axis.label)


def _names(axis: Axis) -> list | None:
    """The settings, if they are not all numbers."""
    settings = list(dict.fromkeys(v for series in axis.series for v in series.x))
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in settings)
    return None if numeric else settings
