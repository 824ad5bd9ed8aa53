"""Build the facts about the catalogue that prompts and backends use, from CRSLab's vocabulary and side data."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.knowledge_graph import KnowledgeGraph


def build_catalogue_info(
    side_data: Mapping[str, Any],
    label_count: Sequence[int],
) -> CatalogueInfo:
    """Return the facts about a :class:`.MentionDataset` that prompts and backends use.

    Args:
        side_data: side data of the dataset.
        label_count: number of training labels of each item of ``side_data['item_entity_ids']``.
    """
    items = side_data['item_entity_ids']
    return CatalogueInfo(
        side_data['display_names'],
        items,
        dict(zip(items, map(float, label_count))),
        KnowledgeGraph(side_data['entity_kg']['edge'], side_data['relation_names']),
        side_data['name_of_token'],
        side_data['films'],
    )
