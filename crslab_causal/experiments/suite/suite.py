"""Read suites, and list the runs of their tables and figures."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Mapping, NamedTuple, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.config import Config, validate
from crslab_causal.config_files import load_config_file, read_yaml
from crslab_causal.experiments.suite.suite_options import (
    METRICS,
    OFFICIAL,
    SPLITS,
    Kind,
    RowOptions,
    Scalar,
    SuiteOptions,
    SuiteSweepOptions,
    TableOptions,
    is_reference_row,
)
from crslab_causal.registry import DATASETS, LANGUAGE_MODEL

CONFIG_FOLDER = Path('config')
SUITES_FOLDER = CONFIG_FOLDER / 'experiments'


class Run(NamedTuple):
    """A run that a suite needs: one configuration, trained with one seed."""

    config_file: Path
    settings: tuple[str, ...]
    """Changed keys, as ``key=value`` for ``--set``, including the seed."""
    seed: int
    kind: Kind
    """Kind of the table. It decides which scores are computed besides those of the recommender."""
    recommender: Run | None = None
    """Run whose recommender gives the candidates for a language model."""
    save: bool = False
    """Whether the weights are saved for later use."""

    @property
    def config(self) -> Config:
        """Configuration of the run, without the paths of its data and its results. Callers must not change it."""
        return _config(self.config_file, self.settings)

    @property
    def wave(self) -> int:
        """Number of runs that must be finished before this one, because each gives its recommender to the next."""
        return 0 if self.recommender is None else self.recommender.wave + 1


@cache
def _config(config_file: Path, settings: tuple[str, ...]) -> Config:
    return Config(config_file, settings=settings, content=_read_once(config_file))


def _read_once(config_file: Path) -> dict[str, Any]:
    """Read a configuration, or return it from memory. Callers must not change the result, because runs share it."""
    return _read_version(os.getcwd(), config_file, config_file.stat().st_mtime_ns)


@cache
def _read_version(folder: str, config_file: Path, changed: int) -> dict[str, Any]:
    """Read a configuration. The arguments identify the version of the file, so that a changed file is read again."""
    return load_config_file(config_file)


class Row(NamedTuple):
    """A row of a table and its runs."""

    options: RowOptions
    runs: tuple[Run, ...]
    """Runs of the row, one for each seed; none for reported scores."""
    x: Scalar = None
    """Value of the sweep's key."""
    series: str = ''
    """Title that the rows of a sweep share. They differ in ``x`` only."""


class Table(NamedTuple):
    """A table and its rows."""

    options: TableOptions
    rows: tuple[Row, ...]

    def is_reference(self, row: Row) -> bool:
        """Return whether this row is the reference, which all other rows of the table are tested against."""
        return is_reference_row(row.options.id, row.x, self.options.reference, self.options.sweep)


class Suite(NamedTuple):
    """A suite and its tables."""

    name: str
    options: SuiteOptions
    tables: tuple[Table, ...]
    asked: Mapping[tuple[str, str], Run] = MappingProxyType({})
    """Runs of the language models that examples ask, by the name of the example and the title of the row. They are
    never executed: only the turn of the example is answered. ``--quick`` may leave some out."""

    def find_row(self, table: str, row_id: str) -> Row | None:
        """Return a row by the name of its table and its ``id``; None if ``--quick`` leaves it out."""
        return next(
            (row for t in self.tables if t.options.name == table for row in t.rows if row.options.id == row_id), None
        )


def read_suites(names: Sequence[str] = (), *, quick: bool = False, seeds: int | None = None) -> list[Suite]:
    """Read suites of ``config/experiments`` below the working directory.

    Args:
        names: names of the suites; all suites if there is none.
        quick: whether to apply the section ``quick``.
        seeds: largest number of seeds.

    Raises:
        UserError: there is no such suite, or one contains a mistake.
    """
    if not SUITES_FOLDER.is_dir():
        raise UserError(f'{SUITES_FOLDER}: no such folder; start the command in the root of the repository')
    known = sorted(path.stem for path in SUITES_FOLDER.glob('*.yaml'))
    for name in names:
        if name not in known:
            raise UserError(f'{name}: no such suite; choose among {", ".join(known)}')
    if seeds is not None and seeds < 1:
        raise UserError(f'--seeds {seeds}: must be at least 1')
    return [
        read_suite(SUITES_FOLDER / f'{name}.yaml', CONFIG_FOLDER, quick=quick, seeds=seeds) for name in names or known
    ]


