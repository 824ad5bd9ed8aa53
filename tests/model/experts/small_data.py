"""Random small corpora for experts, and how one is built and fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from hypothesis import strategies as st

from crslab_causal.data.histories import pad_histories
from crslab_causal.data.training_data import TrainingData

N_ENTITY = 7
entities = st.integers(0, N_ENTITY - 1)
histories = st.lists(st.lists(entities, max_size=5, unique=True), min_size=1, max_size=4)
edge_lists = st.lists(st.tuples(entities, entities, st.integers(0, 2)), min_size=1, max_size=12)


@st.composite
def corpora(draw) -> tuple[list[int], TrainingData]:
    """Draw a catalogue and a few conversations, in which the speakers take turns."""
    items = draw(st.lists(entities, min_size=1, max_size=4, unique=True))
    conversations = draw(st.lists(st.lists(st.lists(entities, max_size=3), min_size=1, max_size=4), max_size=5))
    return items, training_data(items, conversations)


def training_data(items: Sequence[int], conversations: Sequence[Sequence[Sequence[int]]]) -> TrainingData:
    """Return the conversations of these mentions, turn by turn; the recommender opens every second one."""
    turns: list[Any] = []
    for number, conversation in enumerate(conversations):
        roles = ('Seeker', 'Recommender') if number % 2 else ('Recommender', 'Seeker')
        for k in range(1, len(conversation)):
            turns.append(
                {
                    'conv_id': f'c{number}',
                    'turn': k,
                    'role': roles[k % 2],
                    'context_mentions': [e for mentions in conversation[:k] for e in mentions],
                    'context_mention_roles': [roles[i % 2] for i in range(k) for _ in conversation[i]],
                    'items': [e for e in conversation[k] if e in items],
                }
            )
    samples = [
        {**turn, 'item': item, 'context_entities': last_mentions(turn['context_mentions'])}
        for turn in turns
        if turn['role'] == 'Recommender'
        for item in turn['items']
    ]
    return TrainingData(turns, samples, {item: i for i, item in enumerate(items)}, last_mentions)


def last_mentions(mentions: list[int]) -> list[int]:
    return list(dict.fromkeys(reversed(mentions)))[::-1]


def build(
    model_class: Any,
    items: Sequence[int],
    edges: Sequence[tuple[int, int, int]] = (),
    side_data: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Return a model that has learned nothing. ``side_data`` has further side data of the dataset."""
    known = {'item_entity_ids': list(items), 'entity_kg': {'edge': list(edges), 'n_relation': 3}, **(side_data or {})}
    return model_class(options, torch.device('cpu'), {'n_entity': N_ENTITY}, known).eval()


def fitted(
    model_class: Any,
    items: Sequence[int],
    data: TrainingData,
    edges: Sequence[tuple[int, int, int]] = (),
    **options: Any,
) -> Any:
    """Return a model that has learned from ``data``."""
    model = build(model_class, items, edges, **options)
    model.fit(data)
    return model


def batch(rows: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Return the inputs of a model for these histories."""
    return {'context_entities': pad_histories([list(row) for row in rows])}


def weights(history: Sequence[int], base: float) -> list[float]:
    """Return the weights of Eq 3."""
    total = sum(base**i for i in range(len(history)))
    return [base**i / total for i in range(len(history))]


def label_share(data: TrainingData, items: Sequence[int]) -> list[float]:
    """Return the popularity that experts are smoothed with."""
    count = [sum(sample['item'] == item for sample in data.samples) + 0.5 for item in items]
    return [n / sum(count) for n in count]


def smoothed(evidence: Sequence[float], prior: Sequence[float], share: float) -> list[float]:
    """Return the probabilities of an expert with this evidence."""
    total = sum(evidence)
    if total == 0:
        return list(prior)
    return [(1 - share) * e / total + share * p for e, p in zip(evidence, prior)]
