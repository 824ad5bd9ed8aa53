"""Write a table of ``results/<suite>.json`` as Markdown and as LaTeX."""

from __future__ import annotations

from typing import Iterable, Iterator

from crslab_causal.base.tables import escape_cell, markdown_table
from crslab_causal.data.data_files import data_line
from crslab_causal.experiments.analysis.record import CLUSTERED, MeanRecord, RowRecord, TableRecord
from crslab_causal.experiments.reporting.cells import (
    LIMIT,
    LIMIT_TITLE,
    Cell,
    column_metrics,
    column_titles,
    digits,
    limit_metric,
    row_cells,
)
from crslab_causal.experiments.reporting.latex import escape_latex


def markdown(table: TableRecord) -> str:
    """Return the table in Markdown, and below it the sentences that explain its signs.

    If the table is a sweep with several series, there is one grid of series and values for each metric instead.
    """
    if table.sweep is not None and any(row.series for row in table.rows):
        return '\n\n'.join([*_grids(table), ' '.join(legend(table))]).rstrip()
    metrics = column_metrics(table)
    with_seeds = table.kind != 'corpus'
    heads = [table.split, *['seeds'] * with_seeds, *map(escape_cell, column_titles(table))]
    rows = []
    for row in _shown(table):
        numbers = [_markdown_cell(cell, digits(metric, table)) for cell, metric in zip(row_cells(row, table), metrics)]
        title = row.title + (f' ({row.note})' if row.note else '') + (f' [{row.source}]' if row.source else '')
        rows.append([escape_cell(title), *[str(len(row.runs) or '')] * with_seeds, *numbers])
    return '\n'.join([markdown_table(heads, rows), '', ' '.join(legend(table))]).rstrip()


def _shown(table: TableRecord) -> list[RowRecord]:
    """Return the rows of a table, without reported scores if the split is valid: these scores are of a test split."""
    return [row for row in table.rows if row.reported is None or table.split != 'valid']


def joined(tables: Iterable[TableRecord]) -> str:
    """Return several tables in Markdown, each below its title."""
    return '\n\n'.join(f'**{escape_cell(table.title)}**\n\n{markdown(table)}' for table in tables)


def _grids(table: TableRecord) -> Iterator[str]:
    """Yield a table for each metric and group, with a row for each series and a column for each value of the sweep."""
    assert table.sweep is not None
    values = list(dict.fromkeys(row.x for row in table.rows))
    metrics = column_metrics(table)
    series = {
        name: [row for row in table.rows if row.series == name]
        for name in dict.fromkeys(row.series for row in table.rows)
    }
    for column, (head, metric) in enumerate(zip(column_titles(table), metrics)):
        if LIMIT in metric:  # it is shown as a row below the models
            continue
        heads = [f'{escape_cell(head)}; {escape_cell(table.sweep.label)} =', *map(str, values), 'mean']
        rows = []
        for name, members in series.items():
            notes = sorted({row.note for row in members if row.note})
            title = name + (f' ({notes[0]})' if notes else '')
            cells = _grid_cells(table, members, values, column)
            rows.append([escape_cell(title), *(_markdown_cell(cell, digits(metric, table)) for cell in cells)])
        limit = limit_metric(metric)
        if limit in metrics:
            cells = _grid_cells(table, next(iter(series.values())), values, metrics.index(limit))
            plain = [cell and cell._replace(half_width=None, sign=0) for cell in cells]
            rows.append([escape_cell(LIMIT_TITLE), *(_markdown_cell(cell, digits(metric, table)) for cell in plain)])
        yield markdown_table(heads, rows)


def _grid_cells(table: TableRecord, rows: list[RowRecord], values: list, column: int) -> list[Cell | None]:
    """Return the cells of a column: one for each value of the sweep, and last the mean over these values."""
    by_value = {row.x: row_cells(row, table)[column] for row in rows}
    mean = next(row_cells(mean, table)[column] for mean in table.means if mean.title == rows[0].series)
    return [*(by_value[value] for value in values), mean]


def _markdown_cell(cell: Cell | None, decimals: int) -> str:
    if cell is None:
        return ''
    spread = '' if cell.half_width is None else f' ± {cell.half_width:,.{decimals}f}'
    if cell.bounds is not None:
        spread += f' [{cell.bounds[0]:,.{decimals}f}, {cell.bounds[1]:,.{decimals}f}]'
    sign = {1: ' ▲', -1: ' ▼'}.get(cell.sign, '')
    return f'{cell.mean:,.{decimals}f}{spread}{sign}{" ʳ" if cell.reported else ""}'


