"""Scores of short lists of items, compared with those of loops."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.evaluator.causal import CausalEvaluator

CUTOFFS = (1, 3, 6)
N_ITEM = 12


@st.composite
def batches(draw):
    """Draw (list, label, items of the context) of each sample; labels outside the catalogue and empty lists occur."""
    items = st.integers(0, N_ITEM - 1)
    some = st.lists(items, unique=True, max_size=N_ITEM)
    return draw(st.lists(st.tuples(some, st.integers(-1, N_ITEM - 1), some), min_size=1, max_size=8))


def make_evaluator(samples, batch=None):
    evaluator = CausalEvaluator()
    evaluator.configure(CUTOFFS, np.arange(N_ITEM) % 5, None)
    for start in range(0, len(samples), batch or len(samples)):
        feed(evaluator, samples[start : start + (batch or len(samples))])
    return evaluator


def feed(evaluator, samples):
    width = 1 + max(len(context) for *_, context in samples)
    seen = torch.tensor([context + [-1] * (width - len(context)) for *_, context in samples])
    label = torch.tensor([label for _, label, _ in samples])
    repeat = torch.tensor([label in context for _, label, context in samples])
    evaluator.rec_evaluate_lists([ranked for ranked, *_ in samples], label, seen, repeat)


def slow_rank(ranked, label):
    for rank, item in enumerate(ranked, start=1):
        if item == label:
            return rank
    return math.inf


def slow_scores(ranked_and_label, k):
    """Return Recall, NDCG and MRR at k, computed in a loop over the samples."""
    ranks = [slow_rank(ranked[:k], label) for ranked, label in ranked_and_label]
    n = len(ranks)
    return {
        f'recall@{k}': sum(rank < math.inf for rank in ranks) / n if n else math.nan,
        f'ndcg@{k}': sum(1 / math.log2(rank + 1) for rank in ranks if rank < math.inf) / n if n else math.nan,
        f'mrr@{k}': sum(1 / rank for rank in ranks if rank < math.inf) / n if n else math.nan,
    }


@limits(deadline=None, max_examples=150)
@example([([], -1, [])])
@example([([3, 1], -1, [3])])
@given(batches())
def test_scores_equal_those_of_a_loop(samples):
    scores = make_evaluator(samples).scores()
    new = [sample for sample in samples if sample[1] not in sample[2]]
    unseen = [([item for item in ranked if item not in context], label) for ranked, label, context in new]

    for k in CUTOFFS:
        for group, rows in (
            ('all', [sample[:2] for sample in samples]),
            ('new', [sample[:2] for sample in new]),
            ('new_unseen', unseen),
        ):
            for name, value in slow_scores(rows, k).items():
                assert scores[group][name] == pytest.approx(value, nan_ok=True), (group, name)
    assert scores['samples'] == len(samples)
    assert scores['repeat_share'] == pytest.approx(1 - len(new) / len(samples))
    copies = [bool(ranked) and ranked[0] in context for ranked, _, context in samples]
    assert scores['copy_rate@1'] == pytest.approx(sum(copies) / len(samples))
    shown = {item for ranked, *_ in samples for item in ranked[: CUTOFFS[-1]]}
    assert scores.get('coverage@6', 0) == pytest.approx(len(shown) / N_ITEM)
    assert sum(scores['samples_by_decile']) == sum(label >= 0 for _, label, _ in samples)


@limits(deadline=None, max_examples=50)
@given(batches(), st.integers(1, 8))
def test_the_batch_size_does_not_change_the_scores(samples, batch):
    np.testing.assert_equal(make_evaluator(samples, batch).scores(), make_evaluator(samples).scores())


@limits(deadline=None, max_examples=50)
@given(st.integers(0, 1000), st.integers(1, N_ITEM))
def test_a_models_top_k_list_scores_like_the_model_up_to_k(seed, length):
    rng = np.random.default_rng(seed)
    scores = torch.as_tensor(rng.permuted(np.tile(np.arange(N_ITEM), (10, 1)), axis=1), dtype=torch.float)
    label = torch.as_tensor(rng.integers(0, N_ITEM, 10))
    seen = torch.as_tensor(rng.permuted(np.tile(np.arange(N_ITEM), (10, 1)), axis=1)[:, :3])
    repeat = (seen == label[:, None]).any(1)
    whole, first = CausalEvaluator(cutoffs=[length]), CausalEvaluator(cutoffs=[length])
    whole.rec_evaluate_scores(scores, label, seen, repeat)
    first.rec_evaluate_lists(scores.argsort(descending=True)[:, :length].tolist(), label, seen, repeat)

    np.testing.assert_allclose(
        [first.metric('recall'), first.metric('ndcg'), first.metric('new_mrr')],
        [whole.metric('recall'), whole.metric('ndcg'), whole.metric('new_mrr')],
        rtol=1e-5,
    )
    assert first.scores()['copy_rate@1'] == pytest.approx(whole.scores()['copy_rate@1'])
    assert first.scores().get(f'coverage@{length}') == whole.scores().get(f'coverage@{length}')


def test_ranks_and_scores_equal_a_computation_by_hand():
    evaluator = make_evaluator([([4, 2, 7], 7, [4]), ([5], 5, [5]), ([], 3, []), ([1, 2], -1, [])])

    assert evaluator.column('rank').tolist() == [3.0, 1.0, math.inf, math.inf]
    assert evaluator.column('rank_unseen').tolist() == [2.0, 1.0, math.inf, math.inf]
    assert evaluator.column('copy').tolist() == [1.0, 1.0, 0.0, 0.0]
    scores = evaluator.scores()
    assert scores['all']['recall@3'] == 2 / 4 and scores['new']['recall@3'] == 1 / 3
    assert scores['new_unseen']['mrr@3'] == pytest.approx(1 / 2 / 3)


def test_places_without_an_item_push_the_items_behind_them_down():
    evaluator = make_evaluator([([4, -2, 7], 7, [4]), ([-2, -3], -1, []), ([-2, 5], 5, [])])

    assert evaluator.column('rank').tolist() == [3.0, math.inf, 2.0]
    assert evaluator.column('rank_unseen').tolist() == [2.0, math.inf, 2.0]
    assert evaluator.column('copy').tolist() == [1.0, 0.0, 0.0]
    assert evaluator.scores()[f'coverage@{max(CUTOFFS)}'] == 3 / N_ITEM


def test_a_number_of_lists_other_than_that_of_labels_is_an_error():
    one = torch.zeros(1, 1, dtype=torch.long)
    with pytest.raises(ValueError):
        CausalEvaluator().rec_evaluate_lists([[1], [2]], one[0], one, one[0].bool())