def read_suite(path: Path, config_folder: Path, *, quick: bool = False, seeds: int | None = None) -> Suite:
    """Read a suite, and check every configuration in it before anything is run.

    Args:
        path: YAML file.
        config_folder: folder of the configurations that the rows name.
        quick: whether to apply the section ``quick``.
        seeds: largest number of seeds.

    Raises:
        UserError: the suite or a configuration contains a mistake.
    """
    content = read_yaml(path)
    try:
        options = validate(SuiteOptions, content)
        assert isinstance(options, SuiteOptions)
        _check_unique('seeds', options.seeds)
        _check_unique('tables', [table.name for table in options.tables])
        _check_figures(options)
        _check_cases(options)
        chosen_seeds = options.seeds[: options.quick.seeds if quick else None][:seeds]
        changes = options.quick.set if quick else {}
        table_options = [_quick(table) for table in options.tables if table.quick] if quick else options.tables
        tables = tuple(
            _save_for_figures(_table(table, chosen_seeds, changes, config_folder), options) for table in table_options
        )
    except UserError as error:
        raise UserError(f'{path}: {error}') from error
    suite = Suite(path.stem, options, tables)
    try:
        return suite._replace(asked=_asked_runs(suite, changes, config_folder))
    except UserError as error:
        raise UserError(f'{path}: {error}') from error


def _quick(table: TableOptions) -> TableOptions:
    return table.model_copy(update={'rows': [row for row in table.rows if row.quick]})


# ---------------------------------------------------------------- checks


def _check_unique(key: str, values: Sequence) -> None:
    for value in values:
        if values.count(value) > 1:
            raise UserError(f'{key}: {value} is listed twice; remove one')


def _check_table(options: TableOptions) -> None:
    """Check the options of a table that can be checked without the configurations of its rows."""
    ids = [row.id for row in options.rows if row.id is not None]
    for row_id in ids:
        if ids.count(row_id) > 1:
            raise UserError(f'two rows have the id {row_id}; give each its own')
    if options.reference is not None and options.reference not in ids:
        raise UserError(f'reference: no row has the id {options.reference}')
    if not options.rows and options.sweep is None:
        raise UserError('has neither rows nor a sweep; add one of them')
    unknown = [metric for metric in options.metrics if not re.fullmatch(METRICS[options.kind], metric)]
    if unknown:
        raise UserError(f'metrics: a table of the kind {options.kind} has no {unknown[0]}')
    if options.split not in SPLITS[options.kind]:
        raise UserError(f'split: a table of the kind {options.kind} has {", ".join(SPLITS[options.kind])}')
    for row in options.rows:
        for metric in [*(row.metrics or []), *(row.reported or {})]:
            if metric not in options.metrics:
                raise UserError(f'row {row.title}: {metric} is not among the metrics of the table')
    if options.sweep is not None:
        _check_unique('sweep.values', options.sweep.values)
        if options.sweep.default is not None and options.sweep.default not in options.sweep.values:
            raise UserError(f'sweep.default: {options.sweep.default} is not among the values')


