"""Tables of the official test: a new test file is scored with the weights at hand, once, and every score is logged."""

from __future__ import annotations

import json
import shutil

import pytest

import crslab_causal.base.provenance as provenance_module
import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.case_runs import missing_case_runs
from crslab_causal.experiments.analysis.collect import collect
from crslab_causal.experiments.analysis.previous_results import PreviousReport
from crslab_causal.experiments.reporting import render_case
from crslab_causal.experiments.reporting.render import markdown
from crslab_causal.experiments.reporting.report import write_tables
from crslab_causal.experiments.runner.official_scores import score_missing
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.official_scores import read_log

SMALL = {'rec': {'epoch': 2, 'batch_size': 4}, 'kg_emb_dim': 8, 'cutoffs': [1, 3], 'kg_edge_threshold': 0}
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


def test_interval_covers_the_runs_that_have_ranks(write_suite, table, paths, official, execute, clean_commit, tmp_path):
    suite = write_suite([table(split='official', metrics=['recall@1'], rows=ROWS[:1])], seeds=[1, 2])
    first, second = suite.tables[0].rows[0].runs
    stores = [RunStore(paths._replace(official=official.parent, work=tmp_path / name)) for name in ('first', 'second')]
    for run, store in zip((first, second), stores):
        execute(run, store)
        list(score_missing([run], store, tmp_path / 'log.jsonl'))
    list(write_tables(collect(suite, stores[0]), tmp_path / 'results'))
    record = collect(suite, stores[1], previous=PreviousReport(tmp_path / 'results'))
    (row,) = record.tables[0].rows
    assert len(row.runs) == 2 and row.interval_runs == 1
    low, high = row.intervals['all']['recall@1']
    assert low <= row.scores['all']['recall@1'][1] <= high
    assert 'In their rows the interval uses the other runs: 1 of 2.' in markdown(record.tables[0])
    list(write_tables(record, tmp_path / 'results'))
    nowhere = RunStore(paths._replace(work=tmp_path / 'nowhere'))
    again = collect(suite, nowhere, previous=PreviousReport(tmp_path / 'results'))
    assert again.model_dump() == record.model_dump()


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


@pytest.fixture
def example(write_suite, table, paths, official, execute, clean_commit, tmp_path):
    """Return a suite with an example, and its trained and scored runs; keywords are those of the example."""

    def example(**case):
        conversation = json.loads((official / 'test_data.json').read_text())[0]
        named = {'conversation': str(conversation['conv_id']), 'turn': 1, 'table': 'main'}
        case = {'name': 'example', 'title': 'Example', 'offline': 'model', **named, **case}
        suite = write_suite([table(split='official', rows=ROWS)], seeds=[1], cases=[case])
        store = RunStore(paths._replace(official=official.parent))
        runs = [run for row in suite.tables[0].rows for run in row.runs]
        for run in runs:
            execute(run, store)
        list(score_missing(runs, store, tmp_path / 'log.jsonl'))
        return suite, store

    return example


def test_the_papers_example_is_shown_by_every_system_and_logged_apart(example, tmp_path):
    """The example has a row for each system; it counts as no score, and a second report asks nothing."""
    suite, store = example()
    log = tmp_path / 'log.jsonl'
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


LLM = [
    {'title': 'full', 'config': 'llm', 'recommender': 'model'},
    {'title': 'vanilla', 'config': 'vanilla', 'recommender': 'model'},
]
COMMAND = 'needs an LLM: run `crslab-causal experiments suite --extend --official FOLDER --llm live`'


@pytest.fixture
def asked(example, tmp_path, llm_server, monkeypatch):
    """Return the example with two rows of a language model, and the address of their server."""
    monkeypatch.setenv('NO_PROXY', '*')
    monkeypatch.delenv('OPENAI_API_KEY', raising=False)
    url = llm_server.plan(n_candidate=3)
    of_titles = llm_server.plan(answer={'titles': ['x', 'y'], 'response': 'Try it.'})
    options = {'mode': 'live', 'base_url': url, 'candidates': 3, 'ranked': 3, 'store': str(tmp_path / 'store.jsonl')}
    for name, more in (('llm', {}), ('vanilla', {'prompt': 'vanilla', 'titles': 2, 'base_url': of_titles})):
        tiny.write_yaml(
            tmp_path / 'config' / f'{name}.yaml', dataset='ReDial', model='CausalLLM', **SMALL, llm=options | more
        )
    return (*example(llm=LLM), url)


