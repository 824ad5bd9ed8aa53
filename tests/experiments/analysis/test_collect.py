"""From runs to a record: scores by seed, notes, and tests against loops over the files of ranks."""

import json

import numpy as np
import pytest

from crslab_causal.experiments.analysis.collect import collect
from crslab_causal.experiments.analysis.record import read_record
from crslab_causal.experiments.analysis.statistics import holm, paired_bootstrap, paired_t, welch
from crslab_causal.experiments.reporting.render import markdown

ROWS = [
    {'title': 'a', 'id': 'a'},
    {'title': 'counts', 'set': {'model': 'TransitionCounts'}, 'deterministic': True},
    {'title': 'b', 'set': {'alpha': 0, 'beta': 0}},
    {'title': 'unrun', 'set': {'alpha': 9}},
    {'title': 'llm', 'set': {'alpha': 8}, 'needs': 'llm'},
    {'title': 'bad', 'set': {'alpha': 7}},
    {'title': 'theirs', 'reported': {'recall@1': 3.0}, 'source': 'Theirs'},
]


@pytest.fixture
def suite(write_suite, table):
    return write_suite(
        [table(rows=ROWS, reference='a', groups=['all', 'new', 'new_unseen'], metrics=['recall@1', 'ndcg@3'])]
    )


def by_title(rows):
    return {row.title: row for row in rows}


def read_results(folder):
    return json.loads((folder / 'results.json').read_text('utf-8'))


def test_a_record_has_the_scores_of_every_seed_and_a_note_on_missing_ones(suite, store, execute):
    rows = {row.options.title: row for row in suite.tables[0].rows}
    for title in ('a', 'counts', 'b'):
        for run in rows[title].runs[: 1 if title == 'b' else None]:
            execute(run)
    failures = {store.folder(rows['bad'].runs[0]): 'diverged'}
    (record,) = collect(suite, store, failures).tables
    recorded = by_title(record.rows)

    assert {title: row.note for title, row in recorded.items()} == {
        'a': None,
        'counts': None,
        'b': '1 of 2 seeds',
        'unrun': 'not run',
        'llm': 'needs an LLM',
        'bad': 'failed: diverged',
        'theirs': None,
    }
    for title, n in (('a', 2), ('counts', 1), ('b', 1)):
        assert [run.seed for run in recorded[title].runs] == [1, 2][:n]
        results = [read_results(store.folder(run)) for run in rows[title].runs[:n]]
        for run, result in zip(recorded[title].runs, results):
            assert (run.git_commit, run.versions) == (result['git_commit'], result['versions'])
        assert recorded[title].scores['new']['ndcg@3'] == [
            result['splits']['valid']['new']['ndcg@3'] for result in results
        ]
    assert recorded['counts'].tests and not recorded['b'].tests  # one of two seeds is not enough for a test
    for title, row in recorded.items():  # but has an interval over conversations, as it has none over seeds
        assert (row.intervals != {}) == (title == 'b')
    (score,), (low, high) = recorded['b'].scores['all']['ndcg@3'], recorded['b'].intervals['all']['ndcg@3']
    assert low <= score <= high


def test_a_cutoff_that_a_run_lacks_is_counted_in_its_file_of_ranks(write_suite, table, store, execute):
    """The configuration has the cutoffs 1 and 3; the table also shows 2."""
    suite = write_suite([table(metrics=['recall@2', 'recall@3'], rows=[{'title': 'a'}])], seeds=[1])
    (run,) = suite.tables[0].rows[0].runs
    execute(run)
    (row,) = collect(suite, store).tables[0].rows
    lines = (store.folder(run) / 'ranks_valid.jsonl').read_text('utf-8').splitlines()
    ranks = {'all': [json.loads(line) for line in lines]}
    ranks['new'] = [line for line in ranks['all'] if not line['repeat']]
    for group, chosen in ranks.items():
        for k in (2, 3):
            share = sum(line['rank'] <= k for line in chosen) / len(chosen)
            assert row.scores[group][f'recall@{k}'] == [pytest.approx(share)]


