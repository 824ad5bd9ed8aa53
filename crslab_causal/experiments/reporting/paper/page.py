"""Write the page ``results/paper.md``, and the table of claims in ``docs/findings.md``."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from crslab_causal.base.errors import UserError
from crslab_causal.base.files import replace_file
from crslab_causal.base.tables import escape_cell, markdown_table
from crslab_causal.evaluator.metrics import metric_title
from crslab_causal.experiments.analysis.record import NEEDS_LLM, read_record
from crslab_causal.experiments.reporting import render_case
from crslab_causal.experiments.reporting.cells import Cell
from crslab_causal.experiments.reporting.paper.figures import (
    Figure4,
    PaperFigures,
    PaperRow,
    PaperTable,
    read_figures,
)
from crslab_causal.experiments.reporting.paper.goals import FILE as GOALS_FILE
from crslab_causal.experiments.reporting.paper.goals import Goal, Goals, read_goals
from crslab_causal.experiments.reporting.paper.places import (
    Records,
    cell_of,
    cell_text,
    corpus_counts,
    fill,
    find_row,
    shifts,
)

PAGE = 'paper.md'
CLAIMS = 'claims'
"""Name of the block of the findings that holds the table of claims."""
GOALS = 'goals'
"""Name of the block of the findings that holds the goals of the official test sets."""
SUITES = ('ablations', 'controls', 'datasets', 'generation', 'official', 'recommendation')
"""Suites whose records the page shows."""
LEGEND = (
    'A difference is our mean minus the figure of the paper. The number after ± is half of the 95 % interval of our '
    'mean over seeds. Brackets are the 95 % interval over conversations, by a bootstrap. "One run" means that there is '
    'one score, without an interval. The paper prints no intervals.'
)
QUOTED = (
    'ᵗ: the paper quotes this row from Moon et al. 2019. Do not compare it with the other rows, because its task is '
    'another one: to find the next entity or path in a graph of 100,813 entities, at every turn of either speaker. The '
    'start entities are given.'
)


OURS = ('recall@1', 'recall@10', 'recall@50')
OUR_DATA = 'official test conversations; half of the training text is missing'
OUR_SAMPLES = '4,003'


def has_records(folder: Path) -> bool:
    """Return whether a folder has all records that the page shows, and the goals."""
    return all((folder / name).is_file() for name in (*(f'{suite}.json' for suite in SUITES), GOALS_FILE))


def claims_block(folder: Path) -> str:
    """Return the table of claims with numbers from the records in a folder."""
    return claims_table(read_figures(), read_records(folder))


def goals_block(folder: Path) -> str:
    """Return the table of the goals of the official test sets, drawn from the records of a folder."""
    return goals_table(read_goals(folder), read_records(folder))


def read_records(folder: Path) -> Records:
    """Read the records that the page shows.

    Raises:
        UserError: a record is missing or damaged.
    """
    missing = [name for name in SUITES if not (folder / f'{name}.json').is_file()]
    if missing:
        raise UserError(f'{folder}: has no {missing[0]}.json; run `crslab-causal experiments {missing[0]}` first')
    return {name: read_record(folder / f'{name}.json') for name in SUITES}


def write_page(folder: Path) -> Path:
    """Write the page about the paper into the folder of the records, and return its path.

    Raises:
        UserError: a record is missing or damaged.
    """
    path = folder / PAGE
    replace_file(path, paper_page(read_figures(), read_records(folder), read_goals(folder)))
    return path


def paper_page(figures: PaperFigures, records: Records, goals: Goals) -> str:
    """Return the page: every table and figure of the paper's Section 5, and our counterpart."""
    parts = ['# Comparison with the paper', figures.note, LEGEND]
    for table in figures.tables:
        parts += [f'## {table.title}', *_table_parts(table, records)]
    parts += ['## Table 7, an example', *_table7_parts(figures, records)]
    parts += ['## Figure 4, changes of ranks', *_figure4_parts(figures.figure4, records)]
    parts += ['## The official test sets', figures.official.note, goals.about, goals_table(goals, records)]
    parts += ['## Published figures on the official test set', *_published_parts(figures, records)]
    return '\n\n'.join(parts) + '\n'


