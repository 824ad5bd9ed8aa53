"""The report of a suite is drawn from its record alone."""

import re
import subprocess
import sys

import pytest

import tiny
from crslab_causal.experiments.analysis.record import read_record
from crslab_causal.experiments.reporting.figures.style import save
from crslab_causal.experiments.reporting.plots import figures_of

RECORDS = sorted(path for path in (tiny.ROOT / 'results').glob('*.json') if not path.name.startswith('sweep_'))
MODULES = sorted(
    str(path.relative_to(tiny.ROOT).with_suffix('')).replace('/', '.').removesuffix('.__init__')
    for path in (tiny.ROOT / 'crslab_causal' / 'experiments' / 'reporting').rglob('*.py')
)


def run_python(code):
    """Return what code prints in a new process."""
    done = subprocess.run([sys.executable, '-c', code], cwd=tiny.ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_reporting_imports_neither_pytorch_nor_crslab():
    assert len(MODULES) > 10
    loaded = run_python(
        f'import sys, {", ".join(MODULES)}; print(*(name in sys.modules for name in ("torch", "crslab", "scipy")))'
    )
    assert loaded == ['False', 'False', 'True']


def test_a_report_is_written_from_a_record_without_pytorch(tmp_path):
    code = (
        'import sys; from pathlib import Path\n'
        'from crslab_causal.experiments.analysis.record import read_record\n'
        'from crslab_causal.experiments.reporting.report import write_report\n'
        'record = read_record(Path("results", "adjustment.json"))\n'
        f'print(len(list(write_report(record, Path({str(tmp_path)!r})))), "torch" in sys.modules)'
    )
    assert run_python(code) == ['7', 'False'] and len(list(tmp_path.iterdir())) == 7


@pytest.mark.parametrize(
    ('suite', 'name', 'findings'),
    [
        (
            'controls',
            'controls_opendialkg',
            {
                'OpenDialKG, the paper\'s setting: 5 of 8 rows are significantly better than "w/o causal", '
                'none are worse (ALL); 4 better, none worse (NEW)'
            },
        ),
        (
            'deconfounding',
            'deconfounding',
            {
                'R@10: no row differs significantly from "no adjustment"',
                'TV to P(Y | do(X)), compared with "no adjustment": the paper\'s mask significantly farther, '
                'true context C significantly closer',
            },
        ),
    ],
)
def test_titles_of_figures_state_the_significant_differences(suite, name, findings):
    figures = dict(figures_of(read_record(tiny.ROOT / 'results' / f'{suite}.json')))
    titles = [axes.get_title(loc='left') for axes in figures[name].axes] + [figures[name].get_suptitle()]
    assert {title.replace('\n', ' ') for title in titles if title} == findings


@pytest.mark.parametrize('path', RECORDS, ids=lambda path: path.stem)
def test_committed_figures_equal_those_drawn_from_the_records(path, tmp_path, monkeypatch):
    """The bytes of a figure depend on Matplotlib's release, which a PNG file names."""
    import matplotlib
    from matplotlib.backends.backend_pdf import PdfFile

    # the PNG files are compared; embedding the fonts takes most of the time of a PDF file
    monkeypatch.setattr(PdfFile, 'writeFonts', lambda self: self.writeObject(self.fontObject, {}))
    for name, figure in figures_of(read_record(path)):
        committed = path.with_name(f'{name}.png').read_bytes()
        release = re.search(rb'Matplotlib version([\d.]+\d)', committed)[1].decode()
        if release != matplotlib.__version__:
            pytest.skip(f'drawn with Matplotlib {release}, but {matplotlib.__version__} is installed')
        _, png = save(figure, tmp_path / name)
        assert png.read_bytes() == committed, name
