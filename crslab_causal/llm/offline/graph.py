"""Short paths between what was mentioned and what could be recommended, in the knowledge graph."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

import numpy as np

from crslab_causal.base.errors import UserError


class Path(NamedTuple):
    """A way of one or two edges from a mention to a candidate."""

    entities: tuple[int, ...]
    """Mention, what both are linked to if they are not linked to each other, candidate."""
    relations: tuple[tuple[str, ...], ...]
    """Names of the relations of each edge, sorted; none where they are not known."""
    weight: float
    """In (0, 1]: 1 for an edge; 1 / log2(1 + d) by way of an entity with d neighbours."""


class KnowledgeGraph:
    """The graph as lists of neighbours, without directions, self-loops and repeated edges; built once, never changed.

    Args:
        edges: (head, tail, relation) with entity ids from 0; a relation is a number or a name.
        relation_names: name of a relation by its number in ``edges``, where it is known; for the edges of
            ``side_data['entity_kg']`` that is ``side_data['relation_names']``.

    Raises:
        UserError: an entity id is negative.
    """

    def __init__(self, edges: Iterable[tuple[int, int, Any]], relation_names: Mapping[Any, str] | None = None):
        names = relation_names or {}
        numbers: dict[str | None, int] = {None: 0}  # relations without a name are all alike
        known: dict[Any, int] = {}

        def number(relation: Any) -> int:
            if relation not in known:
                name = names.get(relation, relation if isinstance(relation, str) else None)
                known[relation] = numbers.setdefault(name, len(numbers))
            return known[relation]

        table = np.array([(head, tail, number(relation)) for head, tail, relation in edges if head != tail],
                         dtype=np.int64).reshape(-1, 3)
        if table.size and table[:, :2].min() < 0:
            raise UserError(f'knowledge graph: {table[:, :2].min()} is no entity id; ids are whole numbers from 0 on')
        table = np.unique(np.vstack([table, table[:, [1, 0, 2]]]), axis=0)
        self._relations = list(numbers)
        self.n_entity = int(table[:, 0].max()) + 1 if table.size else 0
        """One more than the largest id."""
        # rows of entity e: start[e] to start[e + 1]
        self._start = np.searchsorted(table[:, 0], np.arange(self.n_entity + 1)).tolist()
        self._tails, self._kinds = table[:, 1].copy(), table[:, 2].copy()
        pairs = np.unique(table[:, :2], axis=0)
        degree = np.bincount(pairs[:, 0], minlength=self.n_entity) if table.size else np.zeros(0, int)
        self._degree: list[int] = degree.tolist()

    def degree(self, entity: int) -> int:
        """How many neighbours ``entity`` has; 0 for one that is not in the graph."""
        return self._degree[entity] if 0 <= entity < self.n_entity else 0

    def neighbours(self, entity: int) -> list[int]:
        """In ascending order; one that several relations link to comes several times."""
        if not 0 <= entity < self.n_entity:
            return []
        return self._tails[self._start[entity]:self._start[entity + 1]].tolist()

    def evidence(self, weights: Mapping[int, float], candidates: Sequence[int]) -> list[tuple[float, float]]:
        """How much speaks for each candidate, and how much against it.

        Args:
            weights: of each mention: positive for one that is wanted, negative for one that is not.
            candidates: entity ids.

        Returns:
            For each candidate the sums, over :meth:`paths` from the mentions, of the path's weight times the mention's;
            (positive ones, negative ones). A mention is no evidence about itself.
        """
        near: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for mention, weight in weights.items():
            for entity in set(self.neighbours(mention)):
                near[entity].append((mention, weight))
        sums = []
        for candidate in candidates:
            direct = {mention for mention, _ in near.get(candidate, ())}
            found = [weight for mention, weight in near.get(candidate, ())]
            for entity in set(self.neighbours(candidate)):
                for mention, weight in near.get(entity, ()):
                    if mention != candidate and mention not in direct:
                        found.append(weight * self._rarity(entity))
            sums.append((math.fsum(w for w in found if w > 0), math.fsum(w for w in found if w < 0)))
        return sums

    def paths(self, mentions: Iterable[int], candidate: int) -> list[Path]:
        """The paths from ``mentions`` to ``candidate``, the heaviest first.

        A mention that is linked to the candidate has that edge as its only path; ways round by a third entity then say
        nothing new. Unknown ids have no path.
        """
        ends = self._edges(candidate)
        paths = []
        for mention in dict.fromkeys(mentions):
            if mention == candidate:
                continue
            if mention in ends:
                paths.append(Path((mention, candidate), (ends[mention],), 1.0))
                continue
            starts = self._edges(mention)
            paths += [Path((mention, entity, candidate), (starts[entity], ends[entity]), self._rarity(entity))
                      for entity in starts if entity in ends]
        return sorted(paths, key=lambda path: -path.weight)

    def _rarity(self, entity: int) -> float:
        return 1 / math.log2(1 + self._degree[entity])

    def _edges(self, entity: int) -> dict[int, tuple[str, ...]]:
        """Neighbours, and the names of the relations to each."""
        edges: dict[int, list[str]] = {}
        if 0 <= entity < self.n_entity:
            rows = slice(self._start[entity], self._start[entity + 1])
            for tail, kind in zip(self._tails[rows].tolist(), self._kinds[rows].tolist()):
                edges.setdefault(tail, [])
                if self._relations[kind] is not None:
                    edges[tail].append(self._relations[kind])
        return {tail: tuple(sorted(names)) for tail, names in edges.items()}
