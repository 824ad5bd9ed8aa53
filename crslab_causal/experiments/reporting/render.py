"""A table's record as Markdown and as LaTeX; nothing is computed here but means and intervals."""

from __future__ import annotations

import math
from typing import Iterable, Iterator, NamedTuple

from crslab_causal.evaluator.metrics import GROUPS
from crslab_causal.experiments.analysis.statistics import mean_interval

SHORT = {'recall': 'R', 'ndcg': 'NDCG', 'mrr': 'MRR', 'dist': 'Dist', 'bleu': 'BLEU'}
LIMIT = 'observational'
"""In the names of distances that belong to the true P(Y | X), and to no model."""
LIMIT_TITLE = 'the true P(Y | X)'


class Cell(NamedTuple):
    """A number of a table."""

    mean: float
    half_width: float | None
    """Of the 95 % interval over seeds; None for a single one."""
    sign: int
    """1 or -1: significantly above or below the reference; 0: not, or not tested."""
    reported: bool


def cells(row: dict, table: dict) -> list[Cell | None]:
    """The numbers of a row, by group and metric; None where there is none."""
    result: list[Cell | None] = []
    for group in table['groups']:
        for metric in table['metrics']:
            if row['reported'] is not None:
                value = row['reported'].get(metric) if group == 'all' else None
                result.append(None if value is None else Cell(value, None, 0, True))
                continue
            values = [v for v in row['scores'].get(group, {}).get(metric, []) if v is not None]
            if not values:
                result.append(None)
                continue
            interval = mean_interval([scale(metric, table) * v for v in values])
            test = row['tests'].get(group, {}).get(metric)
            sign = 0 if test is None or not test['significant'] else int(math.copysign(1, test['difference']))
            result.append(Cell(interval.mean, interval.half_width, sign, False))
    return result


def scale(metric: str, table: dict) -> int:
    """Shares are shown in percent; counts and distances stand as they are."""
    return 1 if table['kind'] == 'corpus' or metric.endswith(('_kl', '_tv')) else 100


def digits(metric: str, table: dict) -> int:
    """Decimals of a metric's numbers."""
    return 1 if scale(metric, table) == 100 or '%' in metric else 0 if table['kind'] == 'corpus' else 3


def heads(table: dict) -> list[str]:
    """Titles of the columns."""
    names = [_head(metric) for metric in table['metrics']]
    if table['groups'] == ['all']:
        return names
    return [f'{GROUPS[group]} {name}' for group in table['groups'] for name in names]


def _head(metric: str) -> str:
    """``recall@10`` as R@10, ``interventional_model_tv`` as TV to P(Y | do(X))."""
    for split in ('interventional', 'test'):
        what, found, distance = metric.removeprefix(f'{split}_').rpartition('_')
        if metric.startswith(f'{split}_') and found:
            known = f'of {LIMIT_TITLE} ' if what == LIMIT else ''
            return f'{distance.upper()} {known}to P(Y | do(X))' + (' (test)' if split == 'test' else '')
        if metric.startswith(f'{split}_'):
            return _head(distance) + (' (test)' if split == 'test' else '')
    name, sign, k = metric.partition('@' if '@' in metric else '-')
    return f'{SHORT.get(name, name)}{sign}{k}'


def markdown(table: dict) -> str:
    """The table, and below it what its signs mean; a grid of rows and values has a table for each metric."""
    if table['sweep'] is not None and any(row['series'] for row in table['rows']):
        return '\n\n'.join([*_grids(table), ' '.join(legend(table))]).rstrip()
    columns = [metric for _ in table['groups'] for metric in table['metrics']]
    seeded = table['kind'] != 'corpus'
    lines = [' | '.join([f"| {table['split']}", *['seeds'] * seeded, *map(escaped, heads(table))]) + ' |',
             '|---|' + '---:|' * (seeded + len(columns))]
    for row in table['rows']:
        shown = [_markdown_cell(cell, digits(metric, table)) for cell, metric in zip(cells(row, table), columns)]
        title = escaped(row['title']) + (f" ({row['note']})" if row['note'] else '')
        title += f" [{row['source']}]" if row['source'] else ''
        lines.append(' | '.join([f'| {title}', *[str(len(row['runs']) or '')] * seeded, *shown]) + ' |')
    return '\n'.join([*lines, '', ' '.join(legend(table))]).rstrip()


def _grids(table: dict) -> Iterator[str]:
    """For each metric and group a row for each series, and a column for each value of the sweep."""
    values = list(dict.fromkeys(row['x'] for row in table['rows']))
    metrics = table['metrics'] * len(table['groups'])
    series = {name: [row for row in table['rows'] if row['series'] == name]
              for name in dict.fromkeys(row['series'] for row in table['rows'])}
    for column, (head, metric) in enumerate(zip(heads(table), metrics)):
        if LIMIT in metric:  # a line of the table of the models' distances
            continue
        lines = [f"| {escaped(head)}; {escaped(table['sweep']['label'])} = | {' | '.join(map(str, values))} | mean |",
                 '|---|' + '---:|' * (len(values) + 1)]
        wanted = [(name, rows, column) for name, rows in series.items()]
        limit = metric.replace('_model_', f'_{LIMIT}_')
        if limit != metric and limit in metrics:
            wanted.append((LIMIT_TITLE, next(iter(series.values())), metrics.index(limit)))
        for name, rows, place in wanted:
            own = {row['x']: cells(row, table)[place] for row in rows}
            mean = next(cells(row, table)[place] for row in table['means'] if row['title'] == rows[0]['series'])
            found = [*(own[x] for x in values), mean]
            found = [cell and cell._replace(half_width=None, sign=0) for cell in found] if place != column else found
            notes = sorted({row['note'] for row in rows if row['note']}) if place == column else []
            shown = ' | '.join(_markdown_cell(cell, digits(metric, table)) for cell in found)
            lines.append(f"| {escaped(name)}{f' ({notes[0]})' if notes else ''} | {shown} |")
        yield '\n'.join(lines)


