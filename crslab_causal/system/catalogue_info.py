"""From CRSLab's vocab and side data to what the language half knows."""

from __future__ import annotations

from typing import Sequence

from crslab_causal.data.dataset.mention_order import display_names
from crslab_causal.llm.examples import token_names
from crslab_causal.llm.offline.graph import KnowledgeGraph
from crslab_causal.llm.pipeline import Knowledge


def knowledge_of(vocab: dict, side_data: dict, label_count: Sequence[int]) -> Knowledge:
    """What the language half knows of a dataset of :class:`.MentionDataset`.

    Args:
        vocab, side_data: of the dataset.
        label_count: how often each item of ``side_data['item_entity_ids']`` is a label in the training data.
    """
    names = display_names(vocab['id2entity'])
    items = side_data['item_entity_ids']
    return Knowledge(names, items, dict(zip(items, map(float, label_count))),
                     KnowledgeGraph(side_data['entity_kg']['edge'], side_data['relation_names']),
                     token_names(side_data['item_of_token'], names))
build_catalogue_info = knowledge_of
