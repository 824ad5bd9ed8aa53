"""Ranks of labels with ties, the metrics computed from ranks, and deciles of popularity."""

import math
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.evaluator.metrics import cutoff_scores
from crslab_causal.evaluator.ranking import expected_ranks, popularity_decile


@st.composite
def batches(draw, largest_catalogue=9, labels_outside=True):
    """Draw scores, labels and contexts of a batch; there are few distinct scores, so that many tie."""
    n_item = draw(st.integers(1, largest_catalogue))
    n_sample = draw(st.integers(1, 4))
    rows = st.lists(st.integers(0, 3), min_size=n_item, max_size=n_item)
    scores = draw(st.lists(rows, min_size=n_sample, max_size=n_sample))
    labels = draw(st.lists(st.integers(-1 if labels_outside else 0, n_item - 1), min_size=n_sample, max_size=n_sample))
    context = st.lists(st.integers(0, n_item - 1), max_size=n_item, unique=True)
    return scores, labels, draw(st.lists(context, min_size=n_sample, max_size=n_sample))


def ranks(scores, labels, contexts=None):
    contexts = contexts or [[]] * len(labels)
    width = max([1, *map(len, contexts)])
    seen = torch.tensor([context + [-1] * (width - len(context)) for context in contexts])
    return expected_ranks(torch.as_tensor(scores, dtype=torch.float), torch.tensor(labels), seen)


def slow_rank(scores, label):
    """Return 1 + the number of greater scores + half the number of other items with the same score."""
    greater = level = 0
    for score in scores:
        greater += score > scores[label]
        level += score == scores[label]
    return 1 + greater + (level - 1) / 2


def test_expected_ranks_equal_a_computation_by_hand():
    # label 2 with score 5: one item (7) above it, two others (5, 5) level: 1 + 1 + 2 / 2 = 3
    result = ranks([[5, 7, 5, 1, 5]], [2])
    assert result.rank.tolist() == [3.0]
    # without items 0 (level) and 1 (above), which were seen: 1 + 0 + 1 / 2 = 1.5
    assert ranks([[5, 7, 5, 1, 5]], [2], [[1, 0]]).rank_unseen.tolist() == [1.5]


@limits(deadline=None)
@given(batches(labels_outside=False))
def test_expected_ranks_equal_counting(batch):
    scores, labels, contexts = batch
    expected = [slow_rank(row, label) for row, label in zip(scores, labels)]
    assert ranks(scores, labels, contexts).rank.tolist() == expected


@limits(deadline=None, max_examples=30)
@given(batches(largest_catalogue=5, labels_outside=False))
def test_the_expected_rank_is_the_mean_over_all_orders_of_ties(batch):
    scores, labels, _ = batch
    for row, label, rank in zip(scores, labels, ranks(scores, labels).rank.tolist()):
        drawn = []
        for order in permutations(range(len(row))):  # sorted() keeps this order among equals
            drawn.append(1 + sorted(order, key=lambda item: -row[item]).index(label))
        assert rank == pytest.approx(sum(drawn) / len(drawn))


@limits(deadline=None)
@given(batches(labels_outside=False))
def test_rank_unseen_is_the_rank_without_the_seen_items(batch):
    scores, labels, contexts = batch
    expected = []
    for row, label, context in zip(scores, labels, contexts):
        left = [item for item in range(len(row)) if item not in context or item == label]
        expected.append(slow_rank([row[item] for item in left], left.index(label)))
    assert ranks(scores, labels, contexts).rank_unseen.tolist() == expected


@limits(deadline=None)
@given(batches())
def test_a_label_outside_the_catalogue_is_ranked_after_every_item(batch):
    scores, labels, contexts = batch
    labels[0] = -1
    n_item = len(scores[0])
    result = ranks(scores, labels, contexts)

    assert result.rank[0] == n_item + 1
    assert result.rank_unseen[0] == n_item - len(contexts[0]) + 1
    assert all(rank <= n_item for rank, label in zip(result.rank.tolist(), labels) if label >= 0)


