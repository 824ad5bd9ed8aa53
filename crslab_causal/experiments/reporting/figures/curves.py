"""Draw curves of a metric over the values of a setting, for ablations and for the study of confounding."""

from __future__ import annotations

import math
import textwrap
from itertools import cycle
from numbers import Real
from typing import TYPE_CHECKING, NamedTuple, Sequence

import numpy as np

from crslab_causal.experiments.reporting.figures.style import (
    COLUMN,
    GREY,
    LIGHT_GREY,
    PAGE,
    TITLE_WIDTH,
    add_legend,
    line_style,
    new_figure,
    say_empty,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ONE_SEED = 'one seed'
MAX_BANDS = 3
"""Largest number of series for which bands are drawn."""


class Series(NamedTuple):
    """A line in a plot, with one value for each setting."""

    name: str
    x: Sequence[float | str]
    """Settings. If all are numbers, they are placed to scale. Otherwise all are treated as names."""
    mean: Sequence[float | None]
    """Means over seeds; None or NaN for a setting without a run."""
    half_width: Sequence[float | None]
    """Half of the interval around each mean; None or NaN for a single seed."""


class Panel(NamedTuple):
    """A plot with its own axes."""

    label: str
    """Label of the y axis, with its unit."""
    series: Sequence[Series]
    title: str = ''
    references: Sequence[Series] = ()
    """Thin grey lines without intervals, for values that are known without training."""


@styled()
def draw_curves(
    panels: Sequence[Panel],
    x_label: str,
    marked: float | str | None = None,
    marked_name: str = "paper's setting",
    interval: str = '95 % interval over seeds',
    wide: bool = False,
) -> Figure:
    """Draw panels that share the x axis, with the means of each series and bars for their intervals.

    A series has the same style in all panels; its name identifies it. Points are filled if there is an interval, and
    hollow for a single seed. Numeric settings are placed to scale and joined by lines. Up to three series also have
    bands; more series, whose bands and bars would hide one another, are drawn a little apart. Other settings, including
    bools, are placed in the order of their first appearance, with the points of different series side by side.

    Args:
        panels: panels from top to bottom.
        x_label: label of the x axis, with its unit.
        marked: setting to highlight; it is ignored if no series has it.
        marked_name: name of the highlighted setting in the legend.
        interval: name of the bars in the legend.
        wide: whether the panels are side by side over the width of a page, instead of above one another in a column.

    Raises:
        ValueError: the columns of a series differ in length.
    """
    every = [series for panel in panels for series in panel.series]
    references = [series for panel in panels for series in panel.references]
    settings = _settings([*every, *references])
    names = list(dict.fromkeys(series.name for series in every))
    ticks = [] if all(isinstance(x, Real) and not isinstance(x, bool) for x in settings) else settings
    figure, all_axes = _axes(max(1, len(panels)), wide)
    for axes, panel in zip(all_axes, panels):
        for series in panel.series:
            _draw_series(axes, series, settings, bool(ticks), names.index(series.name), len(names), interval)
        for series, dashes in zip(panel.references, cycle(('--', ':', '-.'))):
            x = [ticks.index(setting) for setting in series.x] if ticks else series.x
            axes.plot(
                x, _numbers(series.mean), color=GREY, linewidth=0.9, linestyle=dashes, zorder=1, label=series.name
            )
        if not any(np.isfinite(_numbers(series.mean)).any() for series in (*panel.series, *panel.references)):
            say_empty(axes)
        if marked in ticks:
            axes.axvspan(
                ticks.index(marked) - 0.4,
                ticks.index(marked) + 0.4,
                color=LIGHT_GREY,
                alpha=0.5,
                linewidth=0,
                zorder=0,
                label=marked_name,
            )
        elif isinstance(marked, (int, float)) and marked in settings:
            axes.axvline(marked, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0, label=marked_name)
        axes.set_ylabel(panel.label)
        axes.set_title(textwrap.fill(panel.title, TITLE_WIDTH), loc='left')
        axes.grid(axis='y')
        axes.margins(y=0.08)
    for axes in all_axes if wide else all_axes[-1:]:
        axes.set_xlabel(x_label)
        if ticks:
            axes.set_xticks(range(len(ticks)), list(map(str, ticks)))
            axes.set_xlim(-0.5, len(ticks) - 0.5)
    if not panels:
        say_empty(all_axes[0])
    reference_names = dict.fromkeys(series.name for series in references)
    _legend(figure, all_axes, [*names, *reference_names, marked_name, interval, ONE_SEED], interval)
    return figure


def _settings(every: Sequence[Series]) -> list:
    """Return all settings in the order of their first appearance."""
    for series in every:
        if not len(series.x) == len(series.mean) == len(series.half_width):
            raise ValueError(
                f'series {series.name!r}: {len(series.x)} settings, {len(series.mean)} means and '
                f'{len(series.half_width)} intervals'
            )
    return list(dict.fromkeys(x for series in every for x in series.x))


def _numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array([math.nan if value is None else value for value in values], float)


def _axes(n: int, wide: bool) -> tuple[Figure, list[Axes]]:
    if wide:
        figure = new_figure(min(PAGE, COLUMN * n), 2.1)
        return figure, list(figure.subplots(1, n, sharex=True, squeeze=False)[0])
    figure = new_figure(COLUMN, 0.5 + 1.5 * n)
    return figure, list(figure.subplots(n, 1, sharex=True, squeeze=False)[:, 0])


def _draw_series(axes: Axes, series: Series, settings: list, named: bool, number: int, n: int, interval: str) -> None:
    """Draw series ``number`` of ``n``."""
    mean, half = _numbers(series.mean), _numbers(series.half_width)
    crowded = n > MAX_BANDS
    if named:
        x = np.array([settings.index(setting) for setting in series.x], float)
        x += (number - (n - 1) / 2) * min(0.14, 0.7 / n)
    else:
        x = np.asarray(series.x, float)
        if crowded and len(settings) > 1:  # move the series apart, by a third of the smallest distance together
            x = x + (number / (n - 1) - 0.5) * np.diff(np.sort(np.asarray(settings, float))).min() / 3
    order = np.argsort(x, kind='stable')
    x, mean, half = x[order], mean[order], half[order]
    known = np.isfinite(mean)
    several, single = known & np.isfinite(half), known & ~np.isfinite(half)
    color, marker, dashes = line_style(number)
    axes.plot(x, mean, color=color, marker=marker, linestyle='none' if named else dashes, label=series.name)
    if not named and not crowded:
        axes.fill_between(x, mean - half, mean + half, color=color, alpha=0.13, linewidth=0)
    if several.any():
        axes.errorbar(
            x[several], mean[several], half[several], color=color, linestyle='none', linewidth=0.9, label=interval
        )
    if single.any():
        axes.plot(
            x[single],
            mean[single],
            color=color,
            marker=marker,
            linestyle='none',
            markerfacecolor='white',
            label=ONE_SEED,
        )


def _legend(figure: Figure, all_axes: Sequence[Axes], order: Sequence[str], interval: str) -> None:
    """Add one legend for all panels, with every name once, in the order of ``order``."""
    handles = {name: handle for axes in all_axes for handle, name in zip(*axes.get_legend_handles_labels())}
    for name, marker, size in ((interval, '|', 8), (ONE_SEED, 'o', 4)):
        if name in handles:  # in grey, because it stands for all series
            (handles[name],) = all_axes[0].plot(
                [], [], color=GREY, marker=marker, markersize=size, linestyle='none', markerfacecolor='white'
            )
    add_legend(figure, {name: handles[name] for name in order if name in handles})
