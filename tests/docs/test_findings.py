"""The numbers on the page about the findings are those of the result tables."""

from __future__ import annotations

import re

import numpy as np
import pytest
from doc_pages import DOCS, PAGES, page_name

import tiny
from crslab_causal.experiments.analysis.record import read_record
from crslab_causal.experiments.reporting.paper.figures import read_figures
from crslab_causal.experiments.reporting.paper.page import read_records
from crslab_causal.experiments.reporting.paper.places import fill

ESTIMATE = re.compile(r'\d+\.\d+ ± \d+\.\d+')


def test_every_estimate_on_a_page_is_in_a_table_of_results():
    pages = [path for path in (tiny.ROOT / 'results').glob('*.md') if path.name != 'paper.md']
    tables = '\n'.join(path.read_text('utf-8') for path in pages)
    known = set(ESTIMATE.findall(tables))
    found = {page_name(page): set(ESTIMATE.findall(page.read_text('utf-8'))) for page in PAGES}
    assert len(found['docs/findings.md']) > 20
    assert {name: numbers - known for name, numbers in found.items() if numbers - known} == {}


def result(file: str, title: str, row: str, column: str) -> str:
    """Return a cell with its mark of significance. Of several tables with the same title, the last one is read."""
    text = (tiny.ROOT / 'results' / f'{file}.md').read_text('utf-8')
    lines = text.partition(f'**{title}**\n\n')[2].partition('\n\nMean')[0].replace('\\|', '¦').splitlines()
    start = max(i for i, line in enumerate(lines) if f' {column} |' in line)
    (cells,) = [split(line) for line in lines[start:] if line.startswith(f'| {row} |')]
    return cells[split(lines[start]).index(column)]


def split(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip('| ').split('|')]


def findings(label: str, heading: str) -> list[str]:
    """Return the numbers of a row below a heading of the page."""
    section = (DOCS / 'findings.md').read_text('utf-8').partition(f'## {heading}\n')[2].partition('\n## ')[0]
    (line,) = [line for line in section.splitlines() if line.startswith(f'| {label} |')]
    return split(line)[1:]


WITHOUT, PAPER = 'w/o causal', "CausalKBRD, the paper's setting"
EQ_8, SMOOTHING = 'Eq 8 in full: alpha = 2, beta = 0.5', 'control: KL from uniform (label smoothing)'
RANDOM_STRATA = 'control: strata drawn at random'
MIXED = 'Z = ¦N¦, item bias, transition counts'
CONTROLS = {
    'ReDial': ('controls', "ReDial, the paper's setting"),
    'OpenDialKG': ('controls', "OpenDialKG, the paper's setting"),
}
TEST = {
    'ReDial': ('recommendation', 'Table 2, recommendation on ReDial'),
    'OpenDialKG': ('recommendation', 'Table 3, recommendation on OpenDialKG'),
}
BEST_POOL = 'Pool with the trained experts, fitted on valid'
POOL_ALONE = 'Pool with the trained experts, without CausalKBRD, fitted on valid'
POOLS = {
    'the pool, all labels': (POOL_ALONE, 'all'),
    'the pool with CausalKBRD, all labels': (BEST_POOL, 'all'),
    'the pool with CausalKBRD, new labels': (BEST_POOL, 'new'),
    'the pool with CausalKBRD, fitted for new labels, new labels': (
        'Pool with the trained experts for NEW labels, fitted on valid',
        'new',
    ),
}
COLUMN = {'ReDial': 'ALL R@50', 'OpenDialKG': 'ALL R@25'}


def on_valid(dataset: str, *rows: str) -> list[tuple[str, str, str, str]]:
    return [(*CONTROLS[dataset], row, COLUMN[dataset]) for row in rows]


def on_test(dataset: str, *rows: str) -> list[tuple[str, str, str, str]]:
    return [(*TEST[dataset], row, COLUMN[dataset]) for row in rows]


def on_both(row: str) -> list[tuple[str, str, str, str]]:
    return [*on_test('ReDial', row), *on_test('OpenDialKG', row)]


def on_official(title: str, column: str) -> list[tuple[str, str, str, str]]:
    return [('official', title, row, column) for row in (WITHOUT, PAPER)]


def control(row: str) -> list[tuple[str, str, str, str]]:
    return [*on_valid('ReDial', row), *on_valid('OpenDialKG', row)]


def ablation(title: str, row: str) -> list[tuple[str, str, str, str]]:
    return [('ablations', f'{title}, {dataset}', row, column) for dataset, column in COLUMN.items()]


