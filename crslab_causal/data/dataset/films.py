"""Facts about the films of a dataset: title, year, genres and people, from ``movie_titles.json`` or from the graph."""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from typing import Any, Iterable, Mapping, NamedTuple, Sequence
from urllib.parse import unquote

from crslab_causal.data.relations import RELATIONS, RelationKind

DIRECTOR_RELATIONS = RELATIONS[RelationKind.DIRECTOR]
STAR_RELATIONS = RELATIONS[RelationKind.CAST]
YEAR_RELATIONS = RELATIONS[RelationKind.YEAR]
_YEAR = re.compile(r'(?:18|19|20)\d\d')


class Film(NamedTuple):
    """The facts about a film. A field is empty if the fact is unknown."""

    title: str = ''
    year: int | None = None
    genres: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    stars: tuple[str, ...] = ()
    """Actors, with the leading parts first if the source orders them."""
    plot: str = ''
    tokens: tuple[str, ...] = ()
    """Tokens that represent the film in ReDial's text, such as ``@101``."""

    @property
    def name(self) -> str:
        """Title with the year in brackets, if the year is known; empty if the title is unknown."""
        return f'{self.title} ({self.year})' if self.title and self.year else self.title


def films_from_titles(titles: Mapping[str, Mapping[str, Any]], items: Iterable[int]) -> dict[int, Film]:
    """Return the films of ``movie_titles.json`` by entity id. Items without an entry are left out.

    Args:
        titles: content of the file.
        items: entity ids of the items.

    Raises:
        TypeError, AttributeError: ``titles`` has another format.
    """
    return {item: _read_film(titles[str(item)]) for item in items if str(item) in titles}


def films_from_graph(
    edges: Iterable[tuple[int, int, int]],
    relation_names: Mapping[int, str],
    names: Mapping[int, str],
    items: Sequence[int],
) -> dict[int, Film]:
    """Return year, directors and stars of each item from the knowledge graph.

    People with more edges are listed first, because they are usually better known. If a film has several years, the
    first one is used.

    Args:
        edges: (head, tail, relation), in either direction or both.
        relation_names: name of each relation; only the last part of a URI is compared.
        names: name of each entity.
        items: entity ids of the items.
    """
    field_of = {
        relation: field
        for relation, name in relation_names.items()
        for field, relations in (('year', YEAR_RELATIONS), ('directors', DIRECTOR_RELATIONS), ('stars', STAR_RELATIONS))
        if name.strip('<>').rpartition('/')[2].lower() in relations
    }
    catalogue = frozenset(items)
    linked: dict[tuple[int, str], set[int]] = defaultdict(set)
    degree: Counter[int] = Counter()
    for head, tail, relation in edges:
        if relation not in field_of or head == tail:
            continue
        for item, other in ((head, tail), (tail, head)):
            if item in catalogue and other not in catalogue and other not in linked[item, field_of[relation]]:
                linked[item, field_of[relation]].add(other)
                degree[other] += 1

    def people(item: int, field: str) -> tuple[str, ...]:
        return tuple(names[e] for e in sorted(linked[item, field], key=lambda e: (-degree[e], names[e])))

    films = {}
    for item in items:
        years = sorted(int(names[e]) for e in linked[item, 'year'] if _YEAR.fullmatch(names[e]))
        films[item] = Film('', years[0] if years else None, (), people(item, 'directors'), people(item, 'stars'))
    return films


def merge_films(
    items: Sequence[int],
    genres: Sequence[tuple[str, ...]],
    from_titles: Mapping[int, Film],
    from_graph: Mapping[int, Film],
) -> dict[int, Film]:
    """Return one film for each item. A fact comes from the file or, if the file lacks the fact, from the graph.

    Args:
        items: entity ids of the items.
        genres: genres of each item.
        from_titles: films of the file.
        from_graph: films of the graph.
    """
    films = {}
    for item, item_genres in zip(items, genres, strict=True):
        first, second = from_titles.get(item, Film()), from_graph.get(item, Film())
        films[item] = Film(
            first.title,
            # the file describes one film with all its facts; the graph may describe another film of this name
            first.year if first.title else second.year,
            tuple(item_genres),
            first.directors or second.directors,
            first.stars or second.stars,
            first.plot,
            first.tokens,
        )
    return films


def _read_film(entry: Mapping[str, Any]) -> Film:
    year = entry.get('year')
    tokens = tuple(f'@{number}' for number in _strings(entry, 'redial_ids'))
    people = _strings(entry, 'director'), _strings(entry, 'stars')
    for key in ('title', 'plot'):
        if not isinstance(entry.get(key) or '', str):
            raise TypeError(f'a value of {key!r} is not a text')
    title, plot = (_clean(entry.get(key) or '') for key in ('title', 'plot'))
    return Film(title, int(year) if year else None, (), *people, plot, tokens)


def _strings(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = entry.get(key) or ()
    if not isinstance(values, (list, tuple)):
        raise TypeError(f'a value of {key!r} is not a list')
    return tuple(dict.fromkeys(_clean(str(value)) for value in values))


def _clean(text: str) -> str:
    """Return a text without the percent signs of URLs, without HTML entities and with single spaces."""
    return ' '.join(html.unescape(unquote(text)).split())