def _check_run(config: Config, row: RowOptions, table: TableOptions, kind: Kind) -> None:
    """Check that a run of a row yields the scores that its table shows."""
    model, dataset = config['model'], config['dataset']
    metrics = row.metrics or table.metrics
    missing = [m for m in metrics if '@' in m and int(m.rpartition('@')[2]) not in config['cutoffs']]
    if kind == table.kind == 'recommendation' and missing and model == LANGUAGE_MODEL:  # others write their ranks
        raise UserError(f'metrics: {missing[0]} is not among the cutoffs, {config["cutoffs"]}')
    if (
        kind == 'generation'
        and model != LANGUAGE_MODEL
        and not (hasattr(config.model, 'conv') and config.model.conv.epoch)
    ):
        raise UserError(f'kind: generation, but {model} writes no responses; set conv.epoch, or choose another model')
    splits = {table.split, *(metric.partition('_')[0] for metric in table.metrics)}
    if 'interventional' in splits and 'interventional' not in config.dataset_entry.splits:
        with_split = ', '.join(name for name, entry in DATASETS.items() if 'interventional' in entry.splits)
        raise UserError(f'only {with_split} has an interventional split; {dataset} has none')
    if kind == 'deconfounding' and (dataset, model) != ('CausalDemo', 'CausalKBRD'):
        raise UserError(f'kind: deconfounding needs CausalKBRD on CausalDemo, not {model} on {dataset}')
    if row.recommender is not None and not hasattr(config.model, 'recommender'):
        raise UserError(f'recommender: {model} takes none, only {LANGUAGE_MODEL} and Pool do')


def _check_figures(options: SuiteOptions) -> None:
    ids = {table.name: {row.id for row in table.rows if row.reported is None} for table in options.tables}
    for figure in options.figures:
        for panel in figure.panels:
            for row_id in (panel.with_, panel.without):
                if row_id not in ids.get(panel.table, ()):
                    raise UserError(f'figure {figure.name}: table {panel.table} runs no row with the id {row_id}')


def _check_cases(options: SuiteOptions) -> None:
    with_responses = [table.name for table in options.tables if table.kind == 'generation']
    official = [table.name for table in options.tables if table.split == OFFICIAL]
    for case in options.cases:
        if (case.conversation is None) != (case.turn is None):
            raise UserError(f'case {case.name}: give conversation and turn, or neither')
        if case.conversation is not None:
            if case.table not in official:
                raise UserError(f'case {case.name}: {case.table} is not a table of the split {OFFICIAL}')
        elif case.llm:
            raise UserError(f'case {case.name}: llm needs a named turn; give conversation and turn')
        elif case.table not in with_responses:
            raise UserError(f'case {case.name}: {case.table} is not a table of the kind generation')


# ---------------------------------------------------------------- runs


def _asked_runs(suite: Suite, changes: Mapping[str, Any], config_folder: Path) -> dict[tuple[str, str], Run]:
    """Return the runs of the language models that the examples ask, see :attr:`Suite.asked`."""
    runs: dict[tuple[str, str], Run] = {}
    for case in suite.options.cases:
        ids = [row.id for table in suite.options.tables if table.name == case.table for row in table.rows]
        _check_unique(f'case {case.name}: llm', [asked.title for asked in case.llm])
        for asked in case.llm:
            where = f'case {case.name}, {asked.title}'
            config_file = config_folder / f'{asked.config}.yaml'
            if not config_file.is_file():
                raise UserError(f'{where}: config: {config_file} does not exist')
            if asked.recommender not in ids:
                raise UserError(f'{where}: recommender: {case.table} has no row with the id {asked.recommender}')
            row = suite.find_row(case.table, asked.recommender)
            if row is None or not row.runs:  # --quick leaves it out
                continue
            seed = row.runs[0].seed
            settings = (*(f'{key}={json.dumps(value)}' for key, value in changes.items()), f'seed={seed}')
            run = Run(config_file, settings, seed, 'recommendation', row.runs[0]._replace(save=True))
            if run.config['model'] != LANGUAGE_MODEL:
                raise UserError(f'{where}: config: {config_file} is not a configuration of {LANGUAGE_MODEL}')
            runs[case.name, asked.title] = run
    return runs


def _save_for_figures(table: Table, options: SuiteOptions) -> Table:
    """Mark the runs whose weights a figure needs as runs to be saved, and return the table.

    These are the first runs of each row in a figure.
    """
    drawn = {
        row_id
        for figure in options.figures
        for panel in figure.panels
        if panel.table == table.options.name
        for row_id in (panel.with_, panel.without)
    }
    return table._replace(
        rows=tuple(
            row._replace(runs=(row.runs[0]._replace(save=True), *row.runs[1:])) if row.options.id in drawn else row
            for row in table.rows
        )
    )


