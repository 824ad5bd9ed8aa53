"""Writing figures: both formats, equal bytes every time, and no lasting change of Matplotlib."""

import hashlib
import os
import subprocess
import sys

import matplotlib
import pytest

from crslab_causal.experiments.reporting.figures import style
from crslab_causal.experiments.reporting.figures.style import save

DRAW = """
from pathlib import Path
from crslab_causal.experiments.reporting.figures.curves import Panel, Series, draw_curves
from crslab_causal.experiments.reporting.figures.style import save
series = [Series('a', [0, 1], [1, 2], [1, 1]), Series('b', [0, 1], [2, 2], [1, None])]
figure = draw_curves([Panel('R@50 in %', series)], 'α')
"""


def figure():
    scope = {}
    exec(DRAW, scope)
    return scope['figure']


def test_a_figure_is_written_as_pdf_and_png(tmp_path):
    paths = save(figure(), tmp_path / 'new' / 'redial.alpha')

    assert [path.name for path in paths] == ['redial.alpha.pdf', 'redial.alpha.png']
    assert sorted(path.name for path in (tmp_path / 'new').iterdir()) == [path.name for path in paths]
    assert paths[0].read_bytes().startswith(b'%PDF') and paths[1].read_bytes().startswith(b'\x89PNG')
    assert b'CreationDate' not in paths[0].read_bytes()
    assert b'/Type3' not in paths[0].read_bytes().replace(b' ', b'')  # publishers refuse these fonts


def test_another_process_writes_equal_bytes(tmp_path):
    here = [hashlib.sha256(path.read_bytes()).hexdigest() for path in save(figure(), tmp_path / 'here')]
    again = [hashlib.sha256(path.read_bytes()).hexdigest() for path in save(figure(), tmp_path / 'again')]
    code = f'{DRAW}\nprint(*save(figure, Path({str(tmp_path / "there")!r})), sep="\\n")'
    environment = os.environ | {'PYTHONHASHSEED': '7', 'SOURCE_DATE_EPOCH': '1', 'MPLBACKEND': 'svg', 'DISPLAY': ''}
    paths = subprocess.run([sys.executable, '-c', code], env=environment, capture_output=True, text=True, check=True)
    there = [hashlib.sha256(open(path, 'rb').read()).hexdigest() for path in paths.stdout.split()]

    assert here == again == there


def test_the_settings_of_the_user_are_ignored_and_kept(tmp_path):
    expected = [path.read_bytes() for path in save(figure(), tmp_path / 'a')]
    with matplotlib.rc_context({'font.size': 20, 'lines.linewidth': 5, 'savefig.dpi': 50, 'text.color': 'red'}):
        before = dict(matplotlib.rcParams)
        found = [path.read_bytes() for path in save(figure(), tmp_path / 'b')]
        assert dict(matplotlib.rcParams) == before
    assert found == expected


def test_matplotlib_is_only_loaded_when_a_figure_is_drawn():
    code = (
        'import sys, crslab_causal; '
        'from crslab_causal.experiments.reporting.figures import curves, forest, rank_shift; '
        'print("matplotlib" in sys.modules); curves.draw_curves([], "x"); '
        'print("matplotlib" in sys.modules, "matplotlib.pyplot" in sys.modules)'
    )
    output = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout
    assert output.split() == ['False', 'True', 'False']


def test_a_failed_write_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'replace', lambda *_: (_ for _ in ()).throw(OSError('disk full')))
    with pytest.raises(OSError, match='disk full'):
        save(figure(), tmp_path / 'figure')
    assert not list(tmp_path.iterdir())


def contrast(first, second):
    """Return the contrast ratio of WCAG 2, from 1 to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

    def luminance(color):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in matplotlib.colors.to_rgb(color)]
        return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear)) + 0.05

    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return lighter / darker


def test_series_differ_in_every_property_and_have_enough_contrast():
    looks = [style.line_style(i) for i in range(7)]
    for values in zip(*looks):
        assert len(set(values)) == 7
    assert all(contrast(look.color, 'white') > 2 for look in looks)
    assert all(contrast(color, 'white') > 3.5 for color in (style.BETTER, style.WORSE, style.GREY))  # small text
