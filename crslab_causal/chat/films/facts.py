"""Facts about the films of a catalogue, which the chat uses to answer questions and to filter lists."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Collection, Mapping, NamedTuple, Sequence

from crslab_causal.chat.films.genres import GENRES, genres_of_name
from crslab_causal.data.dataset.films import Film
from crslab_causal.data.relations import RELATIONS, RelationKind
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.entity_linking.titles import content_words, parse_title, title_words

DIRECTOR, CAST, WRITER, COMPOSER, PRODUCER = 'director', 'cast', 'writer', 'composer', 'producer'
ROLES = (DIRECTOR, CAST, WRITER, COMPOSER, PRODUCER)
"""Roles of people in films, most important role first."""
_KIND_OF_ROLE = {
    DIRECTOR: RelationKind.DIRECTOR,
    CAST: RelationKind.CAST,
    WRITER: RelationKind.WRITER,
    COMPOSER: RelationKind.COMPOSER,
    PRODUCER: RelationKind.PRODUCER,
}
_ROLE_OF_RELATION = {relation: role for role, kind in _KIND_OF_ROLE.items() for relation in RELATIONS[kind]}
_GENRE_RELATIONS = RELATIONS[RelationKind.GENRE]
_YEAR_RELATIONS = RELATIONS[RelationKind.YEAR]
_OTHER_RELATIONS = tuple(
    relation
    for kind in (RelationKind.LANGUAGE, RelationKind.COUNTRY, RelationKind.CREW, RelationKind.COMPANY)
    for relation in RELATIONS[kind]
)
"""Relations to entities that are neither people nor subjects of films."""
_ROLE_WEIGHT = {DIRECTOR: 1.0, CAST: 1.0}
_OTHER_ROLE_WEIGHT = 0.2
_QUALIFIER = re.compile(r'\s*\([^()]*\)$|__\d+$')
_NO_GENRES = frozenset(('talk-show', 'news', 'reality-tv', 'short', 'adult'))
"""Formats, such as a television series, that catalogues list among the genres."""
_MIN_CAST = 2
"""Minimum number of actors in the knowledge graph from which a different cast in the dataset's file counts as a
mistake."""
_USUAL_FACTS = 10
"""Usual number of facts about a film in DBpedia."""
_MIN_SHARE_OF_FACTS = 0.6
"""Share of the facts of the largest film of a title from which a film counts as equally well known."""
_TIE = 1e-3
"""Weight of the share of facts between films that are equally popular."""
_ARTICLE = re.compile(r'^(?:the|an?) ')
_N_STARS = 4
"""Number of the best-known people of a film whose popularity shows how well known the film is."""
_FAME_POWER = 0.25
"""Power of the ratio between the popularity of the people of two films with one title."""
_LATEST_QUANTILE = 0.99
"""Quantile of the years of all films that counts as the catalogue's last year."""
_GENRE_ENTITY_NAMES = ('{} film', '{} (genre)', '{}', '{} (love)', '{} fiction', '{} movie')
"""Forms of the name of a genre's entity, most frequent first."""


@dataclass(frozen=True)
class CatalogueFilm:
    """The facts about a film."""

    entity: int
    """Entity id."""
    title: str
    year: int | None
    genres: frozenset[str]
    """Names from :data:`.GENRES`; empty if the genres are unknown."""
    people: Mapping[str, tuple[int, ...]]
    """Person ids by role."""
    plot: str | None

    @property
    def name(self) -> str:
        """Title, and the year if it is known."""
        return f'{self.title} ({self.year})' if self.year else self.title


class Person(NamedTuple):
    """A person and their films."""

    id: int
    """Entity id; a negative number if the person is not in the knowledge graph."""
    name: str
    films: dict[str, list[int]]
    """Entity ids of films by role."""


