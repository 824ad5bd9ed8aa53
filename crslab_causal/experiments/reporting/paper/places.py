"""Replace placeholders such as ``{here:controls/controls_redial/w/o causal/all/recall@50}`` by numbers of the records.

No number of a record is therefore typed by hand. The placeholders are:

- ``{paper:table/row/metric}``: a figure of the paper;
- ``{here:suite/table/row/group/metric}``: the mean of a row of a record with its interval;
- ``{gain:suite/table/row/group/metric}``: its difference from the reference of its table, with its interval;
- ``{figure4:reading/dataset}``: how many labels rise and fall in Figure 4;
- ``{first:title}``: the first item that a system recommends in the paper's own example;
- ``{kl:reading/dataset/up}``: mean divergence of the labels that rise (or ``down``: fall) in each range of ranks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.record import Reading, RowRecord, SuiteRecord, TableRecord
from crslab_causal.experiments.reporting.cells import Cell, digits, row_cells
from crslab_causal.experiments.reporting.paper.figures import PaperFigures

Records = Mapping[str, SuiteRecord]
"""Records of the suites by name."""

PLACE = re.compile(r'\{(paper|here|gain|figure4|first|kl):([^{}]+)\}')
CORPUS_TABLE = re.compile(r'(\w+)_(?:train|valid|test)')


def fill(text: str, figures: PaperFigures, records: Records) -> str:
    """Return the text with numbers in the place of its placeholders.

    Raises:
        UserError: a placeholder names no number.
    """

    def number(match: re.Match[str]) -> str:
        kind, where = match[1], match[2]
        try:
            return _NUMBERS[kind](where, figures, records)
        except (KeyError, ValueError, StopIteration) as error:
            raise UserError(f'{match[0]}: no such number; correct the place in figures.yaml') from error

    return PLACE.sub(number, text)


def find_row(where: str, records: Records) -> tuple[TableRecord, RowRecord]:
    """Return the table and the row that ``suite/table/row`` names.

    Raises:
        KeyError: there is no such row.
    """
    suite, name, title = where.split('/', 2)
    for table in records[suite].tables:
        for row in table.rows:
            if (table.name, row.title) == (name, title):
                return table, row
    raise KeyError(where)


def cell_of(where: str, group: str, metric: str, records: Records) -> Cell | None:
    """Return the mean and the interval of a row for a metric; None if the record has no such number."""
    table, row = find_row(where, records)
    if group not in table.groups or metric not in table.metrics:
        return None
    return row_cells(row, table)[table.groups.index(group) * len(table.metrics) + table.metrics.index(metric)]


def corpus_counts(where: str, records: Records) -> dict[str, float]:
    """Return the counts of a dataset, summed over its splits. ``where`` is ``suite/table/row``.

    Raises:
        KeyError: the record has no such dataset.
    """
    suite, name, title = where.split('/', 2)
    sums = {'conversations': 0.0, 'utterances': 0.0}
    for table in records[suite].tables:
        match = CORPUS_TABLE.fullmatch(table.name)
        if match is not None and match[1] == name:
            row = next(row for row in table.rows if row.title == title)
            for metric in sums:
                sums[metric] += row.scores['all'][metric][0] or 0
    if not sums['conversations']:
        raise KeyError(where)
    return sums | {'utterances per conversation': sums['utterances'] / sums['conversations']}


def shifts(reading: Reading, dataset: str, records: Records) -> tuple[int, int, int]:
    """Return how many labels rise, fall and keep their rank in Figure 4, as three numbers.

    Raises:
        KeyError: ``controls.json`` has no such figure.
    """
    for record in records['controls'].figures:
        for panel in record.panels:
            if record.reading == reading and dataset in panel.title:
                histogram = panel.histogram
                up, down = (sum(map(sum, counts)) for counts in (histogram.up, histogram.down))
                return up, down, sum(histogram.unchanged)
    raise KeyError(f'{reading}/{dataset}')


def divergences(reading: Reading, dataset: str, records: Records) -> dict[str, list[float | None]]:
    """Return the mean divergence in each range of ranks of Figure 4 (c), of labels that rise and that fall.

    Raises:
        KeyError: the record of the controls has no such figure.
    """
    for record in records['controls'].figures:
        for panel in record.panels:
            if record.reading == reading and dataset in panel.title and panel.kl is not None:
                up, _, down = panel.kl.mean
                return {'up': up, 'down': down}
    raise KeyError(f'{reading}/{dataset}')


def _paper(where: str, figures: PaperFigures, records: Records) -> str:
    name, rest = where.split('/', 1)
    title, metric = rest.rsplit('/', 1)
    table, row = figures.row(name, title)
    value = row.paper[list(table.metrics).index(metric)]
    if value is None:
        raise KeyError(where)
    return f'{value:.{2 if table.unit == "points" else 1}f}'


def _here(where: str, figures: PaperFigures, records: Records) -> str:
    row, group, metric = where.rsplit('/', 2)
    cell = cell_of(row, group, metric, records)
    if cell is None:
        raise KeyError(where)
    return cell_text(cell, digits(metric, find_row(row, records)[0]))


def _gain(where: str, figures: PaperFigures, records: Records) -> str:
    title, group, metric = where.rsplit('/', 2)
    _, row = find_row(title, records)
    test = row.tests[group][metric]
    interval = '' if test.low is None or test.high is None else f' [{100 * test.low:+.1f}, {100 * test.high:+.1f}]'
    return f'{100 * test.difference:+.1f}{interval}' + (', significant' if test.significant else ', not significant')


def _figure4(where: str, figures: PaperFigures, records: Records) -> str:
    reading, dataset = where.split('/')
    name: Reading = 'one_model' if reading == 'one_model' else 'two_models'
    up, down, _ = shifts(name, dataset, records)
    return f'{up} up, {down} down'


def _first(where: str, figures: PaperFigures, records: Records) -> str:
    """Return the first item of a system's list in the example of the official test."""
    return next(
        system.listed[0]
        for case in records['official'].cases
        for system in case.systems
        if system.title == where and system.listed
    )


def _kl(where: str, figures: PaperFigures, records: Records) -> str:
    reading, dataset, direction = where.split('/')
    name: Reading = 'one_model' if reading == 'one_model' else 'two_models'
    means = divergences(name, dataset, records)[direction]
    return ', '.join('–' if mean is None else f'{mean:.2f}' for mean in means)


_NUMBERS = {'paper': _paper, 'here': _here, 'gain': _gain, 'figure4': _figure4, 'first': _first, 'kl': _kl}


def cell_text(cell: Cell, decimals: int) -> str:
    """Return a mean with its intervals, as the tables of the suites write it."""
    text = f'{cell.mean:.{decimals}f}' + ('' if cell.half_width is None else f' ± {cell.half_width:.{decimals}f}')
    return text + ('' if cell.bounds is None else f' [{cell.bounds[0]:.{decimals}f}, {cell.bounds[1]:.{decimals}f}]')
