"""Franchises, studios and topics: named sets of films, such as "Marvel" or "zombie".

``collections.json`` lists them by the titles of their films. ``Iron Man*`` stands for all titles that start with these
words, ``*zombie*`` for all titles that contain the word, and a title with a year for that film only. In addition, films
form a franchise if their titles share the part before a number, a colon, a dash or an "and" ("Toy Story", "Kill Bill").
"""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

from crslab_causal.chat.films.facts import CatalogueFilm, FilmFacts
from crslab_causal.llm.entity_linking.titles import content_words, parse_title, title_words
from crslab_causal.llm.entity_linking.words import is_common

FRANCHISE, TOPIC = 'franchise', 'topic'

Key = tuple[str, ...]


class Collection(NamedTuple):
    """A named set of films."""

    name: str
    kind: str
    """``FRANCHISE`` for a franchise or a studio, ``TOPIC`` for a topic."""
    films: frozenset[int]
    """Entity ids."""
    entity: int | None
    """Entity id of the collection itself, if the recommender knows it."""
    is_listed: bool = False
    """Whether ``collections.json`` lists it. If not, it was found by the titles of its films."""
    is_series: bool = False
    """Whether its name means all its films, although one film has exactly this name: "Star Wars"."""


class Collections:
    """The collections that have films in a catalogue.

    Args:
        facts: facts about the catalogue.
        names: names of the entities that a history may contain, for :attr:`Collection.entity`.
    """

    def __init__(self, facts: FilmFacts, names: Mapping[int, str]):
        self._facts = facts
        table = _table()
        self._titles = titles = _TitleIndex(facts.films.values())
        entity_of_name = {name: entity for entity, name in sorted(names.items(), reverse=True)}
        self.by_key: dict[Key, Collection] = {}
        """Collection of each name, by the words of the name."""
        films: dict[str, frozenset[int]] = {}
        for kind, group in ((FRANCHISE, 'franchises'), (TOPIC, 'topics')):
            for name, entry in table[group].items():
                own = titles.find(entry['films'])
                films[name] = own.union(*(films[other] for other in entry.get('franchises', ())))
                entity = entity_of_name.get(entry['entity']) if 'entity' in entry else None
                if films[name] or entity is not None:
                    collection = Collection(name, kind, films[name], entity, True, entry.get('is_series', False))
                    for words in entry['words']:
                        self.by_key[_key(words)] = collection
        for key, collection in _series(facts).items():
            self.by_key.setdefault(key, collection)
        self.episodes: dict[Key, list[int | None]] = {
            _key(name): [min(titles.find([title]), default=None) for title in listed]
            for name, listed in table['episodes'].items()
        }
        """Films of well-known series in the order of their numbers, by the words of the name. None: not in the
        catalogue."""
        self.not_for_children = titles.find(table['not for children'])
        """Animated films that are not for children."""
        self.max_words = max(map(len, self.by_key), default=0)

    def of_film(self, film: int) -> list[Collection]:
        """Return the franchises of a film, smallest first."""
        found = {c.name: c for c in self.by_key.values() if c.kind == FRANCHISE and film in c.films}
        return sorted(found.values(), key=lambda collection: (len(collection.films), collection.name))

    def series_of(self, film: int) -> list[int]:
        """Return the films of the series of a film, by year; empty if it belongs to none, or has no year.

        Most films of a series have its name in their titles. So studios such as "Pixar" are no series. Other films with
        the title of the film do not belong to its series.
        """
        title = self._key_of(film)
        found: set[int] = set()
        for collection in self.of_film(film):
            key = _key(collection.name)
            named = {each for each in collection.films if _contains(self._key_of(each), key)}
            if film in named and 2 * len(named) > len(collection.films):
                found = {*collection.films}
                break
        else:
            if len(title) > 1:  # "The Dark Knight", "The Dark Knight Rises"
                found = {each.entity for each in self._titles.starting_with(title)}
        found -= {each.entity for each in self._titles.called(title)} - {film}
        dated = sorted((year, each) for each in found if (year := self._facts.films[each].year))
        return [each for _, each in dated] if len(dated) > 1 else []

    def versions_of(self, film: int) -> list[int]:
        """Return the films with the title of a film, by year. Some are remakes, others only share the title."""
        dated = [(each.year, each.entity) for each in self._titles.called(self._key_of(film)) if each.year]
        return [each for _, each in sorted(dated)]

    def _key_of(self, film: int) -> Key:
        return _key(self._facts.films[film].title)