@dataclass
class FilmFacts:
    """Films, people, genres and subjects of a catalogue."""

    films: dict[int, CatalogueFilm]
    """Films by entity id."""
    people: dict[int, Person]
    """People by id."""
    subjects: dict[int, frozenset[int]]
    """Films by the entity id of their subject, such as "Time travel". Empty if the knowledge graph has no subjects."""
    genre_entities: dict[str, int]
    """Entity id of each genre that the recommender knows."""
    names: dict[int, str]
    """Name of each film, person, subject and genre entity, as the chat writes it."""
    popularity: dict[int, float]
    """Popularity of films and people. It orders answers."""
    prominence: dict[int, float]
    """Popularity of films and people. Among films of the same title, one with few facts counts less. It decides between
    entities of the same name."""
    latest: int
    """Last year of the catalogue. "New" films are counted back from it."""
    has_plots: bool = field(init=False)
    """Whether the plot of any film is known."""
    films_of_genre: dict[str, frozenset[int]] = field(init=False)
    """Films by genre."""
    without_genre: frozenset[int] = field(init=False)
    """Films whose genres are unknown."""
    person_called: dict[str, int] = field(init=False)
    """Id of each person, by name."""
    undated_copies: dict[int, int] = field(init=False)
    """Films without a year, each with the better-known film of the same title that has one. Both are the same film."""

    def __post_init__(self) -> None:
        self.has_plots = any(film.plot for film in self.films.values())
        films_of_genre: dict[str, set[int]] = defaultdict(set)
        for film in self.films.values():
            for genre in film.genres:
                films_of_genre[genre].add(film.entity)
        self.films_of_genre = {genre: frozenset(films) for genre, films in films_of_genre.items()}
        self.person_called = {person.name: person.id for person in self.people.values()}
        self.without_genre = frozenset(film.entity for film in self.films.values() if not film.genres)
        self.undated_copies = self._find_undated_copies()

    def _find_undated_copies(self) -> dict[int, int]:
        popularity, best = self.popularity, dict[str, int]()
        for film in sorted(self.films.values(), key=lambda film: popularity.get(film.entity, 0.0)):
            if film.year:
                best[film.title.casefold()] = film.entity
        undated = ((film.entity, best.get(film.title.casefold())) for film in self.films.values() if not film.year)
        return {
            copy: film
            for copy, film in undated
            if film is not None and popularity.get(copy, 0.0) <= popularity.get(film, 0.0)
        }

    def films_of(self, person: int, role: str | None = None) -> list[int]:
        """Return the films of a person, in one role or in all, most popular first."""
        films = self.people[person].films
        found = dict.fromkeys(film for name in ([role] if role else ROLES) for film in films.get(name, ()))
        known = (film for film in found if film not in self.undated_copies)
        return sorted(known, key=lambda film: (-self.popularity.get(film, 0), film))

    def names_of_people(self, film: int, role: str) -> list[str]:
        """Return the names of the people in one role of a film."""
        return [self.people[person].name for person in self.films[film].people.get(role, ())]


def build_film_facts(
    catalogue: CatalogueInfo,
    entities: Sequence[int],
    mentioned: Collection[int] = (),
) -> FilmFacts:
    """Collect the facts about the films of a catalogue.

    Args:
        catalogue: names, items, films and knowledge graph.
        entities: entity ids that a history may contain.
        mentioned: entity ids that the training data mention. One of them is preferred as the entity of a genre.
    """
    return _Builder(catalogue, entities, mentioned).facts()


def name_key(name: str) -> tuple[str, ...]:
    """Return the words of a person's name in a form that is equal for two spellings of the name."""
    return tuple(content_words(title_words(_QUALIFIER.sub('', name))))


class _Credit(NamedTuple):
    """A person in a film, as a source names the person."""

    role: str
    name: str
    entity: int | None
    """Entity id; None: the source has only the name."""


def _weight(share: float) -> float:
    """Return the weight of the popularity of a film.

    Args:
        share: its number of facts, divided by that of the film with the same title that has most of them.
    """
    return (share if share < _MIN_SHARE_OF_FACTS else 1.0) + _TIE * share


