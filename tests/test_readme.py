"""The README's numbers are the output of committed commands."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import results
from crslab_causal.experiments.analysis.tables import NEEDS_LLM
from crslab_causal.experiments.reporting import render
from crslab_causal.experiments.reporting.report import latex_page, markdown_page

ROOT = Path(__file__).resolve().parents[1]
RECORDS = sorted(path for path in (ROOT / 'results').glob('*.json') if not path.name.startswith('sweep_'))


def block(name):
    readme = (ROOT / 'README.md').read_text('utf-8')
    return readme.partition(f'<!-- {name} -->')[2].partition(f'<!-- /{name} -->')[0].strip()


@pytest.mark.parametrize('path', RECORDS, ids=lambda path: path.stem)
def test_tables_are_what_the_recorded_runs_say(path):
    record = json.loads(path.read_text('utf-8'))
    assert path.with_suffix('.md').read_text('utf-8') == markdown_page(record)
    assert path.with_suffix('.tex').read_text('utf-8') == latex_page(record)
    for table in record['tables']:
        if table['readme']:
            assert block(table['name']) == render.markdown(table)


def test_the_readme_shows_what_the_suites_want():
    shown = {table['name'] for path in RECORDS for table in json.loads(path.read_text('utf-8'))['tables'] if table['readme']}
    assert len(shown) >= 4 and all(block(name) for name in shown)


def test_a_record_says_where_every_number_is_from():
    for path in RECORDS:
        for table in json.loads(path.read_text('utf-8'))['tables']:
            for row in table['rows']:
                assert row['runs'] or row['note'] or row['source'], (path.name, row['title'])
                if table['kind'] != 'corpus':
                    assert all(run['git_commit'] and run['versions'] for run in row['runs'])


def test_nothing_is_missing_but_what_needs_a_language_model():
    for path in RECORDS:
        for table in json.loads(path.read_text('utf-8'))['tables']:
            notes = {row['title']: row['note'] for row in table['rows'] if row['note'] is not None}
            assert all(note.startswith(NEEDS_LLM) for note in notes.values()), (path.name, notes)


def test_the_readme_says_how_long_training_took():
    runs = {run['folder']: run for path in RECORDS for table in json.loads(path.read_text('utf-8'))['tables']
            for row in table['rows'] for run in row['runs']}
    seconds = [run['training_seconds'] for run in runs.values() if run.get('training_seconds')]  # counting takes none
    readme = (ROOT / 'README.md').read_text('utf-8')
    assert f'Training the {len(seconds)} models behind these tables took {sum(seconds) / 3600:.1f} hours of one core' in readme


def test_speeds_are_what_the_recorded_measurements_say():
    record = json.loads((ROOT / 'benchmarks' / 'speed.json').read_text('utf-8'))
    assert block('speed') == results.readme_block(record)
    assert (ROOT / 'benchmarks' / 'RESULTS.md').read_text('utf-8') == results.results_page(record)


def test_every_file_the_readme_names_exists():
    readme = (ROOT / 'README.md').read_text('utf-8')
    named = re.findall(r'`((?:crslab_causal|config|benchmarks|results)/[\w./*-]*|run_crslab\.py|requirements\.txt)`', readme)
    named += re.findall(r'\]\(((?:results|benchmarks)/[\w./-]+)\)', readme)

    assert len(named) > 8
    for name in named:
        assert list(ROOT.glob(name.rstrip('/'))), name
