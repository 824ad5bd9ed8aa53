"""Scores of short lists against loops that count by hand."""

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
    """(list, label, items of the context) of each sample; a label may be no item, and a list empty."""
    items = st.integers(0, N_ITEM - 1)
    some = st.lists(items, unique=True, max_size=N_ITEM)
    return draw(st.lists(st.tuples(some, st.integers(-1, N_ITEM - 1), some), min_size=1, max_size=8))


def evaluator(samples, batch=None):
    made = CausalEvaluator()
    made.configure(CUTOFFS, np.arange(N_ITEM) % 5, None)
    for start in range(0, len(samples), batch or len(samples)):
        feed(made, samples[start:start + (batch or len(samples))])
    return made


def feed(made, samples):
    width = 1 + max(len(context) for *_, context in samples)
    seen = torch.tensor([context + [-1] * (width - len(context)) for *_, context in samples])
    made.rec_evaluate_lists([ranked for ranked, *_ in samples], torch.tensor([label for _, label, _ in samples]), seen,
                            torch.tensor([label in context for _, label, context in samples]))


def slow_place(ranked, label):
    for place, item in enumerate(ranked, start=1):
        if item == label:
            return place
    return math.inf


def slow_scores(ranked_and_label, k):
    """Recall, NDCG and MRR at k, one sample at a time."""
    places = [slow_place(ranked[:k], label) for ranked, label in ranked_and_label]
    n = len(places)
    return {f'recall@{k}': sum(place < math.inf for place in places) / n if n else math.nan,
            f'ndcg@{k}': sum(1 / math.log2(place + 1) for place in places if place < math.inf) / n if n else math.nan,
            f'mrr@{k}': sum(1 / place for place in places if place < math.inf) / n if n else math.nan}


@limits(deadline=None, max_examples=150)
@example([([], -1, [])])
@example([([3, 1], -1, [3])])
@given(batches())
def test_scores_equal_a_slow_count(samples):
    found = evaluator(samples).scores()
    new = [sample for sample in samples if sample[1] not in sample[2]]
    unseen = [([item for item in ranked if item not in context], label) for ranked, label, context in new]

    for k in CUTOFFS:
        for group, rows in (('all', [sample[:2] for sample in samples]), ('new', [sample[:2] for sample in new]),
                            ('new_unseen', unseen)):
            for name, value in slow_scores(rows, k).items():
                assert found[group][name] == pytest.approx(value, nan_ok=True), (group, name)
    assert found['samples'] == len(samples)
    assert found['repeat_share'] == pytest.approx(1 - len(new) / len(samples))
    copies = [bool(ranked) and ranked[0] in context for ranked, _, context in samples]
    assert found['copy_rate@1'] == pytest.approx(sum(copies) / len(samples))
    shown = {item for ranked, *_ in samples for item in ranked[:CUTOFFS[-1]]}
    assert found.get('coverage@6', 0) == pytest.approx(len(shown) / N_ITEM)
    assert sum(found['samples_by_decile']) == sum(label >= 0 for _, label, _ in samples)


@limits(deadline=None, max_examples=50)
@given(batches(), st.integers(1, 8))
def test_one_batch_or_many(samples, batch):
    np.testing.assert_equal(evaluator(samples, batch).scores(), evaluator(samples).scores())


@limits(deadline=None, max_examples=50)
@given(st.integers(0, 1000), st.integers(1, N_ITEM))
def test_the_first_of_a_models_list_scores_as_the_model_does_up_to_its_length(seed, length):
    rng = np.random.default_rng(seed)
    scores = torch.as_tensor(rng.permuted(np.tile(np.arange(N_ITEM), (10, 1)), axis=1), dtype=torch.float)
    label = torch.as_tensor(rng.integers(0, N_ITEM, 10))
    seen = torch.as_tensor(rng.permuted(np.tile(np.arange(N_ITEM), (10, 1)), axis=1)[:, :3])
    repeat = (seen == label[:, None]).any(1)
    whole, first = CausalEvaluator(cutoffs=[length]), CausalEvaluator(cutoffs=[length])
    whole.rec_evaluate_scores(scores, label, seen, repeat)
    first.rec_evaluate_lists(scores.argsort(descending=True)[:, :length].tolist(), label, seen, repeat)

    np.testing.assert_allclose([first.metric('recall'), first.metric('ndcg'), first.metric('new_mrr')],
                               [whole.metric('recall'), whole.metric('ndcg'), whole.metric('new_mrr')], rtol=1e-5)
    assert first.scores()['copy_rate@1'] == pytest.approx(whole.scores()['copy_rate@1'])
    assert first.scores().get(f'coverage@{length}') == whole.scores().get(f'coverage@{length}')


def test_by_hand():
    made = evaluator([([4, 2, 7], 7, [4]), ([5], 5, [5]), ([], 3, []), ([1, 2], -1, [])])

    assert made.column('rank').tolist() == [3.0, 1.0, math.inf, math.inf]
    assert made.column('rank_unseen').tolist() == [2.0, 1.0, math.inf, math.inf]
    assert made.column('copy').tolist() == [1.0, 1.0, 0.0, 0.0]
    scores = made.scores()
    assert scores['all']['recall@3'] == 2 / 4 and scores['new']['recall@3'] == 1 / 3
    assert scores['new_unseen']['mrr@3'] == pytest.approx(1 / 2 / 3)


def test_lists_of_another_number_than_labels_are_a_mistake():
    one = torch.zeros(1, 1, dtype=torch.long)
    with pytest.raises(ValueError):
        CausalEvaluator().rec_evaluate_lists([[1], [2]], one[0], one, one[0].bool())
