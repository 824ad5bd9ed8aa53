"""Rank shifts: histograms and divergences against a count of one sample at a time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.experiments.analysis.shifts import (
    DIRECTIONS,
    RANK_EDGES,
    bin_edges,
    kl_by_rank,
    largest_fall,
    rank_shift_histogram,
)

RANK = st.one_of(
    st.integers(2, 140).map(lambda n: n / 2), st.integers(1, 9000).map(float), st.just(math.inf), st.just(math.nan)
)
PAIRS = st.lists(st.tuples(RANK, RANK), max_size=40)


def bin_of(value, edges):
    """Return the index of the bin (edge, next edge] that contains ``value``."""
    return next(i for i in range(len(edges) - 1) if edges[i] < value <= edges[i + 1])


def split(pairs):
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


@limits(deadline=None)
@given(PAIRS)
def test_the_histogram_equals_counts_in_a_loop(pairs):
    found = rank_shift_histogram(*split(pairs))
    up, down = np.zeros_like(found.up), np.zeros_like(found.down)
    unchanged = np.zeros_like(found.unchanged)
    beyond = missing = 0
    for before, after in pairs:
        if math.isnan(before) or math.isnan(after):
            missing += 1
        elif before > 50:
            beyond += 1
        elif after < before:
            up[bin_of(before - after, found.up_edges), bin_of(before, RANK_EDGES)] += 1
        elif after == before:
            unchanged[bin_of(before, RANK_EDGES)] += 1
        else:
            row = len(down) - 1 if math.isinf(after) else bin_of(after - before, found.down_edges)
            down[row, bin_of(before, RANK_EDGES)] += 1

    np.testing.assert_array_equal(found.up, up)
    np.testing.assert_array_equal(found.down, down)
    np.testing.assert_array_equal(found.unchanged, unchanged)
    assert (found.beyond, found.missing) == (beyond, missing)
    assert up.sum() + down.sum() + unchanged.sum() + beyond + missing == len(pairs)


def test_the_histogram_of_six_samples_equals_counting_by_hand():
    found = rank_shift_histogram([1, 5, 5.5, 50, 3, 51], [1, 4.5, 105.5, 1, math.inf, 2])

    assert found.unchanged.tolist() == [1] + [0] * 9
    assert found.up_edges.tolist() == [0, 1, 2, 5, 10, 20, 50]
    assert found.down_edges.tolist() == [0, 1, 2, 5, 10, 20, 50, 100]
    assert [tuple(at) for at in np.argwhere(found.up)] == [(0, 0), (5, 9)]  # by 0.5 from rank 5, by 49 from rank 50
    assert [tuple(at) for at in np.argwhere(found.down)] == [(6, 0), (6, 1)]  # out of all lists; by 100 from rank 5.5
    assert found.beyond == 1


def test_histograms_can_share_their_bins():
    near, far = rank_shift_histogram([2], [4], reach=700), rank_shift_histogram([2], [702])
    assert near.down_edges.tolist() == far.down_edges.tolist() == [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    assert largest_fall([2, 60, 3, 4], [702, 9000, math.inf, math.nan]) == 700


@given(st.floats(0, 1e6))
def test_the_edges_end_at_the_first_one_that_is_large_enough(reach):
    edges = bin_edges(reach)
    assert edges[-1] >= reach and (len(edges) == 2 or edges[-2] < reach)
    assert set(np.round(edges[2:] / edges[1:-1], 9)) <= {2, 2.5}


KL = st.one_of(st.floats(0, 20), st.just(math.nan))
SAMPLES = st.lists(st.tuples(RANK, RANK, KL, st.integers(0, 4)), max_size=30)


@limits(deadline=None, max_examples=50)
@given(SAMPLES)
def test_divergences_equal_means_in_a_loop(samples):
    found = kl_by_rank(*split(samples), [s[2] for s in samples], [s[3] for s in samples], draws=200)
    cells = {}
    for before, after, kl, conversation in samples:
        if not any(map(math.isnan, (before, after, kl))) and before <= 50:
            group = 'improved' if after < before else 'worsened' if after > before else 'unchanged'
            cells.setdefault((DIRECTIONS.index(group), bin_of(before, found.rank_edges)), []).append((kl, conversation))

    for at in np.ndindex(found.mean.shape):
        values = [kl for kl, _ in cells.get(at, [])]
        assert found.samples[at] == len(values)
        assert found.mean[at] == pytest.approx(np.mean(values) if values else math.nan, nan_ok=True)
        several = len({conversation for _, conversation in cells.get(at, [])}) > 1
        assert np.isfinite(found.low[at]) == np.isfinite(found.high[at]) == several
        if several:
            assert min(values) - 1e-9 <= found.low[at] <= found.high[at] <= max(values) + 1e-9
    assert found.samples.sum() + found.beyond + found.missing == len(samples)


def test_the_interval_equals_that_of_a_loop_over_draws_of_conversations():
    rng = np.random.default_rng(3)
    conversation = np.repeat(np.arange(30), 4)
    kl = rng.exponential(size=120) + np.repeat(rng.exponential(size=30), 4)
    found = kl_by_rank(np.full(120, 7.0), np.full(120, 9.0), kl, conversation, draws=20_000)

    drawn = [np.mean([kl[conversation == c] for c in rng.integers(30, size=30)]) for _ in range(4000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (found.low[2, 0], found.high[2, 0]) == pytest.approx((low, high), rel=0.03)

    # samples of a conversation are correlated here; an interval that takes them as independent is too narrow
    naive = kl_by_rank(np.full(120, 7.0), np.full(120, 9.0), kl, np.arange(120), draws=20_000)
    assert naive.high[2, 0] - naive.low[2, 0] < 0.85 * (found.high[2, 0] - found.low[2, 0])


def test_the_seed_determines_the_interval():
    columns = np.arange(1, 41.0), np.arange(2, 42.0), np.linspace(0, 1, 40) ** 2, np.arange(40) // 3
    first, again, other = (kl_by_rank(*columns, draws=50, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.low, again.low)
    assert (first.low != other.low).any()


@pytest.mark.parametrize(
    'call',
    [
        lambda: rank_shift_histogram([1, 2], [1]),
        lambda: rank_shift_histogram([[1]], [[1]]),
        lambda: kl_by_rank([1], [1], [1], [1, 2]),
        lambda: kl_by_rank([1], [1], [1, 2], [1]),
    ],
)
def test_columns_of_different_lengths_are_refused(call):
    with pytest.raises(ValueError, match='lengths differ'):
        call()
