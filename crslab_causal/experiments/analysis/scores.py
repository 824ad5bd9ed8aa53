"""Scores of the finished runs of a row."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from crslab_causal.experiments.analysis.record import Number, RunRecord
from crslab_causal.experiments.suite.suite import Row, Table


class RunResult(NamedTuple):
    """The scores of one run for the metrics of a table, read from its folder or from a previous report."""

    about: RunRecord
    scores: Mapping[str, Mapping[str, Number | None]]
    """Scores by group and metric, as shares from 0 to 1; None if the run has no such score."""

    @property
    def folder(self) -> str:
        """Folder of the run, relative to the folder of all runs."""
        return self.about.folder

    @property
    def seed(self) -> int | None:
        """Seed of the run; None if the run only counts the data."""
        return self.about.seed

    def score(self, group: str, metric: str) -> Number | None:
        """Return the score of this run for a group of labels and a metric; None if the run has no such score."""
        return self.scores.get(group, {}).get(metric)

    @classmethod
    def from_files(cls, results: Mapping[str, Any], table: Table) -> RunResult:
        """Build the result of a finished run from the content of its files.

        Args:
            results: content of the files, as :meth:`.RunStore.result` returns it.
            table: table that shows the scores. Its groups and metrics are read.
        """
        about = RunRecord(**{key: results[key] for key in RunRecord.model_fields if key in results})
        return cls(
            about,
            {
                group: {metric: _score(results, table, group, metric) for metric in table.options.metrics}
                for group in groups_of(table)
            },
        )


class RowResults(NamedTuple):
    """A row and the results of its finished runs."""

    row: Row
    results: tuple[RunResult, ...]


def groups_of(table: Table) -> list[str]:
    """Return the groups of labels for which a table has scores."""
    return list(table.options.groups) if table.options.kind == 'recommendation' else ['all']


def _score(results: Mapping[str, Any], table: Table, group: str, metric: str) -> Number | None:
    kind, split = table.options.kind, table.options.split
    if kind == 'corpus':
        return results['corpus'][split][metric]
    if kind == 'deconfounding':
        return results['deconfounding'].get(metric)
    if kind == 'generation':
        generation = results['llm']['llm']['generation'] if 'llm' in results else results['responses']['splits'][split]
        return generation.get(metric)
    # the results of a language model contain the recommender's scores first and the re-ranked scores last
    scores = list(results['llm']['splits'].values())[-1] if 'llm' in results else results['splits'][split]
    return scores.get(group, {}).get(metric)
