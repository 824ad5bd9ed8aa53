"""The counting baselines against plain Python."""

from collections import Counter

import pytest
import torch

from crslab_causal.data.histories import pad_histories
from crslab_causal.model.baselines.popularity import TargetPopularity
from crslab_causal.model.baselines.repeat import Repeat
from crslab_causal.model.transition import TransitionCounts

ITEMS = [2, 3, 5]
EDGES = [(1, 2, 0), (2, 1, 0), (4, 3, 1), (4, 5, 1), (2, 3, 0), (3, 3, 2)]
TRAIN = [([1, 4], 3), ([4], 5), ([], 5), ([2, 1, 4], 3), ([1], 5)]
HISTORIES = [[1], [4, 2], [], [5, 3], [0], [2, 1, 4]]


def build(model_class, **options):
    model = model_class(
        options, torch.device('cpu'), {'n_entity': 6}, {'item_entity_ids': ITEMS, 'entity_kg': {'edge': EDGES}}
    )
    for start in (0, 2):  # in two batches
        histories, items = zip(*TRAIN[start : start + (2 if start == 0 else 3)])
        loss, terms = model({'context_entities': pad_histories(histories), 'item': torch.tensor(items)}, 'train', 'rec')
        assert loss.item() == 0 and terms['rec_loss'] is loss
    return model


def test_popularity_counts_labels():
    assert build(TargetPopularity).history_scores(pad_histories(HISTORIES))[1].tolist() == [0, 2, 3]


def test_repeat_puts_the_latest_first():
    scores = build(Repeat).history_scores(pad_histories([[2, 4, 5], [3, 2, 3], [4], []]))

    assert scores.argsort(dim=1, descending=True)[0].tolist() == [2, 0, 1]
    assert scores[1].tolist() == [2, 3, 0]
    assert scores[2].tolist() == scores[3].tolist() == [0, 0, 0]


def transition_reference(history, decay, smoothing, share):
    popularity = {item: sum(label == item for _, label in TRAIN) / len(TRAIN) for item in ITEMS}
    if not history:
        return [popularity[item] for item in ITEMS]
    neighbours = {}
    for a, b, _ in EDGES:
        for head, tail in ((a, b), (b, a)):
            if head != tail and tail in ITEMS:
                neighbours.setdefault(head, set()).add(tail)
    norm = sum(decay**i for i in range(len(history)))
    scores = Counter()
    for i, entity in enumerate(history):
        count = Counter(label for mentions, label in TRAIN if entity in mentions)
        total = sum(count.values())
        hop = neighbours.get(entity, set())
        for item in ITEMS:
            graph = share * (item in hop) / len(hop) if hop else 0
            prior = graph + (1 - share if hop else 1) * popularity[item]
            scores[item] += decay**i / norm * (count[item] + smoothing * prior) / (total + smoothing)
    return [scores[item] for item in ITEMS]


@pytest.mark.parametrize('decay, smoothing, share', [(1.5, 10.0, 0.2), (1.0, 0.5, 0.9), (0.7, 3.0, 0.0)])
def test_transition_counts_equal_a_computation_by_hand(decay, smoothing, share):
    model = build(TransitionCounts, transition_decay=decay, transition_smoothing=smoothing, neighbour_weight=share)

    for scores, history in zip(model.history_scores(pad_histories(HISTORIES)).tolist(), HISTORIES):
        assert scores == pytest.approx(transition_reference(history, decay, smoothing, share), rel=1e-5)


@pytest.mark.parametrize('model_class', [TargetPopularity, Repeat, TransitionCounts])
def test_counts_survive_a_checkpoint(model_class):
    trained = build(model_class)
    fresh = model_class(
        {}, torch.device('cpu'), {'n_entity': 6}, {'item_entity_ids': ITEMS, 'entity_kg': {'edge': EDGES}}
    )
    fresh.load_state_dict(trained.state_dict())

    histories = pad_histories(HISTORIES)
    assert torch.equal(fresh.history_scores(histories), trained.history_scores(histories))


def test_scores_for_crslab_rank_items_only():
    _, scores = build(TargetPopularity)({'context_entities': pad_histories([[1]]), 'item': torch.tensor([2])}, 'test')

    assert scores.isfinite().nonzero()[:, 1].tolist() == ITEMS
