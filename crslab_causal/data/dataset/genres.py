"""Genres of the items, from what a data package says of its titles, or from the knowledge graph."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

TITLES_FILE = 'movie_titles.json'
"""Entity id -> title, year, genre, ...; not a file of CRSLab's, so that a folder may lack it."""
GENRE_RELATIONS = ('genre', 'has_genre')


def genres_from_titles(titles: Mapping[str, Mapping[str, Any]], items: Sequence[int]) -> list[tuple[str, ...]]:
    """Genres of each of ``items``, none for one that is not in ``titles``, the content of ``TITLES_FILE``.

    Raises:
        TypeError, AttributeError: it is not such a content.
    """
    listed = [titles.get(str(item), {}).get('genre') or () for item in items]
    if not all(isinstance(genres, (list, tuple)) for genres in listed):
        raise TypeError("a value of 'genre' is no list")
    return [tuple(dict.fromkeys(map(str, genres))) for genres in listed]


def genres_from_graph(edges: Iterable[tuple[int, int, int]], relation_names: Mapping[int, str],
                      names: Mapping[int, str], items: Sequence[int]) -> list[tuple[str, ...]]:
    """Genres of each of ``items``: names of the entities it is linked to by a relation of ``GENRE_RELATIONS``.

    Args:
        edges: (head, tail, relation), in either direction or both.
        relation_names: by relation; of a URI the last part counts.
        names: name of each entity.
        items: entity ids.
    """
    wanted = {relation for relation, name in relation_names.items()
              if name.strip('<>').rpartition('/')[2].lower() in GENRE_RELATIONS}
    genres: dict[int, set[str]] = {item: set() for item in items}
    for head, tail, relation in edges:
        if relation not in wanted or head == tail:
            continue
        for item, other in ((head, tail), (tail, head)):
            if item in genres and other not in genres:
                genres[item].add(names[other])
    return [tuple(sorted(genres[item])) for item in items]
