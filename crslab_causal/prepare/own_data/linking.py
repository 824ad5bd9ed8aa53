"""Names of items and entities in the text of a turn; the only place that uses this package's linker."""

from __future__ import annotations

from typing import Collection, Mapping, NamedTuple


class Linked(NamedTuple):
    """The items and entities that a text names, each once, in order of appearance."""

    items: list[str]
    entities: list[str]


class TextLinker:
    """Finder of the names of vertices in text, by :class:`crslab_causal.llm.entity_linking.linking.MentionLinker`.

    Args:
        ids: entity id of each vertex, by its name.
        items: names of the items.
        weight: how often each name is given; if several entities have a name, the most frequent is found, else
            that with the lowest id.
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
