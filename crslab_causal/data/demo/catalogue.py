"""A fictional film catalogue and its knowledge graph; all titles and people are invented."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Sequence

import numpy as np

N_FILMS = 120
N_DIRECTORS = 20
N_STARS = 40
N_REMAKES = 2
"""Number of films with the title of an earlier film and another year."""

GENRES = ('Comedy', 'Drama', 'Romance', 'Thriller', 'Horror', 'Science fiction', 'Adventure', 'Mystery')
THEMES = (
    'Friendship',
    'Family secrets',
    'Haunted places',
    'First love',
    'Survival',
    'Space travel',
    'Heists',
    'Road trips',
    'Time travel',
    'Small towns',
    'Life at sea',
    'Growing up',
)
RELATIONS = ('directed_by', 'starring', 'genre', 'theme')
NAMESPACE = 'http://demo.example/resource/'

_QUALITIES = (
    'Copper',
    'Borrowed',
    'Crooked',
    'Sunken',
    'Unfinished',
    'Patient',
    'Salted',
    'Threadbare',
    'Amber',
    'Velvet',
    'Sleepless',
    'Windless',
    'Folded',
    'Drowsy',
    'Painted',
    'Hesitant',
)
_THINGS = (
    'Orchardist',
    'Ferryman',
    'Cartographer',
    'Almanac',
    'Greenhouse',
    'Weathervane',
    'Turnstile',
    'Bakery',
    'Observatory',
    'Aqueduct',
    'Harbourmaster',
    'Ledger',
    'Keepers',
    'Carousel',
    'Signalman',
    'Archipelago',
)
_PLACES = (
    'Halvory',
    'Marrowick',
    'Quillmere',
    'Saltrow',
    'Dunmarrow',
    'Veskerholm',
    'Ondera',
    'Brindle Cove',
    'Tarnhollow',
    'Pellamy Street',
)
_TITLE_PATTERNS = (
    'The {quality} {thing}',
    'The {thing} of {place}',
    'One {quality} Night in {place}',
    'Before the {quality} {thing}',
    'No {thing} in {place}',
)
_FIRST_NAMES = (
    'Maren',
    'Tobiah',
    'Ilsabet',
    'Corwin',
    'Ysolde',
    'Bertrand',
    'Odalys',
    'Fenwick',
    'Perpetua',
    'Anselm',
    'Delphine',
    'Kasimir',
    'Rosalba',
    'Thaddeus',
    'Wilhelmina',
    'Evander',
)
_LAST_NAMES = (
    'Ellwether',
    'Quaymoor',
    'Vantreese',
    'Ostrander',
    'Pellgrave',
    'Hawkesmoth',
    'Brindlewood',
    'Tamsinger',
    'Underlake',
    'Cressingway',
    'Marlowick',
    'Fairbarrow',
    'Nettlecombe',
    'Sandovar',
    'Thornquill',
)


@dataclass(frozen=True)
class Film:
    """A film with the names of its people, genres and themes."""

    title: str
    year: int
    genres: tuple[str, ...]
    directors: tuple[str, ...]
    stars: tuple[str, ...]
    themes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Title and year, unique among the films."""
        return f'{self.title} ({self.year})'

    @property
    def people(self) -> tuple[str, ...]:
        """Directors and stars."""
        return self.directors + self.stars


@dataclass(frozen=True)
class Catalogue:
    """The films and the entities that they are linked to.

    Entities are numbered from 0: films, then genres, then people, then themes. So a film has the same index among
    the films and among the entities.
    """

    films: tuple[Film, ...]
    genres: tuple[str, ...]
    people: tuple[str, ...]
    themes: tuple[str, ...]
    relations: tuple[str, ...] = RELATIONS

    @classmethod
    def build(cls, seed: int) -> Catalogue:
        """Return a random catalogue of ``N_FILMS`` films by ``N_DIRECTORS`` directors with ``N_STARS`` stars."""
        rng = np.random.default_rng(seed)
        people = _draw_people(rng)
        directors, stars = people[:N_DIRECTORS], people[N_DIRECTORS:]
        titles = _draw_titles(rng, N_FILMS - N_REMAKES)
        films: list[Film] = []
        for i in range(N_FILMS):
            main_genre = i % len(GENRES)
            genres = [main_genre]
            if rng.random() < 0.5:
                genres.append((main_genre + int(rng.integers(1, len(GENRES)))) % len(GENRES))
            if i < len(titles):
                title, year = titles[i], int(rng.integers(1962, 2005))
            else:
                title = titles[i - len(titles)]
                year = films[i - len(titles)].year + int(rng.integers(10, 20))
            # a director makes films of one main genre only, so that the graph is informative about taste
            directors_of_genre = directors[main_genre :: len(GENRES)]
            films.append(
                Film(
                    title=title,
                    year=year,
                    genres=tuple(GENRES[g] for g in genres),
                    directors=(directors_of_genre[rng.integers(len(directors_of_genre))],),
                    stars=_draw_some(rng, stars, int(rng.integers(2, 4))),
                    themes=_draw_some(rng, THEMES, int(rng.integers(1, 3))),
                )
            )
        return cls(tuple(films), GENRES, people, THEMES)

    @cached_property
    def entity_names(self) -> tuple[str, ...]:
        """Name of each entity, unique; the name of a film includes the year."""
        return (*(film.name for film in self.films), *self.genres, *self.people, *self.themes)

    @cached_property
    def uris(self) -> tuple[str, ...]:
        """URI of each entity, such as ``<http://demo.example/resource/The_Amber_Keepers_(2003)>``."""
        return tuple(f'<{NAMESPACE}{name.replace(" ", "_")}>' for name in self.entity_names)

    @cached_property
    def index(self) -> dict[str, int]:
        """Index of each entity by its name."""
        return {name: i for i, name in enumerate(self.entity_names)}

    @cached_property
    def triples(self) -> tuple[tuple[int, int, int], ...]:
        """Edges (film, relation, entity): indices of entities and of ``relations``."""
        linked = ((film.directors, film.stars, film.genres, film.themes) for film in self.films)
        return tuple(
            (head, relation, self.index[name])
            for head, by_relation in enumerate(linked)
            for relation, names in enumerate(by_relation)
            for name in names
        )


def _draw_some(rng: np.random.Generator, names: Sequence[str], n: int) -> tuple[str, ...]:
    """Return ``n`` distinct ``names``."""
    return tuple(names[i] for i in rng.choice(len(names), size=n, replace=False))


def _draw_people(rng: np.random.Generator) -> tuple[str, ...]:
    """Return the names of ``N_DIRECTORS + N_STARS`` distinct people."""
    return _draw_some(rng, [f'{first} {last}' for first in _FIRST_NAMES for last in _LAST_NAMES], N_DIRECTORS + N_STARS)


def _draw_titles(rng: np.random.Generator, n: int) -> list[str]:
    """Return ``n`` distinct titles."""
    titles: dict[str, None] = {}
    while len(titles) < n:
        pattern = _TITLE_PATTERNS[rng.integers(len(_TITLE_PATTERNS))]
        titles[
            pattern.format(
                quality=_QUALITIES[rng.integers(len(_QUALITIES))],
                thing=_THINGS[rng.integers(len(_THINGS))],
                place=_PLACES[rng.integers(len(_PLACES))],
            )
        ] = None
    return list(titles)
