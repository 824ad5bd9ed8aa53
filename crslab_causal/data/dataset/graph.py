"""Filter the knowledge graph of a dataset by the frequency of its relations, and number the relations."""

from __future__ import annotations

from collections import Counter
from typing import Any, Mapping, NamedTuple, Sequence

from crslab_causal.data.schema import EntityGraph


class FilteredGraph(NamedTuple):
    """A knowledge graph with the frequent relations only."""

    graph: EntityGraph
    relations: list[Any]
    """Relation of each id, as the file of the dataset names it."""


def keep_frequent_relations(
    edges: Sequence[tuple[int, int, Any]], threshold: int, id2entity: Mapping[int, str]
) -> FilteredGraph:
    """Drop rare relations and duplicate edges, and number the remaining relations in order of their first edge.

    Args:
        edges: (head, tail, relation) with self-loops; relations are names or numbers.
        threshold: relations with at most that many edges, duplicates included, are dropped.
        id2entity: name of each entity.
    """
    count = Counter(relation for _, _, relation in edges)
    relation2id: dict[Any, int] = {}
    kept = dict.fromkeys(
        (head, tail, relation2id.setdefault(relation, len(relation2id)))
        for head, tail, relation in edges
        if count[relation] > threshold
    )
    entities = dict.fromkeys(entity for head, tail, _ in kept for entity in (head, tail))
    graph: EntityGraph = {
        'edge': list(kept),
        'n_relation': len(relation2id),
        'entity': [id2entity[entity] for entity in entities],
    }
    return FilteredGraph(graph, list(relation2id))


def has_links(graph: EntityGraph) -> bool:
    """Return whether the graph has any edge other than self-loops."""
    return any(head != tail for head, tail, _ in graph['edge'])


def name_relations(relations: Sequence[Any], names: Mapping[Any, str]) -> dict[int, str]:
    """Return the names of relations by id. Relations without a known name are left out.

    Args:
        relations: relation of each id. A relation that is a string is its own name.
        names: names of relations that the file identifies by number.
    """
    named = {i: names.get(relation, relation) for i, relation in enumerate(relations)}
    return {i: name for i, name in named.items() if isinstance(name, str) and name}
