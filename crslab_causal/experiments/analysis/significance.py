"""Significance tests: decide which differences between the rows of a table are more than noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Hashable, Mapping, NamedTuple, Sequence, TypeVar

import numpy as np

from crslab_causal.base.errors import UserError
from crslab_causal.evaluator.metrics import per_sample_metric
from crslab_causal.experiments.analysis.previous_results import PreviousTable
from crslab_causal.experiments.analysis.ranks import LabelRanks, align, read_ranks
from crslab_causal.experiments.analysis.record import CLUSTERED, Intervals, TestRecord, Tests
from crslab_causal.experiments.analysis.scores import RowResults, RunResult
from crslab_causal.experiments.analysis.statistics import (
    cluster_intervals,
    holm,
    paired_bootstrap,
    paired_t,
    welch,
)
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Table
from crslab_causal.experiments.suite.suite_options import OFFICIAL
from crslab_causal.registry import LANGUAGE_MODEL

LEVEL = 0.05
"""Significance level, after Holm's correction over the table."""

K = TypeVar('K', bound=Hashable)
RowTests = dict[tuple[str, str], 'RawTest']
"""Tests of a row by group and metric, before Holm's correction."""


class RawTest(NamedTuple):
    """A significance test before Holm's correction. The fields are those of :class:`.TestRecord`."""

    difference: float
    p: float
    test: str
    low: float | None = None
    high: float | None = None
    seeds: tuple[int, int] | None = None
    p_seeds: float | None = None


def row_tests(
    rows: list[RowResults], table: Table, store: RunStore, previous: PreviousTable = PreviousTable()
) -> list[Tests]:
    """Return the significance tests of each row against the reference row, in the order of ``rows``.

    The dict of a row that cannot be tested is empty.

    A test in the previous report is used again if it compares the same runs. Other tests are computed from the files of
    ranks in the folders of the runs, because a report contains no ranks. A test of an earlier release that was not
    clustered by conversation is computed again if the files are there.
    """
    reference = next((row for row in rows if table.is_reference(row.row) and row.results and _is_testable(row)), None)
    if reference is None or table.options.kind != 'recommendation':
        return [{} for _ in rows]
    reference_ranks = _read_ranks(reference, table, store)
    n_test = len(table.options.groups) * len(table.options.metrics)
    raw: dict[tuple[int, str, str], RawTest] = {}
    for i, row in enumerate(rows):
        if row is reference or not row.results or not _is_testable(row):
            continue
        with_ranks = _with_ranks(row, table, store)
        complete = len(with_ranks) == len(row.results) and len(reference_ranks) == len(reference.results)
        tests = _previous_tests(row, reference, previous, table)
        current = sum(test.test == CLUSTERED for test in tests.values())
        if current < n_test and reference_ranks and with_ranks and (complete or not tests):
            tests = _compare(row, reference, reference_ranks, table, store)
        raw.update({(i, group, metric): test for (group, metric), test in tests.items()})
    adjusted = _adjust(raw)
    return [adjusted.get(i, {}) for i in range(len(rows))]


def row_intervals(
    rows: list[RowResults], table: Table, store: RunStore, previous: PreviousTable = PreviousTable()
) -> list[Intervals | None]:
    """Return the 95 % intervals of each row by a bootstrap over conversations, in the order of ``rows``.

    Scores on the official test set have them, and scores of a single run where a model has seeds: that of a language
    model, or the only one of several that is finished. They are None for other rows.

    Scores of several seeds are averaged for each sample first. An interval of a previous report of the same runs is
    kept, because a report keeps no ranks. If some runs of a row come from a previous report, an interval on the
    official test set is that of the other runs, see :func:`interval_runs`.
    """
    intervals = [previous.intervals.get(frozenset(result.folder for result in row.results)) for row in rows]
    missing = [
        i
        for i, row in enumerate(rows)
        if intervals[i] is None
        and (table.options.split == OFFICIAL or _is_first_of_several(row))
        and (n_ranks := len(_with_ranks(row, table, store)))
        and (table.options.split == OFFICIAL or n_ranks == len(row.results))
    ]
    if table.options.kind != 'recommendation':
        return intervals
    for i, row in enumerate(rows):
        intervals[i] = intervals[i] or _answer_intervals(row, table, store)
    if not missing:
        return intervals
    by_row = {i: _read_ranks(rows[i], table, store) for i in missing}
    first = by_row[missing[0]][0]
    aligned = [[align(first, ranks) for ranks in by_row[i]] for i in missing]
    for i, of_row in zip(missing, _intervals(aligned, table.options.groups, table.options.metrics)):
        intervals[i] = of_row
    return intervals