def adjustment(row: str) -> list[tuple[str, str, str, str]]:
    return [('adjustment', 'OpenDialKG', row, COLUMN['OpenDialKG'])]


def distance(row: str) -> list[tuple[str, str, str, str]]:
    return [('deconfounding', 'Recall and distance to the true effect, by strength of the confounder', row, 'mean')]


def at_strength(strength: str) -> list[tuple[str, str, str, str]]:
    title = 'Recall and distance to the true effect, by strength of the confounder'
    return [('deconfounding', title, row, strength) for row in ('no adjustment', "the paper's mask")]


SOURCES = {
    'Do the causal terms improve recommendation?': {
        'ReDial, here, validation split': on_valid('ReDial', WITHOUT, EQ_8),
        'ReDial, here, own test split': on_test('ReDial', WITHOUT, PAPER),
        'OpenDialKG, here, validation split': on_valid('OpenDialKG', WITHOUT, EQ_8),
        'OpenDialKG, here, own test split': on_test('OpenDialKG', WITHOUT, PAPER),
        'ReDial, here, official test set': on_official('Official test of ReDial', 'ALL R@50'),
        'OpenDialKG, here, official test set': on_official('Official test of OpenDialKG, by dialogue', 'ALL R@25'),
        'M = zero, the last mention masked': ablation('The intervention M (Eq 5)', 'M = zero'),
        'M = Bernoulli': ablation('The intervention M (Eq 5)', 'M = bernoulli'),
        'M = learned': ablation('The intervention M (Eq 5)', 'M = learned'),
        'M = noise': ablation('The intervention M (Eq 5)', 'M = noise'),
        'M = zero, a random mention masked': ablation('Which mention M replaces', 'position = random'),
        'M = zero, all mentions masked': ablation('Which mention M replaces', 'position = all'),
    },
    'Is the improvement causal?': {
        'cross-entropy': control(WITHOUT),
        'with both causal terms (Eq 8)': control(EQ_8),
        'with the causal loss alone (Eq 7)': control('causal loss alone'),
        'with the KL term alone, last mention masked': control('KL to p, last mention masked'),
        'control: with the KL term alone, a random mention masked': control('control: KL, a random mention masked'),
        'control: with label smoothing': control(SMOOTHING),
    },
    'Does the intervention remove confounding?': {
        'without causal terms': distance('no adjustment'),
        "with the paper's intervention": distance("the paper's mask"),
        'backdoor adjustment for popularity': distance('popularity'),
        'backdoor adjustment for the turn': distance('turn'),
        'backdoor adjustment for the genre mix': distance('genre mix'),
        'backdoor adjustment for the true context': distance('true context C'),
        '0': at_strength('0.0'),
        '1': at_strength('1.0'),
    },
    'Does a backdoor adjustment help on real data?': {
        'none': adjustment('no adjustment'),
        'for popularity': adjustment('adjusted for popularity'),
        'for the turn': adjustment('adjusted for the turn'),
        'for the genre mix': adjustment('adjusted for the genre mix'),
        'control: for random strata': adjustment(RANDOM_STRATA),
    },
    'How good is the recommender?': {
        'KBRD of CRSLab, as shipped': on_both('KBRD of CRSLab, as shipped'),
        'KBRD of CRSLab, repaired': on_both('KBRD of CRSLab, repaired'),
        'KGSF of CRSLab': on_both('KGSF of CRSLab'),
        'CTA-CRS': on_both('CTA-CRS, with a small text encoder'),
        PAPER: on_both(PAPER),
        'CausalKBRD, another normalisation and an item bias': on_both('CausalKBRD, Z = ¦N¦ and item bias'),
        'transition counts': on_both('Transition counts'),
        'CausalKBRD with both changes, mixed with transition counts': on_both(f'CausalKBRD, {MIXED}'),
        'the same without causal terms': on_both(f'{WITHOUT}, {MIXED}'),
    },
}
"""Cells of the result tables that each row of the page shows, by heading and first cell."""


@pytest.mark.parametrize(
    ('heading', 'label', 'cells'),
    [(heading, label, cells) for heading, rows in SOURCES.items() for label, cells in rows.items()],
)
def test_the_findings_show_the_numbers_of_the_result_tables(heading, label, cells):
    assert findings(label, heading) == [result(*cell).rstrip(' ▲▼') for cell in cells]


