"""Suites: from the YAML files that say which runs make a table or a figure to these runs."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from crslab_causal.config import Config, validate
from crslab_causal.config_files import load_config_file, read_yaml
from crslab_causal.registry import LANGUAGE_MODEL
from crslab_causal.base.errors import UserError
from crslab_causal.experiments.suite.suite_options import (METRICS, SPLITS, RowOptions, Scalar, SuiteOptions, SweepOptions,
                                                             TableOptions)


class Run(NamedTuple):
    """One training with one seed."""

    config_file: Path
    settings: tuple[str, ...]
    """``key=value``, as for ``--set``; the seed among them."""
    seed: int
    kind: str
    """Of the table, which says what is scored besides the recommender."""
    recommender: Run | None = None
    """The run whose recommender a language model re-ranks."""
    save: bool = False
    """Whether the weights are needed later."""

    @property
    def config(self) -> Config:
        """What is run, without where its data lie and where its results go. To be read only."""
        return _config(self.config_file, self.settings)


@lru_cache(maxsize=None)
def _config(config_file: Path, settings: tuple[str, ...]) -> Config:
    return Config(config_file, settings=settings)


class Row(NamedTuple):
    """A row and its runs, none for one that is only reported."""

    options: RowOptions
    runs: tuple[Run, ...]
    x: Scalar = None
    """Value of the sweep's key."""
    series: str = ''
    """Title of the rows that differ in that value only."""


class Table(NamedTuple):
    """A table and its rows."""

    options: TableOptions
    rows: tuple[Row, ...]

    def is_reference(self, row: Row) -> bool:
        """Whether it is the row that the others are tested against."""
        if self.options.sweep is not None:
            return self.options.sweep.default is not None and row.x == self.options.sweep.default
        return row.options.id is not None and row.options.id == self.options.reference


class Suite(NamedTuple):
    """A suite, its runs spelt out."""

    name: str
    options: SuiteOptions
    tables: tuple[Table, ...]


def read_suite(path: Path, config_folder: Path, *, quick: bool = False, seeds: int | None = None) -> Suite:
    """Reads a suite and checks every configuration in it, before the first hour is spent on one.

    Args:
        path: YAML file.
        config_folder: where the rows' configurations lie.
        quick: with the suite's section ``quick``.
        seeds: how many seeds at most.

    Raises:
        UserError: a mistake in the suite or a configuration.
    """
    content = read_yaml(path)
    try:
        options: SuiteOptions = validate(SuiteOptions, content)
        _no_repeats('seeds', options.seeds)
        _no_repeats('tables', [table.name for table in options.tables])
        _check_figures(options)
        _check_cases(options)
        wanted = options.seeds[:options.quick.seeds if quick else None][:seeds]
        changes = options.quick.set if quick else {}
        chosen = [_quick(table) for table in options.tables if table.quick] if quick else options.tables
        tables = tuple(_table(table, wanted, changes, config_folder) for table in chosen)
        tables = tuple(_saved_for_figures(table, options) for table in tables)
    except UserError as error:
        raise UserError(f'{path}: {error}') from error
    return Suite(path.stem, options, tables)


def _quick(table: TableOptions) -> TableOptions:
    return table.model_copy(update={'rows': [row for row in table.rows if row.quick]})


def _no_repeats(what: str, values: list) -> None:
    for value in values:
        if values.count(value) > 1:
            raise UserError(f'{what}: {value} stands there twice')


def _check_table(options: TableOptions) -> None:
    """What can be seen without the configurations."""
    unknown = [metric for metric in options.metrics if not re.fullmatch(METRICS[options.kind], metric)]
    if unknown:
        raise UserError(f'metrics: a table of the kind {options.kind} has no {unknown[0]}')
    if options.split not in SPLITS[options.kind]:
        raise UserError(f"split: a table of the kind {options.kind} has {', '.join(SPLITS[options.kind])}")
    for row in options.rows:
        for metric in [*(row.metrics or []), *(row.reported or {})]:
            if metric not in options.metrics:
                raise UserError(f'row {row.title}: {metric} is not among the metrics of the table')
    if options.sweep is not None:
        _no_repeats('sweep.values', options.sweep.values)
        if options.sweep.default is not None and options.sweep.default not in options.sweep.values:
            raise UserError(f'sweep.default: {options.sweep.default} is not among the values')


def _check_run(config: Config, row: RowOptions, table: TableOptions, kind: str) -> None:
    """Whether a run of a row gives what its table shows."""
    model, dataset = config['model'], config['dataset']
    missing = [m for m in table.metrics if '@' in m and int(m.rpartition('@')[2]) not in config['cutoffs']]
    if kind == table.kind == 'recommendation' and missing:
        raise UserError(f"metrics: {missing[0]} is not among the cutoffs, {config['cutoffs']}")
    if kind == 'generation' and model != LANGUAGE_MODEL and not config.opt.get('conv', {}).get('epoch'):
        raise UserError(f'kind: generation, but {model} writes no responses (conv.epoch)')
    if 'interventional' in (table.split, *(m.partition('_')[0] for m in table.metrics)) and dataset != 'CausalDemo':
        raise UserError(f'only CausalDemo has an interventional split, and {dataset} has not')
    if kind == 'deconfounding' and (dataset, model) != ('CausalDemo', 'CausalKBRD'):
        raise UserError(f'kind: deconfounding is of CausalKBRD on CausalDemo, and not of {model} on {dataset}')
    if row.recommender is not None and model != LANGUAGE_MODEL:
        raise UserError(f'recommender: {model} takes none, only {LANGUAGE_MODEL} does')


