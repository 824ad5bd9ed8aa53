"""The style of all figures, and the function that writes them to files."""

from __future__ import annotations

import io
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Mapping, NamedTuple

from crslab_causal.base.files import replace_file

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN, PAGE = 3.35, 7.0
"""Width in inches of a column and of a page of two columns. Figures are drawn in their final size."""

GREY, LIGHT_GREY = '#555555', '#d9d9d9'


class LineStyle(NamedTuple):
    """Colour, marker and dashes of a series."""

    color: str
    marker: str
    linestyle: str | tuple


_COLORS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000')
"""Okabe and Ito's palette for colour-blind readers, without its yellow, which is too faint for a line:
https://jfly.uni-koeln.de/color/"""
_MARKERS = 'osD^vPX'
_DASHES: tuple[str | tuple, ...] = (
    '-',
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (5, 1.2, 1.2, 1.2)),
    (0, (7, 2)),
    (0, (3, 1)),
    (0, (1, 2.5)),
)

BETTER, WORSE = _COLORS[0], _COLORS[1]

TITLE_WIDTH = 44
"""Number of characters of a title in one line of a column."""

_RC = {
    'font.family': 'DejaVu Sans',  # part of Matplotlib, so that figures are the same everywhere
    'font.size': 7,
    'axes.titlesize': 8,
    'figure.titlesize': 8,
    'axes.labelsize': 7,
    'xtick.labelsize': 6.5,
    'ytick.labelsize': 6.5,
    'legend.fontsize': 6.5,
    'legend.title_fontsize': 6.5,
    'legend.frameon': False,
    'legend.handlelength': 2.4,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.linewidth': 0.6,
    'axes.axisbelow': True,
    'axes.unicode_minus': True,
    'axes.formatter.useoffset': False,
    'xtick.major.width': 0.6,
    'ytick.major.width': 0.6,
    'xtick.major.size': 2.5,
    'ytick.major.size': 2.5,
    'grid.color': LIGHT_GREY,
    'grid.linewidth': 0.5,
    'lines.linewidth': 1.2,
    'lines.markersize': 4,
    'errorbar.capsize': 2,
    'hatch.linewidth': 0.4,
    'figure.constrained_layout.use': True,
    'figure.constrained_layout.h_pad': 0.03,
    'figure.constrained_layout.w_pad': 0.03,
    'pdf.fonttype': 42,
    'savefig.dpi': 300,
}


@contextmanager
def styled() -> Iterator[None]:
    """Use the style of this module, and ignore the user's settings of Matplotlib. It also works as a decorator."""
    import matplotlib.style

    with matplotlib.style.context(['default', _RC]):
        yield


def line_style(number: int) -> LineStyle:
    """Return the style of series ``number``, from 0. Seven series differ in colour, marker and dashes."""
    i = number % len(_COLORS)
    return LineStyle(_COLORS[i], _MARKERS[i], _DASHES[i])


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure that needs no screen and no closing. Call this within :func:`styled`.

    Args:
        width: width in inches.
        height: height in inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def say_empty(axes: Axes) -> None:
    """Write "no data" into the middle of a plot."""
    axes.text(0.5, 0.5, 'no data', transform=axes.transAxes, ha='center', va='center', color=GREY, style='italic')


def add_legend(figure: Figure, handles: Mapping[str, Artist], above: bool = True) -> None:
    """Add a legend to a figure, in as many columns as fit into its width, and enlarge the figure by its height.

    Args:
        figure: figure of :func:`new_figure`.
        handles: explained artists by name, in order.
        above: whether the legend is above the panels; otherwise it is below them.
    """
    for n_column in range(min(4, len(handles)), 0, -1):
        legend = figure.legend(
            list(handles.values()),
            list(handles),
            ncols=n_column,
            columnspacing=1.2,
            loc='outside upper center' if above else 'outside lower center',
        )
        extent = legend.get_window_extent()
        if extent.width <= figure.bbox.width or n_column == 1:
            figure.set_figheight(figure.get_figheight() + extent.height / figure.dpi)
            return
        legend.remove()


@styled()
def save(figure: Figure, path_without_suffix: Path) -> list[Path]:
    """Write a figure as PDF, with its fonts, and as PNG.

    The bytes depend on nothing but the figure and Matplotlib's version. No date and no name is written.

    Args:
        figure: figure of :func:`new_figure`.
        path_without_suffix: path to which ``.pdf`` and ``.png`` are added; its folder is created if necessary.

    Returns:
        The paths of the PDF and of the PNG.
    """
    paths = []
    for suffix, metadata in (('pdf', {'CreationDate': None}), ('png', {})):
        path = path_without_suffix.with_name(f'{path_without_suffix.name}.{suffix}')
        content = io.BytesIO()
        figure.savefig(content, format=suffix, metadata=metadata)
        replace_file(path, content.getvalue())
        paths.append(path)
    return paths
