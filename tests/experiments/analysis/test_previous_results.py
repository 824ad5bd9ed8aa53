"""Extending the tables of a previous report whose runs no longer exist."""

import json
import shutil

import pytest

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.collect import collect
from crslab_causal.experiments.analysis.previous_results import PreviousReport
from crslab_causal.experiments.command import runs_to_do
from crslab_causal.experiments.reporting.report import write_tables
from crslab_causal.experiments.runner.run_store import RunStore

ROWS = [
    {'title': 'a', 'id': 'a'},
    {'title': 'b', 'set': {'alpha': 0, 'beta': 0}},
    {'title': 'c', 'set': {'alpha': 9}},
    {'title': 'counts', 'set': {'model': 'TransitionCounts'}, 'deterministic': True},
]


@pytest.fixture
def make_report(write_suite, table, paths, execute, tmp_path):
    """Write a suite of the rows with these titles, execute what is missing, and write the report.

    Returns the runs that were executed, and the record of the table.
    """

    def make_report(*titles, extend=False, **more):
        suite = write_suite([table(rows=[row for row in ROWS if row['title'] in titles], reference='a', **more)])
        store = RunStore(paths)
        previous = PreviousReport(tmp_path / 'results' if extend else None)
        todo = store.unfinished(runs_to_do([suite], store, previous))
        for run in todo:
            execute(run, store)
        record = collect(suite, store, previous=previous)
        list(write_tables(record, tmp_path / 'results'))
        return todo, record.tables[0]

    return make_report


@pytest.fixture
def edit_record(tmp_path):
    """Change the written record: a function gets its content as dictionaries."""

    def edit_record(change):
        path = tmp_path / 'results' / 'suite.json'
        content = json.loads(path.read_text('utf-8'))
        change(content)
        path.write_text(json.dumps(content), 'utf-8')

    return edit_record


def by_title(table):
    return {row.title: row for row in table.rows}


def test_a_row_is_added_to_a_table_whose_runs_are_gone(make_report, paths):
    _, whole = make_report('a', 'b', 'c', 'counts')
    shutil.rmtree(paths.work)
    make_report('a', 'b', 'counts')
    shutil.rmtree(paths.work)

    todo, extended = make_report('a', 'b', 'c', 'counts', extend=True)
    assert [(run.seed, 'alpha=9' in run.settings) for run in todo] == [(1, False), (1, True), (2, False), (2, True)]
    extended, whole = by_title(extended), by_title(whole)
    for title in whole:
        assert extended[title].scores == whole[title].scores and extended[title].tests == whole[title].tests
        assert [run.folder for run in extended[title].runs] == [run.folder for run in whole[title].runs]


def test_a_seed_is_added_to_a_row(make_report, edit_record, paths):
    _, whole = make_report('a', 'b')
    whole_b = by_title(whole)['b']
    shutil.rmtree(paths.work)

    def remove_second_seed_of_b(content):
        row = next(row for row in content['tables'][0]['rows'] if row['title'] == 'b')
        row |= {'runs': row['runs'][:1], 'tests': {}}
        row['scores'] = {
            group: {metric: values[:1] for metric, values in by_metric.items()}
            for group, by_metric in row['scores'].items()
        }

    edit_record(remove_second_seed_of_b)

    todo, extended = make_report('a', 'b', extend=True)
    assert [(run.seed, 'alpha=0' in run.settings) for run in todo] == [(1, False), (2, False), (2, True)]
    extended_b = by_title(extended)['b']
    assert extended_b.scores == whole_b.scores and extended_b.note is None
    test = extended_b.tests['all']['recall@3']
    assert test.seeds == (1, 2) and test.p_seeds == whole_b.tests['all']['recall@3'].p_seeds


def test_results_of_other_runs_or_without_the_requested_scores_are_not_kept(make_report, paths):
    make_report('a', 'b')
    shutil.rmtree(paths.work)
    assert make_report('a', 'b', extend=True)[0] == []
    assert len(make_report('a', 'b', extend=True, metrics=['recall@1', 'ndcg@3'])[0]) == 4
    shutil.rmtree(paths.work)
    assert len(make_report('a', 'b', extend=True, set={'kg_emb_dim': 4})[0]) == 4
    shutil.rmtree(paths.work)
    assert len(make_report('a', 'b', extend=True, split='test')[0]) == 4


def test_recorded_numbers_are_kept_even_if_their_runs_exist(make_report, edit_record):
    make_report('a', 'b')

    def change_numbers(content):
        content['tables'][0]['rows'][0]['scores']['all']['recall@1'] = [0.25, 0.75]
        content['tables'][0]['rows'][1]['tests']['all']['recall@1']['low'] = -0.125

    edit_record(change_numbers)
    _, extended = make_report('a', 'b', extend=True)
    assert by_title(extended)['a'].scores['all']['recall@1'] == [0.25, 0.75]
    assert by_title(extended)['b'].tests['all']['recall@1'].low == -0.125
    _, replaced = make_report('a', 'b')
    assert by_title(replaced)['a'].scores['all']['recall@1'] != [0.25, 0.75]
    assert by_title(replaced)['b'].tests['all']['recall@1'].low != -0.125


def test_a_test_that_the_record_lacks_is_computed_from_existing_runs(make_report):
    _, first = make_report('a', 'b', groups=['all'])
    _, whole = make_report('a', 'b')
    make_report('a', 'b', groups=['all'])
    _, extended = make_report('a', 'b', extend=True)
    assert by_title(extended)['b'].tests == by_title(whole)['b'].tests != by_title(first)['b'].tests


def test_a_test_that_ignores_conversations_is_computed_again_if_its_runs_exist(make_report, edit_record, paths):
    def give_the_test_of_an_earlier_release(content):
        content['tables'][0]['rows'][1]['tests']['all']['recall@1'] |= {'p': 0.125, 'test': 'McNemar'}

    _, whole = make_report('a', 'b')
    edit_record(give_the_test_of_an_earlier_release)
    _, extended = make_report('a', 'b', extend=True)
    assert by_title(extended)['b'].tests == by_title(whole)['b'].tests

    edit_record(give_the_test_of_an_earlier_release)
    shutil.rmtree(paths.work)
    _, extended = make_report('a', 'b', extend=True)
    kept = by_title(extended)['b'].tests['all']['recall@1']
    assert (kept.test, kept.p) == ('McNemar', 0.125)


def test_without_extend_all_runs_are_repeated(make_report, store):
    make_report('a', 'b')
    shutil.rmtree(store.paths.work)
    todo, _ = make_report('a', 'b')
    assert len(todo) == 4 and all(store.folder(run).is_dir() for run in todo)


@pytest.mark.parametrize('content', ['{', '[]', '{"tables": [{"name": "main"}]}', '\udcff'])
def test_a_damaged_record_is_reported_in_one_line(make_report, tmp_path, content):
    make_report('a')
    (tmp_path / 'results' / 'suite.json').write_text(content, 'utf-8', 'surrogateescape')
    with pytest.raises(UserError, match=r'suite.json: damaged \(.*\); restore it, or leave out --extend') as error:
        make_report('a', extend=True)
    assert '\n' not in str(error.value)
