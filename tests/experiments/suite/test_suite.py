"""Suites: the runs that they list, and the mistakes that are found before anything runs."""

from pathlib import Path

import pytest

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.experiments.suite.suite import read_suite

ROOT = Path(__file__).resolve().parents[3]


def settings(suite):
    return [[run.settings for run in row.runs] for table in suite.tables for row in table.rows]


def test_every_row_is_run_with_every_seed(write_suite, table):
    suite = write_suite(
        [table(set={'alpha': 1.0}, rows=[{'title': 'a'}, {'title': 'b', 'set': {'alpha': 3.0}, 'seeds': 1}])]
    )
    assert settings(suite) == [[('alpha=1.0', 'seed=1'), ('alpha=1.0', 'seed=2')], [('alpha=3.0', 'seed=1')]]


def test_a_deterministic_row_is_run_once(write_suite, table):
    suite = write_suite([table(rows=[{'title': 'a', 'set': {'model': 'Repeat'}, 'deterministic': True}])], seeds=[7, 8])
    assert [[run.seed for run in row.runs] for row in suite.tables[0].rows] == [[7]]


def test_further_keys_can_take_the_seed(write_suite, table):
    suite = write_suite([table(seeded=['demo_seed'], rows=[{'title': 'a', 'set': {'alpha': 1.0}}])], seeds=[7, 8])
    assert settings(suite) == [[('alpha=1.0', 'demo_seed=7', 'seed=7'), ('alpha=1.0', 'demo_seed=8', 'seed=8')]]


def test_a_sweep_has_a_row_for_each_value(write_suite, table):
    suite = write_suite([table(sweep={'key': 'item_bias', 'label': 'bias', 'values': [False, True]})], seeds=[1])
    assert settings(suite) == [[('item_bias=false', 'seed=1')], [('item_bias=true', 'seed=1')]]
    assert [(row.options.title, row.x) for row in suite.tables[0].rows] == [
        ('bias = false', False),
        ('bias = true', True),
    ]


def test_rows_and_a_sweep_form_a_grid(write_suite, table):
    suite = write_suite(
        [
            table(
                rows=[{'title': 'a'}, {'title': 'b', 'set': {'beta': 0}}],
                sweep={'key': 'alpha', 'label': 'alpha', 'values': [0, 1]},
            )
        ],
        seeds=[1],
    )
    assert [row.options.title for row in suite.tables[0].rows] == [
        'a, alpha = 0',
        'a, alpha = 1',
        'b, alpha = 0',
        'b, alpha = 1',
    ]


def test_quick_changes_every_run_and_leaves_out_tables_and_rows(write_suite, table):
    tables = [
        table(rows=[{'title': 'a', 'set': {'rec.epoch': 9}}, {'title': 'b', 'quick': False}]),
        table(name='long', quick=False, rows=[{'title': 'a'}]),
    ]
    quick = {'seeds': 1, 'set': {'rec.epoch': 1}}

    assert len(settings(write_suite(tables, quick_options=quick))) == 3
    assert settings(write_suite(tables, quick_options=quick, quick=True)) == [[('rec.epoch=1', 'seed=1')]]


def test_rows_with_reported_scores_are_not_run_and_need_a_source(write_suite, table):
    row = {'title': 'theirs', 'reported': {'recall@1': 4.0}}
    suite = write_suite([table(rows=[{**row, 'source': 'Theirs 2020'}])])
    assert settings(suite) == [[]]
    with pytest.raises(UserError, match='table main: row theirs: reported figures need a source'):
        write_suite([table(rows=[row])])


@pytest.fixture
def with_llm(write_suite, tmp_path):
    """Write the configurations ``llm`` (CausalLLM) and ``pool`` (Pool) beside those of ``write_suite``."""
    for name, model in (('llm', 'CausalLLM'), ('pool', 'Pool')):
        mode = {'llm': {'mode': 'offline'}} if model == 'CausalLLM' else {}
        path = tmp_path / 'config' / f'{name}.yaml'
        tiny.write_yaml(path, dataset='ReDial', model=model, cutoffs=[1, 3], **mode)


def test_a_reranking_run_takes_the_saved_recommender_of_its_seed(write_suite, table, with_llm):
    suite = write_suite(
        [
            table(
                split='test',
                rows=[
                    {'title': 'a', 'id': 'giver'},
                    {'title': 'b', 'config': 'llm', 'recommender': 'giver', 'seeds': 1},
                ],
            )
        ]
    )
    giver, taker = (row.runs for row in suite.tables[0].rows)
    assert [run.save for run in giver] == [True, False]  # only the seed that is taken
    assert [run.recommender for run in taker] == list(giver[:1])
    assert 'llm.split="test"' in taker[0].settings


def test_a_reranking_run_of_a_sweep_takes_the_recommender_of_its_value(write_suite, table, with_llm):
    rows = [{'title': 'a', 'id': 'giver'}, {'title': 'b', 'config': 'llm', 'recommender': 'giver'}]
    sweep = {'key': 'kg_edge_threshold', 'label': 'threshold', 'values': [0, 5]}
    low, high, of_low, of_high = write_suite([table(rows=rows, sweep=sweep)]).tables[0].rows
    assert all(run.save for row in (low, high) for run in row.runs)
    assert [run.recommender for run in of_low.runs] == list(low.runs)
    assert [run.recommender for run in of_high.runs] == list(high.runs)


