"""Draw the figures of a suite from the numbers in ``results/<suite>.json``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Iterator, Sequence

from crslab_causal.evaluator.metrics import GROUPS
from crslab_causal.experiments.analysis.record import RowRecord, SuiteRecord, TableRecord
from crslab_causal.experiments.reporting.cells import (
    LIMIT,
    LIMIT_TITLE,
    Cell,
    column_metrics,
    column_titles,
    limit_metric,
    row_cells,
    scale,
)
from crslab_causal.experiments.reporting.figures.curves import Panel, Series, draw_curves
from crslab_causal.experiments.reporting.figures.forest import Comparison, draw_forest
from crslab_causal.experiments.reporting.figures.rank_shift import draw_rank_shift
from crslab_causal.experiments.suite.suite_options import Scalar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RowCells = tuple[RowRecord, list[Cell | None]]


def figures_of(record: SuiteRecord) -> Iterator[tuple[str, Figure]]:
    """Yield pairs of the name of a figure and the figure.

    There are curves for each sweep, forest plots of differences for each table with tests, and Figure 4.
    """
    for table in record.tables:
        if table.sweep is not None and any(row.runs for row in table.rows):
            yield table.name, draw_table_curves(table)
        elif any(row.tests for row in table.rows):
            yield table.name, draw_differences(table)
    for figure in record.figures:
        yield figure.name, draw_rank_shift(figure)


def draw_table_curves(table: TableRecord) -> Figure:
    """Draw curves over the values of a sweep.

    There is a panel for each group of labels or, in the study of confounding, for each distance.
    """
    assert table.sweep is not None
    rows = [(row, row_cells(row, table)) for row in table.rows if row.runs]
    panels = [
        Panel(
            _axis_label(table, column),
            _series(rows, column),
            _mean_title(table, column) if table.means else _title(table) if not i else '',
            _limits(table, rows, column),
        )
        for i, column in enumerate(_main_columns(table))
    ]
    return draw_curves(panels, table.sweep.label, _setting(table.sweep.default), 'reference of the tests')


def draw_differences(table: TableRecord) -> Figure:
    """Draw how much each row of a table differs from the table's reference row, for each group of labels.

    The differences are those of the last metric of the table.
    """
    metric = table.metrics[-1]
    comparisons = []
    for group in table.groups:
        for row in table.rows:
            test = row.tests.get(group, {}).get(metric)
            if test is not None:
                comparisons.append(
                    Comparison(
                        row.title,
                        100 * test.difference,
                        _points(test.low),
                        _points(test.high),
                        test.significant,
                        GROUPS[group],
                    )
                )
    return draw_forest(comparisons, f'difference in {metric}, points', _title(table))


def _title(table: TableRecord) -> str:
    """Return the title of a table, and how many of its rows are significantly better or worse than the reference."""
    reference = next((row.title for row in table.rows if table.is_reference(row)), None)
    counts = []
    for group in table.groups:
        tests = [row.tests.get(group, {}).get(table.metrics[-1]) for row in table.rows]
        significant = [test.difference > 0 for test in tests if test is not None and test.significant]
        n = sum(test is not None for test in tests)
        if n:
            counts.append((GROUPS[group], n, sum(significant), len(significant) - sum(significant)))
    if reference is None or not counts:
        return table.title
    if not any(better or worse for _, _, better, worse in counts):
        return f'{table.title}: no row differs significantly from "{reference}"'
    (group, n, better, worse), *others = counts
    finding = f'{better or "none"} of {n} rows are significantly better than "{reference}", {worse or "none"} are worse'
    further = [f'{better or "none"} better, {worse or "none"} worse ({group})' for group, _, better, worse in others]
    return f'{table.title}: {"; ".join([f"{finding} ({group})", *further])}'


def _mean_title(table: TableRecord, column: int) -> str:
    """Return a title that says which means in a column differ significantly from the mean of the reference."""
    metric, label = column_metrics(table)[column], column_titles(table)[column]
    reference = next((mean.title for mean in table.means if mean.reference), None)
    if reference is None:
        return ''
    higher, lower = ('farther', 'closer') if scale(metric, table) == 1 else ('better', 'worse')
    above, below = [], []
    for mean in table.means:
        test = mean.tests.get('all', {}).get(metric)
        if test is not None and test.significant:
            (above if test.difference > 0 else below).append(mean.title)
    parts = [
        f'{" and ".join(titles)} significantly {word}' for titles, word in ((above, higher), (below, lower)) if titles
    ]
    if not parts:
        return f'{label}: no row differs significantly from "{reference}"'
    return f'{label}, compared with "{reference}": {", ".join(parts)}'


def _points(value: float | None) -> float:
    return math.nan if value is None else 100 * value


def _axis_label(table: TableRecord, column: int) -> str:
    return column_titles(table)[column] + (' in %' if scale(column_metrics(table)[column], table) == 100 else '')


def _setting(x: Scalar) -> Scalar:
    return {True: 'on', False: 'off'}[x] if isinstance(x, bool) else x


def _series(rows: Sequence[RowCells], column: int) -> list[Series]:
    """Return the points of one column as lines, one for each series.

    The rows of a series differ in the value of the sweep only.
    """
    points: dict[str, list] = {}
    for row, cells in rows:
        cell = cells[column]
        if cell is not None:
            points.setdefault(row.series, []).append((_setting(row.x), cell.mean, cell.half_width))
    return [Series(name, *zip(*values)) for name, values in points.items()]


def _main_columns(table: TableRecord) -> list[int]:
    """Return the indices of the columns to draw.

    They are the last metric of each group of labels or, in the study of confounding, all distances of the models.
    """
    n = len(table.metrics)
    if table.kind == 'deconfounding':
        return [i for i, metric in enumerate(table.metrics) if LIMIT not in metric]
    return [n * (i + 1) - 1 for i in range(len(table.groups))]


def _limits(table: TableRecord, rows: Sequence[RowCells], column: int) -> list[Series]:
    """Return the line of the true P(Y | X) for a column of the study of confounding; empty for other tables."""
    if table.kind != 'deconfounding':
        return []
    limit = limit_metric(table.metrics[column])
    if limit is None or limit not in table.metrics:
        return []
    return [series._replace(name=LIMIT_TITLE) for series in _series(rows, table.metrics.index(limit))[:1]]
