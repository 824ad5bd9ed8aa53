"""The paper's figures beside ours: every number of the page and of the claims comes from the data file or a record."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy import stats

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.experiments.__main__ import main
from crslab_causal.experiments.analysis.record import FigureRecord, HistogramRecord, PanelRecord
from crslab_causal.experiments.reporting.paper.figures import PaperFigures, PaperRow, read_figures
from crslab_causal.experiments.reporting.paper.goals import FILE as GOALS_FILE
from crslab_causal.experiments.reporting.paper.goals import Goal, Goals, read_goals
from crslab_causal.experiments.reporting.paper.page import (
    OUR_SAMPLES,
    PAGE,
    SUITES,
    claims_block,
    goals_block,
    goals_table,
    has_records,
    paper_page,
    read_records,
)
from crslab_causal.experiments.reporting.paper.places import PLACE, divergences, fill, find_row, shifts
from page_blocks import read_block

RESULTS = tiny.ROOT / 'results'
FINDINGS = tiny.ROOT / 'docs' / 'findings.md'
FIGURES = read_figures()
GOALS = read_goals(RESULTS)
DATASETS = ('ReDial', 'OpenDialKG')
WITH_CAUSAL = "CausalKBRD, the paper's setting"


@pytest.fixture(scope='module')
def records():
    return read_records(RESULTS)


def lines_of(page: str, heading: str, row: str) -> list[list[str]]:
    """Return the cells of the first line of a row of the paper, in a list."""
    section = page.partition(f'## {heading}\n')[2].partition('\n## ')[0]
    lines = [[cell.strip() for cell in line.strip('| ').split(' | ')] for line in section.splitlines() if '|' in line]
    start = next(i for i, line in enumerate(lines) if line[0] == row)
    return [lines[start]]


def test_the_committed_page_and_the_claims_are_those_of_the_records(records):
    assert (RESULTS / PAGE).read_text('utf-8') == paper_page(FIGURES, records, GOALS)
    assert read_block(FINDINGS, 'claims') == claims_block(RESULTS)
    assert read_block(FINDINGS, 'goals') == goals_block(RESULTS)


def test_our_figures_and_their_differences_are_those_of_the_scores(records):
    """The page agrees with NumPy and SciPy on the scores of the seeds."""
    page = paper_page(FIGURES, records, GOALS)
    _, row = find_row(f'recommendation/table2/{WITH_CAUSAL}', records)
    scores = 100 * np.array(row.scores['all']['recall@1'])
    half = stats.t.interval(0.95, len(scores) - 1, scores.mean(), stats.sem(scores))[1] - scores.mean()
    mean, spread = f'{scores.mean():.1f} ± {half:.1f}', f'{scores.mean() - 5.9:+.1f} ± {half:.1f}'
    ((*cells,),) = lines_of(page, 'Table 2, recommendation on ReDial', 'w/o LLM')
    assert cells[:3] == ['w/o LLM', 'R@1', '5.9'] and cells[5:] == [mean, spread]


def test_the_scores_on_the_official_test_stand_beside_the_papers_with_their_interval(records):
    page = paper_page(FIGURES, records, GOALS)
    _, row = find_row(f'official/official_redial/{WITH_CAUSAL}', records)
    mean = 100 * np.mean(row.scores['all']['recall@1'])
    low, high = (100 * end for end in row.intervals['all']['recall@1'])
    ((*cells,),) = lines_of(page, 'Table 2, recommendation on ReDial', 'w/o LLM')
    assert cells[3].endswith(f'[{low:.1f}, {high:.1f}]') and cells[3].startswith(f'{mean:.1f}')
    assert cells[4] == f'{mean - 5.9:+.1f} [{low - 5.9:+.1f}, {high - 5.9:+.1f}]'


def test_cutoffs_that_a_record_lacks_come_from_another_table_with_their_seeds(records):
    """Table 3 of our own test has R@1, R@10 and R@25; R@3 and R@5 are those of the runs that were repeated."""
    page = paper_page(FIGURES, records, GOALS)
    _, row = find_row('recommendation/table3_cutoffs/w/o causal', records)
    _, whole = find_row('recommendation/table3/w/o causal', records)
    for metric, paper in (('recall@3', 28.9), ('recall@5', 34.3)):
        title = metric.replace('recall', 'R')
        (line,) = [line for line in page.splitlines() if line.startswith(f'|  | {title} | {paper} |')]
        assert re.search(r'\d+\.\d \[', line.split(' | ')[3])  # on the official test
        mean = 100 * np.mean(row.scores['all'][metric])
        own = line.split(' | ')[5]
        assert own.startswith(f'{mean:.1f} ') and metric not in whole.scores['all']
        if len(row.runs) < len(whole.runs):
            assert own.endswith(f', {len(row.runs)} of {len(whole.runs)} seeds')
    repeated = {run.folder: i for i, run in enumerate(row.runs)}
    for i, run in enumerate(whole.runs):  # a repeated run has the recorded scores
        for metric in ('recall@1', 'recall@10', 'recall@25') if run.folder in repeated else ():
            assert row.scores['all'][metric][repeated[run.folder]] == whole.scores['all'][metric][i]


def test_every_score_on_the_official_test_has_a_line_in_the_log(records):
    """The log holds the scores of the record, each with its commit, its seed and its count."""
    lines = [json.loads(line) for line in (RESULTS / 'official_log.jsonl').read_text('utf-8').splitlines()]
    scored = {line['run']: line for line in lines if 'scores' in line}
    shown = [line for line in lines if 'scores' not in line]
    for table in records['official'].tables:
        for row in table.rows:
            for i, run in enumerate(row.runs):
                line = scored[run.folder]
                assert line['count'] == run.times_scored and line['seed'] == run.seed and len(line['commit']) == 40
                for group in table.groups:
                    for metric in table.metrics:
                        assert row.scores[group][metric][i] == line['scores'][group][metric]
        (samples,) = {scored[run.folder]['samples'] for row in table.rows for run in row.runs}
        assert table.name != 'official_redial' or f'{samples:,}' == OUR_SAMPLES
    left_out = {line['run'].partition('_')[0]: line['mentions_left_out'] for line in scored.values()}
    assert (
        f'{left_out["OpenDialKG"]} mentions are left out of the contexts there, and {left_out["ReDial"]}'
        in ' '.join(FINDINGS.read_text('utf-8').split())
    )
    assert all('nothing is' in line['use'] and 'chosen' in line['use'] for line in shown)
    assert len([line for line in shown if 'conversation' in line]) >= len(records['official'].cases)


def test_a_goal_is_met_only_within_its_bounds(records):
    goal = Goal(table='official_redial', row='x', group='all', metric='recall@50', at_least=1.0, at_most=2.0, why='')
    assert [goal.holds(value) for value in (0.9, 1.0, 2.0, 2.1)] == [False, True, True, False]
    known, minus = 'w/o causal', WITH_CAUSAL
    scores = [
        100 * np.mean(find_row(f'official/official_redial/{row}', records)[1].scores['all']['recall@50'])
        for row in (known, minus)
    ]
    for fields, value in (({}, scores[0]), ({'minus': minus}, scores[0] - scores[1])):
        for bound, met in ((value - 0.01, 'yes'), (value + 0.01, 'no')):
            more = goal.model_copy(update={'row': known, 'at_least': bound, 'at_most': None, **fields})
            assert goals_table(Goals(about='', goals=[more]), records).endswith(f'| {met} |')
    unknown = goals_table(
        Goals(about='', goals=[goal.model_copy(update={'row': 'Item cosine', 'group': 'nobody'})]), records
    )
    assert unknown.endswith('| not run | open |')
    with pytest.raises(ValueError, match='give at_least or at_most'):
        Goal(table='a', row='x', group='all', metric='recall@50', why='')


def test_a_difference_that_rounds_to_zero_has_no_minus_sign(records):
    scores = find_row('official/official_redial/w/o causal', records)[1].scores['all']
    scores = {metric: [value - 1e-6 for value in values] for metric, values in scores.items()}
    (table,) = [table for table in records['official'].tables if table.name == 'official_redial']
    (row,) = [row for row in table.rows if row.title == 'w/o causal']
    lower = row.model_copy(update={'title': 'lower', 'scores': {'all': scores}})
    changed = records['official'].model_copy(update={'tables': [table.model_copy(update={'rows': [row, lower]})]})
    fields = {'table': 'official_redial', 'row': 'lower', 'minus': 'w/o causal', 'group': 'all', 'metric': 'recall@50'}
    goals = Goals(about='', goals=[Goal(**fields, at_least=-1.0, why='')])
    assert goals_table(goals, {**records, 'official': changed}).endswith('| +0.0 | yes |')


def test_every_figure_of_the_earlier_look_is_in_the_text_about_the_goals():
    looks = [goal.why.partition('earlier look')[2] or goal.why for goal in GOALS.goals if 'earlier look' in goal.why]
    figures = {figure for why in looks for figure in re.findall(r'\d\d\.\d', why)}
    assert len(figures) > 10
    assert figures <= set(re.findall(r'\d\d\.\d', GOALS.about))


def test_the_table_of_published_figures_has_our_best_row(records):
    page = paper_page(FIGURES, records, GOALS).partition('## Published figures on the official test set\n')[2]
    (table,) = [table for table in records['official'].tables if table.name == 'official_redial']
    for metric in ('recall@10', 'recall@50'):
        best = max(table.rows, key=lambda row: np.mean(row.scores['all'][metric]))
        shown = '/'.join(f'{100 * np.mean(best.scores["all"][f"recall@{k}"]):.1f}' for k in (1, 10, 50))
        assert f'| {shown} |' in page


def test_the_goals_name_rows_of_the_suite(records):
    titles = {(table.name, row.title) for table in records['official'].tables for row in table.rows}
    for goal in GOALS.goals:
        assert (goal.table, goal.row) in titles and (goal.minus is None or (goal.table, goal.minus) in titles)


def test_the_sizes_of_the_datasets_are_sums_over_the_splits(records):
    splits = [
        row.scores['all']['conversations'][0]
        for table in records['datasets'].tables
        for row in table.rows
        if row.title == 'OpenDialKG'
    ]
    cells = lines_of(paper_page(FIGURES, records, GOALS), 'Table 1, datasets', 'OpenDialKG (2)')[0]
    assert len(splits) == 3 and cells[3] == f'{sum(splits):,}' and cells[4] == f'{sum(splits) - 13802:+,}'


def test_every_counterpart_exists_and_every_other_row_has_a_reason(records):
    for table in FIGURES.tables:
        for row in table.rows:
            if row.here is None:
                assert row.reason
            elif table.unit != 'counts':
                _, recorded = find_row(row.here, records)
                assert recorded.runs or row.command, row.title
    with pytest.raises(ValueError, match='either here or a reason'):
        PaperRow(title='x', paper=[1.0])


def test_figures_that_the_suites_repeat_are_those_of_the_data_file():
    """The rows that a suite reports, and what other papers report for them, agree with ``figures.yaml``."""
    suite = yaml.safe_load((tiny.ROOT / 'config' / 'experiments' / 'recommendation.yaml').read_text('utf-8'))
    compared = 0
    for options in suite['tables'][:2]:
        (table,) = [table for table in FIGURES.tables if table.name == options['name']]
        by_title = {row.title: row for row in table.rows}
        for reported in (row for row in options['rows'] if 'reported' in row):
            row = by_title[reported['title'].partition(' (')[0]]
            figures = dict(zip(table.metrics, row.paper))
            assert reported['reported'] == {metric: figures[metric] for metric in reported['reported']}
            if 'report' in reported['footnote']:
                assert row.footnote.startswith(reported['footnote'])
            compared += 1
    assert compared == 7


def test_the_published_rows_say_what_our_source_lacks(records):
    page = paper_page(FIGURES, records, GOALS)
    section = page.partition('## Published figures on the official test set\n')[2]
    kgsf = next(row for row in FIGURES.published.rows if row.title == 'KGSF')
    assert (
        kgsf.all == kgsf.new == [None] * 3 and 'gives neither the figures of KGSF nor the number of samples' in section
    )
    assert f'and we have {OUR_SAMPLES}' in section
    for row in FIGURES.published.rows:
        assert row.source and row.data and row.samples


def test_every_command_of_a_row_is_on_the_page(records):
    page = paper_page(FIGURES, records, GOALS)
    commands = {row.command for table in FIGURES.tables for row in table.rows if row.command}
    assert len(commands) == 2 and all(f'`{command}`' in page for command in commands)
    assert '`crslab-causal experiments official --extend --official FOLDER --llm live`' in FIGURES.table7
    for table in FIGURES.tables:
        for row in table.rows:
            unmeasured = (
                row.here is not None and 'datasets/' not in row.here and not find_row(row.here, records)[1].runs
            )
            assert not unmeasured or row.command, row.title


def test_rows_of_another_task_are_marked(records):
    page = paper_page(FIGURES, records, GOALS)
    assert {row.title for table in FIGURES.tables for row in table.rows if row.quoted} == {
        'seq2seq',
        'Tri-LSTM',
        'Ext-ED',
        'DialKG Walker',
    }
    assert page.count(' ᵗ | R@1 |') == 4 and 'Moon et al. 2019' in page


def test_a_row_that_needs_a_language_model_is_filled_when_its_record_has_scores(records):
    """The row then has a number, and its command is no longer named."""
    measured = {}
    for name, record in records.items():
        tables = [
            table.model_copy(
                update={
                    'rows': [
                        row.model_copy(
                            update={
                                'note': None,
                                'scores': {'all': {metric: [0.25] for metric in table.metrics}},
                            }
                        )
                        if (row.note or '').startswith('needs an LLM')
                        else row
                        for row in table.rows
                    ]
                }
            )
            for table in record.tables
        ]
        measured[name] = record.model_copy(update={'tables': tables})
    heading = 'Table 2, recommendation on ReDial'
    before, after = paper_page(FIGURES, records, GOALS), paper_page(FIGURES, measured, GOALS)
    assert lines_of(before, heading, 'full model')[0][5] == 'needs an LLM'
    assert lines_of(after, heading, 'full model')[0][5:] == ['25.0', '+18.9 (one run)']
    assert 'are measured by' in before and 'are measured by' not in after


def test_a_claim_types_no_number_of_a_record(records):
    """Outside the places, a cell about our results has no decimals."""
    for claim in FIGURES.claims:
        for text in (claim.paper, claim.here, claim.readings):
            kappa = 'above 0.65' if 'kappa' in claim.claim and text is claim.paper else ''  # it is in no table
            assert not re.search(r'\d\.\d', PLACE.sub('', text).removeprefix(kappa)), text
        for verdict in (claim.verdict, claim.claim):
            assert not re.search(r'\d\.\d', verdict)


def test_the_verdicts_about_the_causal_terms_are_those_of_the_tests(records):
    by_claim = {claim.claim: claim.verdict for claim in FIGURES.claims}
    for dataset, table, metric, paper_gain in (
        ('ReDial', 'table2', 'recall@50', 41.8 - 34.6),
        ('OpenDialKG', 'table3', 'recall@25', 65.8 - 57.9),
    ):
        test = find_row(f'recommendation/{table}/{WITH_CAUSAL}', records)[1].tests['all'][metric]
        verdict = by_claim[f'On {dataset} the recommender is worse without the causal terms.']
        assert verdict.startswith('reproduced' if test.significant and test.difference > 0 else 'not reproduced')
        if 'less than half' in verdict:
            assert 0 < 100 * test.difference < paper_gain / 2
    fallen = [shifts(reading, dataset, records) for reading in FIGURES.figure4.readings for dataset in DATASETS]
    assert all(up < down for up, down, _ in fallen)
    claim = by_claim['The intervention moves more labels up than down, on both datasets (Figure 4 a, b).']
    assert claim == 'not reproduced'


def test_the_verdicts_about_the_divergence_are_those_of_the_record(records):
    """Figure 4 (c) on ReDial, one model: the divergence does not rise, and falling labels have the higher one."""
    by_claim = {claim.claim: claim for claim in FIGURES.claims}
    grows = by_claim['The divergence grows with the rank of the label (Figure 4 c, ReDial).']
    higher = by_claim['The divergence is higher for labels that fall than for labels that rise (Figure 4 c, ReDial).']
    one, two = (divergences(reading, 'ReDial', records) for reading in ('one_model', 'two_models'))
    rising = [stats.kendalltau(range(5), means).statistic > 0 for means in one.values()]
    assert not any(rising) and grows.verdict == 'not reproduced'
    assert all(down > up for up, down in zip(one['up'], one['down'])) and 'every range' in higher.here
    assert len({down > up for up, down in zip(two['up'], two['down'])}) == 2
    assert higher.verdict == 'reproduced, in one reading' and 'higher in some ranges' in higher.readings
    shown = ', '.join(f'{mean:.2f}' for mean in one['up'])
    assert shown in read_block(FINDINGS, 'claims')


@pytest.mark.parametrize('reading', ['one_model', 'two_models'])
def test_the_counts_of_figure_4_are_those_that_the_committed_figure_prints(reading, records):
    text = pdf_text(RESULTS / f'figure4_{reading}.pdf').replace(' ', '')
    printed = [list(map(int, counts)) for counts in re.findall(r'(\d+).,(\d+).,(\d+)unchanged', text)]
    assert printed == [list(shifts(reading, dataset, records)) for dataset in DATASETS]


def pdf_text(path: Path) -> str:
    """Return the characters of a figure's page in their order; Matplotlib writes two bytes for each."""
    streams = []
    for match in re.finditer(rb'stream\r?\n(.*?)endstream', path.read_bytes(), re.DOTALL):
        try:
            streams.append(zlib.decompress(match[1]))
        except zlib.error:
            pass
    page = max(streams, key=lambda stream: stream.count(b'TJ'))
    strings = re.findall(rb'\(((?:\\.|[^\\)])*)\)', page, re.DOTALL)
    return b''.join(strings).replace(b'\0', b'').decode('latin-1')