def interval_runs(
    row: RowResults, table: Table, store: RunStore, previous: PreviousTable = PreviousTable()
) -> int | None:
    """Return the number of runs that the interval of a row covers; None if it covers all of them.

    Args: as those of :func:`row_intervals`.
    """
    folders = frozenset(result.folder for result in row.results)
    if folders in previous.intervals:
        return previous.interval_runs.get(folders)
    n_ranks = len(_with_ranks(row, table, store))
    return n_ranks if table.options.split == OFFICIAL and 0 < n_ranks < len(row.results) else None


def _is_first_of_several(row: RowResults) -> bool:
    """Return whether one run of several seeds is finished. The ranks of a language model's run are not its own."""
    return len(row.results) == 1 < len(row.row.runs) and row.row.runs[0].config['model'] != LANGUAGE_MODEL


def _answer_intervals(row: RowResults, table: Table, store: RunStore) -> Intervals | None:
    """Return the intervals of a language model that was run once, from the ranks that its scores are the means of.

    They are None for another row, and for a run of an earlier release, which has no such file.
    """
    if row.row.options.needs != 'llm' or len(row.results) != 1:
        return None
    path = store.llm_ranks_path(row.results[0].folder, table.options.split)
    if not path.is_file():
        return None
    return _intervals([[read_ranks(path)]], table.options.groups, row.row.options.metrics or table.options.metrics)[0]


def _intervals(runs: list[list[LabelRanks]], groups: Sequence[str], metrics: Sequence[str]) -> list[Intervals]:
    """Return the intervals of each row.

    Args:
        runs: ranks of the runs of each row, all of the same samples in the same order.
        groups: groups of labels.
        metrics: metrics at a cutoff.
    """
    first = runs[0][0]
    intervals: list[Intervals] = [{} for _ in runs]
    columns = [(i, metric) for i in range(len(runs)) for metric in metrics]
    for group in groups:
        chosen = _members(first, group)
        if len(set(first.conversation[chosen])) < 2:  # one conversation does not show the spread
            continue
        scores = [
            np.mean([per_sample_metric(_rank(ranks, group)[chosen], metric) for ranks in runs[i]], axis=0)
            for i, metric in columns
        ]
        ends = cluster_intervals(np.stack(scores, axis=1), first.conversation[chosen])
        for (i, metric), low, high in zip(columns, *ends.tolist()):
            intervals[i].setdefault(group, {})[metric] = (low, high)
    return intervals


def with_scores_of_ranks(result: RunResult, path: Path, table: Table) -> RunResult:
    """Return the result of a run with the scores that its file of ranks adds.

    A table may show a cutoff that the configuration of the run does not have. The score is then the mean over the ranks
    of the labels.
    """
    lacking = [
        (group, metric)
        for group, by_metric in result.scores.items()
        for metric, score in by_metric.items()
        if score is None and '@' in metric
    ]
    if table.options.kind != 'recommendation' or not lacking or not path.is_file():
        return result
    ranks = read_ranks(path)
    scores = {group: dict(by_metric) for group, by_metric in result.scores.items()}
    for group, metric in lacking:
        of_group = _rank(ranks, group)[_members(ranks, group)]
        scores[group][metric] = float(np.mean(per_sample_metric(of_group, metric))) if len(of_group) else None
    return result._replace(scores=scores)


def mean_tests(
    scores: Mapping[str, Mapping[str, Mapping[int, float]]], reference: str, paired: bool
) -> dict[str, Tests]:
    """Test the mean of each series over a sweep against the mean of the reference.

    There is one test for each series, far fewer than for all cells. Holm's correction therefore costs less power.

    Args:
        scores: means by series, metric and seed.
        reference: series that the others are tested against.
        paired: whether to use the paired t test instead of Welch's. Use it for runs that share more than the seed, such
            as a corpus for each seed.

    Returns:
        Tests by series.
    """
    raw = {}
    for name, by_metric in scores.items():
        for metric, values in by_metric.items():
            base = scores[reference][metric]
            if paired:
                seeds = [seed for seed in values if seed in base]
                values, base = ({seed: both[seed] for seed in seeds} for both in (values, base))
            if values != base and min(len(values), len(base)) > 1:
                a, b = list(values.values()), list(base.values())
                raw[name, 'all', metric] = RawTest(
                    float(np.mean(a) - np.mean(b)),
                    paired_t(a, b) if paired else welch(a, b),
                    'paired t' if paired else 'Welch',
                )
    return _adjust(raw)


