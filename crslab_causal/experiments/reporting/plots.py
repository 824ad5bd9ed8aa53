"""Which figures a suite has, and what of its record goes into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

from crslab_causal.evaluator.metrics import GROUPS
from crslab_causal.experiments.analysis.divergence import divergence
from crslab_causal.experiments.analysis.previous_results import Earlier
from crslab_causal.experiments.analysis.ranks import pair, read_ranks
from crslab_causal.experiments.analysis.scores import ranks_path
from crslab_causal.experiments.reporting.figures.curves import Panel, Series, draw_curves
from crslab_causal.experiments.reporting.figures.forest import Comparison, draw_forest
from crslab_causal.experiments.reporting.figures.rank_shift import ONE_MODEL, TWO_MODELS, Samples, draw_rank_shift
from crslab_causal.experiments.reporting.render import LIMIT, LIMIT_TITLE, cells, heads, scale
from crslab_causal.experiments.runner.runs import Place, result_of
from crslab_causal.experiments.suite.suite import Row, Run, Suite, Table
from crslab_causal.experiments.suite.suite_options import PanelOptions, RankShiftOptions

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures_of(suite: Suite, record: dict, place: Place, earlier: Earlier = Earlier()) -> Iterator[tuple[str, Figure]]:
    """Names and figures of a suite: curves of its sweeps, differences to its references, and Figure 4.

    Figure 4 is drawn from the ranks of runs, which no record has: where ``earlier`` has these runs, its figure stays.
    """
    for table in record['tables']:
        if table['sweep'] is not None and any(row['runs'] for row in table['rows']):
            yield table['name'], curve(table)
        elif any(row['tests'] for row in table['rows']):
            yield table['name'], differences(table)
    for options in suite.options.figures:
        for reading in ('one_model', 'two_models'):
            if earlier.has_figure(f'{options.name}_{reading}') and _recorded(suite, options, place, earlier):
                continue
            figure = rank_shifts(suite, options, reading == 'two_models', place)
            if figure is not None:
                yield f'{options.name}_{reading}', figure


def curve(table: dict) -> Figure:
    """A panel for each group of labels, or each distance, of a sweep."""
    rows = [(row, cells(row, table)) for row in table['rows'] if row['runs']]
    panels = [Panel(_label(table, column), _series(rows, column), table['title'] if not i else '',
                    _limits(table, rows, column)) for i, column in enumerate(_main_columns(table))]
    return draw_curves(panels, table['sweep']['label'], _setting(table['sweep']['default']), 'reference of the tests')


def _label(table: dict, column: int) -> str:
    metrics = [metric for _ in table['groups'] for metric in table['metrics']]
    return heads(table)[column] + (' in %' if scale(metrics[column], table) == 100 else '')


def _setting(x):
    return {True: 'on', False: 'off'}[x] if isinstance(x, bool) else x


def _series(rows: list, column: int) -> list[Series]:
    points: dict[str, list] = {}
    for row, own in rows:
        if own[column] is not None:
            points.setdefault(row['series'], []).append((_setting(row['x']), own[column].mean, own[column].half_width))
    return [Series(name, *zip(*found)) for name, found in points.items()]


def _main_columns(table: dict) -> list[int]:
    """The column that stands for a group of labels, which is that of its last metric; of a study all but its limits."""
    n = len(table['metrics'])
    if table['kind'] == 'deconfounding':
        return [i for i, metric in enumerate(table['metrics']) if LIMIT not in metric]
    return [n * (i + 1) - 1 for i in range(len(table['groups']))]


def _limits(table: dict, rows: list, column: int) -> list[Series]:
    """What is known of a distance without any model: that of the true P(Y | X)."""
    if table['kind'] != 'deconfounding':
        return []
    wanted = table['metrics'][column].replace('_model_', f'_{LIMIT}_')
    if wanted == table['metrics'][column] or wanted not in table['metrics']:
        return []
    first = _series(rows, table['metrics'].index(wanted))[:1]
    return [series._replace(name=LIMIT_TITLE) for series in first]


def differences(table: dict) -> Figure:
    """Differences to the reference in the last metric, for each group of labels."""
    metric = table['metrics'][-1]
    rows = []
    for group in table['groups']:
        for row in table['rows']:
            if group in row['tests']:
                t = row['tests'][group][metric]
                rows.append(Comparison(row['title'], 100 * t['difference'], 100 * t['low'], 100 * t['high'],
                                       t['significant'], GROUPS[group]))
    return draw_forest(rows, f'difference in {metric}, points', table['title'])


def rank_shifts(suite: Suite, options: RankShiftOptions, two_models: bool, place: Place) -> Figure | None:
    """Figure 4, of the first seed that both rows of a panel have; None as long as one has none."""
    panels = []
    for panel in options.panels:
        _, *rows = _rows(suite, panel)
        runs = _first_runs(*rows, place)
        if runs is None:
            return None
        with_, without = (read_ranks(ranks_path(place, result_of(run, place)['folder'], panel.split)) for run in runs)
        if two_models:
            without, with_ = pair(without, with_)
            kl = divergence(*runs, panel.split, place)
            panels.append(Samples(panel.title, without.rank, with_.rank, kl, without.conversation))
        else:
            panels.append(Samples(panel.title, with_.rank, with_.rank_intervened, with_.kl, with_.conversation))
    return draw_rank_shift(panels, TWO_MODELS if two_models else ONE_MODEL)


def _rows(suite: Suite, panel: PanelOptions) -> tuple[Table, Row, Row]:
    """The table of a panel, and its rows with and without."""
    table = next(t for t in suite.tables if t.options.name == panel.table)
    rows = {row.options.id: row for row in table.rows}
    return table, rows[panel.with_], rows[panel.without]


def _recorded(suite: Suite, options: RankShiftOptions, place: Place, earlier: Earlier) -> bool:
    """Whether an earlier report has the runs that a figure is of, the first seed's."""
    for table, *rows in (_rows(suite, panel) for panel in options.panels):
        known = earlier.table(suite, table)
        if any(known.lacks(run, place) for row in rows for run in row.runs[:1]):
            return False
    return True


def _first_runs(with_: Row, without: Row, place: Place) -> tuple[Run, Run] | None:
    """Finished runs of two rows with the same seed."""
    others = {run.seed: run for run in without.runs}
    pairs = ((run, others[run.seed]) for run in with_.runs if run.seed in others)
    return next((both for both in pairs if all(result_of(run, place) is not None for run in both)), None)
