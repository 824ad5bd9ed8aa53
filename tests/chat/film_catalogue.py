"""A hand-written catalogue of real films: as facts for the chat, and as a corpus in ReDial's format."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import NamedTuple

from crslab_causal.chat.films.collections import Collections
from crslab_causal.chat.films.facts import FilmFacts, build_film_facts
from crslab_causal.chat.films.genres import genres_of_name
from crslab_causal.data.dataset.display_names import display_names
from crslab_causal.data.dataset.films import films_from_titles, merge_films
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.knowledge_graph import KnowledgeGraph

STARRING, DIRECTOR, GENRE, SELF_LOOP = 69, 122, 200, 185
"""Relation ids as in ReDial, where 200 has no name."""
GENRE_URIS = {
    'Comedy': 'Comedy_film',
    'Action': 'Action_film',
    'Horror': 'Horror_film',
    'Drama': 'Drama_film',
    'Thriller': 'Thriller_(genre)',
    'Sci-Fi': 'Science_fiction',
    'Romance': 'Romance_(love)',
    'Animation': 'Animation',
    'Fantasy': 'Fantasy',
    'Family': 'Family_film',
    'Mystery': 'Mystery_fiction',
    'Western': 'Western_(genre)',
    'Crime': 'Crime_film',
    'Adventure': 'Adventure',
    'Musical': 'Musical_film',
    'Documentary': 'Documentary_film',
}
_NAMESPACE = '<http://dbpedia.org/resource/{}>'


class Row(NamedTuple):
    """A film of ``films.tsv``."""

    title: str
    year: int
    genres: list[str]
    directors: list[str]
    stars: list[str]
    plot: str

    @property
    def name(self) -> str:
        """Title and year."""
        return f'{self.title} ({self.year})'

    @property
    def details(self) -> dict:
        """Entry of ``movie_titles.json``."""
        detail = {'title': self.title, 'year': self.year, 'genre': self.genres, 'director': self.directors}
        return detail | {'stars': self.stars} | ({'plot': self.plot} if self.plot else {})


def read_films() -> list[Row]:
    """Return the films of ``films.tsv``."""
    lines = Path(__file__).with_name('films.tsv').read_text('utf-8').splitlines()
    cells = [line.split('\t') for line in lines if line and not line.startswith('#')]
    return [
        Row(title, int(year), genres.split(';'), directors.split(';'), stars.split(';'), plot)
        for title, year, genres, directors, stars, plot in cells
    ]


def entity_uris(films: list[Row]) -> list[str]:
    """Return the URI of each entity id: films first, then genres, then people."""
    paths = [f'{film.title}_({film.year}_film)' for film in films] + list(GENRE_URIS.values())
    paths += dict.fromkeys(person for film in films for person in (*film.directors, *film.stars))
    return [_NAMESPACE.format(path.replace(' ', '_')) for path in paths]


def edges(films: list[Row]) -> list[tuple[int, int, int]]:
    """Return (head, tail, relation) of the knowledge graph."""
    id_of = {uri: i for i, uri in enumerate(entity_uris(films))}

    def person(name: str) -> int:
        return id_of[_NAMESPACE.format(name.replace(' ', '_'))]

    found = []
    for i, film in enumerate(films):
        found += [(i, person(name), DIRECTOR) for name in film.directors]
        found += [(i, person(name), STARRING) for name in film.stars]
        found += [
            (i, id_of[_NAMESPACE.format(GENRE_URIS[genre])], GENRE) for genre in film.genres if genre in GENRE_URIS
        ]
    return found


def film_facts() -> tuple[FilmFacts, Collections]:
    """Return the facts about the films, without a recommender."""
    films = read_films()
    graph = KnowledgeGraph(edges(films), {STARRING: 'starring', DIRECTOR: 'director'})
    items = list(range(len(films)))
    titles = films_from_titles({str(i): film.details for i, film in enumerate(films)}, items)
    known = merge_films(items, [tuple(film.genres) for film in films], titles, {})
    names = display_names(dict(enumerate(entity_uris(films))), items, known)
    catalogue = CatalogueInfo(names, items, dict.fromkeys(items, 30.0), graph, {}, known)
    facts = build_film_facts(catalogue, list(names))
    return facts, Collections(facts, names)


def write_corpus(root: Path, n_train: int = 150) -> Path:
    """Write the films and generated conversations to ``root/redial/nltk``, in the format of ReDial."""
    folder = root / 'redial' / 'nltk'
    folder.mkdir(parents=True)
    films, rng = read_films(), random.Random(1)
    uris = entity_uris(films)
    id_of = {uri: i for i, uri in enumerate(uris)}

    def say(role: str, text: str, movies: list[int], entities: list[int]) -> dict:
        return {
            'utt_id': 0,
            'role': role,
            'text': text.split(),
            'movies': [uris[i] for i in movies],
            'entity': [uris[i] for i in entities],
            'word': [],
        }

    def conversation(number: int) -> dict:
        genre = rng.choice(list(GENRE_URIS))
        fitting = [i for i, film in enumerate(films) if genre in film.genres]
        liked, answer = rng.sample(fitting, 2) if len(fitting) > 1 else fitting * 2
        entity = id_of[_NAMESPACE.format(GENRE_URIS[genre])]
        turns = [
            say('Seeker', f'I like {genre} and @{liked}', [liked], [entity]),
            say('Recommender', f'Then watch @{answer} .', [answer], []),
            say('Seeker', 'Thanks', [], []),
        ]
        return {'conv_id': str(number), 'dialog': turns}

    sizes = {'train': n_train, 'valid': 20, 'test': 20}
    conversations = {split: [conversation(n) for n in range(size)] for split, size in sizes.items()}
    tokens = dict.fromkeys(
        token for split in conversations.values() for c in split for turn in c['dialog'] for token in turn['text']
    )
    graph: dict[str, list] = {str(entity): [[SELF_LOOP, entity]] for entity in range(len(uris))}
    for head, tail, relation in edges(films):
        graph[str(head)].append([relation, tail])
    files = {
        **{f'{split}_data.json': content for split, content in conversations.items()},
        'token2id.json': {t: i for i, t in enumerate(['__pad__', '__start__', '__end__', '__unk__', *tokens])},
        'entity2id.json': id_of,
        'dbpedia_subkg.json': graph,
        'movie_ids.json': list(range(len(films))),
        'movie_titles.json': {str(i): film.details for i, film in enumerate(films)},
        'concept2id.json': {'like': 1, 'watch': 2},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), 'utf-8')
    (folder / 'conceptnet_subkg.txt').write_text('cooccur\tlike/\twatch/\n', 'utf-8')
    (folder / '.built').write_text('2020-01-01\n0.31', 'utf-8')
    return folder


def unknown_genres() -> set[str]:
    """Return the genres of ``films.tsv`` that the chat does not know, for a check of the file."""
    from crslab_causal.chat.films.genres import GENRES

    return {name for film in read_films() for text in film.genres for name in genres_of_name(text)} - set(GENRES)
