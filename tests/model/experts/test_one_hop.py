"""OneHop against plain Python."""

import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.model.experts.one_hop import OneHop
from crslab_causal.model.neighbours import item_neighbours
from tests.model.experts.small_data import (
    batch,
    build,
    corpora,
    edge_lists,
    fitted,
    histories,
    label_share,
    smoothed,
    weights,
)


def one_hop(entity, edges, items):
    return {y for y in items for a, b, _ in edges if y != entity and {a, b} == {entity, y}}


@limits(deadline=None, max_examples=60)
@given(corpora(), edge_lists, histories, st.floats(0.5, 4), st.floats(0.05, 0.9))
def test_each_mention_shares_its_weight_among_its_neighbours(corpus, edges, rows, base, share):
    items, data = corpus
    model = fitted(OneHop, items, data, edges, history_base=base, expert_smoothing=share)
    for found, history in zip(model.log_probabilities(batch(rows)).exp().tolist(), rows):
        evidence = [0.0] * len(items)
        for entity, weight in zip(history, weights(history, base)):
            near = one_hop(entity, edges, items)
            for i, item in enumerate(items):
                evidence[i] += weight * (item in near) / max(1, len(near))
        assert found == pytest.approx(smoothed(evidence, label_share(data, items), share), rel=1e-4)


@given(edge_lists, st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True))
def test_pairs_of_neighbours_are_listed_once(edges, items):
    index = torch.full((7,), -1)
    index[items] = torch.arange(len(items))
    entity, item = item_neighbours(edges, index)
    pairs = list(zip(entity.tolist(), item.tolist()))
    assert len(pairs) == len(set(pairs)) and entity.tolist() == sorted(entity.tolist())
    assert set(pairs) == {(e, items.index(y)) for e in range(7) for y in one_hop(e, edges, items)}


def test_a_checkpoint_needs_no_graph():
    model = build(OneHop, [1, 2], [(0, 1, 0)])
    assert list(model.state_dict()) == ['item_count']