def claims_table(figures: PaperFigures, records: Records) -> str:
    """Return the table of the claims of the paper's Section 5, with our figures and verdicts."""
    rows = [
        [escape_cell(fill(text, figures, records)) for text in (c.claim, c.paper, c.here, c.verdict, c.readings)]
        for c in figures.claims
    ]
    return markdown_table(['claim', 'the paper', 'here', 'verdict', 'variants tested'], rows, left=5)


def goals_table(goals: Goals, records: Records) -> str:
    """Return the goals that were stated before the first score, the scores, and whether each goal was met."""
    rows = []
    for goal in goals.goals:
        measured, met = _measured(goal, records)
        what = f'{goal.row}, {goal.group.upper()} {metric_title(goal.metric)}'
        if goal.minus is not None:
            what += f', minus that of {goal.minus}'
        rows.append([goal.table.removeprefix('official_'), escape_cell(what), goal.expected(), measured, met])
    return markdown_table(['test', 'goal', 'expected', 'measured', 'met'], rows, left=3)


def _measured(goal: Goal, records: Records) -> tuple[str, str]:
    """Return the measured value for a goal as text, and whether the goal was met."""
    cells = [
        None if title is None else cell_of(f'official/{goal.table}/{title}', goal.group, goal.metric, records)
        for title in (goal.row, goal.minus)
    ]
    if cells[0] is None or (goal.minus is not None and cells[1] is None):
        return 'not run', 'open'
    value = cells[0].mean - (0.0 if cells[1] is None else cells[1].mean)
    # A goal can be missed by less than the last digit that is shown.
    digits = 1 if goal.holds(round(value, 1)) == goal.holds(value) else 2
    text = cell_text(cells[0], digits) if cells[1] is None else f'{value:+z.{digits}f}'
    return text, 'yes' if goal.holds(value) else 'no'


def _table7_parts(figures: PaperFigures, records: Records) -> Iterator[str]:
    yield figures.table7
    yield from (render_case.markdown(case) for case in records['official'].cases)


def _table_parts(table: PaperTable, records: Records) -> Iterator[str]:
    if table.note is not None:
        yield table.note
    footnotes = [row.footnote for row in table.rows if row.footnote is not None]
    with_official = any(row.official is not None for row in table.rows)
    rows = []
    for row in table.rows:
        mark = ' ᵗ' if row.quoted else ''
        if row.footnote is not None:
            mark += f' ({footnotes.index(row.footnote) + 1})'
        for i, (metric, value) in enumerate(zip(table.metrics, row.paper)):
            here, difference = _here_cells(table, row, metric, value, records)
            first = escape_cell(row.title) + mark if i == 0 else ''
            official = _official_cells(row, metric, value, records) if with_official else []
            rows.append([first, table.metrics[metric], _number(table, metric, value), *official, here, difference])
    heads = (
        ['official test set', 'difference', 'own test split', 'difference'] if with_official else ['here', 'difference']
    )
    yield markdown_table(['row', 'metric', 'paper', *heads], rows, left=2)
    if any(row.quoted for row in table.rows):
        yield QUOTED
    if footnotes:
        yield '\n'.join(f'{i}. {text}' for i, text in enumerate(footnotes, start=1))
    commands = {row.command for row in table.rows if row.command is not None and _needs_llm(row, records)}
    for command in sorted(commands):
        yield f'The rows that need an LLM are measured by `{command}`.'


def _needs_llm(row: PaperRow, records: Records) -> bool:
    return row.here is not None and (find_row(row.here, records)[1].note or '').startswith(NEEDS_LLM)