def test_tests_equal_those_of_the_files_of_ranks(suite, store, execute):
    rows = {row.options.title: row for row in suite.tables[0].rows}
    for title in ('a', 'counts', 'b'):
        for run in rows[title].runs:
            execute(run)
    (record,) = collect(suite, store).tables
    recorded = by_title(record.rows)
    assert not recorded['a'].tests and not recorded['unrun'].tests

    def hits(title, seed, new):
        path = store.folder(rows[title].runs[seed]) / 'ranks_valid.jsonl'
        samples = [json.loads(line) for line in path.read_text('utf-8').splitlines()]
        chosen = [s for s in samples if not (new and s['repeat'])]
        return np.array([float(s['rank'] <= 1) for s in chosen]), [s['conversation'] for s in chosen]

    for group in ('all', 'new'):
        new = group == 'new'
        test = recorded['b'].tests[group]['recall@1']
        b, a, counts = (
            np.stack([hits(title, seed, new)[0] for seed in range(n)], axis=1)
            for title, n in (('b', 2), ('a', 2), ('counts', 1))
        )
        _, conversations = hits('a', 0, new)
        assert len(set(conversations)) < len(conversations)  # some samples depend on each other
        assert test.difference == pytest.approx((b - a).mean())
        p_seeds = welch(*(recorded[title].scores[group]['recall@1'] for title in ('b', 'a')))
        assert test.p_seeds == p_seeds
        clustered = paired_bootstrap(b, a, conversations)
        assert test.p == max(p_seeds, clustered.p) and (test.low, test.high) == (clustered.low, clustered.high)
        test = recorded['counts'].tests[group]['recall@1']  # its only run against the runs of the reference
        assert test.p == paired_bootstrap(counts, a, conversations).p and test.test == 'bootstrap'
        means = [np.mean(recorded[title].scores[group]['recall@1']) for title in ('counts', 'a')]
        assert test.difference == pytest.approx(means[0] - means[1]) and test.seeds == (1, 2)
    assert recorded['counts'].tests['all']['ndcg@3'].p_seeds is None  # it has one seed

    raw = {
        (title, group, metric): test.p
        for title in ('counts', 'b')
        for group, tests in recorded[title].tests.items()
        for metric, test in tests.items()
    }
    assert len(raw) == 12
    for (title, group, metric), p in holm(raw).items():
        assert recorded[title].tests[group][metric].p_holm == p


def test_a_trained_row_with_one_run_is_not_tested(write_suite, table, store, execute):
    rows = [ROWS[0], ROWS[1], {'title': 'b', 'set': {'alpha': 0, 'beta': 0}}]
    suite = write_suite([table(rows=rows, reference='a')], seeds=[1])
    for row in suite.tables[0].rows:
        execute(row.runs[0])
    (record,) = collect(suite, store).tables
    assert not any(row.tests for row in record.rows)  # another seed of the reference could give another result
    suite = write_suite([table(rows=[{**rows[0], 'deterministic': True}, *rows[1:]], reference='a')], seeds=[1, 2])
    (record,) = collect(suite, store).tables
    assert [bool(row.tests) for row in record.rows] == [False, True, False]


@pytest.mark.parametrize('seeded', [[], ['rec.batch_size']])
def test_means_over_a_sweep_use_the_seeds_that_all_of_its_values_have(write_suite, table, store, execute, seeded):
    sweep = {'key': 'alpha', 'label': 'alpha', 'values': [0.0, 2.0]}
    rows = [{'title': 'free', 'id': 'free', 'set': {'beta': 0}}, {'title': 'bound', 'set': {'beta': 50.0}}]
    suite = write_suite(
        [table(rows=rows, sweep=sweep, reference='free', groups=['all'], metrics=['ndcg@3'], seeded=seeded)],
        seeds=[1, 2, 3],
    )
    for row in suite.tables[0].rows:
        for run in row.runs[: 2 if row.options.title == 'free, alpha = 2.0' else None]:
            execute(run)
    (record,) = collect(suite, store).tables
    free, bound = record.means
    by_row = {row.title: row.scores['all']['ndcg@3'] for row in record.rows}
    for mean, n in ((free, 2), (bound, 3)):
        parts = [by_row[f'{mean.title}, alpha = {alpha}'] for alpha in (0.0, 2.0)]
        assert min(map(len, parts)) == n
        assert mean.scores['all']['ndcg@3'] == pytest.approx([sum(both) / 2 for both in zip(*parts)])
    assert free.reference and not free.tests and not bound.reference
    values = [mean.scores['all']['ndcg@3'] for mean in (bound, free)]
    test = bound.tests['all']['ndcg@3']
    if seeded:  # the two seeds that both rows have
        assert test.p == test.p_holm == paired_t(values[0][:2], values[1])
        assert test.difference == pytest.approx((sum(values[0][:2]) - sum(values[1])) / 2)
    else:
        assert test.p == test.p_holm == welch(*values)
        assert test.difference == pytest.approx(sum(values[0]) / 3 - sum(values[1]) / 2)
    assert 'a corpus of its own' in markdown(record) if seeded else 'corpus' not in markdown(record)


def test_a_record_of_new_runs_can_be_written_and_read_again(suite, store, execute, tmp_path):
    for row in suite.tables[0].rows[:3]:
        for run in row.runs:
            execute(run)
    record = collect(suite, store)
    path = tmp_path / 'suite.json'
    path.write_text(record.to_json(), 'utf-8')
    assert read_record(path) == record and read_record(path).to_json() == record.to_json()
