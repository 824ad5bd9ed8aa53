"""What an earlier report says of runs that are not at hand, so that a table can be extended without running all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable, Mapping, NamedTuple, TypeVar

from crslab_causal.errors import UserError
from crslab_causal.experiments.analysis.scores import groups_of
from crslab_causal.experiments.running.runs import Place, folder_of, result_of
from crslab_causal.experiments.running.suite import Run, Suite, Table
from crslab_causal.experiments.running.suite_options import CaseOptions

T = TypeVar('T')


class EarlierTable(NamedTuple):
    """A table of an earlier report."""

    results: Mapping[str, dict] = {}
    """By folder, as :func:`.result_of` gives them, but with nothing of what was found but ``recorded``: the scores by group
    and metric. Only runs that have all scores which the table shows now."""
    tests: Mapping[frozenset[str], dict] = {}
    """A row's tests against the reference, by the folders of its runs."""
    reference: frozenset[str] = frozenset()
    """Folders of the reference's runs."""

    def result(self, run: Run, place: Place) -> dict | None:
        """What a run has found, if it was in this table or is finished.

        This table comes first: what it says stays, though another make of CPU may round otherwise.
        """
        recorded = self.results.get(_name(run, place))
        return result_of(run, place) if recorded is None else recorded

    def lacks(self, run: Run, place: Place) -> bool:
        """Whether this table has no scores of a run."""
        return _name(run, place) not in self.results


class Earlier:
    """The records of an earlier report.

    Args:
        folder: where it was written; None: there is none, or it is not to be used.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder

    def table(self, suite: Suite, table: Table) -> EarlierTable:
        """What it says of a table.

        Raises:
            UserError: the file of its suite is damaged.
        """
        return self._read(suite, lambda record: _table(record, table), EarlierTable())

    def cases(self, suite: Suite, case: CaseOptions) -> list[dict]:
        """What it says of the turns of a case.

        Raises:
            UserError: the file of its suite is damaged.
        """
        def records(record: dict) -> list[dict]:
            return [own for own in record['cases'] if own['name'].rpartition('_')[0] == case.name]

        return self._read(suite, records, [])

    def _read(self, suite: Suite, part: Callable[[dict], T], missing: T) -> T:
        path = None if self.folder is None else self.folder / f'{suite.name}.json'
        if path is None or not path.is_file():
            return missing
        try:
            return part(json.loads(path.read_text('utf-8')))
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
                results[run['folder']] = {**run, 'recorded': scores}
    folders = [frozenset(run['folder'] for run in row['runs']) for row in own['rows']]
    now = {row.options.title for row in table.rows if table.is_reference(row)}
    reference = [own_folders for own_folders, row in zip(folders, own['rows']) if row['title'] in now]
    return EarlierTable(results, {key: row['tests'] for key, row in zip(folders, own['rows'])},
                        reference[0] if reference else frozenset())


def _complete(scores: Mapping[str, Mapping], table: Table, title: str) -> bool:
    wanted = next((row.options.metrics for row in table.rows if row.options.title == title), None) or table.options.metrics
    return all(metric in scores.get(group, {}) for group in groups_of(table) for metric in wanted)


def _name(run: Run, place: Place) -> str:
    return str(folder_of(run, place).relative_to(place.work))
