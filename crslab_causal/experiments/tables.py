"""From finished runs to a table's record: scores of every seed, and which differences are more than noise."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping, NamedTuple

import numpy as np

from crslab_causal.evaluator.ranking import gains
from crslab_causal.experiments.cases import case_records
from crslab_causal.experiments.ranks import Ranks, pair, read_ranks
from crslab_causal.experiments.runs import Place, folder_of, result_of
from crslab_causal.experiments.statistics import holm, mcnemar, paired_bootstrap, welch
from crslab_causal.experiments.suite import Row, Suite, Table

LEVEL = 0.05
"""Of a test, after Holm's correction over its table."""
RUN_KEYS = ('folder', 'seed', 'epochs', 'best_epoch', 'training_seconds', 'git_commit', 'versions')
NEEDS_LLM = 'needs an LLM'


class Found(NamedTuple):
    """A row and the results of those of its runs that are finished."""

    row: Row
    results: tuple[dict, ...]


def collect(suite: Suite, place: Place, failures: Mapping[Path, str] | None = None) -> dict:
    """The record of a suite, which is all that its tables are rendered from.

    Args:
        suite: with its runs spelt out.
        place: of the runs.
        failures: reasons by folder, for rows that have no result.
    """
    return {'name': suite.name, 'title': suite.options.title, 'about': suite.options.about.strip(),
            'tables': [_table_record(table, place, failures or {}) for table in suite.tables],
            'cases': [record for options in suite.options.cases for record in case_records(options, suite, place)]}


def _table_record(table: Table, place: Place, failures: Mapping[Path, str]) -> dict:
    found = [Found(row, tuple(result for run in row.runs if (result := result_of(run, place)) is not None))
             for row in table.rows if not row.options.hidden]
    options = table.options
    rows = [{**_row_record(f, table), 'note': _note(f, place, failures)} for f in found]
    for row, tests in zip(rows, _tests(found, table, place)):
        row['tests'] = tests
    return {**options.model_dump(include={'name', 'title', 'kind', 'split', 'metrics', 'reference', 'readme'}),
            'groups': list(options.groups) if options.kind == 'recommendation' else ['all'],
            'sweep': options.sweep and options.sweep.model_dump(), 'rows': rows, 'means': _means(found, table)}


def _row_record(found: Found, table: Table) -> dict:
    options = found.row.options
    record = {'title': options.title, 'id': options.id, 'x': found.row.x,
              'series': found.row.series, 'reported': options.reported, 'source': options.source,
              'runs': [{key: result[key] for key in RUN_KEYS if key in result} for result in found.results]}
    record['scores'] = {group: {metric: [score_of(result, table, group, metric) for result in found.results]
                                for metric in table.options.metrics
                                if options.metrics is None or metric in options.metrics}
                        for group in _groups(table)} if found.results else {}
    return record


def _note(found: Found, place: Place, failures: Mapping[Path, str]) -> str | None:
    """Why a row has no numbers, or fewer than it should have."""
    options = found.row.options
    if options.reported is not None or len(found.results) == len(found.row.runs) > 0:
        return None
    reasons = [failures[folder] for run in found.row.runs if (folder := folder_of(run, place)) in failures]
    if reasons:
        return f'failed: {reasons[0]}'
    if found.results:
        return f'{len(found.results)} of {len(found.row.runs)} seeds'
    return NEEDS_LLM if options.needs == 'llm' else 'takes hours: run with --slow' if options.slow else 'not run'


def _groups(table: Table) -> list[str]:
    return list(table.options.groups) if table.options.kind == 'recommendation' else ['all']


def score_of(result: dict, table: Table, group: str, metric: str) -> float | None:
    """One score of one run, a share from 0 to 1; None where the run has no such score."""
    kind, split = table.options.kind, table.options.split
    if kind == 'corpus':
        return result['corpus'][split][metric]
    if kind == 'deconfounding':
        return result['deconfounding'].get(metric)
    if kind == 'generation':
        responses = result['llm']['llm']['generation'] if 'llm' in result else result['responses']['splits'][split]
        return responses.get(metric)
    splits = list(result['llm']['splits'].values())[-1:] if 'llm' in result else [result['splits'][split]]
    return splits[0].get(group, {}).get(metric)


