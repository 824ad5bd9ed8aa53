"""Tables in Markdown and LaTeX from small records."""

import re

import pytest

from crslab_causal.experiments.analysis.record import MeanRecord, RowRecord, RunRecord, TableRecord, TestRecord
from crslab_causal.experiments.reporting import render
from crslab_causal.experiments.suite.suite_options import SuiteSweepOptions


def row(title, scores=None, **more):
    values = scores or {}
    n = max((len(v) for group in values.values() for v in group.values()), default=0)
    fields = {'id': None, 'x': None, 'series': '', 'reported': None, 'source': None, 'note': None, 'tests': {}}
    return RowRecord(title=title, runs=[RunRecord(folder=f'run{i}') for i in range(n)], scores=values, **fields | more)


def table(rows, **more):
    fields = {
        'name': 'main',
        'title': 'Main & more',
        'kind': 'recommendation',
        'split': 'test',
        'reference': 'base',
        'metrics': ['recall@1', 'recall@10'],
        'groups': ['all', 'new'],
        'sweep': None,
        'readme': False,
        'seeded': [],
        'means': [],
    }
    return TableRecord(rows=rows, **fields | more)


def significance(difference, significant):
    return TestRecord(difference=difference, p=0.01, test='bootstrap', p_holm=0.02, significant=significant)


TESTED = {'all': {'recall@1': significance(-0.02, True), 'recall@10': significance(1.0, False)}}
TABLE = table(
    [
        row(
            'w/o causal',
            {'all': {'recall@1': [0.04, 0.06, 0.05], 'recall@10': [0.2] * 3}, 'new': {'recall@1': [0.01] * 3}},
            id='base',
        ),
        row('other_one | x', {'all': {'recall@1': [0.031], 'recall@10': [0.2]}}, tests=TESTED),
        row('theirs', reported={'recall@10': 18.7}, source='Theirs 2020'),
        row('GPT', note='needs an LLM'),
    ]
)


def test_markdown_of_a_small_table():
    lines = render.markdown(TABLE).split('\n')
    assert lines[0] == '| test | seeds | ALL R@1 | ALL R@10 | NEW R@1 | NEW R@10 |'
    # standard deviation 0.01 of three: 4.303 * 1 / sqrt(3) = 2.48 points
    assert lines[2] == '| w/o causal | 3 | 5.0 ± 2.5 | 20.0 ± 0.0 | 1.0 ± 0.0 |  |'
    assert lines[3] == r'| other_one \| x | 1 | 3.1 ▼ | 20.0 |  |  |'
    assert lines[4] == '| theirs [Theirs 2020] |  |  | 18.7 ʳ |  |  |'
    assert lines[5] == '| GPT (needs an LLM) |  |  |  |  |  |'
    assert '"w/o causal", p < 0.05 after Holm' in lines[-1] and 'ʳ: reported' in lines[-1]


def test_the_legend_names_a_test_that_ignores_conversations():
    assert 'McNemar' not in render.markdown(TABLE)
    old = significance(-0.02, True).model_copy(update={'test': 'McNemar'})
    rows = [TABLE.rows[0], row('other', {'all': {'recall@1': [0.031]}}, tests={'all': {'recall@1': old}})]
    assert "R@1 has McNemar's test of an earlier release" in render.markdown(table(rows))


def test_latex_is_escaped_and_has_every_row():
    page = render.latex(TABLE)
    assert r'\caption{Main \& more (test).' in page and r'\label{tab:main}' in page
    assert r'other\_one \textbar{} x & $3.1^{\blacktriangledown}$ & $20.0$ & -- & -- \\' in page
    assert r'w/o causal & $5.0 \pm 2.5$ & $20.0 \pm 0.0$ & $1.0 \pm 0.0$ & -- \\' in page
    assert page.count(r'\\') == 5 and '▲' not in page and 'ʳ' not in page and '±' not in page


def test_counts_and_distances_are_not_shown_in_percent():
    counts = table([row('ReDial', {'all': {'words': [12345.0]}})], kind='corpus', metrics=['words'], groups=['all'])
    assert render.markdown(counts).split('\n')[::2][:2] == ['| test | words |', '| ReDial | 12,345 |']
    study = table(
        [row('none', {'all': {'interventional_model_tv': [0.1234, 0.1236]}})],
        kind='deconfounding',
        metrics=['interventional_model_tv'],
        groups=['all'],
    )
    assert r'| test | seeds | TV to P(Y \| do(X)) |' in render.markdown(
        study
    ) and '| 0.123 ± 0.001 |' in render.markdown(study)


@pytest.mark.parametrize(
    ('metric', 'value', 'shown'),
    [
        ('perplexity', 23.456, '23.46'),
        ('dist_per_response-3', 1.5, '1.500'),
        ('crslab_dist@2', 2.25, '2.250'),
        ('dist-2', 0.123, '12.3'),
        ('intra_dist-4', 0.9, '90.0'),
        ('corpus_bleu-4', 0.05, '5.0'),
        ('crslab_bleu@1', 0.2, '20.0'),
        ('names_other_item', 0.5, '50.0'),
    ],
)
@pytest.mark.parametrize('rendered', [render.markdown, render.latex])
def test_only_shares_of_responses_are_shown_in_percent(metric, value, shown, rendered):
    responses = table([row('a', {'all': {metric: [value]}})], kind='generation', metrics=[metric], groups=['all'])
    assert re.findall(r'\d+\.\d+', rendered(responses)) == [shown]


@pytest.mark.parametrize('rendered', [render.markdown, render.latex])
def test_a_table_without_any_result_is_still_a_table(rendered):
    assert 'not run' in rendered(table([row('a', note='not run')]))


def test_a_grid_has_a_table_for_each_metric():
    rows = [
        row(f'{name}, s = {x}', {'all': {'recall@1': [x], 'recall@10': [2 * x]}}, x=x, series=name)
        for name in ('none', 'mask')
        for x in (0.1, 0.2)
    ]
    means = [
        MeanRecord(
            title=name,
            reference=name == 'none',
            reported=None,
            tests=tests,
            scores={'all': {'recall@1': [0.15], 'recall@10': [0.3, 0.3]}},
        )
        for name, tests in (('none', {}), ('mask', TESTED))
    ]
    grid = table(rows, sweep=SuiteSweepOptions(key='s', label='s', values=[0.1, 0.2]), groups=['all'], means=means)
    page = render.markdown(grid)
    lines = page.split('\n')
    assert lines[:4] == [
        '| R@1; s = | 0.1 | 0.2 | mean |',
        '|---|---:|---:|---:|',
        '| none | 10.0 | 20.0 | 15.0 |',
        '| mask | 10.0 | 20.0 | 15.0 ▼ |',
    ]
    assert lines[5:8] == [
        '| R@10; s = | 0.1 | 0.2 | mean |',
        '|---|---:|---:|---:|',
        '| none | 20.0 | 40.0 | 30.0 ± 0.0 |',
    ]
    assert 'the mean is above or below that of "none"' in page and 'mask, mean & $15.0^' in render.latex(grid)