def legend(table: TableRecord) -> list[str]:
    """Return the sentences that explain the numbers and signs of a table."""
    sentences = []
    if any(len(row.runs) > 1 for row in table.rows):
        sentences.append(
            'Mean ± 95 % interval over seeds'
            + (', of which each has a corpus of its own' if table.seeded else '')
            + ' (Student t).'
        )
    if any(row.tests for row in table.rows):
        reference = next(row.title for row in table.rows if table.is_reference(row))
        sentences.append(
            f'▲ ▼: above or below "{escape_cell(reference)}", p < 0.05 after Holm over the table (paired '
            'bootstrap clustered by conversation, and, with several seeds, also Welch over the seeds).'
        )
        if any(test.test != CLUSTERED for row in table.rows for tests in row.tests.values() for test in tests.values()):
            sentences.append(
                "R@1 has McNemar's test of an earlier release, which takes the samples of a conversation as "
                'independent; their ranks are not in the record, so the test is not repeated here.'
            )
    if any(mean.tests for mean in table.means):
        reference = next(mean.title for mean in table.means if mean.reference)
        sentences.append(
            f'▲ ▼: the mean is above or below that of "{escape_cell(reference)}", p < 0.05 after Holm over the '
            f'means ({"paired t test" if table.seeded else "Welch"} over the seeds).'
        )
    if any(row.intervals for row in table.rows):
        sentences.append('[low, high]: 95 % interval of the mean, by a bootstrap that draws conversations.')
        partial = sorted({(row.interval_runs, len(row.runs)) for row in table.rows if row.interval_runs is not None})
        if partial:
            sentences.append(
                'Some early runs did not save their ranks. In their rows the interval uses the other runs: '
                f'{", ".join(f"{n} of {total}" for n, total in partial)}.'
            )
    if any(run.times_scored for row in table.rows for run in row.runs):
        again = [row for row in table.rows if any((run.times_scored or 1) > 1 for run in row.runs)]
        sentences.append(
            'Every run was scored once.'
            if not again
            else 'Scored more than once: '
            + '; '.join(
                f'{escape_cell(row.title)} ({max(run.times_scored or 1 for run in row.runs)} times)' for row in again
            )
            + '.'
        )
    if any(row.reported is not None for row in _shown(table)):
        sentences.append(
            'ʳ: reported by the source, on another split or with other labels, and not comparable with the rows that '
            'are measured.'
        )
        sentences += _footnotes(table)
    return [*sentences, data_line(table.data)] if table.data else sentences


def _footnotes(table: TableRecord) -> list[str]:
    """Return the footnotes of reported rows as one sentence. A footnote that several rows have occurs once."""
    titles: dict[str, list[str]] = {}
    for row in _shown(table):
        if row.footnote is not None:
            titles.setdefault(row.footnote, []).append(escape_cell(row.title))
    notes = [f'{", ".join(rows)}: {note}' for note, rows in titles.items()]
    return [f'{"; ".join(notes)}.'] if notes else []


def latex(table: TableRecord) -> str:
    """Return the table as a ``tabular`` for booktabs, in a ``table`` with its caption."""
    metrics = column_metrics(table)

    def line(title: str, row: RowRecord | MeanRecord) -> str:
        cells = [_latex_cell(cell, digits(metric, table)) for cell, metric in zip(row_cells(row, table), metrics)]
        return ' & '.join([escape_latex(title), *cells]) + r' \\'

    caption = f'{escape_latex(table.title)} ({table.split}). {escape_latex(" ".join(legend(table)))}'
    return (
        '\n'.join(
            [
                r'\begin{table}',
                r'\centering',
                rf'\caption{{{caption}}}',
                rf'\label{{tab:{table.name}}}',
                rf'\begin{{tabular}}{{l{"r" * len(metrics)}}}',
                r'\toprule',
                ' & '.join(['', *map(escape_latex, column_titles(table))]) + r' \\',
                r'\midrule',
                *(line(row.title + (f' ({row.note})' if row.note else ''), row) for row in _shown(table)),
                *(line(f'{mean.title}, mean', mean) for mean in table.means),
                r'\bottomrule',
                r'\end{tabular}',
                r'\end{table}',
            ]
        )
        + '\n'
    )


def _latex_cell(cell: Cell | None, decimals: int) -> str:
    if cell is None:
        return '--'
    spread = '' if cell.half_width is None else rf' \pm {cell.half_width:,.{decimals}f}'
    if cell.bounds is not None:
        spread += rf'\ [{cell.bounds[0]:,.{decimals}f}, {cell.bounds[1]:,.{decimals}f}]'
    mark = {1: r'^{\blacktriangle}', -1: r'^{\blacktriangledown}'}.get(cell.sign, '')
    return f'${cell.mean:,.{decimals}f}{spread}{mark}${r" (r)" if cell.reported else ""}'
