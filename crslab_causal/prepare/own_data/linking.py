"""Find the names of items and entities in the text of a turn.

Only this module uses the entity linker of this package.
"""

from __future__ import annotations

from typing import Collection, Mapping, NamedTuple


class Linked(NamedTuple):
    """The distinct items and entities that a text names, in order of appearance."""

    items: list[str]
    entities: list[str]


class TextLinker:
    """Finds the names of vertices in text, with :class:`crslab_causal.llm.entity_linking.linking.MentionLinker`.

    Args:
        ids: entity id of each vertex, by its name.
        items: names of the items.
        weight: how often each name is given. If several entities have a name, the most frequent one is found. If they
            are equally frequent, the one with the lowest id is found.
    """

    def __init__(self, ids: Mapping[str, int], items: Collection[str], weight: Mapping[str, int]):
        from crslab_causal.llm.entity_linking.linking import MentionLinker

        self._names = {i: name for name, i in ids.items()}
        self._items = frozenset(items)
        self._linker = MentionLinker(
            self._names, [ids[name] for name in items], {ids[name]: count for name, count in weight.items()}
        )

    def link(self, text: str) -> Linked:
        """Return the items and the other entities that a text names."""
        found = dict.fromkeys(self._names[mention.entity] for mention in self._linker.link(text))
        return Linked(
            [name for name in found if name in self._items], [name for name in found if name not in self._items]
        )