def _table(options: TableOptions, seeds: list[int], changes: dict[str, Any], config_folder: Path) -> Table:
    try:
        _check_table(options)
        rows = options.rows or [RowOptions(title='')]
        grid = (
            [(row, None, '') for row in rows]
            if options.sweep is None
            else [(_at(row, options.sweep, value), value, row.title) for row in rows for value in options.sweep.values]
        )
        expanded = [Row(row, _runs(row, options, seeds, changes, config_folder), x, series) for row, x, series in grid]
        rows_of_table = _with_recommenders(expanded)
        return Table(options, _saved(rows_of_table) if options.split == OFFICIAL else rows_of_table)
    except UserError as error:
        raise UserError(f'table {options.name}: {error}') from error


def _saved(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows with all runs marked to save their weights, because they are scored on other files later."""
    return tuple(row._replace(runs=tuple(run._replace(save=True) for run in row.runs)) for row in rows)


def _with_recommenders(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Link the runs of the rows that use the recommender of another row to its runs, and return all rows.

    A run gets the run of the same seed as ``recommender``, and in a sweep that of the same value. The runs that give
    their recommender are marked to be saved. They may use the recommender of a further row.
    """
    named = {(row.options.id, row.x): row for row in rows if row.options.id is not None}
    taken = {(row.options.recommender, row.x, run.seed) for row in rows for run in row.runs}

    def link(row: Row, takers: tuple[str, ...] = ()) -> Row:
        row_id, giver_id = row.options.id, row.options.recommender
        runs = [run._replace(save=row_id is not None and (row_id, row.x, run.seed) in taken) for run in row.runs]
        if giver_id is None:
            return row._replace(runs=tuple(runs))
        where = f'row {row.options.title}: recommender'
        if giver_id in takers:
            raise UserError(f'{where}: {giver_id} uses its own recommender, directly or through other rows')
        giver = named.get((giver_id, row.x))
        givers = {} if giver is None else {run.seed: run for run in link(giver, (*takers, giver_id)).runs}
        missing = [run.seed for run in runs if run.seed not in givers]
        if missing:
            raise UserError(f'{where}: no row {giver_id} with seed {missing[0]}')
        return row._replace(runs=tuple(run._replace(recommender=givers[run.seed]) for run in runs))

    return tuple(map(link, rows))


def _at(row: RowOptions, sweep: SuiteSweepOptions, value: Scalar) -> RowOptions:
    setting = f'{sweep.label} = {"none" if value is None else str(value).lower()}'
    return row.model_copy(
        update={'title': f'{row.title}, {setting}' if row.title else setting, 'set': {**row.set, sweep.key: value}}
    )


def _runs(
    row: RowOptions, table: TableOptions, seeds: list[int], changes: dict[str, Any], config_folder: Path
) -> tuple[Run, ...]:
    if row.reported is not None:
        if row.source is None:
            raise UserError(f'row {row.title}: reported figures need a source')
        return ()
    config_file = config_folder / f'{row.config or table.config}.yaml'
    if not config_file.is_file():
        raise UserError(f'row {row.title}: config: {config_file} does not exist')
    model = _read_once(config_file).get('model')
    about_llm = {'llm.split': table.split} if model == LANGUAGE_MODEL else {}
    settings = [f'{key}={json.dumps(value)}' for key, value in {**about_llm, **table.set, **row.set, **changes}.items()]
    kind: Kind = 'recommendation' if row.hidden else table.kind
    runs = tuple(
        Run(config_file, (*settings, *(f'{key}={seed}' for key in [*table.seeded, 'seed'])), seed, kind)
        for seed in seeds[: 1 if row.deterministic else row.seeds]
    )
    try:
        for run in runs[:1]:
            _check_run(run.config, row, table, kind)
    except UserError as error:
        raise UserError(f'row {row.title}: {error}') from error
    return runs
