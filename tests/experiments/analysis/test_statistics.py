"""Intervals and significance tests against slow references, against scipy, and by simulation."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from crslab_causal.experiments.analysis.statistics import (
    Difference,
    Interval,
    cluster_intervals,
    holm,
    mean_interval,
    paired_bootstrap,
    paired_t,
    welch,
)

HITS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40)


# ---------------------------------------------------------------- mean_interval


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=8), st.sampled_from([0.9, 0.95, 0.99]))
def test_the_interval_of_a_mean_equals_that_of_scipy(values, level):
    found = mean_interval(values, level)
    spread = stats.sem(values)
    low, high = stats.t.interval(level, len(values) - 1, np.mean(values), spread) if spread else (np.mean(values),) * 2
    assert found.n == len(values)
    assert found.mean - found.half_width == pytest.approx(low, abs=1e-9)
    assert found.mean + found.half_width == pytest.approx(high, abs=1e-9)


def test_a_single_value_has_no_interval():
    assert mean_interval([0.3]) == Interval(0.3, None, 1)


@pytest.mark.parametrize('values', [[], [1.0, math.nan], [math.inf], [[1.0, 2.0]]])
def test_values_that_are_missing_or_not_finite_are_refused(values):
    with pytest.raises(ValueError):
        mean_interval(values)


def test_the_interval_of_a_mean_has_its_nominal_coverage():
    rng = np.random.default_rng(0)
    intervals = [mean_interval(row) for row in rng.normal(2, 3, size=(1000, 3))]  # 3 seeds
    assert np.mean([abs(i.mean - 2) <= i.half_width for i in intervals]) == pytest.approx(0.95, abs=0.025)


# ---------------------------------------------------------------- paired_bootstrap


def slow_bootstrap(a, b, clusters, draws, seed, level):
    """Return the bootstrap by its definition: draw as many conversations as there are, and pool their samples."""
    rng = random.Random(seed)
    of = {}
    for x, y, cluster in zip(a, b, clusters):
        of.setdefault(cluster, []).append(x - y)
    observed = sum(x - y for x, y in zip(a, b)) / len(a)
    drawn = []
    for _ in range(draws):
        pooled = [d for cluster in rng.choices(list(of), k=len(of)) for d in of[cluster]]
        drawn.append(sum(pooled) / len(pooled))
    as_far = sum(abs(d - observed) >= abs(observed) - 1e-12 for d in drawn)
    ordered = sorted(drawn)
    cut = round((1 - level) / 2 * draws)
    return Difference(observed, ordered[cut], ordered[-1 - cut], (1 + as_far) / (1 + draws))


@pytest.mark.parametrize('seed', range(3))
def test_the_bootstrap_equals_a_loop_over_draws(seed):
    rng = np.random.default_rng(seed)
    clusters = [f'conversation {i}' for i in rng.integers(0, 25, 80)]
    a, b = rng.integers(0, 2, 80), (rng.random(80) < 0.35).astype(int)
    fast = paired_bootstrap(a, b, clusters, draws=20_000, seed=seed, level=0.9)
    slow = slow_bootstrap(a, b, clusters, 6_000, seed, 0.9)
    assert fast.mean == pytest.approx(slow.mean)
    assert fast.low == pytest.approx(slow.low, abs=0.02) and fast.high == pytest.approx(slow.high, abs=0.02)
    assert fast.p == pytest.approx(slow.p, abs=0.02)


def test_the_bootstrap_of_independent_samples_equals_that_of_scipy():
    rng = np.random.default_rng(5)
    a, b = rng.normal(0.2, 1, 60), rng.normal(0, 1, 60)
    theirs = stats.bootstrap((a - b,), np.mean, n_resamples=20_000, method='percentile', rng=1).confidence_interval
    ours = paired_bootstrap(a, b, range(60), draws=20_000)
    assert ours.low == pytest.approx(theirs.low, abs=0.02) and ours.high == pytest.approx(theirs.high, abs=0.02)


@settings(max_examples=50, deadline=None)
@given(HITS, st.integers(1, 6), st.integers(0, 9), st.randoms(use_true_random=False))
def test_bootstrap_has_its_properties_for_random_input(hits, n_cluster, seed, rng):
    a, b = np.array(hits).T
    clusters = np.arange(len(a)) % n_cluster
    found = paired_bootstrap(a, b, clusters, draws=200, seed=seed)
    assert found.mean == pytest.approx(a.mean() - b.mean())
    if len(set(clusters)) == 1:
        assert np.isnan(found[1:]).all()  # a single conversation has no spread
        return
    assert -1 <= found.low <= found.high <= 1 and 1 / 201 <= found.p <= 1
    assert found == paired_bootstrap(a, b, clusters, draws=200, seed=seed)
    swapped = paired_bootstrap(b, a, clusters, draws=200, seed=seed)
    assert swapped == pytest.approx((-found.mean, -found.high, -found.low, found.p), abs=1e-12)
    order = list(range(len(a)))
    rng.shuffle(order)
    assert paired_bootstrap(a[order], b[order], clusters[order], draws=200, seed=seed) == pytest.approx(found)
    if found.mean == 0:
        assert found.p == 1


def test_the_size_of_the_blocks_does_not_change_the_result(monkeypatch):
    rng = np.random.default_rng(0)
    a, b, clusters = rng.random(50), rng.random(50), rng.integers(0, 20, 50)
    whole = paired_bootstrap(a, b, clusters, draws=1001)
    monkeypatch.setattr('crslab_causal.experiments.analysis.statistics.MAX_WEIGHTS', 20 * 64)
    in_parts = paired_bootstrap(a, b, clusters, draws=1001)
    monkeypatch.setattr('crslab_causal.experiments.analysis.statistics.MAX_WEIGHTS', 3)  # less than a row
    assert in_parts == pytest.approx(whole) and paired_bootstrap(a, b, clusters, draws=1001) == pytest.approx(whole)


def test_seeds_are_averaged_within_each_sample():
    rng = np.random.default_rng(0)
    a, b, clusters = rng.integers(0, 2, (40, 3)), rng.integers(0, 2, (40, 5)), rng.integers(0, 12, 40)
    assert paired_bootstrap(a, b, clusters) == paired_bootstrap(a.mean(1), b.mean(1), clusters)
    assert paired_bootstrap(a[:, :1], b[:, 0], clusters) == paired_bootstrap(a[:, 0], b[:, 0], clusters)


@pytest.mark.parametrize(
    ('a', 'b', 'clusters'),
    [
        ([1, 0], [1], [0, 1]),
        ([1, 0], [1, 0], [0]),
        ([], [], []),
        ([math.nan], [1], [0]),
        ([[[1]]], [1], [0]),
        ([1], 1, [0]),
    ],
)
def test_samples_of_different_lengths_or_shapes_are_refused(a, b, clusters):
    with pytest.raises(ValueError):
        paired_bootstrap(a, b, clusters)


def test_a_difference_in_every_sample_has_the_smallest_p_which_is_not_zero():
    assert paired_bootstrap([1] * 30, [0] * 30, range(30), draws=999) == Difference(1, 1, 1, 1 / 1000)


def test_the_bootstrap_keeps_its_level_for_correlated_samples_of_a_conversation():
    """A bootstrap over single samples rejects a true null hypothesis several times as often as its level says."""
    rng = np.random.default_rng(7)
    clusters = np.repeat(np.arange(60), 5)
    rejected_by_conversation = rejected_by_sample = 0
    covered = 0
    for seed in range(500):
        scores = rng.normal(0, 1, 60)[clusters] + rng.normal(0, 0.7, 300)  # the truth is 0
        by_conversation = paired_bootstrap(scores, np.zeros(300), clusters, draws=400, seed=seed)
        by_sample = paired_bootstrap(scores, np.zeros(300), range(300), draws=400, seed=seed)
        rejected_by_conversation += by_conversation.p < 0.05
        rejected_by_sample += by_sample.p < 0.05
        covered += by_conversation.low <= 0 <= by_conversation.high
    assert 0.025 < rejected_by_conversation / 500 < 0.085
    assert rejected_by_sample / 500 > 0.25
    assert covered / 500 == pytest.approx(0.95, abs=0.035)


def test_a_real_difference_is_found():
    rng = np.random.default_rng(3)
    p = np.mean(
        [
            paired_bootstrap(rng.random(300) < 0.5, rng.random(300) < 0.35, np.arange(300) // 3, draws=300, seed=seed).p
            < 0.05
            for seed in range(100)
        ]
    )
    assert p > 0.85  # 0.96 by the normal approximation


# ---------------------------------------------------------------- holm


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=7), st.floats(0.001, 0.999))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values, alpha):
    adjusted = holm(p_values)
    assert list(adjusted) == list(p_values)
    rejected = set()
    for i, name in enumerate(sorted(p_values, key=p_values.get)):
        if p_values[name] * (len(p_values) - i) > alpha:
            break
        rejected.add(name)
    assert {name for name, p in adjusted.items() if p <= alpha} == rejected
    assert all(p_values[name] <= p <= 1 for name, p in adjusted.items())


def test_holm_equals_a_computation_by_hand():
    assert holm({'a': 0.01, 'b': 0.04, 'c': 0.03}) == pytest.approx({'a': 0.03, 'b': 0.06, 'c': 0.06})


@pytest.mark.parametrize('p', [math.nan, -0.1, 1.1])
def test_holm_refuses_values_that_are_not_p_values(p):
    with pytest.raises(ValueError, match='x: .* is not a p value'):
        holm({'x': p, 'y': 0.5})


# ---------------------------------------------------------------- welch and paired_t


def test_welch_equals_scipy():
    # means 2 and 5, variances 1 and 4, n = 3: t = -3 / sqrt(1/3 + 4/3) = -2.3238, df = (5/3)^2 / (1/18 + 16/18) = 2.941
    assert welch([1, 2, 3], [3, 5, 7]) == pytest.approx(2 * stats.t.sf(3 / math.sqrt(5 / 3), 50 / 17), rel=1e-6)


def test_the_paired_test_equals_that_of_scipy_and_is_sharper_than_welch():
    a, b = [0.30, 0.52, 0.41, 0.70], [0.28, 0.49, 0.40, 0.67]
    assert paired_t(a, b) == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert paired_t(a, b) < 0.05 < welch(a, b)
    assert paired_t([0.5, 0.25], [0.25, 0.0]) == 0.0 and paired_t([0.5, 0.25], [0.5, 0.25]) == 1.0
    for wrong, other in (([0.1], [0.2]), ([0.1, 0.2, 0.3], [0.1, 0.2]), ([0.1, math.nan], [0.1, 0.2])):
        with pytest.raises(ValueError):
            paired_t(wrong, other)


def test_welch_without_a_spread_and_with_too_few_seeds():
    assert welch([0.4, 0.4], [0.4, 0.4, 0.4]) == 1.0
    assert welch([0.4, 0.4], [0.5, 0.5]) == 0.0
    with pytest.raises(ValueError, match='two of them'):
        welch([0.4], [0.5, 0.6])


def test_the_intervals_of_many_scores_are_those_of_the_bootstrap_of_each():
    """Each column has the interval of the paired bootstrap against 0, which is tested against loops."""
    rng = np.random.default_rng(3)
    scores, clusters = rng.random((40, 3)), rng.integers(7, size=40).astype(str)
    low, high = cluster_intervals(scores, clusters, draws=500)
    for column in range(3):
        expected = paired_bootstrap(scores[:, column], np.zeros(40), clusters, draws=500)
        assert (low[column], high[column]) == pytest.approx((expected.low, expected.high))
    assert np.isnan(cluster_intervals(scores, ['one'] * 40)).all()
    with pytest.raises(ValueError, match='lengths differ'):
        cluster_intervals(scores, clusters[1:])
