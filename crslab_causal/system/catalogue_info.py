"""Builds the catalogue facts of the LLM half from CRSLab's vocabulary and side data."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from crslab_causal.data.dataset.mention_order import display_names
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.detokenization import token_names
from crslab_causal.llm.knowledge_graph import KnowledgeGraph


def build_catalogue_info(
    vocab: Mapping[str, Any],
    side_data: Mapping[str, Any],
    label_count: Sequence[int],
) -> CatalogueInfo:
    """Return the facts that the LLM half uses about a :class:`.MentionDataset`.

    Args:
        vocab: vocabulary of the dataset.
        side_data: side data of the dataset.
        label_count: number of training labels of each item of ``side_data['item_entity_ids']``.
    """
    names = display_names(vocab['id2entity'])
    items = side_data['item_entity_ids']
    return CatalogueInfo(
        names,
        items,
        dict(zip(items, map(float, label_count))),
        KnowledgeGraph(side_data['entity_kg']['edge'], side_data['relation_names']),
        token_names(side_data['item_of_token'], names),
    )
