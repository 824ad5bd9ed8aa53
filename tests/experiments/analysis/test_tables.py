"""From runs to records: scores by seed, notes, and tests against loops over the files of ranks."""

import json

import numpy as np
import pytest

from crslab_causal.experiments.analysis.statistics import holm, mcnemar, merged, paired_t, welch
from crslab_causal.experiments.analysis.tables import collect
from crslab_causal.experiments.reporting.render import markdown
from crslab_causal.experiments.runner.execution import execute
from crslab_causal.experiments.runner.runs import folder_of

ROWS = [{'title': 'a', 'id': 'a'}, {'title': 'counts', 'set': {'model': 'TransitionCounts'}, 'deterministic': True},
        {'title': 'b', 'set': {'alpha': 0, 'beta': 0}}, {'title': 'unrun', 'set': {'alpha': 9}},
        {'title': 'llm', 'set': {'alpha': 8}, 'needs': 'llm'}, {'title': 'bad', 'set': {'alpha': 7}},
        {'title': 'theirs', 'reported': {'recall@1': 3.0}, 'source': 'Theirs'}]


@pytest.fixture
def suite(write_suite, table):
    return write_suite([table(rows=ROWS, reference='a', groups=['all', 'new', 'new_unseen'], metrics=['recall@1', 'ndcg@3'])])


def test_a_record_has_every_seed_and_says_what_is_missing(suite, place):
    rows = {row.options.title: row for row in suite.tables[0].rows}
    for title in ('a', 'counts', 'b'):
        for run in rows[title].runs[:1 if title == 'b' else None]:
            execute(run, place)
    failures = {folder_of(rows['bad'].runs[0], place): 'diverged'}
    (record,) = collect(suite, place, failures)['tables']
    found = {row['title']: row for row in record['rows']}

    assert {title: row['note'] for title, row in found.items()} == {
        'a': None, 'counts': None, 'b': '1 of 2 seeds', 'unrun': 'not run', 'llm': 'needs an LLM',
        'bad': 'failed: diverged', 'theirs': None}
    for title, n in (('a', 2), ('counts', 1), ('b', 1)):
        assert [run['seed'] for run in found[title]['runs']] == [1, 2][:n]
        for run, row_run in zip(found[title]['runs'], rows[title].runs):
            result = json.loads((folder_of(row_run, place) / 'results.json').read_text('utf-8'))
            assert result['git_commit'] == run['git_commit'] and result['versions'] == run['versions']
        values = found[title]['scores']['new']['ndcg@3']
        assert len(values) == n and values[0] == json.loads(
            (folder_of(rows[title].runs[0], place) / 'results.json').read_text('utf-8'))['splits']['valid']['new']['ndcg@3']
    assert found['counts']['tests'] and not found['b']['tests']  # one seed of two says too little
    json.dumps(record)


def test_tests_are_those_of_the_ranks(suite, place):
    rows = {row.options.title: row for row in suite.tables[0].rows}
    for title in ('a', 'counts', 'b'):
        for run in rows[title].runs:
            execute(run, place)
    (record,) = collect(suite, place)['tables']
    found = {row['title']: row for row in record['rows']}
    assert not found['a']['tests'] and not found['unrun']['tests']

    def hits(title, seed, new):
        path = folder_of(rows[title].runs[seed], place) / 'ranks_valid.jsonl'
        samples = [json.loads(line) for line in path.read_text('utf-8').splitlines()]
        return np.array([float(s['rank'] <= 1) for s in samples if not (new and s['repeat'])])

    for group in ('all', 'new'):
        test = found['b']['tests'][group]['recall@1']
        b, a = (np.mean([hits(title, seed, group == 'new') for seed in (0, 1)], axis=0) for title in ('b', 'a'))
        assert test['difference'] == pytest.approx((b - a).mean())
        seeds = welch(*(found[title]['scores'][group]['recall@1'] for title in ('b', 'a')))
        assert test['p_seeds'] == seeds
        by_seed = [mcnemar(hits('b', seed, group == 'new'), hits('a', seed, group == 'new')) for seed in (0, 1)]
        assert test['p'] == max(seeds, merged(by_seed))
        test = found['counts']['tests'][group]['recall@1']  # its one run against each of the reference
        assert test['p'] == merged([mcnemar(hits('counts', 0, group == 'new'), hits('a', seed, group == 'new'))
                                    for seed in (0, 1)])
        means = [np.mean(found[title]['scores'][group]['recall@1']) for title in ('counts', 'a')]
        assert test['difference'] == pytest.approx(means[0] - means[1]) and test['seeds'] == [1, 2]
    assert 'p_seeds' not in found['counts']['tests']['all']['ndcg@3']  # it has one seed

    raw = {(title, group, metric): test['p'] for title in ('counts', 'b') for group, tests in found[title]['tests'].items()
           for metric, test in tests.items()}
    assert len(raw) == 12
    for (title, group, metric), p in holm(raw).items():
        assert found[title]['tests'][group][metric]['p_holm'] == p


