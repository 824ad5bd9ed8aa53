"""TransitionCounts with the seeker's items as labels, against plain Python."""

import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.model.transition import TransitionCounts
from tests.model.experts.small_data import batch, build, corpora, edge_lists, fitted, histories, last_mentions, weights


def pairs(data, role):
    return [
        (last_mentions(turn['context_mentions']), item)
        for turn in data.turns
        if turn['role'] == role
        for item in turn['items']
    ]


@limits(deadline=None, max_examples=60)
@given(corpora(), edge_lists, histories, st.floats(0.1, 1), st.floats(0.5, 20), st.floats(0, 1))
def test_item_of_the_seeker_counts_with_seeker_weight(corpus, edges, rows, seeker_weight, smoothing, share):
    items, data = corpus
    model = fitted(
        TransitionCounts,
        items,
        data,
        edges,
        seeker_weight=seeker_weight,
        transition_smoothing=smoothing,
        neighbour_weight=share,
    )
    counted = [(h, y, 1.0) for h, y in pairs(data, 'Recommender')]
    counted += [(h, y, seeker_weight) for h, y in pairs(data, 'Seeker')]
    total_weight = sum(weight for *_, weight in counted)

    def popularity(item):
        return sum(weight for _, y, weight in counted if y == item) / max(1, total_weight)

    def score(e, item):
        of_pair = sum(weight for h, y, weight in counted if e in h and y == item)
        of_entity = sum(weight for h, _, weight in counted if e in h)
        near = {y for y in items for a, b, _ in edges if y != e and {a, b} == {e, y}}
        prior = popularity(item) if not near else share * (item in near) / len(near) + (1 - share) * popularity(item)
        return (of_pair + smoothing * prior) / (of_entity + smoothing)

    for found, history in zip(model.item_scores(batch(rows)).tolist(), rows):
        expected = [
            sum(w * score(e, item) for e, w in zip(history, weights(history, 1.5))) if history else popularity(item)
            for item in items
        ]
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)


@limits(deadline=None, max_examples=30)
@given(corpora(), histories)
def test_seeker_weight_of_zero_counts_only_recommended_items(corpus, rows):
    items, data = corpus
    model, by_hand = fitted(TransitionCounts, items, data, [(0, 1, 0)]), build(TransitionCounts, items, [(0, 1, 0)])
    by_hand.count(data.histories, data.labels)
    assert list(model.state_dict()) == ['item_count', 'transition']
    assert torch.equal(model.item_scores(batch(rows)), by_hand.item_scores(batch(rows)))


@limits(deadline=None, max_examples=30)
@given(corpora(), histories)
def test_a_checkpoint_holds_the_seekers_counts(corpus, rows):
    items, data = corpus
    model = fitted(TransitionCounts, items, data, seeker_weight=0.5)
    loaded = build(TransitionCounts, items, seeker_weight=0.5)
    loaded.load_state_dict(model.state_dict())
    assert torch.equal(loaded.item_scores(batch(rows)), model.item_scores(batch(rows)))