def test_the_counts_of_figure_4_come_from_the_record(records):
    histogram = HistogramRecord(
        rank_edges=[1, 50],
        up_edges=[0, 1, 50],
        down_edges=[0, 1, 50],
        up=[[3], [4]],
        unchanged=[5],
        down=[[6], [7]],
        beyond=0,
        missing=0,
    )
    panel = PanelRecord(title='(a) ReDial', split='valid', runs=['x'], histogram=histogram, kl=None)
    figure = FigureRecord(name='figure4_one_model', reading='one_model', panels=[panel])
    changed = dict(records) | {'controls': records['controls'].model_copy(update={'figures': [figure]})}
    assert shifts('one_model', 'ReDial', changed) == (7, 13, 5)
    assert fill('{figure4:one_model/ReDial}', FIGURES, changed) == '7 up, 13 down'


@pytest.mark.parametrize(
    'place', ['paper:table2/nobody/recall@1', 'here:controls/no/row/all/recall@1', 'gain:x/y/z/all/recall@1']
)
def test_a_place_without_a_number_is_refused(records, place):
    with pytest.raises(UserError, match='no such number; correct the place'):
        fill('{' + place + '}', FIGURES, records)


def test_a_table_with_too_few_figures_is_refused():
    content = FIGURES.model_dump()
    content['tables'][1]['rows'][0]['paper'].pop()
    with pytest.raises(ValueError, match='2 figures for 3 metrics'):
        PaperFigures.model_validate(content)


def test_the_command_writes_the_page_and_the_block_without_running(tmp_path, capsys):
    for name in (*(f'{name}.json' for name in SUITES), GOALS_FILE):
        shutil.copy(RESULTS / name, tmp_path)
    page = tmp_path / 'findings.md'
    page.write_text('<!-- claims -->\nold\n<!-- /claims -->\n<!-- goals -->\n<!-- /goals -->\n', 'utf-8')
    assert main(['--paper', '--results', str(tmp_path), '--readme', str(page)]) == 0
    assert (tmp_path / PAGE).read_text('utf-8') == (RESULTS / PAGE).read_text('utf-8')
    assert read_block(page, 'claims') == read_block(FINDINGS, 'claims')
    (tmp_path / GOALS_FILE).rename(tmp_path / 'goals')
    assert not has_records(tmp_path)  # a folder of other results has no goals, and gets no page
    (tmp_path / 'goals').rename(tmp_path / GOALS_FILE)
    assert has_records(tmp_path)
    (tmp_path / 'controls.json').unlink()
    assert main(['--paper', '--results', str(tmp_path)]) == 2
    assert 'has no controls.json' in capsys.readouterr().err
