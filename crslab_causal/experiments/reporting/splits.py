"""The scores of one row on valid, on the latest conversations and on the official test, beside each other.

::

    python -m crslab_causal.experiments.reporting.splits

The numbers come from the records of the suites ``pool``, ``late`` and ``official`` in the folder ``results``. Nothing
is run. The table goes to ``results/splits/redial.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Mapping

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.base.files import replace_file
from crslab_causal.base.tables import escape_cell, markdown_table
from crslab_causal.evaluator.metrics import GROUPS, metric_title
from crslab_causal.experiments.analysis.record import TableRecord, read_record
from crslab_causal.experiments.analysis.statistics import mean_interval

PLACES = {
    'valid': ('pool', 'pool_redial_valid'),
    'valid: late': ('late', 'late_redial'),
    'official test': ('official', 'official_redial'),
}
"""Record and table of each column, by its title."""
METRICS = {'all': ('recall@10', 'recall@50'), 'new': ('recall@50',)}
"""Metrics of the table by group of labels."""
PAGE = Path('splits', 'redial.md')


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: write the table. Return the exit status."""
    parser = argparse.ArgumentParser(description='Write the scores of one row on three splits side by side.')
    parser.add_argument('--results', type=path_argument, default=Path('results'), help='folder of the records')
    options = parser.parse_args(arguments)

    def write() -> None:
        replace_file(options.results / PAGE, splits_page(read_tables(options.results)) + '\n')
        print(options.results / PAGE)

    return exit_status(write)


def read_tables(folder: Path) -> dict[str, TableRecord]:
    """Read the tables that are compared, by the title of their column.

    Raises:
        UserError: a record is missing or damaged.
    """
    tables = {}
    for title, (suite, name) in PLACES.items():
        path = folder / f'{suite}.json'
        if not path.is_file():
            raise UserError(f'{path}: does not exist; run `crslab-causal experiments {suite}` first')
        tables[title] = next(table for table in read_record(path).tables if table.name == name)
    return tables


def splits_page(tables: Mapping[str, TableRecord]) -> str:
    """Return the table in Markdown, with a row for each row of ``valid: late`` and a column for each split and metric.

    A cell is empty if its record has no scores of the row.
    """
    heads = ['ReDial']
    for group, metrics in METRICS.items():
        heads += [f'{GROUPS[group]} {metric_title(metric)}, {split}' for metric in metrics for split in tables]
    rows = [
        [
            escape_cell(row.title),
            *(
                _cell(table, row.title, group, metric)
                for group, metrics in METRICS.items()
                for metric in metrics
                for table in tables.values()
            ),
        ]
        for row in tables['valid: late'].rows
    ]
    return markdown_table(heads, rows) + '\n\nIn percent. Mean ± 95 % interval over seeds (Student t).'


def _cell(table: TableRecord, title: str, group: str, metric: str) -> str:
    row = next((row for row in table.rows if row.title == title), None)
    values = [] if row is None else row.scores.get(group, {}).get(metric, [])
    known = [100 * value for value in values if value is not None]
    if not known:
        return ''
    interval = mean_interval(known)
    return f'{interval.mean:.1f}' + ('' if interval.half_width is None else f' ± {interval.half_width:.1f}')


if __name__ == '__main__':
    raise SystemExit(main())