def _means(found: list[Found], table: Table) -> list[dict]:
    """For each series of a grid its mean over the values of the sweep, which is one number for each seed.

    Tested against the series of the reference by Welch's t test over the seeds: there are as few tests as series, so
    that Holm's correction leaves them more power than tests of every cell would have.
    """
    series: dict[str, list[Found]] = {}
    for f in found:
        if f.row.series:
            series.setdefault(f.row.series, []).append(f)
    base = next((name for name, own in series.items() if own[0].row.options.id == table.options.reference is not None), None)
    scores = {name: {metric: _seed_means(own, table, metric) for metric in table.options.metrics}
              for name, own in series.items()}
    raw = {(name, metric): {'difference': float(np.mean(values) - np.mean(scores[base][metric])), 'test': 'Welch',
                            'p': welch(values, scores[base][metric])}
           for name, own in scores.items() for metric, values in own.items()
           if base not in (None, name) and values != scores[base][metric]
           and min(len(values), len(scores[base][metric])) > 1}
    adjusted = holm({key: test['p'] for key, test in raw.items()})
    tests: dict[str, dict] = {name: {} for name in series}
    for (name, metric), test in raw.items():
        p = adjusted[name, metric]
        tests[name].setdefault('all', {})[metric] = {**test, 'p_holm': p, 'significant': bool(p < LEVEL)}
    return [{'title': name, 'reference': name == base, 'reported': None, 'scores': {'all': scores[name]},
             'tests': tests[name]} for name in series]


def _seed_means(found: list[Found], table: Table, metric: str) -> list[float]:
    """Of each seed that all rows have."""
    by_row = [{result['seed']: score_of(result, table, 'all', metric) for result in f.results} for f in found]
    seeds = [seed for seed in by_row[0] if all(own.get(seed) is not None for own in by_row)]
    return [float(np.mean([own[seed] for own in by_row])) for seed in seeds]


# ---------------------------------------------------------------- tests

def _tests(found: list[Found], table: Table, place: Place) -> list[dict]:
    """For each row its tests against the reference, by group and metric; empty where there is nothing to test."""
    reference = _reference(found, table)
    raw: dict[tuple[int, str, str], dict] = {}
    if reference is not None and table.options.kind == 'recommendation':
        for i, candidate in enumerate(found):
            if candidate is not reference and _testable(candidate):
                for (group, metric), test in _compare(candidate, reference, table, place).items():
                    raw[i, group, metric] = test
    adjusted = holm({key: test['p'] for key, test in raw.items()})
    tests: list[dict] = [{} for _ in found]
    for (i, group, metric), test in raw.items():
        p = adjusted[i, group, metric]
        tests[i].setdefault(group, {})[metric] = {**test, 'p_holm': p, 'significant': bool(p < LEVEL)}
    return tests


def _testable(found: Found) -> bool:
    """Whether a row is finished enough: one seed of several would pass the noise of that seed for a difference."""
    enough = len(found.results) >= min(2, len(found.row.runs))
    return bool(found.results) and enough and 'llm' not in found.results[0]


def _reference(found: list[Found], table: Table) -> Found | None:
    options = table.options
    for candidate in found:
        row = candidate.row
        chosen = row.options.id is not None and row.options.id == options.reference and options.sweep is None
        default = options.sweep is not None and options.sweep.default is not None and row.x == options.sweep.default
        if (chosen or default) and candidate.results:
            return candidate
    return None


def _compare(candidate: Found, reference: Found, table: Table, place: Place) -> dict[tuple[str, str], dict]:
    """Tests on the seeds that both rows have, or on the first of each where they share none.

    p is that of the bootstrap over conversations, for Recall@1 that of McNemar's test with the first seed; where both
    rows have several seeds, the larger of it and of Welch's t test over the seeds: a difference has to be more than
    the noise of either (an intersection-union test, so that nothing has to be corrected for the two).
    """
    first, second = ({r['seed']: r for r in found.results} for found in (candidate, reference))
    seeds = [(s, s) for s in first if s in second] or [(min(first), min(second))]
    ranks = [pair(*(read_ranks(ranks_path(place, results[seed], table.options.split))
                    for results, seed in ((first, a), (second, b)))) for a, b in seeds]
    tests = {}
    for group in table.options.groups:
        for metric in table.options.metrics:
            chosen = slice(None) if group == 'all' else ~ranks[0][0].repeat
            a, b = (np.stack([gains(_rank(both[side], group)[chosen], metric) for both in ranks], axis=1)
                    for side in (0, 1))
            difference = paired_bootstrap(a, b, ranks[0][0].conversation[chosen])
            test = {'difference': difference.mean, 'low': difference.low, 'high': difference.high, 'p': difference.p,
                    'test': 'bootstrap', 'seeds': len(seeds)}
            if metric == 'recall@1':
                test |= {'p': mcnemar(a[:, 0], b[:, 0]), 'test': 'McNemar'}
            scores = [[score_of(r, table, group, metric) for r in f.results] for f in (candidate, reference)]
            if all(len(values) > 1 for values in scores):  # more than the noise of conversations, and of seeds
                test['p_seeds'] = welch(*scores)
                test['p'] = max(test['p'], test['p_seeds'])
            tests[group, metric] = test
    return tests


def _rank(ranks: Ranks, group: str) -> np.ndarray:
    return ranks.rank_unseen if group == 'new_unseen' else ranks.rank


def ranks_path(place: Place, result: dict, split: str) -> Path:
    """Where a run has left the ranks of a split."""
    return place.work / result['folder'] / f'ranks_{split}.jsonl'