def test_a_language_model_is_asked_about_the_example_when_the_command_line_names_it(asked, llm_server, tmp_path):
    """Its row names the command until then; it gets the list of the recommender, and is never asked again."""
    suite, store, url = asked
    log, results = tmp_path / 'log.jsonl', tmp_path / 'results'
    unasked = collect(suite, store, log=log)
    (shown,) = unasked.cases
    assert {system.title: system.status for system in shown.systems[3:]} == {'full': COMMAND, 'vanilla': COMMAND}
    page = render_case.markdown(shown)
    assert f'| full ({COMMAND}) |  |  |  |  |' in page and not llm_server.log(url)
    list(write_tables(unasked, results))

    def extend(**paths):
        record = collect(suite, RunStore(store.paths._replace(**paths)), previous=PreviousReport(results), log=log)
        list(write_tables(record, results))
        return record.cases[0].systems

    assert extend() == shown.systems and not missing_case_runs(suite, store, PreviousReport(results))
    live = RunStore(store.paths._replace(llm='live'))
    recommender = suite.tables[0].rows[0].runs[0]
    assert {live.folder(run) for run in missing_case_runs(suite, live, PreviousReport(results))} == {
        store.folder(recommender)
    }
    systems = extend(llm='live')
    assert systems[:3] == shown.systems[:3]
    full = systems[3]
    assert full.status == 'ok' and full.response.startswith('Try ') and full.backend.startswith('gpt-4o-mini')
    assert sorted(full.listed) == sorted(shown.systems[0].listed) and full.rank_before == shown.systems[0].rank_before
    requests = llm_server.log(url)
    assert shown.context[-1][1] in requests[0]['text'] and all(name in requests[0]['text'] for name in full.listed)
    line = read_log(log)[-1]
    assert line['use'].startswith('display only') and line['systems'] == ['full', 'vanilla']
    assert extend(llm='live') == systems and len(llm_server.log(url)) == len(requests)
    assert len(read_log(log)) == 4


def test_recorded_answers_about_the_example_are_replayed_and_missing_ones_stay_open(
    asked, llm_server, tmp_path, capsys
):
    suite, store, url = asked
    log = tmp_path / 'log.jsonl'
    replay = RunStore(store.paths._replace(llm='replay'))
    (tmp_path / 'store.jsonl').touch()
    (shown,) = collect(suite, replay, log=log).cases
    assert [system.status for system in shown.systems[3:]] == [COMMAND] * 2
    assert 'full: no answer: missing' in capsys.readouterr().err and not llm_server.log(url)
    (live,) = collect(suite, RunStore(store.paths._replace(llm='live')), log=log).cases
    n = len(llm_server.log(url))
    (again,) = collect(suite, replay, log=log).cases
    said = [[(system.listed, system.response) for system in case.systems] for case in (again, live)]
    assert said[0] == said[1] and len(llm_server.log(url)) == n > 0


@pytest.mark.parametrize(
    'llm, message',
    [
        ({'config': 'none'}, 'case example, full: config: .*none.yaml does not exist'),
        ({'recommender': 'nobody'}, 'case example, full: recommender: main has no row with the id nobody'),
        ({'config': 'small'}, 'case example, full: config: .*small.yaml is not a configuration of CausalLLM'),
    ],
)
def test_a_mistake_in_a_language_model_of_an_example_is_one_line(example, llm, message):
    with pytest.raises(UserError, match=message):
        example(llm=[{'title': 'full', 'config': 'small', 'recommender': 'model', **llm}])
    with pytest.raises(UserError, match='case example: llm needs a named turn; give conversation and turn'):
        example(llm=LLM, conversation=None, turn=None)
