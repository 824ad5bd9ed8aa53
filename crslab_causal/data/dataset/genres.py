"""Genres of the items, from a file of titles or from the knowledge graph."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

from crslab_causal.data.relations import RELATIONS, RelationKind

TITLES_FILE = 'movie_titles.json'
"""File with titles, years, genres and other facts of items, by entity id. It is optional, because CRSLab's downloads do
not contain it."""
GENRE_RELATIONS = RELATIONS[RelationKind.GENRE]


def genres_from_titles(titles: Mapping[str, Mapping[str, Any]], items: Sequence[int]) -> list[tuple[str, ...]]:
    """Return the genres of each item; an item without an entry in ``titles`` has none.

    Args:
        titles: content of ``TITLES_FILE``.
        items: entity ids of the items.

    Raises:
        TypeError, AttributeError: ``titles`` has another format.
    """
    listed = [titles.get(str(item), {}).get('genre') or () for item in items]
    if not all(isinstance(genres, (list, tuple)) for genres in listed):
        raise TypeError("a value of 'genre' is not a list")
    return [tuple(dict.fromkeys(map(str, genres))) for genres in listed]


def genres_from_graph(
    edges: Iterable[tuple[int, int, int]],
    relation_names: Mapping[int, str],
    names: Mapping[int, str],
    items: Sequence[int],
) -> list[tuple[str, ...]]:
    """Return the genres of each item. These are the names of the entities to which ``GENRE_RELATIONS`` link the item.

    Args:
        edges: (head, tail, relation), in either direction or both.
        relation_names: name of each relation; only the last part of a URI is compared.
        names: name of each entity.
        items: entity ids of the items.
    """
    genre_relations = {
        relation
        for relation, name in relation_names.items()
        if name.strip('<>').rpartition('/')[2].lower() in GENRE_RELATIONS
    }
    genres: dict[int, set[str]] = {item: set() for item in items}
    for head, tail, relation in edges:
        if relation not in genre_relations or head == tail:
            continue
        for item, other in ((head, tail), (tail, head)):
            if item in genres and other not in genres:
                genres[item].add(names[other])
    return [tuple(sorted(genres[item])) for item in items]