@pytest.mark.parametrize('n_item, cutoffs', [(100, (1, 10, 50)), (21, (1, 10)), (3, (1,))])
def test_equal_scores_rank_every_label_in_the_middle_without_a_hit(n_item, cutoffs):
    result = ranks(torch.zeros(n_item, n_item), list(range(n_item)))

    assert result.rank.tolist() == [(n_item + 1) / 2] * n_item
    assert set(cutoff_scores(result.rank.numpy(), cutoffs).values()) == {0.0}


def test_items_with_a_score_of_minus_infinity_tie():
    # the label is among three at -inf behind one: 1 + 1 + 2 / 2
    assert ranks([[0.0, -math.inf, -math.inf, -math.inf]], [2]).rank.tolist() == [3.0]


def test_a_nan_among_the_scores_is_an_error():
    scores = torch.zeros(3, 5)
    scores[1, 4] = math.nan
    with pytest.raises(ValueError, match='NaN'):
        ranks(scores, [0, 1, 2])


@limits(deadline=None)
@given(batches())
def test_copy_is_the_share_of_seen_items_among_the_items_with_the_highest_score(batch):
    scores, labels, contexts = batch
    expected = []
    for row, context in zip(scores, contexts):
        top = [item for item in range(len(row)) if row[item] == max(row)]
        expected.append(len(set(top) & set(context)) / len(top))
    assert ranks(scores, labels, contexts).copy.tolist() == pytest.approx(expected)


def test_copy_share_equals_a_computation_by_hand():
    # alone at the top and seen; not seen; one of two at the top seen
    scores = [[9, 0, 0], [9, 0, 0], [9, 9, 0]]
    assert ranks(scores, [0, 0, 0], [[0], [1, 2], [1, 2]]).copy.tolist() == [1.0, 0.0, 0.5]


# ---------------------------------------------------------------- metrics computed from ranks


def test_cutoff_scores_equal_a_computation_by_hand():
    # within 10: ranks 1 and 3 of three; log2(1 + 1) = 1, log2(3 + 1) = 2
    scores = cutoff_scores(np.array([1.0, 3.0, 20.0]), [1, 10])
    assert scores == pytest.approx(
        {
            'recall@1': 1 / 3,
            'ndcg@1': 1 / 3,
            'mrr@1': 1 / 3,
            'recall@10': 2 / 3,
            'ndcg@10': (1 + 1 / 2) / 3,
            'mrr@10': (1 + 1 / 3) / 3,
        }
    )


@given(
    st.lists(st.integers(2, 120).map(lambda twice: twice / 2) | st.just(math.inf), min_size=1, max_size=30),
    st.lists(st.integers(1, 60), min_size=1, max_size=4, unique=True),
)
def test_cutoff_scores_equal_a_loop(ranks_of_labels, cutoffs):
    scores = cutoff_scores(np.array(ranks_of_labels), cutoffs)

    assert len(scores) == 3 * len(cutoffs)
    for k in cutoffs:
        recall = ndcg = mrr = 0.0
        for rank in ranks_of_labels:
            if rank <= k:
                recall += 1
                ndcg += math.log(2) / math.log(1 + rank)  # the ideal DCG of a single label is 1
                mrr += 1 / rank
        n = len(ranks_of_labels)
        assert scores[f'recall@{k}'] == pytest.approx(recall / n)
        assert scores[f'ndcg@{k}'] == pytest.approx(ndcg / n)
        assert scores[f'mrr@{k}'] == pytest.approx(mrr / n)


def test_scores_without_samples_are_nan():
    assert all(math.isnan(score) for score in cutoff_scores(np.empty(0), [1, 10]).values())


# ---------------------------------------------------------------- deciles


def test_deciles_equal_a_computation_by_hand():
    # 20 items, the most popular first: two in each decile, downwards
    assert popularity_decile(np.arange(20)[::-1]).tolist() == [d for d in range(10, 0, -1) for _ in range(2)]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_deciles_are_tenths_of_the_catalogue_in_the_order_of_the_counts(count):
    decile = popularity_decile(np.array(count))
    sizes = np.bincount(decile, minlength=11)

    assert sizes[0] == 0 and len(sizes) == 11 and sizes.sum() == len(count)
    assert sizes[1:].max() - sizes[1:].min() <= 1
    for a in range(len(count)):
        for b in range(len(count)):
            if count[a] < count[b] or (count[a] == count[b] and a < b):
                assert decile[a] <= decile[b]