def test_differences_called_significant_in_the_findings_are_marked_in_the_tables():
    def mark(cell: tuple[str, str, str, str]) -> str:
        return result(*cell)[-1]

    gains = (*on_valid('OpenDialKG', EQ_8, SMOOTHING), *on_test('OpenDialKG', PAPER))
    assert {mark(cell) for cell in gains} == {'▲'}
    assert mark(*on_valid('OpenDialKG', 'causal loss alone')) != '▲'
    redial = [cells[0] for cells in SOURCES['Is the improvement causal?'].values()]
    for cell in (*redial, *on_test('ReDial', PAPER)):
        assert mark(cell) not in '▲▼'
    assert mark(*distance("the paper's mask")) == '▲'
    adjustments = ('popularity', 'turn', 'genre mix', 'true context C')
    assert [row for row in adjustments if mark(*distance(row)) == '▼'] == ['true context C']
    assert mark(*adjustment(RANDOM_STRATA)) == '▲'


def test_no_variant_of_the_causal_terms_is_marked_above_the_papers():
    assert 'No variant is above M = zero by a significant margin' in ' '.join(
        (DOCS / 'findings.md').read_text('utf-8').split()
    )
    variants = {
        label: cells
        for label, cells in SOURCES['Do the causal terms improve recommendation?'].items()
        if label.startswith('M =')
    }
    assert len(variants) == 6
    assert not [label for label, cells in variants.items() for cell in cells if result(*cell).endswith('▲')]


def test_every_other_number_of_the_findings_is_one_of_the_paper_or_of_a_tied_row():
    """Outside the drawn tables, a decimal without "±" is the paper's, or in a row that a test compares with a table."""
    text = (DOCS / 'findings.md').read_text('utf-8')
    text = re.sub(r'<!-- (\w+) -->.*?<!-- /\1 -->', '', text, flags=re.DOTALL)
    tied = {label for rows in (*SOURCES.values(), POOLS) for label in rows}
    lines = [line for line in text.splitlines() if re.search(r'\d\.\d', ESTIMATE.sub('', line))]
    assert {split(line)[0] for line in lines} - tied == {'ReDial, the paper', 'OpenDialKG, the paper'}
    figures = read_figures()
    for dataset, table, metric in (('ReDial', 'table2', 'recall@50'), ('OpenDialKG', 'table3', 'recall@25')):
        rows = [figures.row(table, title) for title in ('w/o causal', 'w/o LLM')]
        printed = [f'{row.paper[list(found.metrics).index(metric)]:.1f}' for found, row in rows]
        assert findings(f'{dataset}, the paper', 'Do the causal terms improve recommendation?') == printed


def test_the_gains_in_the_readme_are_differences_of_the_record():
    text = ' '.join((tiny.ROOT / 'README.md').read_text('utf-8').split())
    controls = read_record(tiny.ROOT / 'results' / 'controls.json')
    (table,) = [table for table in controls.tables if table.name == 'controls_opendialkg']
    means = {row.title: 100 * np.mean(row.scores['all']['recall@25']) for row in table.rows}
    eq_8, smoothing = (means[row] - means[WITHOUT] for row in (EQ_8, SMOOTHING))
    assert f'gains {eq_8:.1f} points over cross-entropy, and label smoothing gains {smoothing:.1f}.' in text


def test_the_gain_of_the_two_simple_options_in_the_readme_is_that_of_the_record():
    text = ' '.join((tiny.ROOT / 'README.md').read_text('utf-8').split())
    recommendation = read_record(tiny.ROOT / 'results' / 'recommendation.json')
    (table,) = [table for table in recommendation.tables if table.name == 'table2']
    means = {row.title: 100 * np.mean(row.scores['all']['recall@50']) for row in table.rows if row.runs}
    gain = means['CausalKBRD, Z = |N| and item bias'] - means[PAPER]
    assert f'together gain {gain:.1f} points of R@50 on our own test split.' in text


def test_the_shares_of_repeated_labels_are_those_of_the_record():
    readme = ' '.join((tiny.ROOT / 'README.md').read_text('utf-8').split())
    datasets = read_record(tiny.ROOT / 'results' / 'datasets.json')
    shares = {
        table.name: row.scores['all']['repeated labels (%)'][0]
        for table in datasets.tables
        for row in table.rows
        if row.title == 'OpenDialKG'
    }
    assert f"{shares['table1_valid']:.0f} % of the labels of OpenDialKG's validation split are already" in readme
    assert min(shares.values()) > 100 / 3
    assert (
        'More than a third of the labels of OpenDialKG are already in the context.'
        in (DOCS / 'findings.md').read_text()
    )


