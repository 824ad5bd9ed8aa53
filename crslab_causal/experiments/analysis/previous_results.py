"""Read the results of a previous report. ``--extend`` keeps them, so that their runs need not be repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping, NamedTuple

from crslab_causal.experiments.analysis.record import (
    CaseRecord,
    FigureRecord,
    Intervals,
    SuiteRecord,
    TableRecord,
    Tests,
    read_record,
)
from crslab_causal.experiments.analysis.scores import RunResult, groups_of
from crslab_causal.experiments.suite.suite import Suite, Table
from crslab_causal.experiments.suite.suite_options import CaseOptions


class PreviousTable(NamedTuple):
    """The results of a table in a previous report."""

    results: Mapping[str, RunResult] = {}
    """Results of the runs by their folders. A run that lacks a score of the current table is left out."""
    tests: Mapping[frozenset[str], Tests] = {}
    """Significance tests of a row against the reference, by the folders of the row's runs."""
    reference: frozenset[str] = frozenset()
    """Folders of the reference's runs."""
    intervals: Mapping[frozenset[str], Intervals] = {}
    """Intervals of a row by the folders of its runs."""
    interval_runs: Mapping[frozenset[str], int] = {}
    """Number of runs that the intervals of a row cover, by the folders of its runs, if they do not cover all."""


class PreviousReport:
    """The files ``<suite>.json`` of a previous report.

    A file is read when it is first needed, which is before the new report overwrites it.

    Args:
        folder: folder of the report; None if there is no report or it must not be extended.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder
        self._records: dict[str, SuiteRecord | None] = {}

    def table(self, suite: Suite, table: Table) -> PreviousTable:
        """Return the results of a table in the previous report; they are empty if it does not have the table.

        Raises:
            UserError: ``<suite>.json`` is damaged.
        """
        record = self._record(suite)
        return PreviousTable() if record is None else _table(record, table)

    def figure(self, suite: Suite, name: str) -> FigureRecord | None:
        """Return the numbers of a figure in the previous report; None if it does not have the figure.

        Raises:
            UserError: ``<suite>.json`` is damaged.
        """
        record = self._record(suite)
        return None if record is None else next((figure for figure in record.figures if figure.name == name), None)

    def cases(self, suite: Suite, case: CaseOptions) -> list[CaseRecord]:
        """Return the example turns in the previous report that belong to an entry of ``cases:`` in the suite's file.

        Raises:
            UserError: ``<suite>.json`` is damaged.
        """
        record = self._record(suite)
        return [] if record is None else [turn for turn in record.cases if turn.name.rpartition('_')[0] == case.name]

    def _record(self, suite: Suite) -> SuiteRecord | None:
        if self.folder is None:
            return None
        if suite.name not in self._records:
            path = self.folder / f'{suite.name}.json'
            self._records[suite.name] = read_record(path) if path.is_file() else None
        return self._records[suite.name]


def _table(record: SuiteRecord, table: Table) -> PreviousTable:
    previous = next((t for t in record.tables if t.name == table.options.name), None)
    if previous is None or (previous.kind, previous.split) != (table.options.kind, table.options.split):
        return PreviousTable()
    folders = [frozenset(run.folder for run in row.runs) for row in previous.rows]
    reference_titles = {row.options.title for row in table.rows if table.is_reference(row)}
    reference = [row_folders for row_folders, row in zip(folders, previous.rows) if row.title in reference_titles]
    return PreviousTable(
        _results(previous, table),
        {key: row.tests for key, row in zip(folders, previous.rows)},
        reference[0] if reference else frozenset(),
        {key: row.intervals for key, row in zip(folders, previous.rows) if row.intervals},
        {key: row.interval_runs for key, row in zip(folders, previous.rows) if row.interval_runs is not None},
    )


def _results(previous: TableRecord, table: Table) -> dict[str, RunResult]:
    """Return the results of the runs by their folders. A run that lacks a score of the current table is left out."""
    metrics = {row.options.title: row.options.metrics or table.options.metrics for row in table.rows}
    results = {}
    for row in previous.rows:
        for i, run in enumerate(row.runs):
            scores = {
                group: {metric: values[i] for metric, values in by_metric.items()}
                for group, by_metric in row.scores.items()
            }
            if all(
                metric in scores.get(group, {})
                for group in groups_of(table)
                for metric in metrics.get(row.title, table.options.metrics)
            ):
                results[run.folder] = RunResult(run, scores)
    return results
