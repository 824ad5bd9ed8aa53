"""What an earlier report says of runs that are not at hand, so that a table can be extended without running all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, TypeVar

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.scores import Result, groups_of
from crslab_causal.experiments.runner.runs import Place, folder_of
from crslab_causal.experiments.suite.suite import Run, Suite, Table
from crslab_causal.experiments.suite.suite_options import CaseOptions

T = TypeVar('T')


class EarlierTable(NamedTuple):
    """A table of an earlier report."""

    results: Mapping[str, Result] = {}
    """By folder; only those of runs that have all scores which the table shows now."""
    tests: Mapping[frozenset[str], dict] = {}
    """A row's tests against the reference, by the folders of its runs."""
    reference: frozenset[str] = frozenset()
    """Folders of the reference's runs."""

    def result(self, run: Run, place: Place) -> Result | None:
        """What this table says of a run, None if nothing."""
        return self.results.get(str(folder_of(run, place).relative_to(place.work)))

    def lacks(self, run: Run, place: Place) -> bool:
        """Whether this table has no scores of a run."""
        return self.result(run, place) is None


class Earlier:
    """The records of an earlier report, as they are when first asked for: a new report takes their place.

    Args:
        folder: where it was written; None: there is none, or it is not to be used.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder
        self._records: dict[str, Any] = {}

    def table(self, suite: Suite, table: Table) -> EarlierTable:
        """What it says of a table.

        Raises:
            UserError: the file of its suite is damaged.
        """
        return self._read(suite, lambda record: _table(record, table), EarlierTable())

    def has_figure(self, name: str) -> bool:
        """Whether it has a figure of this name."""
        return self.folder is not None and (self.folder / f'{name}.png').is_file()

    def cases(self, suite: Suite, case: CaseOptions) -> list[dict]:
        """What it says of the turns of a case.

        Raises:
            UserError: the file of its suite is damaged.
        """
        def records(record: dict) -> list[dict]:
            return [own for own in record['cases'] if own['name'].rpartition('_')[0] == case.name]

        return self._read(suite, records, [])

    def _read(self, suite: Suite, part: Callable[[dict], T], missing: T) -> T:
        if self.folder is None:
            return missing
        path = self.folder / f'{suite.name}.json'
        try:
            if suite.name not in self._records:
                self._records[suite.name] = json.loads(path.read_text('utf-8')) if path.is_file() else None
            record = self._records[suite.name]
            return missing if record is None else part(record)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise UserError(f'{path}: damaged; restore it, or leave out --extend') from error


def _table(record: dict, table: Table) -> EarlierTable:
    own = next((t for t in record['tables'] if t['name'] == table.options.name), None)
    if own is None or (own['kind'], own['split']) != (table.options.kind, table.options.split):
        return EarlierTable()
    results = {}
    for row in own['rows']:
        for i, run in enumerate(row['runs']):
            scores = {group: {metric: values[i] for metric, values in by_metric.items()}
                      for group, by_metric in row['scores'].items()}
            if _complete(scores, table, row['title']):
                results[run['folder']] = Result(run, scores)
    folders = [frozenset(run['folder'] for run in row['runs']) for row in own['rows']]
    now = {row.options.title for row in table.rows if table.is_reference(row)}
    reference = [own_folders for own_folders, row in zip(folders, own['rows']) if row['title'] in now]
    return EarlierTable(results, {key: row['tests'] for key, row in zip(folders, own['rows'])},
                        reference[0] if reference else frozenset())


def _complete(scores: Mapping[str, Mapping], table: Table, title: str) -> bool:
    wanted = next((row.options.metrics for row in table.rows if row.options.title == title), None) or table.options.metrics
    return all(metric in scores.get(group, {}) for group in groups_of(table) for metric in wanted)