def _markdown_cell(cell: Cell | None, decimals: int) -> str:
    if cell is None:
        return ''
    spread = '' if cell.half_width is None else f' ± {cell.half_width:,.{decimals}f}'
    return f"{cell.mean:,.{decimals}f}{spread}{({1: ' ▲', -1: ' ▼'}).get(cell.sign, '')}{' ʳ' if cell.reported else ''}"


def escaped(text: str) -> str:
    """Text for a cell of Markdown."""
    return text.replace('|', '\\|')


def legend(table: dict) -> list[str]:
    """Sentences that explain what the table shows."""
    said = []
    if any(len(row['runs']) > 1 for row in table['rows']):
        said.append('Mean ± 95 % interval over seeds' + (', of which each has a corpus of its own' if table['seeded'] else '')
                    + ' (Student t).')
    if any(row['tests'] for row in table['rows']):
        which = next(row['title'] for row in table['rows'] if _is_reference(row, table))
        said.append(f'▲ ▼: above or below "{escaped(which)}", p < 0.05 after Holm over the table (paired bootstrap '
                    'clustered by conversation, for R@1 McNemar, and, with several seeds, also Welch over the seeds).')
    if any(row['tests'] for row in table['means']):
        which = next(row['title'] for row in table['means'] if row['reference'])
        said.append(f'▲ ▼: the mean is above or below that of "{escaped(which)}", p < 0.05 after Holm over the means '
                    f"({'paired t test' if table['seeded'] else 'Welch'} over the seeds).")
    if any(row['reported'] is not None for row in table['rows']):
        said.append('ʳ: reported by the source, on another split of the data, and not comparable with the rows that '
                    'are measured.')
    return said


def _is_reference(row: dict, table: dict) -> bool:
    if table['sweep'] is not None:
        return row['x'] == table['sweep']['default']
    return row['id'] is not None and row['id'] == table['reference']


# ---------------------------------------------------------------- LaTeX

_LATEX = str.maketrans({'&': r'\&', '%': r'\%', '_': r'\_', '#': r'\#', '$': r'\$', '{': r'\{', '}': r'\}',
                        '~': r'\textasciitilde{}', '^': r'\textasciicircum{}', '\\': r'\textbackslash{}',
                        '|': r'\textbar{}', '—': '---', '†': r'\textdagger{}', '²': r'\textsuperscript{2}'})


def latex(table: dict) -> str:
    """The table as a ``tabular`` for booktabs, in a ``table`` with its caption."""
    columns = [metric for _ in table['groups'] for metric in table['metrics']]
    lines = [r'\begin{table}', r'\centering', rf"\caption{{{tex(table['title'])} ({table['split']}). "
             rf"{tex(' '.join(legend(table)))}}}", rf"\label{{tab:{table['name']}}}",
             rf"\begin{{tabular}}{{l{'r' * len(columns)}}}", r'\toprule',
             ' & '.join(['', *map(tex, heads(table))]) + r' \\', r'\midrule']
    means = [{**row, 'title': f"{row['title']}, mean", 'note': None} for row in table['means']]
    for row in [*table['rows'], *means]:
        shown = [_latex_cell(cell, digits(metric, table)) for cell, metric in zip(cells(row, table), columns)]
        title = tex(row['title']) + (f" ({tex(row['note'])})" if row['note'] else '')
        lines.append(' & '.join([title, *shown]) + r' \\')
    return '\n'.join([*lines, r'\bottomrule', r'\end{tabular}', r'\end{table}']) + '\n'


def _latex_cell(cell: Cell | None, decimals: int) -> str:
    if cell is None:
        return '--'
    spread = '' if cell.half_width is None else rf' \pm {cell.half_width:,.{decimals}f}'
    mark = {1: r'^{\blacktriangle}', -1: r'^{\blacktriangledown}'}.get(cell.sign, '')
    return f"${cell.mean:,.{decimals}f}{spread}{mark}${r' (r)' if cell.reported else ''}"


def tex(text: str) -> str:
    """Text for LaTeX."""
    written = text.translate(_LATEX)
    for sign, command in (('▲', r'$\blacktriangle$'), ('▼', r'$\blacktriangledown$'), ('±', r'$\pm$'), ('ʳ', '(r)'),
                          ('→', r'$\rightarrow$')):
        written = written.replace(sign, command)
    return written


def joined(tables: Iterable[dict]) -> str:
    """Several tables in Markdown, each under its title."""
    return '\n\n'.join(f"**{escaped(table['title'])}**\n\n{markdown(table)}" for table in tables)
