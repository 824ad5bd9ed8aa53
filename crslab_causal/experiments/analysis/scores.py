"""What the finished runs of a row have scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, NamedTuple

from crslab_causal.experiments.runner.runs import Place
from crslab_causal.experiments.suite.suite import Row, Table

RUN_KEYS = ('folder', 'seed', 'epochs', 'best_epoch', 'training_seconds', 'git_commit', 'versions')
"""What a record says of a run besides its scores."""


class Result(NamedTuple):
    """What a run has found, as far as a table shows it; whether the run is at hand, or only its record is."""

    about: Mapping[str, Any]
    """The :data:`RUN_KEYS`."""
    scores: Mapping[str, Mapping[str, float | None]]
    """By group and metric, shares from 0 to 1; None where the run has no such score."""

    @property
    def folder(self) -> str:
        """Of the run, below that of all runs."""
        return self.about['folder']

    @property
    def seed(self) -> int:
        return self.about['seed']

    def score(self, group: str, metric: str) -> float | None:
        """One score."""
        return self.scores.get(group, {}).get(metric)

    @classmethod
    def of(cls, found: Mapping[str, Any], table: Table) -> Result:
        """That of a run at hand.

        Args:
            found: from :func:`.result_of`.
            table: which shows it.
        """
        scores = {group: {metric: _score(found, table, group, metric) for metric in table.options.metrics}
                  for group in groups_of(table)}
        return cls({key: found[key] for key in RUN_KEYS if key in found}, scores)


class Found(NamedTuple):
    """A row and the results of those of its runs that are finished."""

    row: Row
    results: tuple[Result, ...]


def groups_of(table: Table) -> list[str]:
    """Groups of labels that a table has scores of."""
    return list(table.options.groups) if table.options.kind == 'recommendation' else ['all']


def _score(found: Mapping[str, Any], table: Table, group: str, metric: str) -> float | None:
    kind, split = table.options.kind, table.options.split
    if kind == 'corpus':
        return found['corpus'][split][metric]
    if kind == 'deconfounding':
        return found['deconfounding'].get(metric)
    if kind == 'generation':
        responses = found['llm']['llm']['generation'] if 'llm' in found else found['responses']['splits'][split]
        return responses.get(metric)
    splits = list(found['llm']['splits'].values())[-1:] if 'llm' in found else [found['splits'][split]]
    return splits[0].get(group, {}).get(metric)


def ranks_path(place: Place, folder: str, split: str) -> Path:
    """Where the run of a folder has left the ranks of a split; only if it is at hand, and not its record alone."""
    return place.work / folder / f'ranks_{split}.jsonl'
