"""The counting baselines against plain Python, on random graphs and histories."""

import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.data.histories import pad_histories
from crslab_causal.model.baselines.popularity import TargetPopularity
from crslab_causal.model.baselines.repeat import Repeat
from crslab_causal.model.transition import TransitionCounts

N_ENTITY = 7
entities = st.integers(0, N_ENTITY - 1)
edge_lists = st.lists(st.tuples(entities, entities, st.integers(0, 2)), min_size=1, max_size=12)
item_lists = st.lists(entities, min_size=1, max_size=4, unique=True)
distinct_histories = st.lists(entities, max_size=5, unique=True)


def build(model_class, items, edges=(), **options):
    return model_class(
        options,
        torch.device('cpu'),
        {'n_entity': N_ENTITY},
        {'item_entity_ids': items, 'entity_kg': {'edge': list(edges), 'n_relation': 3}},
    )


def train(model, samples, batch=3):
    for start in range(0, len(samples), batch):
        part = samples[start : start + batch]
        model(
            {
                'context_entities': pad_histories([history for history, _ in part]),
                'item': torch.tensor([item for _, item in part]),
            },
            'train',
        )


@st.composite
def corpora(draw):
    items = draw(item_lists)
    samples = draw(st.lists(st.tuples(distinct_histories, st.sampled_from(items)), max_size=8))
    return items, samples, draw(st.lists(st.lists(entities, max_size=5), min_size=1, max_size=4))


@limits(deadline=None, max_examples=40)
@given(corpora())
def test_popularity_is_the_number_of_labels(corpus):
    items, samples, histories = corpus
    model = build(TargetPopularity, items)
    train(model, samples)

    expected = [[sum(label == item for _, label in samples) for item in items]] * len(histories)
    assert model.history_scores(pad_histories(histories)).tolist() == expected


@limits(deadline=None, max_examples=40)
@given(corpora())
def test_repeat_ranks_by_the_last_mention(corpus):
    items, _, histories = corpus
    scores = build(Repeat, items).history_scores(pad_histories(histories)).tolist()

    for row, history in zip(scores, histories):
        last = {item: max((i for i, e in enumerate(history) if e == item), default=-1) for item in items}
        for a, score_a in zip(items, row):
            for b, score_b in zip(items, row):
                assert (score_a > score_b) == (last[a] > last[b])


@limits(deadline=None, max_examples=40)
@given(corpora(), edge_lists, st.floats(0.5, 2), st.floats(0.1, 20), st.floats(0, 1))
def test_transition_counts_are_the_formula(corpus, edges, decay, smoothing, share):
    items, samples, histories = corpus
    model = build(
        TransitionCounts, items, edges, transition_decay=decay, transition_smoothing=smoothing, neighbour_weight=share
    )
    train(model, samples)
    found = model.history_scores(pad_histories(histories)).tolist()

    def popularity(item):
        return sum(label == item for _, label in samples) / max(1, len(samples))

    def one_hop(e):
        return {y for y in items for a, b, _ in edges if y != e and (a, b) in ((e, y), (y, e))}

    def s(e, y):
        c = sum(e in history and label == y for history, label in samples)
        total = sum(e in history for history, _ in samples)
        near = one_hop(e)
        prior = share * (y in near) / len(near) + (1 - share) * popularity(y) if near else popularity(y)
        return (c + smoothing * prior) / (total + smoothing)

    for row, history in zip(found, histories):
        norm = sum(decay**i for i in range(len(history)))
        expected = [
            sum(decay**i / norm * s(e, y) for i, e in enumerate(history)) if history else popularity(y) for y in items
        ]
        assert row == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_a_neighbour_counts_once_and_never_itself():
    # the edge between 1 and 2 stands three times, in both directions; 2 has an edge to itself
    model = build(
        TransitionCounts, [2, 3], [(1, 2, 0), (2, 1, 1), (1, 2, 0), (1, 3, 0), (2, 2, 0)], neighbour_weight=0.5
    )
    train(model, [([], 2)])

    # nothing is counted for 1 or 2, so that s is the prior; popularity is (1, 0)
    # 1: half of (1/2, 1/2) and half of popularity; 2: no item but itself is near, so popularity alone
    scores = model.history_scores(pad_histories([[1], [2]]))
    torch.testing.assert_close(scores, torch.tensor([[0.75, 0.25], [1.0, 0.0]]))


@pytest.mark.parametrize('model_class', [TargetPopularity, TransitionCounts])
def test_a_checkpoint_replaces_what_was_counted_before(model_class):
    histories = pad_histories([[1], [0, 3], []])
    trained, other = (build(model_class, [2, 3, 5], [(1, 3, 0)]) for _ in range(2))
    train(trained, [([1, 0], 2), ([0], 3), ([], 3)])
    train(other, [([0, 1, 4], 5)] * 7)
    assert not torch.equal(other.history_scores(histories), trained.history_scores(histories))

    other.load_state_dict(trained.state_dict())
    assert torch.equal(other.history_scores(histories), trained.history_scores(histories))
    train(other, [([1], 5)])  # and counting goes on from there
    train(trained, [([1], 5)])
    assert torch.equal(other.history_scores(histories), trained.history_scores(histories))


@pytest.mark.parametrize('model_class', [TargetPopularity, Repeat, TransitionCounts])
def test_evaluation_counts_nothing(model_class):
    model = build(model_class, [2, 3, 5], [(1, 3, 0)])
    train(model, [([1, 0], 2), ([0], 3)])
    batch = {'context_entities': pad_histories([[1], []]), 'item': torch.tensor([5, 5])}

    _, first = model(batch, 'valid')
    _, second = model(batch, 'test')
    assert torch.equal(first, second)
    assert first.shape == (2, N_ENTITY) and (first[:, [0, 1, 4, 6]] == -torch.inf).all()
    assert torch.isfinite(first[:, [2, 3, 5]]).all()


@limits(deadline=None, max_examples=40)
@given(corpora(), edge_lists)
def test_one_history_is_scored_as_among_many(corpus, edges):
    items, samples, histories = corpus
    model = build(TransitionCounts, items, edges)
    train(model, samples)
    many = model.history_scores(pad_histories(histories * 9))[: len(histories)]
    for row, history in zip(many, histories):
        torch.testing.assert_close(model.history_scores(pad_histories([history]))[0], row, rtol=1e-5, atol=1e-6)
