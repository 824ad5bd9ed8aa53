"""What all figures share: fonts, colours that colour-blind readers can tell apart, and how they are saved."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from crslab_causal.files import replace_file

COLUMN = 3.4
"""Width of a column of a two-column page, in inches."""

COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000')
"""Okabe and Ito, https://jfly.uni-koeln.de/color/."""
MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X')
LINES = ('-', '--', '-.', ':', (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
SEQUENTIAL = 'cividis'

_SETTINGS = {'font.size': 8, 'axes.titlesize': 8, 'axes.labelsize': 8, 'legend.fontsize': 7, 'xtick.labelsize': 7,
             'ytick.labelsize': 7, 'axes.spines.top': False, 'axes.spines.right': False, 'axes.linewidth': 0.6,
             'lines.linewidth': 1.2, 'lines.markersize': 4, 'legend.frameon': False, 'figure.constrained_layout.use': True,
             'pdf.fonttype': 42, 'svg.hashsalt': 'crslab_causal', 'figure.dpi': 100}


def new_figure(width: float = COLUMN, height: float = 2.4) -> Figure:
    """An empty figure, ``width`` and ``height`` in inches."""
    matplotlib.rcParams.update(_SETTINGS)
    return Figure(figsize=(width, height))


def save(figure: Figure, path: Path) -> list[Path]:
    """Writes ``<path>.pdf`` and ``<path>.png``, the same bytes for the same figure, and returns both paths."""
    written = []
    for suffix, metadata in (('pdf', {'CreationDate': None, 'ModDate': None}), ('png', {'Software': None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix, dpi=200, metadata=metadata)
        target = path.with_name(f'{path.name}.{suffix}')
        replace_file(target, buffer.getvalue())
        written.append(target)
    return written
