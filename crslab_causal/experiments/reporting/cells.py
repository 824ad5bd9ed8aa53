"""Compute the cells and column titles of a table from its record."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from crslab_causal.evaluator.metrics import GROUPS, RANKING_METRIC_PATTERN, metric_title
from crslab_causal.experiments.analysis.record import MeanRecord, RowRecord, TableRecord
from crslab_causal.experiments.analysis.statistics import mean_interval

GENERATION_TITLES = {'dist': 'Dist', 'bleu': 'BLEU'}
LIMIT = 'observational'
"""Part of the name of a distance between the true P(Y | X) and P(Y | do(X)). Such a distance belongs to no model."""
LIMIT_TITLE = 'the true P(Y | X)'


_SHARES = re.compile(
    rf'(?:(?:interventional|test)_)?{RANKING_METRIC_PATTERN}'
    r'|(?:intra_)?dist-\d+|(?:corpus_)?bleu-\d+|crslab_bleu@\d+|names_\w+'
)
"""Metrics whose numbers are shares from 0 to 1. Others have units of their own, such as perplexity, distances and
numbers of n-grams per response."""


class Cell(NamedTuple):
    """A number of a table, with its interval and its sign of significance."""

    mean: float
    half_width: float | None
    """Half of the 95 % interval over seeds; None for a single seed."""
    sign: int
    """1: significantly above the reference; -1: significantly below it; 0: not significant, or not tested."""
    reported: bool
    """Whether the number is from a publication."""
    bounds: tuple[float, float] | None = None
    """Ends of the 95 % interval over conversations, of scores on the official test set and of single runs."""


def row_cells(row: RowRecord | MeanRecord, table: TableRecord) -> list[Cell | None]:
    """Return the cells of a row as a flat list: all metrics of the first group of labels, then those of the next group.

    A cell without a number is None.
    """
    cells: list[Cell | None] = []
    for group in table.groups:
        for metric in table.metrics:
            if row.reported is not None:
                value = row.reported.get(metric) if group == 'all' else None
                cells.append(None if value is None else Cell(value, None, 0, True))
                continue
            values = [value for value in row.scores.get(group, {}).get(metric, []) if value is not None]
            if not values:
                cells.append(None)
                continue
            interval = mean_interval([scale(metric, table) * value for value in values])
            test = row.tests.get(group, {}).get(metric)
            sign = 0 if test is None or not test.significant else int(math.copysign(1, test.difference))
            bounds = row.intervals.get(group, {}).get(metric) if isinstance(row, RowRecord) else None
            if bounds is not None:
                bounds = scale(metric, table) * bounds[0], scale(metric, table) * bounds[1]
            cells.append(Cell(interval.mean, interval.half_width, sign, False, bounds))
    return cells


def column_metrics(table: TableRecord) -> list[str]:
    """Return the name of the metric of each column, in the order of :func:`row_cells`."""
    return table.metrics * len(table.groups)


def column_titles(table: TableRecord) -> list[str]:
    """Return the title of each column, in the order of :func:`row_cells`. It names group and metric."""
    titles = [_metric_title(metric) for metric in table.metrics]
    if table.groups == ['all']:
        return titles
    return [f'{GROUPS[group]} {title}' for group in table.groups for title in titles]


def limit_metric(metric: str) -> str | None:
    """Return the name of the same distance for the true P(Y | X), given the name of a model's distance.

    It is None if ``metric`` is not a distance of a model.
    """
    limit = metric.replace('_model_', f'_{LIMIT}_')
    return None if limit == metric else limit


def scale(metric: str, table: TableRecord) -> int:
    """Return the factor by which numbers of a metric are multiplied in tables: 100 for shares, else 1."""
    return 100 if table.kind != 'corpus' and _SHARES.fullmatch(metric) else 1


def digits(metric: str, table: TableRecord) -> int:
    """Return how many decimals the numbers of a metric have in tables."""
    if scale(metric, table) == 100 or '%' in metric:
        return 1
    if table.kind == 'corpus':
        return 0
    return 2 if metric == 'perplexity' else 3


def _metric_title(metric: str) -> str:
    """Return the title of a metric, such as ``R@10``, or ``TV to P(Y | do(X))`` for ``interventional_model_tv``."""
    for split in ('interventional', 'test'):
        name, separator, distance = metric.removeprefix(f'{split}_').rpartition('_')
        if metric.startswith(f'{split}_'):
            suffix = ' (test)' if split == 'test' else ''
            if not separator:
                return _metric_title(distance) + suffix
            source = f'of {LIMIT_TITLE} ' if name == LIMIT else ''
            return f'{distance.upper()} {source}to P(Y | do(X)){suffix}'
    if re.fullmatch(RANKING_METRIC_PATTERN, metric):
        return metric_title(metric)
    name, separator, n = metric.partition('-')
    return f'{GENERATION_TITLES.get(name, name)}{separator}{n}'
