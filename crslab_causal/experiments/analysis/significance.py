"""Which differences between the rows of a table are more than noise."""

from __future__ import annotations

from itertools import product
from typing import Hashable, Mapping, TypeVar

import numpy as np

from crslab_causal.config import LANGUAGE_MODEL
from crslab_causal.evaluator.metrics import per_sample_metric
from crslab_causal.experiments.analysis.previous_results import EarlierTable
from crslab_causal.experiments.analysis.ranks import Ranks, pair, read_ranks
from crslab_causal.experiments.analysis.scores import Found, Result, ranks_path
from crslab_causal.experiments.analysis.statistics import holm, mcnemar, merged, paired_bootstrap, paired_t, welch
from crslab_causal.experiments.runner.runs import Place
from crslab_causal.experiments.suite.suite import Table

LEVEL = 0.05
"""Of a test, after Holm's correction over its table."""
ADJUSTED = ('p_holm', 'significant')
"""What of a test depends on the others of its table."""

K = TypeVar('K', bound=Hashable)


def row_tests(found: list[Found], table: Table, place: Place, earlier: EarlierTable = EarlierTable()) -> list[dict]:
    """For each row its tests against the reference, by group and metric; empty where there is nothing to test.

    What an earlier report says of the same runs stays, as their scores do. It keeps no ranks: if it has not all that the
    table shows, a test is one of the ranks that are at hand, and of the scores of all runs.
    """
    reference = _reference(found, table)
    if reference is None or table.options.kind != 'recommendation':
        return [{} for _ in found]
    base = _ranks(reference, table, place)
    wanted = len(table.options.groups) * len(table.options.metrics)
    raw: dict[tuple[int, str, str], dict] = {}
    for i, candidate in enumerate(found):
        if candidate is reference or not candidate.results or not _testable(candidate):
            continue
        own = _with_ranks(candidate, table, place)
        whole = len(own) == len(candidate.results) and len(base) == len(reference.results)
        tests = _earlier_tests(candidate, reference, earlier, table)
        if len(tests) < wanted and base and own and (whole or not tests):
            tests = _compare(candidate, reference, base, table, place)
        raw.update({(i, *of): test for of, test in tests.items()})
    tests = _adjusted(raw)
    return [tests.get(i, {}) for i in range(len(found))]


def _earlier_tests(candidate: Found, reference: Found, earlier: EarlierTable, table: Table) -> dict[tuple[str, str], dict]:
    """The tests of an earlier report between the same runs, without what depends on the table's other rows."""
    own, of_reference = (frozenset(result.folder for result in found.results) for found in (candidate, reference))
    if of_reference != earlier.reference:
        return {}
    return {(group, metric): {key: value for key, value in test.items() if key not in ADJUSTED}
            for group, by_metric in earlier.tests.get(own, {}).items() for metric, test in by_metric.items()
            if group in table.options.groups and metric in table.options.metrics}


def mean_tests(scores: Mapping[str, Mapping[str, Mapping[int, float]]], reference: str, paired: bool) -> dict[str, dict]:
    """A t test of each series' means, by metric and seed, against the reference's; by series, group and metric.

    Welch's; or the paired one, where the runs of a seed have more in common than it, such as a corpus.
    There are as few of them as series, so that Holm's correction leaves them more power than tests of all cells.
    """
    raw = {}
    for name, own in scores.items():
        for metric, values in own.items():
            base = scores[reference][metric]
            if paired:
                seeds = [seed for seed in values if seed in base]
                values, base = ({seed: both[seed] for seed in seeds} for both in (values, base))
            if values != base and min(len(values), len(base)) > 1:
                a, b = list(values.values()), list(base.values())
                raw[name, 'all', metric] = {'difference': float(np.mean(a) - np.mean(b)),
                                            'p': paired_t(a, b) if paired else welch(a, b),
                                            'test': 'paired t' if paired else 'Welch'}
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
    """Whether a row says something of other runs than these: it has several seeds, or depends on none.

    One seed of a model that is trained would pass the noise of that seed for a difference.
    """
    return found.row.runs[0].config['model'] != LANGUAGE_MODEL and (len(found.results) > 1 or found.row.options.deterministic)


def _reference(found: list[Found], table: Table) -> Found | None:
    return next((f for f in found if table.is_reference(f.row) and f.results and _testable(f)), None)


def _ranks(found: Found, table: Table, place: Place) -> list[Ranks]:
    return [read_ranks(ranks_path(place, result.folder, table.options.split)) for result in _with_ranks(found, table, place)]


def _with_ranks(found: Found, table: Table, place: Place) -> list[Result]:
    return [result for result in found.results if ranks_path(place, result.folder, table.options.split).is_file()]


def _compare(candidate: Found, reference: Found, base: list[Ranks], table: Table,
             place: Place) -> dict[tuple[str, str], dict]:
    """Tests of all runs of a row that have ranks against those of the reference, which are ``base``; by group and metric.

    p is that of the bootstrap over conversations, of samples whose scores are means over the runs, and for Recall@1
    that of McNemar's test of every pair of runs, by seed where they share it; where both rows have several seeds, the
    larger of it and of Welch's t test over the seeds: a difference has to be more than the noise of either (an
    intersection-union test, so that nothing has to be corrected for the two).
    """
    columns = [[pair(base[0], ranks)[1] for ranks in runs] for runs in (_ranks(candidate, table, place), base)]
    pairs = _pairs(*(_with_ranks(found, table, place) for found in (candidate, reference)))
    tests = {}
    for group in table.options.groups:
        chosen = slice(None) if group == 'all' else ~base[0].repeat
        for metric in table.options.metrics:
            a, b = (np.stack([per_sample_metric(_rank(ranks, group)[chosen], metric) for ranks in runs], axis=1)
                    for runs in columns)
            difference = paired_bootstrap(a, b, base[0].conversation[chosen])
            test = {'difference': difference.mean, 'low': difference.low, 'high': difference.high, 'p': difference.p,
                    'test': 'bootstrap', 'seeds': [a.shape[1], b.shape[1]]}
            if metric == 'recall@1':
                test |= {'p': merged([mcnemar(a[:, i], b[:, j]) for i, j in pairs]), 'test': 'McNemar'}
            scores = [[result.score(group, metric) for result in f.results] for f in (candidate, reference)]
            if all(len(values) > 1 for values in scores):  # more than the noise of conversations, and of seeds
                test['p_seeds'] = welch(*scores)
                test['p'] = max(test['p'], test['p_seeds'])
            if not np.isnan(test['p']):  # of a single conversation nothing can be said
                tests[group, metric] = test
    return tests


def _pairs(candidate: list[Result], reference: list[Result]) -> list[tuple[int, int]]:
    """Runs to be compared one by one: those of a seed, or each with each where the rows share none."""
    seeds = [[result.seed for result in results] for results in (candidate, reference)]
    shared = [(i, seeds[1].index(seed)) for i, seed in enumerate(seeds[0]) if seed in seeds[1]]
    everything = list(product(*map(range, map(len, seeds))))
    return shared if len(seeds[0]) > 1 and shared else everything


def _rank(ranks: Ranks, group: str) -> np.ndarray:
    return ranks.rank_unseen if group == 'new_unseen' else ranks.rank
