"""Find short paths in the knowledge graph between mentions and candidates."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

import numpy as np

from crslab_causal.base.errors import UserError


class Path(NamedTuple):
    """A path of one or two edges from a mention to a candidate."""

    entities: tuple[int, ...]
    """The mention, the shared neighbour if the path has two edges, and the candidate."""
    relations: tuple[tuple[str, ...], ...]
    """Sorted names of the relations of each edge; empty if they are unknown."""
    weight: float
    """Weight in (0, 1]: 1 for one edge; 1 / log2(1 + d) for two edges by a shared neighbour of degree d."""


class KnowledgeGraph:
    """An immutable undirected graph as lists of neighbours, without self-loops and repeated edges.

    Args:
        edges: (head, tail, relation) with entity ids from 0. A relation is a number or a name.
        relation_names: name of each relation by its number in ``edges``, where it is known; for the edges of
            ``side_data['entity_kg']`` use ``side_data['relation_names']``.

    Raises:
        UserError: an entity id is negative.
    """

    def __init__(self, edges: Iterable[tuple[int, int, Any]], relation_names: Mapping[Any, str] | None = None):
        names = relation_names or {}
        index_of_name: dict[str | None, int] = {None: 0}  # all relations without a name share an index
        index_of_relation: dict[Any, int] = {}

        def relation_index(relation: Any) -> int:
            if relation not in index_of_relation:
                name = names.get(relation, relation if isinstance(relation, str) else None)
                index_of_relation[relation] = index_of_name.setdefault(name, len(index_of_name))
            return index_of_relation[relation]

        table = np.array(
            [(head, tail, relation_index(relation)) for head, tail, relation in edges if head != tail], dtype=np.int64
        ).reshape(-1, 3)
        if table.size and table[:, :2].min() < 0:
            raise UserError(f'knowledge graph: {table[:, :2].min()} is not an entity id; use whole numbers from 0')
        table = np.unique(np.vstack([table, table[:, [1, 0, 2]]]), axis=0)
        self._relation_names = list(index_of_name)
        self.n_entity = int(table[:, 0].max()) + 1 if table.size else 0
        """Largest entity id plus one."""
        # the rows of entity e are start[e] to start[e + 1]
        self._start: list[int] = np.searchsorted(table[:, 0], np.arange(self.n_entity + 1)).tolist()
        self._tails, self._relations = table[:, 1].copy(), table[:, 2].copy()
        pairs = np.unique(table[:, :2], axis=0)
        degree = np.bincount(pairs[:, 0], minlength=self.n_entity) if table.size else np.zeros(0, int)
        self._degree: list[int] = degree.tolist()

    def degree(self, entity: int) -> int:
        """Return the number of neighbours of ``entity``; 0 if it is not in the graph."""
        return self._degree[entity] if 0 <= entity < self.n_entity else 0

    def neighbours(self, entity: int) -> list[int]:
        """Return the neighbours in ascending order. A neighbour with several relations is repeated."""
        if not 0 <= entity < self.n_entity:
            return []
        return self._tails[self._start[entity] : self._start[entity + 1]].tolist()

    def evidence(self, weights: Mapping[int, float], candidates: Sequence[int]) -> list[tuple[float, float]]:
        """Return the evidence for and against each candidate.

        Args:
            weights: weight of each mention: positive if it is wanted, negative if it is not.
            candidates: entity ids.

        Returns:
            Two sums for each candidate. The first runs over the paths from mentions with a positive weight, the second
            over the paths from mentions with a negative weight. Each term is the weight of the path times the weight
            of the mention, so that the second sum is never positive. A mention is not evidence about itself.
        """
        mentions_near: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for mention, weight in weights.items():
            for entity in set(self.neighbours(mention)):
                mentions_near[entity].append((mention, weight))
        sums = []
        for candidate in candidates:
            linked = {mention for mention, _ in mentions_near.get(candidate, ())}
            terms = [weight for mention, weight in mentions_near.get(candidate, ())]
            for entity in set(self.neighbours(candidate)):
                for mention, weight in mentions_near.get(entity, ()):
                    if mention != candidate and mention not in linked:
                        terms.append(weight * self._rarity(entity))
            sums.append((math.fsum(term for term in terms if term > 0), math.fsum(term for term in terms if term < 0)))
        return sums

    def paths(self, mentions: Iterable[int], candidate: int) -> list[Path]:
        """Return the paths from ``mentions`` to ``candidate``, largest weight first.

        If an edge links a mention to the candidate, it is the mention's only path: longer paths add no information.
        Entities that are not in the graph have no paths.
        """
        candidate_edges = self.edges(candidate)
        paths = []
        for mention in dict.fromkeys(mentions):
            if mention == candidate:
                continue
            if mention in candidate_edges:
                paths.append(Path((mention, candidate), (candidate_edges[mention],), 1.0))
                continue
            mention_edges = self.edges(mention)
            paths += [
                Path(
                    (mention, entity, candidate), (mention_edges[entity], candidate_edges[entity]), self._rarity(entity)
                )
                for entity in mention_edges
                if entity in candidate_edges
            ]
        return sorted(paths, key=lambda path: -path.weight)

    def _rarity(self, entity: int) -> float:
        return 1 / math.log2(1 + self._degree[entity])

    def edges(self, entity: int) -> dict[int, tuple[str, ...]]:
        """Return the sorted names of the relations to each neighbour; empty if the relations have no names."""
        edges: dict[int, list[str]] = {}
        if 0 <= entity < self.n_entity:
            rows = slice(self._start[entity], self._start[entity + 1])
            for tail, relation in zip(self._tails[rows].tolist(), self._relations[rows].tolist()):
                edges.setdefault(tail, [])
                name = self._relation_names[relation]
                if name is not None:
                    edges[tail].append(name)
        return {tail: tuple(sorted(names)) for tail, names in edges.items()}
