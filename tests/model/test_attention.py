"""Eq 3: w_i = lambda^(i-1) / sum_j lambda^(j-1)."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.model.attention import drop_mentions, time_aware_weights

decays = st.floats(0.3, 3.0)
lengths_of_a_batch = st.lists(st.integers(0, 12), min_size=1, max_size=5)


def weights(lengths, max_length, decay):
    return time_aware_weights(torch.tensor(lengths), max_length, decay)


def test_weights_of_three_mentions_equal_a_computation_by_hand():
    # 1.5^0 + 1.5^1 + 1.5^2 = 1 + 1.5 + 2.25 = 4.75
    expected = torch.tensor([[1 / 4.75, 1.5 / 4.75, 2.25 / 4.75]])
    torch.testing.assert_close(weights([3], 3, 1.5), expected)


def test_columns_after_the_history_get_nothing():
    # n = 2: 1 / 2.5 and 1.5 / 2.5; n = 1: all on the only mention; n = 0: nothing
    expected = torch.tensor([[0.4, 0.6, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    torch.testing.assert_close(weights([2, 1, 0], 4, 1.5), expected)


@limits(deadline=None)
@given(lengths_of_a_batch, st.integers(0, 3), decays)
def test_equals_the_formula_term_by_term(lengths, spare, decay):
    width = max([1, *lengths]) + spare
    expected = torch.zeros(len(lengths), width)
    for row, n in enumerate(lengths):
        total = 0.0
        for j in range(1, n + 1):
            total += decay ** (j - 1)
        for i in range(1, n + 1):
            expected[row, i - 1] = decay ** (i - 1) / total
    torch.testing.assert_close(weights(lengths, width, decay), expected, rtol=1e-4, atol=1e-6)


@limits(deadline=None)
@given(lengths_of_a_batch, decays)
def test_a_row_sums_to_one_unless_the_history_is_empty(lengths, decay):
    total = weights(lengths, 12, decay).sum(-1).tolist()
    assert total == pytest.approx([float(n > 0) for n in lengths], abs=1e-5)


@pytest.mark.parametrize('decay', [0.5, 1.5, 10.0])
def test_a_long_history_stays_finite(decay):
    n = 400  # 1.5^399 = 1.9e70, 10^399: more than a float32 or even a float64 holds
    row = weights([n], n, decay)[0]

    assert torch.isfinite(row).all() and row.sum().item() == pytest.approx(1, abs=1e-4)
    # geometric series, largest term r^(n-1) over (r^n - 1) / (r - 1): 1 - 1/r in the limit, r > 1
    r = max(decay, 1 / decay)
    assert row.max().item() == pytest.approx(1 - 1 / r, rel=1e-4)
    assert row.argmax().item() == (n - 1 if decay > 1 else 0)


def test_later_mentions_weigh_more_above_one_and_less_below():
    assert (weights([6], 6, 1.2)[0].diff() > 0).all()
    assert (weights([6], 6, 0.8)[0].diff() < 0).all()


def test_decay_of_one_gives_the_plain_mean():
    torch.testing.assert_close(weights([4], 5, 1.0), torch.tensor([[0.25, 0.25, 0.25, 0.25, 0]]))


def test_neighbouring_weights_have_the_ratio_lambda():
    row = weights([10], 10, math.e)[0]
    torch.testing.assert_close(row[1:] / row[:-1], torch.full((9,), math.e))


@limits(deadline=None)
@given(lengths_of_a_batch, st.floats(0, 0.99), st.integers(0, 1000))
def test_mentions_left_out_give_their_weight_to_the_others_in_proportion(lengths, probability, seed):
    torch.manual_seed(seed)
    whole = weights(lengths, max([1, *lengths]), 1.5)
    left = drop_mentions(whole, probability)

    torch.testing.assert_close(left.sum(-1), whole.sum(-1))
    for before, after in zip(whole, left):
        kept = after > 0
        assert not (kept & (before == 0)).any()
        if kept.any():
            torch.testing.assert_close(after[kept], before[kept] / before[kept].sum())


def test_mentions_are_dropped_with_the_given_probability():
    torch.manual_seed(0)
    whole = weights([8] * 2000, 8, 1.5)
    share = (drop_mentions(whole, 0.3) == 0).float().mean().item()

    assert share == pytest.approx(0.3, abs=0.02)  # 16,000 coins: standard deviation 0.004
    assert torch.equal(drop_mentions(whole, 0.0), whole)
