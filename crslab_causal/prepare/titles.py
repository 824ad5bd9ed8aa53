"""Make ``movie_titles.json``, which has title, year, genres, people and plot of each item by entity id."""

from __future__ import annotations

import ast
import re
from typing import Any, Iterable, Mapping, NotRequired, TypedDict
from urllib.parse import unquote

from crslab_causal.data.dataset.mention_order import display_name

_YEAR = re.compile(r'(.*?) ?\((\d{4})\)')


class Film(TypedDict):
    """The facts about a film."""

    title: str
    year: int | None
    genre: list[str]
    director: list[str]
    stars: list[str]
    plot: NotRequired[str]
    """Plot in one or two sentences."""
    redial_ids: NotRequired[list[str]]
    """Numbers that represent the film in ReDial's text, as in ``@111776``."""


def redial_films(
    names: Mapping[str, list], info: Mapping[str, Mapping[str, Any]], entity2id: Mapping[str, int]
) -> dict[int, Film]:
    """Return the films of ReDial by entity id.

    Args:
        names: ReDial id -> [entity id or -1, title, meta data as the text of a dictionary]. -1 stands for a film
            without a page in DBpedia, whose name in ``entity2id`` is its ReDial id.
        info: ReDial id -> name, genre, plot, director, star. It adds facts that ``names`` does not have.
        entity2id: Entity ids by name.
    """
    films: dict[int, Film] = {}
    uris = {entity: uri for uri, entity in entity2id.items()}
    for number, (entity, name, meta, *_) in names.items():
        known = ast.literal_eval(meta) if meta else {}
        more = info.get(number, {})
        entity = entity2id[number] if entity == -1 else entity
        title, year = _title_and_year(unquote(name))
        film: Film = {
            'title': title or _title_and_year(display_name(uris[entity]))[0],
            'year': year or _title_and_year(more.get('name', ''))[1],
            'genre': known.get('genre') or [genre.title() for genre in more.get('genre', [])],
            'director': known.get('director') or list(more.get('director', [])),
            'stars': known.get('stars') or list(more.get('star', [])),
        }
        if more.get('plot'):
            film['plot'] = more['plot']
        if entity in films:
            films[entity]['redial_ids'].append(number)
        else:
            films[entity] = {**film, 'redial_ids': [number]}
    return films


def opendialkg_titles(
    info: Mapping[str, Mapping[str, Any]], entity2id: Mapping[str, int], items: Iterable[int], films: Iterable[Film]
) -> dict[int, Film]:
    """Return OpenDialKG's facts about its items, with plots from ``films`` if title and year agree."""
    index = FilmIndex(films)
    by_id: dict[int, Film] = {}
    for entry in info.values():
        if entry['name'] in entity2id:
            year = entry.get('year', '')
            genres, directors, stars = (
                list(dict.fromkeys(entry.get(key, []))) for key in ('genre', 'director', 'actor')
            )
            film: Film = {
                'title': entry['name'],
                'year': int(year) if re.fullmatch(r'\d{4}', year) else None,
                'genre': genres,
                'director': directors,
                'stars': stars,
            }
            same = index.find(film['title'], film['year'])
            if same is not None and film['year'] is not None and 'plot' in same:
                film['plot'] = same['plot']
            by_id[entity2id[entry['name']]] = film
    return {item: by_id[item] for item in items if item in by_id}


def item_titles(items: Mapping[int, str], films: Iterable[Film], by_name: Mapping[str, Film]) -> dict[int, Film]:
    """Return the known facts about the items of a corpus.

    Args:
        items: Entity id -> name or DBpedia URI of each item.
        films: Films in which titles are looked up.
        by_name: The same films by DBpedia URI, if they have one.
    """
    index, titles = FilmIndex(films), {}
    for item, name in items.items():
        title, year = _title_and_year(display_name(name))
        film: Film = {'title': title, 'year': year, 'genre': [], 'director': [], 'stars': []}
        film.update(by_name.get(name) or index.find(title, year) or film)
        film.pop('redial_ids', None)
        titles[item] = film
    return titles


class FilmIndex:
    """An index of films by title and year."""

    def __init__(self, films: Iterable[Film]):
        self._films: dict[str, list[Film]] = {}
        for film in films:
            self._films.setdefault(_key(film['title']), []).append(film)

    def find(self, title: str, year: int | None = None) -> Film | None:
        """Return the only film with this title and year; None if there is none, or more than one.

        If the year is None, the title alone is compared.
        """
        found = [film for film in self._films.get(_key(title), []) if year is None or film['year'] == year]
        return found[0] if len(found) == 1 else None


def _title_and_year(name: str) -> tuple[str, int | None]:
    """Split ``Alien (1979)`` into title and year. The year is None if the name has none."""
    name = ' '.join(name.split())
    match = _YEAR.fullmatch(name)
    return (match[1], int(match[2])) if match else (name, None)


def _key(title: str) -> str:
    return ' '.join(re.findall(r'\w+', title.lower()))
