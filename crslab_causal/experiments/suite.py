"""Suites: the YAML files that say which runs make a table or a figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from crslab_causal.config import Config, validate
from crslab_causal.errors import UserError
from crslab_causal.strict import Count, Options

Name = Annotated[str, Field(pattern=r'^\w+$')]
Scalar = str | int | float | bool | None


class RowOptions(Options):
    """A row of a table: a configuration that is run, or figures that somebody reported."""

    title: str
    config: str | None = None
    """Below ``config/``, without ending; None: that of the table."""
    set: dict[str, Any] = {}
    """Keys of the configuration that the row changes, dotted for sections."""
    id: Name | None = None
    """For references to the row from elsewhere."""
    seeds: Count | None = None
    """How many of the suite's seeds it is run with; None: all. 1 for what does not depend on a seed."""
    slow: bool = False
    """Hours on two cores: run only if asked for."""
    reported: dict[str, float] | None = None
    """In percent, by metric: what ``source`` reports. Such a row is not run."""
    source: str | None = None
    needs: Literal['llm'] | None = None
    """Without recorded answers of a language model, or a server to ask, the row says so and has no number."""


class SweepOptions(Options):
    """Rows that differ in one key; they are drawn as a curve, too."""

    key: str
    values: Annotated[list[Scalar], Field(min_length=1)]
    label: str
    """Of the axis, and in the titles of the rows."""


class TableOptions(Options):
    """A table: rows over one dataset."""

    name: Name
    title: str
    kind: Literal['recommendation', 'generation', 'deconfounding'] = 'recommendation'
    config: str
    set: dict[str, Any] = {}
    """Keys that all rows change."""
    split: Literal['valid', 'test', 'interventional'] = 'valid'
    metrics: Annotated[list[str], Field(min_length=1)]
    groups: list[Literal['all', 'new', 'new_unseen']] = ['all', 'new']
    rows: list[RowOptions] = []
    sweep: SweepOptions | None = None
    reference: Name | None = None
    """``id`` of the row that the others are tested against."""
    quick: bool = True
    """Whether ``--quick`` makes it, too."""


class QuickOptions(Options):
    """What ``--quick`` changes."""

    seeds: Count = 1
    set: dict[str, Any] = {}


class SuiteOptions(Options):
    """A file under ``config/experiments``."""

    title: str
    about: str = ''
    """Printed below the title."""
    seeds: Annotated[list[int], Field(min_length=1)]
    tables: Annotated[list[TableOptions], Field(min_length=1)]
    quick: QuickOptions = QuickOptions()


class Run(NamedTuple):
    """One training with one seed."""

    config_file: Path
    settings: tuple[str, ...]
    """``key=value``, as for ``--set``; the seed among them."""
    seed: int
    kind: str
    """Of the table, which says what is scored besides the recommender."""


class Row(NamedTuple):
    """A row and its runs, none for one that is only reported."""

    options: RowOptions
    runs: tuple[Run, ...]


class Table(NamedTuple):
    """A table and its rows."""

    options: TableOptions
    rows: tuple[Row, ...]


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
    try:
        options: SuiteOptions = validate(SuiteOptions, Config.load_yaml_configs(path))
        wanted = options.seeds[:options.quick.seeds if quick else None][:seeds]
        changes = options.quick.set if quick else {}
        tables = tuple(_table(table, wanted, changes, config_folder) for table in options.tables
                       if table.quick or not quick)
    except UserError as error:
        raise UserError(f'{path}: {error}') from error
    return Suite(path.stem, options, tables)


def _table(options: TableOptions, seeds: list[int], changes: dict[str, Any], config_folder: Path) -> Table:
    rows = [*options.rows, *_sweep_rows(options.sweep)]
    known = [row.id for row in rows if row.id is not None]
    for identity in known:
        if known.count(identity) > 1:
            raise UserError(f'table {options.name}: two rows have the id {identity}')
    if options.reference is not None and options.reference not in known:
        raise UserError(f'table {options.name}: reference: no row has the id {options.reference}')
    return Table(options, tuple(_row(row, options, seeds, changes, config_folder) for row in rows))


def _sweep_rows(sweep: SweepOptions | None) -> list[RowOptions]:
    if sweep is None:
        return []
    return [RowOptions(title=f'{sweep.label} = {json.dumps(value) if value is None else value}',
                       set={sweep.key: value}) for value in sweep.values]


def _row(row: RowOptions, table: TableOptions, seeds: list[int], changes: dict[str, Any], config_folder: Path) -> Row:
    if row.reported is not None:
        if row.source is None:
            raise UserError(f'table {table.name}, row {row.title}: reported figures need a source')
        return Row(row, ())
    config_file = config_folder / f'{row.config or table.config}.yaml'
    settings = [f'{key}={json.dumps(value)}' for key, value in {**table.set, **row.set, **changes}.items()]
    runs = tuple(Run(config_file, (*settings, f'seed={seed}'), seed, table.kind) for seed in seeds[:row.seeds])
    try:
        for run in runs[:1]:
            Config(config_file, settings=run.settings)
    except UserError as error:
        raise UserError(f'table {table.name}, row {row.title}: {error}') from error
    return Row(row, runs)