def test_the_numbers_of_seeds_and_strengths_in_the_findings_are_those_of_the_records():
    text = ' '.join((DOCS / 'findings.md').read_text('utf-8').split())
    assert 'CausalKBRD and the controls have five seeds. Four groups of rows have three: the baselines, ' in text
    recommendation = read_record(tiny.ROOT / 'results' / 'recommendation.json')
    seeds = {
        row.title: len(row.runs)
        for table in recommendation.tables
        if table.name in ('table2', 'table3')
        for row in table.rows
        if len(row.runs) > 1
    }
    ours = {title: n for title, n in seeds.items() if 'causal' in title.lower() and 'offline' not in title}
    assert set(ours.values()) == {5} and {seeds[title] for title in seeds.keys() - ours.keys()} == {3}
    assert 'means over six strengths of the confounder' in text
    deconfounding = read_record(tiny.ROOT / 'results' / 'deconfounding.json')
    assert {len(table.sweep.values) for table in deconfounding.tables if table.sweep is not None} == {6}


def test_the_readme_has_the_scores_on_the_official_test_beside_the_papers():
    figures, records = read_figures(), read_records(tiny.ROOT / 'results')
    template = (
        '| {name} | R@{k} | {{paper:{paper}/w/o causal/recall@{k}}} | {{paper:{paper}/w/o LLM/recall@{k}}} '
        '| {{here:official/{table}/{without}/all/recall@{k}}} | {{here:official/{table}/{with_}/all/recall@{k}}} |'
    )
    lines = (tiny.ROOT / 'README.md').read_text('utf-8').splitlines()
    assert '| official test set | metric | without, paper | with, paper | without, here | with, here |' in lines
    for k, name, paper in ((50, 'ReDial', 'table2'), (25, 'OpenDialKG', 'table3')):
        names = {'table': f'official_{name.lower()}', 'with_': PAPER, 'without': WITHOUT}
        assert fill(template.format(k=k, name=name, paper=paper, **names), figures, records) in lines


def test_the_page_is_the_first_link_of_what_we_found_in_the_readme():
    section = (tiny.ROOT / 'README.md').read_text('utf-8').partition('## What we found\n')[2]
    assert re.search(r'\]\(([^)]+)\)', section)[1] == 'docs/findings.md'


def test_a_pool_gains_from_eq_8_what_it_gains_from_label_smoothing():
    """The answers of ``docs/results/pool_causal.md``."""
    redial, opendialkg = read_record(tiny.ROOT / 'results' / 'pool_causal.json').tables
    significant = {
        (table.name, row.title): {metric for metric, test in row.tests['all'].items() if test.significant}
        for table in (redial, opendialkg)
        for row in table.rows
        if row.title.startswith('Pool') and row.tests
    }
    gains = {('pool_causal_opendialkg', f'Pool with CausalKBRD, {loss}') for loss in ('Eq 8', 'label smoothing')}
    found = {pool: metrics for pool, metrics in significant.items() if metrics}
    assert found == {pool: {'recall@25'} for pool in gains}
    pools = {row.title.rpartition(', ')[2]: row for row in opendialkg.rows}
    means = {loss: 100 * np.mean(row.scores['all']['recall@25']) for loss, row in pools.items()}
    assert abs(means['Eq 8'] - means['label smoothing']) < 0.5 < means['Eq 8'] - means['cross-entropy']


def test_the_scores_of_the_best_pool_on_the_official_test_are_those_of_the_record():
    table = next(t for t in read_record(tiny.ROOT / 'results' / 'official.json').tables if t.name == 'official_redial')
    rows = {row.title: row for row in table.rows}

    def scores(title: str, group: str) -> list[str]:
        recalls = (rows[title].scores[group][f'recall@{k}'] for k in (1, 10, 50))
        return [f'{100 * np.mean(recall):.1f}' for recall in recalls]

    for label, (title, group) in POOLS.items():
        assert findings(label, 'What holds on the official test sets?') == scores(title, group)
    readme = (tiny.ROOT / 'README.md').read_text('utf-8').splitlines()
    ours = {'`pool_redial_trained`, five seeds': POOL_ALONE, 'the same with CausalKBRD as an expert': BEST_POOL}
    shown = {label: scores(title, 'all') for label, title in ours.items()}
    for title in ('UniCRS', 'ReFICR (7 B parameters)'):
        (published,) = [row for row in read_figures().published.rows if row.title == title]
        shown[f'{title}, re-run by others'] = [f'{recall:.1f}' for recall in published.all]
    for label, recalls in shown.items():
        assert f'| {label} | {" | ".join(recalls)} |' in readme
    for metric, score in zip(('recall@10', 'recall@50'), scores(BEST_POOL, 'all')[1:]):
        assert float(score) == max(round(100 * np.mean(row.scores['all'][metric]), 1) for row in table.rows)