def _check_figures(options: SuiteOptions) -> None:
    ids = {table.name: {row.id for row in table.rows} for table in options.tables}
    for figure in options.figures:
        for panel in figure.panels:
            for row in (panel.with_, panel.without):
                if row not in ids.get(panel.table, ()):
                    raise UserError(f'figure {figure.name}: table {panel.table} has no row with the id {row}')


def _check_cases(options: SuiteOptions) -> None:
    with_responses = [table.name for table in options.tables if table.kind == 'generation']
    for case in options.cases:
        if case.table not in with_responses:
            raise UserError(f'case {case.name}: {case.table} is no table of the kind generation')


def _saved_for_figures(table: Table, options: SuiteOptions) -> Table:
    """The table, the first run of each row in a figure to be saved: its distributions are compared with another's."""
    drawn = {row for figure in options.figures for panel in figure.panels if panel.table == table.options.name
             for row in (panel.with_, panel.without)}
    return table._replace(rows=tuple(
        row._replace(runs=(row.runs[0]._replace(save=True), *row.runs[1:])) if row.options.id in drawn else row
        for row in table.rows))


def _table(options: TableOptions, seeds: list[int], changes: dict[str, Any], config_folder: Path) -> Table:
    known = [row.id for row in options.rows if row.id is not None]
    for identity in known:
        if known.count(identity) > 1:
            raise UserError(f'table {options.name}: two rows have the id {identity}')
    if options.reference is not None and options.reference not in known:
        raise UserError(f'table {options.name}: reference: no row has the id {options.reference}')
    if not options.rows and options.sweep is None:
        raise UserError(f'table {options.name}: has neither rows nor a sweep')
    try:
        _check_table(options)
    except UserError as error:
        raise UserError(f'table {options.name}: {error}') from error
    rows = options.rows or [RowOptions(title='')]
    grid = [(row, None, '') for row in rows] if options.sweep is None else \
        [(_at(row, options.sweep, value), value, row.title) for row in rows for value in options.sweep.values]
    made = [Row(row, _runs(row, options, seeds, changes, config_folder), x, series) for row, x, series in grid]
    return Table(options, tuple(_with_recommender(row, made, options) for row in made))


def _with_recommender(row: Row, rows: list[Row], table: TableOptions) -> Row:
    """The row, its runs joined with those that they take the recommender from, or saved for those that do."""
    wanted = row.options.recommender
    if wanted is None:
        takers = [other for other in rows if row.options.id is not None and other.options.recommender == row.options.id]
        taken = {run.seed for other in takers for run in other.runs}
        return row._replace(runs=tuple(run._replace(save=run.seed in taken) for run in row.runs))
    givers = {run.seed: run._replace(save=True) for other in rows if other.options.id == wanted for run in other.runs}
    missing = [run.seed for run in row.runs if run.seed not in givers]
    if missing:
        raise UserError(f'table {table.name}, row {row.options.title}: recommender: no row {wanted} with seed '
                        f'{missing[0]}')
    return row._replace(runs=tuple(run._replace(recommender=givers[run.seed]) for run in row.runs))


def _at(row: RowOptions, sweep: SweepOptions, value: Scalar) -> RowOptions:
    setting = f"{sweep.label} = {'none' if value is None else str(value).lower()}"
    return row.model_copy(update={'title': f'{row.title}, {setting}' if row.title else setting,
                                  'set': {**row.set, sweep.key: value}})


def _runs(row: RowOptions, table: TableOptions, seeds: list[int], changes: dict[str, Any],
          config_folder: Path) -> tuple[Run, ...]:
    if row.reported is not None:
        if row.source is None:
            raise UserError(f'table {table.name}, row {row.title}: reported figures need a source')
        return ()
    config_file = config_folder / f'{row.config or table.config}.yaml'
    if not config_file.is_file():
        raise UserError(f'table {table.name}, row {row.title}: config: {config_file} does not exist')
    model = load_config_file(config_file).get('model')
    about_llm = {'llm.split': table.split} if model == LANGUAGE_MODEL else {}
    settings = [f'{key}={json.dumps(value)}' for key, value in {**about_llm, **table.set, **row.set, **changes}.items()]
    kind = 'recommendation' if row.hidden else table.kind
    runs = tuple(Run(config_file, (*settings, *(f'{key}={seed}' for key in [*table.seeded, 'seed'])), seed, kind)
                 for seed in seeds[:1 if row.deterministic else row.seeds])
    try:
        for run in runs[:1]:
            _check_run(run.config, row, table, kind)
    except UserError as error:
        raise UserError(f'table {table.name}, row {row.title}: {error}') from error
    return runs
