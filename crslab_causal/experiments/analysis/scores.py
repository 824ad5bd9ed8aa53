"""What the finished runs of a row have scored."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from crslab_causal.experiments.running.runs import Place
from crslab_causal.experiments.running.suite import Row, Table


class Found(NamedTuple):
    """A row and the results of those of its runs that are finished."""

    row: Row
    results: tuple[dict, ...]


def groups_of(table: Table) -> list[str]:
    """Groups of labels that a table has scores of."""
    return list(table.options.groups) if table.options.kind == 'recommendation' else ['all']


def score_of(result: dict, table: Table, group: str, metric: str) -> float | None:
    """One score of one run, a share from 0 to 1; None where the run has no such score."""
    kind, split = table.options.kind, table.options.split
    if 'recorded' in result:
        return result['recorded'].get(group, {}).get(metric)
    if kind == 'corpus':
        return result['corpus'][split][metric]
    if kind == 'deconfounding':
        return result['deconfounding'].get(metric)
    if kind == 'generation':
        responses = result['llm']['llm']['generation'] if 'llm' in result else result['responses']['splits'][split]
        return responses.get(metric)
    splits = list(result['llm']['splits'].values())[-1:] if 'llm' in result else [result['splits'][split]]
    return splits[0].get(group, {}).get(metric)


def ranks_path(place: Place, result: dict, split: str) -> Path:
    """Where a run has left the ranks of a split."""
    return place.work / result['folder'] / f'ranks_{split}.jsonl'


def has_ranks(place: Place, result: dict, split: str) -> bool:
    """Whether the ranks of a run are at hand, and not only its scores in the record of an earlier report."""
    return ranks_path(place, result, split).is_file()
