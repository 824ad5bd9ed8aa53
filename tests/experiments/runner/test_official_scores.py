"""Tables of the official test: a new test file is scored with the weights at hand, once, and every score is logged."""

from __future__ import annotations

import json
import shutil

import pytest

import crslab_causal.base.provenance as provenance_module
from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.collect import collect
from crslab_causal.experiments.analysis.previous_results import PreviousReport
from crslab_causal.experiments.reporting.render import markdown
from crslab_causal.experiments.reporting.report import write_tables
from crslab_causal.experiments.runner.official_scores import score_missing
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.official_scores import read_log

ROWS = [
    {'title': 'model', 'id': 'model'},
    {'title': 'counts', 'set': {'model': 'TransitionCounts'}, 'deterministic': True},
]


@pytest.fixture
def clean_commit(monkeypatch):
    """Let the code be a commit without changes."""
    monkeypatch.setattr(provenance_module, '_git_commit', lambda: 'abc')
    provenance_module.provenance.cache_clear()
    yield
    provenance_module.provenance.cache_clear()


@pytest.fixture
def official(tmp_path, redial):
    """Folder of an official test file, which is the own test file at first."""
    folder = tmp_path / 'official' / 'redial'
    folder.mkdir(parents=True)
    shutil.copy(redial / 'redial' / 'nltk' / 'test_data.json', folder)
    return folder


@pytest.fixture
def trained(write_suite, table, paths, official, execute, clean_commit):
    """A suite with an official table, its trained runs, and the store that knows the file."""
    suite = write_suite([table(split='official', metrics=['recall@1', 'recall@5'], rows=ROWS)], seeds=[1])
    store = RunStore(paths._replace(official=official.parent))
    runs = [run for row in suite.tables[0].rows for run in row.runs]
    for run in runs:
        execute(run, store)
    return suite, store, runs


def test_every_run_is_scored_once_and_has_an_interval(trained, tmp_path):
    suite, store, runs = trained
    log = tmp_path / 'log.jsonl'
    assert [line['count'] for _, line in score_missing(runs, store, log)] == [1, 1]
    assert not list(score_missing(runs, store, log)) and len(read_log(log)) == 2
    splits = [store.official_result(run)['splits'] for run in runs]
    for scores in splits:
        assert scores['official']['all']['recall@1'] == pytest.approx(scores['test']['all']['recall@1'])

    record = collect(suite, store)
    for row in record.tables[0].rows:
        (score,) = row.scores['all']['recall@5']  # no cutoff of the configuration
        low, high = row.intervals['all']['recall@5']
        assert low <= score <= high and row.runs[0].times_scored == 1
    assert 'Every run was scored once.' in markdown(record.tables[0])
    assert all(word in markdown(record.tables[0]) for word in ('[', 'draws conversations'))


def test_another_test_file_is_scored_and_nothing_is_trained(trained, official, redial, tmp_path):
    suite, store, runs = trained
    log = tmp_path / 'log.jsonl'
    list(score_missing(runs, store, log))
    keys = [store.key(run) for run in runs]
    before = {run: (store.folder(run) / 'results.json').stat().st_mtime_ns for run in runs}
    shutil.copy(redial / 'redial' / 'nltk' / 'valid_data.json', official / 'test_data.json')
    new = RunStore(store.paths)
    assert [new.key(run) for run in runs] == keys and not new.unfinished(runs)
    assert [new.official_result(run) for run in runs] == [None, None]
    assert collect(suite, new).tables[0].rows[0].note == 'not run'
    lines = [line for _, line in score_missing(runs, new, log)]
    assert [line['count'] for line in lines] == [1, 1]  # of this file
    for run in runs:
        splits = new.official_result(run)['splits']
        assert splits['official']['all']['recall@1'] == pytest.approx(splits['valid']['all']['recall@1'])
    assert before == {run: (new.folder(run) / 'results.json').stat().st_mtime_ns for run in runs}


def test_a_record_is_kept_without_the_test_file_and_its_ranks(trained, paths, tmp_path):
    suite, store, runs = trained
    list(score_missing(runs, store, tmp_path / 'log.jsonl'))
    first = collect(suite, store)
    list(write_tables(first, tmp_path / 'results'))
    elsewhere = RunStore(paths._replace(work=tmp_path / 'nowhere'))
    again = collect(suite, elsewhere, previous=PreviousReport(tmp_path / 'results'))
    assert again.model_dump() == first.model_dump()


def test_code_with_changes_scores_nothing(trained, tmp_path, monkeypatch):
    _, store, runs = trained
    monkeypatch.setattr(provenance_module, '_git_commit', lambda: 'abc with changes')
    provenance_module.provenance.cache_clear()
    log = tmp_path / 'log.jsonl'
    with pytest.raises(UserError, match='not committed'):
        list(score_missing(runs, store, log))
    assert not log.exists() and store.official_result(runs[0]) is None


def test_a_missing_test_file_is_reported_in_one_line(trained, official, tmp_path):
    _, store, runs = trained
    (official / 'test_data.json').unlink()
    with pytest.raises(UserError, match='does not exist; name the folder of the official test files with --official'):
        list(score_missing(runs, store, tmp_path / 'log.jsonl'))


def test_a_second_scoring_of_one_file_is_counted_and_shown(trained, tmp_path):
    suite, store, runs = trained
    log = tmp_path / 'log.jsonl'
    list(score_missing(runs, store, log))
    (store.folder(runs[0]) / 'official.json').unlink()
    assert [line['count'] for _, line in score_missing(runs, store, log)] == [2]
    assert 'Scored more than once: model (2 times).' in markdown(collect(suite, store).tables[0])
    assert json.loads(log.read_text('utf-8').splitlines()[-1])['configuration'] == 'small'


def test_the_papers_example_is_shown_by_every_system_and_logged_apart(
    write_suite, table, paths, official, execute, clean_commit, tmp_path
):
    """The example has a row for each system; it counts as no score, and a second report asks nothing."""
    (turn,) = {
        (str(conversation['conv_id']), 1) for conversation in json.loads((official / 'test_data.json').read_text())[:1]
    }
    case = {'name': 'example', 'title': 'Example', 'table': 'main', 'offline': 'model'}
    case |= {'conversation': turn[0], 'turn': turn[1]}
    suite = write_suite([table(split='official', rows=ROWS)], seeds=[1], cases=[case])
    store = RunStore(paths._replace(official=official.parent))
    runs = [run for row in suite.tables[0].rows for run in row.runs]
    for run in runs:
        execute(run, store)
    log = tmp_path / 'log.jsonl'
    list(score_missing(runs, store, log))
    record = collect(suite, store, log=log)
    (shown,) = record.cases
    assert [system.title for system in shown.systems] == ['model', 'model and the offline backend (no LLM)', 'counts']
    assert shown.systems[1].response and not shown.systems[0].response
    lines = read_log(log)
    assert [line.get('count') for line in lines] == [1, 1, None] and lines[-1]['use'].startswith('display only')
    list(write_tables(record, tmp_path / 'results'))
    again = collect(suite, store, previous=PreviousReport(tmp_path / 'results'), log=log)
    assert again.cases == record.cases and len(read_log(log)) == 3
    assert 'the example of the paper, shown and not scored' in (tmp_path / 'results' / 'suite.md').read_text('utf-8')