def _fame(film: CatalogueFilm, popularity: Mapping[int, float]) -> float:
    """Return the popularity of the best-known people of a film, plus one."""
    people = {person for role in (CAST, DIRECTOR) for person in film.people.get(role, ())}
    return 1 + sum(sorted((popularity.get(person, 0.0) for person in people), reverse=True)[:_N_STARS])


class _Builder:
    """Collects facts from the knowledge graph and the dataset's films."""

    def __init__(self, catalogue: CatalogueInfo, entities: Sequence[int], mentioned: Collection[int]):
        self.catalogue = catalogue
        self.listed = {item: catalogue.films.get(item, Film()) for item in catalogue.items}
        self.entities, self.mentioned = frozenset(entities), frozenset(mentioned)
        self.items = frozenset(catalogue.items)
        self.subjects: dict[int, set[int]] = defaultdict(set)
        for item in catalogue.items:
            if self._is_about_another_film(item):
                self.listed[item] = Film(self.listed[item].title, self.listed[item].year)

    def _is_about_another_film(self, item: int) -> bool:
        """Return whether the dataset's film has another cast than the film in the knowledge graph.

        A file of titles may confuse films with the same title. In ReDial's file this concerns 6 % of the films.
        """
        stars = {name_key(name)[-1:] for name in self.listed[item].stars}
        cast = {
            name_key(self.catalogue.names[entity])[-1:]
            for entity, relations in self._neighbours(item).items()
            if any(_ROLE_OF_RELATION.get(relation) == CAST for relation in relations)
        }
        return bool(stars) and len(cast) >= _MIN_CAST and stars.isdisjoint(cast)

    def facts(self) -> FilmFacts:
        credits = {item: self._credits(item) for item in self.catalogue.items}
        people = self._people(credits)
        id_of_key = {name_key(person.name): person.id for person in people.values()}
        films = {item: self._film(item, listed, id_of_key) for item, listed in credits.items()}
        for film in films.values():
            for role, persons in film.people.items():
                for person in persons:
                    people[person].films.setdefault(role, []).append(film.entity)
        popularity = {item: float(self.catalogue.label_count.get(item, 0)) for item in films}
        for person in people:
            popularity[person] = sum(
                (1 + popularity[film]) * _ROLE_WEIGHT.get(role, _OTHER_ROLE_WEIGHT)
                for role, listed in people[person].films.items()
                for film in listed
            )
        prominence = popularity | self._prominence(films, popularity)
        genre_entities = self._genre_entities()
        names = {item: film.name for item, film in films.items()}
        names |= {person.id: person.name for person in people.values()}
        names |= {entity: genre.capitalize() for genre, entity in genre_entities.items()}
        subjects = {entity: frozenset(linked) for entity, linked in self.subjects.items() if entity not in names}
        names |= {entity: self.catalogue.names[entity] for entity in subjects}
        years = sorted(film.year for film in films.values() if film.year)
        latest = years[int(_LATEST_QUANTILE * (len(years) - 1))] if years else 0
        return FilmFacts(films, people, subjects, genre_entities, names, popularity, prominence, latest)

    def _prominence(self, films: Mapping[int, CatalogueFilm], popularity: Mapping[int, float]) -> dict[int, float]:
        """Return the popularity of films, weighted among films of one title by their facts and their people.

        "Hangover" and "The Hangover" count as one title.

        The number of facts shows how well known a film is. The popularity in a dataset depends on how its films were
        found: ReDial's "Ghost" was often taken for a film of 1998. A film without facts counts as one of usual size.
        A difference of a few facts says little, and only decides between equally popular films. The popularity of its
        people counts, too: "Heat" is the film with Al Pacino, although ReDial mostly links it to one with unknown
        actors.
        """
        of_title: dict[str, list[int]] = defaultdict(list)
        for film in films.values():
            of_title[_ARTICLE.sub('', film.title.lower())].append(film.entity)
        found: dict[int, float] = {}
        for items in of_title.values():
            sizes = {item: 1 + (len(self.catalogue.graph.edges(item)) or _USUAL_FACTS) for item in items}
            largest = max(sizes.values())
            fame = {item: _fame(films[item], popularity) for item in items}
            most = max(fame.values())
            found |= {
                item: (1 + popularity[item]) * _weight(size / largest) * (fame[item] / most) ** _FAME_POWER - 1
                for item, size in sizes.items()
            }
        return {item: max(0.0, value) for item, value in found.items()}

    def _neighbours(self, item: int) -> dict[int, set[str]]:
        """Return the relations of an item to each neighbour, without the namespaces of URIs."""
        return {
            entity: {relation.strip('<>').rpartition('/')[2].lower() for relation in relations}
            for entity, relations in self.catalogue.graph.edges(item).items()
            if entity not in self.items
        }

    def _credits(self, item: int) -> list[_Credit]:
        listed, neighbours = self.listed[item], self._neighbours(item)
        by_key = {name_key(self.catalogue.names[entity]): entity for entity in neighbours}
        credits = [
            _Credit(role, name, by_key.get(name_key(name)))
            for role, people in ((DIRECTOR, listed.directors), (CAST, listed.stars))
            for name in people
        ]
        return credits + [
            _Credit(_ROLE_OF_RELATION[relation], self.catalogue.names[entity], entity)
            for entity, relations in neighbours.items()
            for relation in sorted(relations & _ROLE_OF_RELATION.keys())
        ]

    def _people(self, credits: Mapping[int, Sequence[_Credit]]) -> dict[int, Person]:
        names: dict[tuple[str, ...], str] = {}
        entities: dict[tuple[str, ...], Counter[int]] = defaultdict(Counter)
        for listed in credits.values():
            for credit in listed:
                if key := name_key(credit.name):
                    names.setdefault(key, _QUALIFIER.sub('', credit.name))
                    if credit.entity in self.entities:
                        entities[key][credit.entity] += 1
        people: dict[int, Person] = {}
        for number, (key, name) in enumerate(names.items(), start=1):
            # if several entities share a name, choose the one with the most films, then the one with the lowest id
            best = min(entities[key].items(), key=lambda pair: (-pair[1], pair[0]), default=(-number, 0))[0]
            people[best] = Person(best, name, {})
        return people

    def _film(self, item: int, credits: Sequence[_Credit], id_of_key: Mapping[tuple[str, ...], int]) -> CatalogueFilm:
        listed, name = self.listed[item], self.catalogue.names[item]
        year = listed.year or parse_title(name).year
        genres = {g for text in listed.genres for g in genres_of_name(text)} - _NO_GENRES
        people: dict[str, dict[int, None]] = {}
        for credit in credits:
            if key := name_key(credit.name):
                people.setdefault(credit.role, {})[id_of_key[key]] = None
        for entity, relations in self._neighbours(item).items():
            other = self.catalogue.names[entity]
            if relations & {*_GENRE_RELATIONS}:
                genres |= genres_of_name(other)
            elif year is None and relations & {*_YEAR_RELATIONS}:
                year = next(map(int, re.findall(r'\b\d{4}\b', other)), None)
            elif relations - {*_OTHER_RELATIONS, *_ROLE_OF_RELATION, *_YEAR_RELATIONS} and entity in self.entities:
                self.subjects[entity].add(item)
        return CatalogueFilm(
            item,
            listed.title or re.sub(r'\s*\([^()]*\)$', '', name) or name,
            int(year) if year else None,
            frozenset(genres),
            {role: tuple(persons) for role, persons in people.items()},
            listed.plot or None,
        )

    def _genre_entities(self) -> dict[str, int]:
        by_name: dict[str, list[int]] = defaultdict(list)
        for entity in sorted(self.entities - self.items):
            by_name[self.catalogue.names[entity].lower()].append(entity)
        found: dict[str, int] = {}
        for genre in GENRES:
            candidates = [e for pattern in _GENRE_ENTITY_NAMES for e in by_name.get(pattern.format(genre), ())]
            if candidates:
                found[genre] = max(candidates, key=lambda e: (e in self.mentioned, -candidates.index(e)))
        return found
