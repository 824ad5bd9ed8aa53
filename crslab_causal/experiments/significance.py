"""Which differences between the rows of a table are more than noise."""

from __future__ import annotations

from typing import Hashable, Mapping, TypeVar

import numpy as np

from crslab_causal.evaluator.ranking import gains
from crslab_causal.experiments.ranks import Ranks, pair, read_ranks
from crslab_causal.experiments.runs import Place
from crslab_causal.experiments.scores import Found, ranks_path, score_of
from crslab_causal.experiments.statistics import holm, mcnemar, paired_bootstrap, welch
from crslab_causal.experiments.suite import Table

LEVEL = 0.05
"""Of a test, after Holm's correction over its table."""

K = TypeVar('K', bound=Hashable)


def row_tests(found: list[Found], table: Table, place: Place) -> list[dict]:
    """For each row its tests against the reference, by group and metric; empty where there is nothing to test."""
    reference = _reference(found, table)
    raw: dict[tuple[int, str, str], dict] = {}
    if reference is not None and table.options.kind == 'recommendation':
        for i, candidate in enumerate(found):
            if candidate is not reference and _testable(candidate):
                for (group, metric), test in _compare(candidate, reference, table, place).items():
                    raw[i, group, metric] = test
    tests = _adjusted(raw)
    return [tests.get(i, {}) for i in range(len(found))]


def mean_tests(scores: Mapping[str, Mapping[str, list[float]]], reference: str) -> dict[str, dict]:
    """Welch's t test of each series' means over the seeds against the reference's, by series, group and metric.

    There are as few of them as series, so that Holm's correction leaves them more power than tests of all cells.
    """
    raw = {}
    for name, own in scores.items():
        for metric, values in own.items():
            base = scores[reference][metric]
            if values != base and min(len(values), len(base)) > 1:
                raw[name, 'all', metric] = {'difference': float(np.mean(values) - np.mean(base)),
                                            'p': welch(values, base), 'test': 'Welch'}
    return _adjusted(raw)


def _adjusted(raw: Mapping[tuple[K, str, str], dict]) -> dict[K, dict]:
    """Tests by row, group and metric, with their p after Holm over all of them."""
    adjusted = holm({key: test['p'] for key, test in raw.items()})
    tests: dict[K, dict] = {}
    for (row, group, metric), test in raw.items():
        p = adjusted[row, group, metric]
        tests.setdefault(row, {}).setdefault(group, {})[metric] = {**test, 'p_holm': p, 'significant': bool(p < LEVEL)}
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
