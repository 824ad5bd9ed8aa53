"""Which figures a suite has, and what of its record goes into them."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from matplotlib.figure import Figure

from crslab_causal.evaluator.report import GROUPS
from crslab_causal.experiments.figures import curves, forest, rank_shift
from crslab_causal.experiments.ranks import pair, read_ranks
from crslab_causal.experiments.render import cells, heads
from crslab_causal.experiments.runs import Place, result_of
from crslab_causal.experiments.suite import RankShiftOptions, Row, Suite
from crslab_causal.experiments.tables import ranks_path


def figures_of(suite: Suite, record: dict, place: Place) -> Iterator[tuple[str, Figure]]:
    """Names and figures of a suite: curves of its sweeps, differences to its references, and Figure 4."""
    for table in record['tables']:
        if table['sweep'] is not None and any(row['runs'] for row in table['rows']):
            yield table['name'], curve(table)
        elif any(row['tests'] for row in table['rows']):
            yield table['name'], differences(table)
    for options in suite.options.figures:
        for reading in ('one_model', 'two_models'):
            figure = rank_shifts(suite, options, reading == 'two_models', place)
            if figure is not None:
                yield f'{options.name}_{reading}', figure


def curve(table: dict) -> Figure:
    """A panel for each metric and group of a sweep."""
    panels = []
    rows = [(row, cells(row, table)) for row in table['rows'] if row['runs']]
    main = main_columns(table)
    for column in main:
        series = {}
        for row, own in rows:
            if own[column] is not None:
                name, mean, width = row['series'] or 'value', own[column].mean, own[column].half_width
                series.setdefault(name, []).append((row['x'], mean, width))
        label = heads(table)[column]
        panels.append(curves.Axis(label, [curves.Series(name, *zip(*points)) for name, points in series.items()]))
    names = {True: 'on', False: 'off'}
    panels = [axis._replace(series=[s._replace(x=[names.get(x, x) if isinstance(x, bool) else x for x in s.x])
                                    for s in axis.series]) for axis in panels]
    return curves.draw(table['sweep']['label'], panels, table['title'], 1.7)


def main_columns(table: dict) -> list[int]:
    """The column that stands for a group of labels, which is that of its last metric; of distances all."""
    n = len(table['metrics'])
    if table['kind'] == 'deconfounding':
        return list(range(n))
    return [n * (i + 1) - 1 for i in range(len(table['groups']))]


def differences(table: dict) -> Figure:
    """Differences to the reference in the last metric, for each group of labels."""
    metric = table['metrics'][-1]
    columns = []
    for group in table['groups']:
        tests = [(row['title'], row['tests'][group][metric]) for row in table['rows'] if group in row['tests']]
        columns.append((f'{table["title"]}: {GROUPS[group]}' if not columns else GROUPS[group], [
            forest.Comparison(name, 100 * t['difference'], 100 * t['low'], 100 * t['high'], t['significant'])
            for name, t in tests]))
    return forest.draw(columns, f'difference in {metric}, points')


def rank_shifts(suite: Suite, options: RankShiftOptions, two_models: bool, place: Place) -> Figure | None:
    """Figure 4, of the first seed that both runs have; None as long as they are not finished."""
    panels = []
    for panel in options.panels:
        table = next(t for t in suite.tables if t.options.name == panel.table)
        rows = {row.options.id: row for row in table.rows}
        found = [_first_ranks(rows[name], panel.split, place) for name in (panel.with_, panel.without)]
        if None in found:
            return None
        with_, without = found
        if two_models:
            without, with_ = pair(without, with_)
            panels.append(rank_shift.Panel(panel.title, without.rank, with_.rank, None, without.conversation))
        else:
            panels.append(rank_shift.Panel(panel.title, with_.rank, with_.rank_intervened, with_.kl, with_.conversation))
    return rank_shift.draw(panels)


def _first_ranks(row: Row, split: str, place: Place):
    result = next((found for run in row.runs if (found := result_of(run, place)) is not None), None)
    path = None if result is None else ranks_path(place, result, split)
    return read_ranks(path) if path is not None and Path(path).is_file() else None