def _here_cells(
    table: PaperTable, row: PaperRow, metric: str, value: float | None, records: Records
) -> tuple[str, str]:
    """Return our figure and its difference from the paper's."""
    if row.here is None:
        return str(row.reason), ''
    if table.unit == 'counts':
        count = corpus_counts(row.here, records)[metric]
        return _number(table, metric, count), '' if value is None else _signed(table, metric, count - value)
    if _needs_llm(row, records):
        return NEEDS_LLM, ''
    cell, seeds = cell_of(row.here, 'all', metric, records), ''
    if cell is None and row.other_cutoffs is not None:
        cell = cell_of(row.other_cutoffs, 'all', metric, records)
        done, whole = (len(find_row(where, records)[1].runs) for where in (row.other_cutoffs, row.here))
        seeds = '' if done == whole else f', {done} of {whole} seeds'
    if cell is None:
        return 'not recorded', ''
    text = cell_text(cell, 1) + seeds
    if value is None:
        return text, ''
    if cell.half_width is None:
        return text, _difference(cell, value) if cell.bounds is not None else f'{cell.mean - value:+.1f} (one run)'
    return text, f'{cell.mean - value:+.1f} ± {cell.half_width:.1f}'


def _official_cells(row: PaperRow, metric: str, value: float | None, records: Records) -> list[str]:
    """Return our figure on the official test set and its difference from the paper's."""
    if row.official is None:
        return ['', '']
    cell = cell_of(row.official, 'all', metric, records)
    if cell is None:
        return ['not run', '']
    if value is None:
        return [cell_text(cell, 1), '']
    return [cell_text(cell, 1), _difference(cell, value)]


def _difference(cell: Cell, value: float) -> str:
    """Return the difference of a mean from the paper's figure, with its interval over conversations if it has one."""
    bounds = '' if cell.bounds is None else f' [{cell.bounds[0] - value:+.1f}, {cell.bounds[1] - value:+.1f}]'
    return f'{cell.mean - value:+.1f}{bounds}'


def _decimals(table: PaperTable, metric: str) -> int:
    return {'percent': 1, 'points': 2}.get(table.unit, 1 if 'per' in metric else 0)


def _number(table: PaperTable, metric: str, value: float | None) -> str:
    return '–' if value is None else f'{value:,.{_decimals(table, metric)}f}'


def _signed(table: PaperTable, metric: str, value: float) -> str:
    return f'{value:+,.{_decimals(table, metric)}f}'


def _figure4_parts(figure: Figure4, records: Records) -> Iterator[str]:
    yield figure.note
    rows = []
    for reading, meaning in figure.readings.items():
        for dataset in ('ReDial', 'OpenDialKG'):
            up, down, unchanged = shifts(reading, dataset, records)
            low, high = _share_interval(up, up + down)
            share = f'{100 * up / (up + down):.0f} % [{low:.0f}, {high:.0f}]'
            rows.append([meaning, dataset, 'more than half', f'{up}', f'{down}', f'{unchanged}', share])
    yield markdown_table(['reading', 'dataset', 'paper: share that rises', 'up', 'down', 'unchanged', 'share'], rows, 3)
    yield (
        'The share is that of the labels that rise among those that move, with the 95 % interval of Wilson. It '
        'treats labels as independent, and is therefore too narrow.'
    )


def _share_interval(count: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share, in percent."""
    from scipy.stats import binomtest

    interval = binomtest(count, total).proportion_ci(method='wilson')
    return 100 * interval.low, 100 * interval.high


def _published_parts(figures: PaperFigures, records: Records) -> Iterator[str]:
    yield figures.published.note
    rows = [
        [escape_cell(row.title), row.source, row.data, row.samples, *map(_triple, (row.all, row.new))]
        for row in figures.published.rows
    ]
    for title, where in figures.official.ours.items():
        triples = [
            [cell and cell.mean for cell in (cell_of(where, group, metric, records) for metric in OURS)]
            for group in ('all', 'new')
        ]
        if triples[0][0] is not None:
            rows.append([escape_cell(title), 'here', OUR_DATA, OUR_SAMPLES, *map(_triple, triples)])
    yield markdown_table(['system', 'source', 'data', 'samples', 'ALL R@1/10/50', 'NEW R@1/10/50'], rows, left=4)


def _triple(values: list[float | None]) -> str:
    if all(value is None for value in values):
        return '–'
    return '/'.join('–' if value is None else f'{value:.1f}' for value in values)