def test_a_run_that_takes_a_recommender_can_give_its_own(write_suite, table, with_llm):
    rows = [
        {'title': 'c', 'config': 'llm', 'recommender': 'pool', 'seeds': 1},
        {'title': 'b', 'config': 'pool', 'id': 'pool', 'recommender': 'expert'},
        {'title': 'a', 'id': 'expert'},
    ]
    llm, pool, expert = (row.runs for row in write_suite([table(rows=rows)]).tables[0].rows)
    assert [run.recommender for run in llm] == list(pool[:1])
    assert [run.recommender for run in pool] == list(expert)
    assert [run.save for run in pool] == [True, False] and all(run.save for run in expert)
    assert [run.wave for run in (llm[0], pool[0], expert[0])] == [2, 1, 0]


@pytest.mark.parametrize(
    'broken, message',
    [
        ({'metrics': []}, r'tables.0.metrics'),
        (
            {'metrics': ['recal@1'], 'rows': [{'title': 'a'}]},
            'table main: metrics: a table of the kind recommendation has no recal@1',
        ),
        (
            {'metrics': ['recall@2'], 'rows': [{'title': 'a', 'set': {'model': 'CausalLLM'}}]},
            r'row a: metrics: recall@2 is not among the cutoffs, \[1, 3\]',
        ),
        (
            {'split': 'train', 'rows': [{'title': 'a'}]},
            'table main: split: a table of the kind recommendation has valid, test',
        ),
        ({'split': 'interventional', 'rows': [{'title': 'a'}]}, 'row a: only CausalDemo has an interventional split'),
        ({'metrics': ['bleu-2'], 'kind': 'generation', 'rows': [{'title': 'a'}]}, 'CausalKBRD writes no responses'),
        ({'rows': [{'title': 'a', 'metrics': ['recall@9']}]}, 'row a: recall@9 is not among the metrics of the table'),
        ({'sweep': {'key': 'alpha', 'label': 'a', 'values': [1, 1]}}, 'sweep.values: 1 is listed twice'),
        (
            {'sweep': {'key': 'alpha', 'label': 'a', 'values': [1], 'default': 2}},
            'sweep.default: 2 is not among the values',
        ),
        (
            {'rows': [{'title': 'a', 'id': 'x'}, {'title': 'b', 'recommender': 'x'}]},
            'row b: recommender: CausalKBRD takes none',
        ),
        (
            {'metrics': ['recall@1'], 'kind': 'generation', 'rows': [{'title': 'a'}]},
            'of the kind generation has no recall@1',
        ),
        ({'rows': [{'title': 'a', 'sett': {}}]}, r'tables.0.rows.0.sett: no such key; did you mean set\?'),
        (
            {'rows': [{'title': 'a', 'set': {'alhpa': 1}}]},
            r'table main: row a: alhpa: no such key; did you mean alpha\?',
        ),
        ({'rows': [{'title': 'a', 'config': 'none'}]}, r'row a: config: .*none.yaml does not exist'),
        ({'rows': [{'title': 'a', 'id': 'x'}, {'title': 'b', 'id': 'x'}]}, 'two rows have the id x'),
        ({'rows': [{'title': 'a'}], 'reference': 'x'}, 'reference: no row has the id x'),
        (
            {'rows': [{'title': 'a', 'recommender': 'x', 'set': {'model': 'CausalLLM'}}]},
            'recommender: no row x with seed 1',
        ),
        (
            {
                'rows': [
                    {'title': 'a', 'id': 'x', 'recommender': 'y', 'set': {'model': 'CausalLLM'}},
                    {'title': 'b', 'id': 'y', 'recommender': 'x', 'set': {'model': 'CausalLLM'}},
                ]
            },
            'recommender: y uses its own recommender, directly or through other rows',
        ),
        ({}, 'has neither rows nor a sweep'),
    ],
)
def test_a_mistake_is_reported_in_one_line_with_its_location(write_suite, table, broken, message):
    with pytest.raises(UserError, match=message) as error:
        write_suite([table(**broken)])
    assert '\n' not in str(error.value) and 'suite.yaml' in str(error.value)


def test_a_repeated_seed_or_table_is_a_mistake(write_suite, table):
    with pytest.raises(UserError, match='seeds: 1 is listed twice'):
        write_suite([table(rows=[{'title': 'a'}])], seeds=[1, 1, 2])
    with pytest.raises(UserError, match='tables: main is listed twice'):
        write_suite([table(rows=[{'title': 'a'}])] * 2)


@pytest.mark.parametrize(
    'figure, message',
    [
        ({'table': 'main', 'with_': 'a', 'without': 'x'}, 'figure shift: table main runs no row with the id x'),
        (
            {'table': 'main', 'with_': 'a', 'without': 'theirs'},
            'figure shift: table main runs no row with the id theirs',
        ),
        ({'table': 'other', 'with_': 'a', 'without': 'a'}, 'figure shift: table other runs no row with the id a'),
    ],
)
def test_a_figure_needs_rows_that_are_run(write_suite, table, figure, message):
    rows = [
        {'title': 'a', 'id': 'a'},
        {'title': 'b', 'id': 'theirs', 'reported': {'recall@1': 4.0}, 'source': 'Theirs'},
    ]
    with pytest.raises(UserError, match=message):
        write_suite([table(rows=rows)], figures=[{'name': 'shift', 'panels': [{'title': 'ReDial', **figure}]}])


def test_groups_of_labels_are_those_of_the_evaluator(write_suite, table):
    with pytest.raises(UserError, match='no such group; choose among all, new, new_unseen'):
        write_suite([table(rows=[{'title': 'a'}], groups=['old'])])


@pytest.mark.parametrize('path', sorted((ROOT / 'config' / 'experiments').glob('*.yaml')), ids=lambda path: path.stem)
@pytest.mark.parametrize('quick', [False, True])
def test_the_suites_of_the_repository_can_be_read(path, quick):
    suite = read_suite(path, ROOT / 'config', quick=quick)
    assert suite.tables
