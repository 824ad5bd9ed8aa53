"""The numbers of the README and of results/ are the output of committed commands."""

import re

import pytest

import tiny
from benchmarks import results
from crslab_causal.experiments.analysis.record import CLUSTERED, NEEDS_LLM, read_record
from crslab_causal.experiments.reporting import render
from crslab_causal.experiments.reporting.report import latex_page, markdown_page
from page_blocks import read_block

README = tiny.ROOT / 'README.md'
TABLES = tiny.ROOT / 'docs' / 'results' / 'main_tables.md'
PATHS = sorted(path for path in (tiny.ROOT / 'results').glob('*.json') if not path.name.startswith('sweep_'))
SUITES = {path.stem for path in (tiny.ROOT / 'config' / 'experiments').glob('*.yaml')}
RECORDS = {path.stem: read_record(path) for path in PATHS}
BEST_POOL = 'Pool with the trained experts, fitted on valid'
ROWS = [(name, table, row) for name, record in RECORDS.items() for table in record.tables for row in table.rows]


def test_every_suite_has_a_record():
    assert RECORDS.keys() == SUITES and len(ROWS) > 100


@pytest.mark.parametrize('path', PATHS, ids=lambda path: path.stem)
def test_the_tables_are_those_of_the_record(path):
    record = RECORDS[path.stem]
    assert record.to_json() == path.read_text('utf-8')
    assert path.with_suffix('.md').read_text('utf-8') == markdown_page(record)
    assert path.with_suffix('.tex').read_text('utf-8') == latex_page(record)


def test_the_documentation_shows_the_tables_of_the_records():
    shown = [table for record in RECORDS.values() for table in record.tables if table.readme]
    assert len(shown) >= 4
    for table in shown:
        assert read_block(TABLES, table.name) == render.markdown(table)


def test_every_number_has_a_source():
    for name, table, row in ROWS:
        assert row.runs or row.note or row.source, (name, row.title)
        if table.kind != 'corpus':
            assert all(run.git_commit and run.versions for run in row.runs), (name, row.title)


def test_only_rows_that_need_a_language_model_have_no_scores():
    """Rows of the official test are added as they are run, because each is scored once. ``table3_cutoffs`` repeats runs
    that other tables have in full.
    """
    notes = {(name, table.name, row.title): row.note for name, table, row in ROWS if row.note is not None}
    unscored = {where: note for where, note in notes.items() if not note.startswith(NEEDS_LLM)}
    assert notes
    for (name, table, title), note in unscored.items():
        assert name == 'official' or table == 'table3_cutoffs', (name, title)
        assert re.fullmatch(r'not run|\d of \d seeds' if name == 'official' else r'\d of \d seeds', note), (name, title)


def test_the_documentation_has_the_number_of_trained_models_and_the_hours_of_training():
    runs = {run.folder: run for _, _, row in ROWS for run in row.runs}
    seconds = [run.training_seconds for run in runs.values() if run.training_seconds]  # counting models are not trained
    assert len(seconds) > 100
    numbers = {str(len(seconds)), f'{sum(seconds) / 3600:.1f}'}
    assert any(numbers <= set(re.findall(r'\d+(?:\.\d+)?', line)) for line in TABLES.read_text('utf-8').splitlines()), (
        numbers
    )


def test_the_documentation_counts_the_runs_whose_code_had_changes_that_were_not_committed():
    changed = {}
    for name, record in RECORDS.items():
        runs = {run.folder: run for table in record.tables for row in table.rows for run in row.runs}
        changed[name] = {folder for folder, run in runs.items() if str(run.git_commit).endswith('with changes')}
        if name == 'pool':
            n_runs = len(runs)
    assert {name for name, folders in changed.items() if folders} == {'pool'}
    (best,) = [row for name, table, row in ROWS if table.name == 'pool_redial' and row.title == BEST_POOL]
    among = sum(run.folder in changed['pool'] for run in best.runs)
    text = ' '.join(TABLES.read_text('utf-8').split())
    assert f'{len(changed["pool"])} of the {n_runs} runs of `results/pool.json`' in text
    assert f'among them {among} of the {len(best.runs)} runs of "{BEST_POOL}", and no other record.' in text


def test_the_documentation_counts_the_tests_that_ignore_conversations():
    tests = [test for _, _, row in ROWS for by_metric in row.tests.values() for test in by_metric.values()]
    signs = [test for test in tests if test.test != CLUSTERED and test.significant]
    text = ' '.join((tiny.ROOT / 'docs' / 'experiments.md').read_text('utf-8').split())
    assert (
        f'For each of the {len(signs)} triangles of R@1, the bootstrap interval of the difference excludes zero' in text
    )
    assert all(test.low * test.high > 0 for test in signs)


def test_the_speeds_are_those_of_the_recorded_measurements():
    record = results.read_measurements()
    assert read_block(TABLES, 'speed') == results.readme_block(record)
    assert (tiny.ROOT / 'benchmarks' / 'RESULTS.md').read_text('utf-8') == results.results_page(record)


def test_the_scores_in_the_readme_are_those_of_the_tables():
    tables = ''.join(path.with_suffix('.md').read_text('utf-8') for path in PATHS)
    scores = re.findall(r'\d+\.\d+ ± \d+\.\d+', README.read_text('utf-8'))
    assert len(scores) >= 6
    assert all(score in tables for score in scores), [score for score in scores if score not in tables]


def test_every_file_that_the_readme_names_exists():
    text = README.read_text('utf-8')
    named = re.findall(
        r'`((?:crslab_causal|config|benchmarks|results)/[\w./*-]*|run_crslab\.py|requirements\.txt)`', text
    )
    named += re.findall(r'\]\(([\w./-]+)\)', text)
    assert len(named) > 8
    missing = [name for name in named if not list(tiny.ROOT.glob(name.rstrip('/')))]
    assert not missing
