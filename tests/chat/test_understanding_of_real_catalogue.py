"""The labelled messages over the whole catalogue of ReDial: precision and recall of names, and accuracy of acts."""

import json
import re
from collections import Counter

import pytest
from film_catalogue import read_films
from transcripts import names_of, understand_all

import tiny
from crslab_causal.chat.films.collections import Collections
from crslab_causal.chat.films.facts import build_film_facts
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.data.dataset.display_names import display_names
from crslab_causal.data.dataset.films import films_from_titles, merge_films
from crslab_causal.data.dataset.genres import genres_from_titles
from crslab_causal.data.dataset.redial import CausalReDialDataset
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.knowledge_graph import KnowledgeGraph

_YEARS = re.compile(r'-?(?:before )?\d{4}')


@pytest.fixture(scope='module')
def redial_facts():
    """Facts about all films of ReDial, from the files of the dataset."""
    if tiny.real_data() is None:
        pytest.skip('no real data')

    def read(name):
        return json.loads((tiny.real_data() / 'redial' / 'nltk' / name).read_text('utf-8'))

    id_of, items, graph = read('entity2id.json'), read('movie_ids.json'), read('dbpedia_subkg.json')
    labels = Counter(
        id_of[uri]
        for conversation in read('train_data.json')
        for turn in conversation['dialog']
        if turn['role'] == 'Recommender'
        for uri in turn['movies']
        if uri in id_of
    )
    edges = [(int(head), tail, relation) for head, listed in graph.items() for relation, tail in listed]
    knowledge = KnowledgeGraph(edges, CausalReDialDataset.relation_names)
    titles = read('movie_titles.json')
    films = merge_films(items, genres_from_titles(titles, items), films_from_titles(titles, items), {})
    names = display_names({number: uri for uri, number in id_of.items()}, items, films)
    facts = build_film_facts(CatalogueInfo(names, items, labels, knowledge, {}, films), list(names))
    return facts, Collections(facts, names)


def test_names_and_acts_of_the_labelled_messages(redial_facts):
    facts, collections = redial_facts
    in_table = {film.name for film in read_films()}
    in_data = {film.name for film in facts.films.values()}
    n_right = n_heard = n_labelled = n_acts = n_rows = 0
    for row, meaning in understand_all(Interpreter(facts, collections), facts):
        # films that ReDial does not have, and "new", which depends on the catalogue, are left out
        labelled = {name for name in row.names if name.lstrip('+-~!?=%') not in in_table - in_data}
        heard = {name for name in names_of(meaning) if not _YEARS.match(name)}
        labelled = {name for name in labelled if not _YEARS.match(name)}
        n_right += len(heard & labelled)
        n_heard += len(heard)
        n_labelled += len(labelled)
        n_acts += sorted(meaning.acts) == sorted(row.acts)
        n_rows += 1
    assert n_right / n_heard > 0.95
    assert n_right / n_labelled > 0.95
    assert n_acts / n_rows > 0.97


def test_facts_about_real_films(redial_facts):
    facts, collections = redial_facts
    by_name = {film.name: film for film in facts.films.values()}
    alien = by_name['Alien (1979)']
    assert alien.genres == {'horror', 'science fiction'}
    assert facts.names_of_people(alien.entity, 'director') == ['Ridley Scott']
    assert 'Sigourney Weaver' in facts.names_of_people(alien.entity, 'cast')
    ford = max((p for p in facts.people.values() if p.name == 'Harrison Ford'), key=lambda p: facts.popularity[p.id])
    titles = {facts.films[film].title for film in facts.films_of(ford.id, 'cast')}
    assert {'Blade Runner', 'The Fugitive', 'Star Wars'} <= titles
    assert facts.genre_entities.keys() >= {'comedy', 'horror', 'action', 'drama', 'thriller', 'science fiction'}
    assert facts.latest == 2018
    marvel = collections.by_key['marvel',]
    assert len(marvel.films) > 40 and by_name['Iron Man (2008)'].entity in marvel.films
    assert all(not name.isdigit() for name in facts.names.values() if len(name) > 4)