def _adjust(raw: Mapping[tuple[K, str, str], RawTest]) -> dict[K, Tests]:
    """Return the tests by row, group and metric. Holm's correction is applied over all tests together."""
    adjusted = holm({key: test.p for key, test in raw.items()})
    tests: dict[K, Tests] = {}
    for (row, group, metric), test in raw.items():
        p = adjusted[row, group, metric]
        fields: dict[str, Any] = {name: value for name, value in test._asdict().items() if value is not None}
        tests.setdefault(row, {}).setdefault(group, {})[metric] = TestRecord(
            **fields, p_holm=p, significant=bool(p < LEVEL)
        )
    return tests


def _is_testable(row: RowResults) -> bool:
    """Return whether the row can be tested: it has two or more seeds, or is deterministic.

    A test of a single trained run would report the noise of its seed as a difference.
    """
    return row.row.runs[0].config['model'] != LANGUAGE_MODEL and (len(row.results) > 1 or row.row.options.deterministic)


def _previous_tests(row: RowResults, reference: RowResults, previous: PreviousTable, table: Table) -> RowTests:
    """Return the tests of a previous report that compare the same runs, before Holm's correction."""
    folders, reference_folders = (frozenset(result.folder for result in both.results) for both in (row, reference))
    if reference_folders != previous.reference:
        return {}
    return {
        (group, metric): RawTest(**{name: getattr(test, name) for name in RawTest._fields})
        for group, by_metric in previous.tests.get(folders, {}).items()
        for metric, test in by_metric.items()
        if group in table.options.groups and metric in table.options.metrics
    }


def _read_ranks(row: RowResults, table: Table, store: RunStore) -> list[LabelRanks]:
    return [
        read_ranks(store.ranks_path(result.folder, table.options.split)) for result in _with_ranks(row, table, store)
    ]


def _with_ranks(row: RowResults, table: Table, store: RunStore) -> list[RunResult]:
    """Return the results whose file of ranks exists. The other results were read from a previous report."""
    return [result for result in row.results if store.ranks_path(result.folder, table.options.split).is_file()]


def _compare(
    row: RowResults, reference: RowResults, reference_ranks: list[LabelRanks], table: Table, store: RunStore
) -> RowTests:
    """Test all runs of a row that have ranks against those of the reference.

    The p value comes from the bootstrap over conversations, with scores that are averaged over the runs. The samples of
    a conversation depend on each other, so a test for independent samples, such as McNemar's test of the hits, would
    give p values that are too small. If both rows have several seeds, Welch's t test over the seeds gives a second
    p value, and the larger one counts. A difference has to be more than the noise of the conversations and more than
    that of the seeds. This is an intersection-union test, so the two p values need no correction.
    """
    first = reference_ranks[0]
    a_ranks, b_ranks = (
        [align(first, ranks) for ranks in runs] for runs in (_read_ranks(row, table, store), reference_ranks)
    )
    tests: RowTests = {}
    for group in table.options.groups:
        chosen = _members(first, group)
        for metric in table.options.metrics:
            a, b = (
                np.stack([per_sample_metric(_rank(ranks, group)[chosen], metric) for ranks in runs], axis=1)
                for runs in (a_ranks, b_ranks)
            )
            difference = paired_bootstrap(a, b, first.conversation[chosen])
            low, high = (None if np.isnan(end) else end for end in (difference.low, difference.high))
            test = RawTest(difference.mean, difference.p, CLUSTERED, low, high, (a.shape[1], b.shape[1]))
            a_scores, b_scores = (
                [score for result in both.results if (score := result.score(group, metric)) is not None]
                for both in (row, reference)
            )
            if min(len(a_scores), len(b_scores)) > 1:
                p_seeds = welch(a_scores, b_scores)
                test = test._replace(p_seeds=p_seeds, p=max(test.p, p_seeds))
            if not np.isnan(test.p):  # p is NaN if all samples belong to one conversation
                tests[group, metric] = test
    return tests


def _members(ranks: LabelRanks, group: str) -> np.ndarray:
    """Return a Boolean mask, ``(n_sample,)``, of the samples whose label belongs to a group."""
    return np.full(len(ranks.repeat), True) if group == 'all' else ~ranks.repeat


def _rank(ranks: LabelRanks, group: str) -> np.ndarray:
    """Return the ranks of the labels that the scores of a group count, ``(n_sample,)``.

    Raises:
        UserError: the file of an earlier release has no such ranks.
    """
    if group != 'new_unseen':
        return ranks.rank
    if np.isnan(ranks.rank_unseen).any():
        raise UserError(f'{ranks.source}: an earlier release wrote no rank_unseen; remove the file, and repeat the run')
    return ranks.rank_unseen