@functools.cache
def _table() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name('collections.json').read_text('utf-8'))


def _key(text: str) -> Key:
    return tuple(content_words(title_words(text)))


class _TitleIndex:
    """An index of films by the words of their titles."""

    def __init__(self, films: Iterable[CatalogueFilm]):
        self._by_title: dict[Key, list[CatalogueFilm]] = defaultdict(list)
        self._by_start: dict[Key, list[CatalogueFilm]] = defaultdict(list)
        self._by_word: dict[str, list[CatalogueFilm]] = defaultdict(list)
        for film in films:
            key = _key(film.title)
            self._by_title[key].append(film)
            for n in range(1, len(key) + 1):
                self._by_start[key[:n]].append(film)
            for word in set(key):
                self._by_word[word].append(film)

    def called(self, key: Key) -> list[CatalogueFilm]:
        """Return the films whose titles have exactly these words."""
        return self._by_title.get(key, [])

    def starting_with(self, key: Key) -> list[CatalogueFilm]:
        """Return the films whose titles start with these words."""
        return self._by_start.get(key, [])

    def find(self, patterns: Sequence[str]) -> frozenset[int]:
        """Return the films whose titles match the patterns of ``collections.json``."""
        return frozenset(film.entity for pattern in patterns for film in self._matches(pattern))

    def _matches(self, pattern: str) -> list[CatalogueFilm]:
        if pattern.startswith('*'):
            key = _key(pattern.strip('*'))
            return [film for film in self._by_word.get(key[0], ()) if _contains(_key(film.title), key)]
        if pattern.endswith('*'):
            matches = self.starting_with(_key(pattern[:-1]))
            # "Thor: *" is not the film "Thor" itself
            return [film for film in matches if ':' in film.title] if pattern.endswith(': *') else matches
        title = parse_title(pattern)
        same = self.called(title.forms[0].content)
        return [
            film for film in same if abs((film.year or 0) - (title.year or 0)) <= 1 or not (film.year and title.year)
        ]


def _contains(key: Key, part: Key) -> bool:
    return any(key[i : i + len(part)] == part for i in range(len(key)))


def _series(facts: FilmFacts) -> dict[Key, Collection]:
    """Return the franchises that are found by the shared first part of their titles, by this part."""
    films: dict[Key, dict[Key, list[int]]] = defaultdict(lambda: defaultdict(list))
    label: dict[Key, str] = {}
    for film in facts.films.values():
        title = parse_title(film.title)
        if not title.forms:
            continue
        key = title.forms[0].content
        bases = {key, *(key[:n] for n, word in enumerate(key) if n and (word.isdigit() or (word == 'and' and n > 1)))}
        if title.parts:
            bases.add(title.parts[0].content)
        for base in bases:
            films[base][key].append(film.entity)
            if len(base) == len(key) or base not in label:
                label[base] = film.title if base == key else ' '.join(word.capitalize() for word in base)
    return {
        base: Collection(
            label[base], FRANCHISE, frozenset(entity for listed in by_key.values() for entity in listed), None
        )
        for base, by_key in films.items()
        if len(by_key) > 1 and not base[0].isdigit() and len(base[0]) > 1
    }


def is_everyday_word(key: Key) -> bool:
    """Return whether a name is one word that conversations about films often use: "Saw", "Cars"."""
    return len(key) == 1 and is_common(key[0], in_phrase=True)
