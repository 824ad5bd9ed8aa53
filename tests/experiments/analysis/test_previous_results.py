"""Extending the tables of an earlier report, whose runs are not at hand any more."""

import json
import shutil

import pytest

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.previous_results import Earlier
from crslab_causal.experiments.analysis.tables import collect
from crslab_causal.experiments.command import runs_of
from crslab_causal.experiments.reporting.report import write_record
from crslab_causal.experiments.runner.execution import execute
from crslab_causal.experiments.runner.runs import folder_of, unfinished

ROWS = [{'title': 'a', 'id': 'a'}, {'title': 'b', 'set': {'alpha': 0, 'beta': 0}}, {'title': 'c', 'set': {'alpha': 9}},
        {'title': 'counts', 'set': {'model': 'TransitionCounts'}, 'deterministic': True}]


@pytest.fixture
def made(write_suite, table, place, tmp_path):
    """Writes a suite of the rows with these titles, runs what is not finished, and reports it."""
    def made(*titles, extend=False, **more):
        suite = write_suite([table(rows=[row for row in ROWS if row['title'] in titles], reference='a', **more)])
        earlier = Earlier(tmp_path / 'results' if extend else None)
        todo = unfinished(runs_of([suite], place, earlier), place)
        for run in todo:
            execute(run, place)
        record = collect(suite, place, earlier=earlier)
        list(write_record(record, tmp_path / 'results'))
        return todo, record['tables'][0]
    return made


def by_title(table):
    return {row['title']: row for row in table['rows']}


def test_a_row_is_added_to_a_table_whose_runs_are_gone(made, place):
    _, whole = made('a', 'b', 'c', 'counts')
    shutil.rmtree(place.work)
    made('a', 'b', 'counts')
    shutil.rmtree(place.work)

    todo, extended = made('a', 'b', 'c', 'counts', extend=True)
    assert [(run.seed, 'alpha=9' in run.settings) for run in todo] == [(1, False), (1, True), (2, False), (2, True)]
    found, wanted = by_title(extended), by_title(whole)
    for title in wanted:
        assert found[title]['scores'] == wanted[title]['scores'] and found[title]['tests'] == wanted[title]['tests']
        assert [run['folder'] for run in found[title]['runs']] == [run['folder'] for run in wanted[title]['runs']]


def test_a_seed_is_added_to_a_row(made, place):
    _, whole = made('a', 'b')
    (record_b,) = [row for row in whole['rows'] if row['title'] == 'b']
    for title in ('a', 'b'):  # the second seed of b has never been run, and the others are not at hand any more
        for run in by_title(whole)[title]['runs']:
            shutil.rmtree(place.work / run['folder'])
    path = place.work.parent / 'results' / 'suite.json'
    record = json.loads(path.read_text('utf-8'))
    row = next(row for row in record['tables'][0]['rows'] if row['title'] == 'b')
    row['runs'] = row['runs'][:1]
    row['tests'] = {}
    row['scores'] = {group: {metric: values[:1] for metric, values in own.items()} for group, own in row['scores'].items()}
    path.write_text(json.dumps(record), 'utf-8')

    todo, extended = made('a', 'b', extend=True)
    assert [(run.seed, 'alpha=0' in run.settings) for run in todo] == [(1, False), (2, False), (2, True)]
    found = by_title(extended)['b']
    assert found['scores'] == record_b['scores'] and found['note'] is None
    test = found['tests']['all']['recall@3']
    assert test['seeds'] == [1, 2] and test['p_seeds'] == record_b['tests']['all']['recall@3']['p_seeds']


def test_nothing_is_taken_over_of_other_runs_or_without_the_scores_wanted(made, place):
    made('a', 'b')
    shutil.rmtree(place.work)
    assert made('a', 'b', extend=True)[0] == []
    assert len(made('a', 'b', extend=True, metrics=['recall@1', 'ndcg@3'])[0]) == 4
    shutil.rmtree(place.work)
    assert len(made('a', 'b', extend=True, set={'kg_emb_dim': 4})[0]) == 4
    shutil.rmtree(place.work)
    assert len(made('a', 'b', extend=True, split='test')[0]) == 4


def test_what_the_record_says_stays_though_its_runs_are_at_hand(made, tmp_path):
    made('a', 'b')
    path = tmp_path / 'results' / 'suite.json'
    record = json.loads(path.read_text('utf-8'))
    record['tables'][0]['rows'][0]['scores']['all']['recall@1'] = [0.25, 0.75]
    record['tables'][0]['rows'][1]['tests']['all']['recall@1']['low'] = -0.125
    path.write_text(json.dumps(record), 'utf-8')
    _, extended = made('a', 'b', extend=True)
    assert by_title(extended)['a']['scores']['all']['recall@1'] == [0.25, 0.75]
    assert by_title(extended)['b']['tests']['all']['recall@1']['low'] == -0.125
    _, anew = made('a', 'b')
    assert by_title(anew)['a']['scores']['all']['recall@1'] != [0.25, 0.75]
    assert by_title(anew)['b']['tests']['all']['recall@1']['low'] != -0.125


def test_a_test_that_the_record_lacks_is_made_of_the_runs_at_hand(made, place):
    _, first = made('a', 'b', groups=['all'])
    _, whole = made('a', 'b')
    made('a', 'b', groups=['all'])
    _, extended = made('a', 'b', extend=True)
    assert by_title(extended)['b']['tests'] == by_title(whole)['b']['tests'] != by_title(first)['b']['tests']


def test_without_it_all_is_run_anew(made, place):
    made('a', 'b')
    shutil.rmtree(place.work)
    todo, table = made('a', 'b')
    assert len(todo) == 4 and all(folder_of(run, place).is_dir() for run in todo)


@pytest.mark.parametrize('content', ['{', '[]', '{"tables": [{"name": "main"}]}'])
def test_a_damaged_report_is_one_line(made, tmp_path, content):
    made('a')
    (tmp_path / 'results' / 'suite.json').write_text(content, 'utf-8')
    with pytest.raises(UserError, match='suite.json: damaged; restore it, or leave out --extend'):
        made('a', extend=True)