def test_a_trained_row_of_one_run_is_not_tested(write_suite, table, place):
    rows = [ROWS[0], ROWS[1], {'title': 'b', 'set': {'alpha': 0, 'beta': 0}}]
    suite = write_suite([table(rows=rows, reference='a')], seeds=[1])
    for row in suite.tables[0].rows:
        execute(row.runs[0], place)
    (record,) = collect(suite, place)['tables']
    assert not any(row['tests'] for row in record['rows'])  # the reference itself is one run of many that could have been
    suite = write_suite([table(rows=[{**rows[0], 'deterministic': True}, *rows[1:]], reference='a')], seeds=[1, 2])
    (record,) = collect(suite, place)['tables']
    assert [bool(row['tests']) for row in record['rows']] == [False, True, False]


@pytest.mark.parametrize('seeded', [[], ['rec.batch_size']])
def test_means_over_a_sweep_are_of_the_seeds_that_all_of_its_values_have(write_suite, table, place, seeded):
    sweep = {'key': 'alpha', 'label': 'alpha', 'values': [0.0, 2.0]}
    rows = [{'title': 'free', 'id': 'free', 'set': {'beta': 0}}, {'title': 'bound', 'set': {'beta': 50.0}}]
    suite = write_suite([table(rows=rows, sweep=sweep, reference='free', groups=['all'], metrics=['ndcg@3'],
                                seeded=seeded)], seeds=[1, 2, 3])
    for row in suite.tables[0].rows:
        for run in row.runs[:2 if row.options.title == 'free, alpha = 2.0' else None]:
            execute(run, place)
    (record,) = collect(suite, place)['tables']
    free, bound = record['means']
    by_row = {row['title']: row['scores']['all']['ndcg@3'] for row in record['rows']}
    for mean, n in ((free, 2), (bound, 3)):
        parts = [by_row[f"{mean['title']}, alpha = {alpha}"] for alpha in (0.0, 2.0)]
        assert mean['scores']['all']['ndcg@3'] == pytest.approx([sum(both) / 2 for both in zip(*parts)]) and n == min(map(len, parts))
    assert free['reference'] and not free['tests'] and not bound['reference']
    values = [mean['scores']['all']['ndcg@3'] for mean in (bound, free)]
    test = bound['tests']['all']['ndcg@3']
    if seeded:  # the two seeds that both have
        assert test['p'] == test['p_holm'] == paired_t(values[0][:2], values[1])
        assert test['difference'] == pytest.approx((sum(values[0][:2]) - sum(values[1])) / 2)
    else:
        assert test['p'] == test['p_holm'] == welch(*values)
        assert test['difference'] == pytest.approx(sum(values[0]) / 3 - sum(values[1]) / 2)
    assert 'a corpus of its own' in markdown(record) if seeded else 'corpus' not in markdown(record)
