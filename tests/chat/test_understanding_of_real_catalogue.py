"""The labelled messages over the whole catalogue of ReDial: names, acts and questions that the chat finds."""

import re

import pytest
from film_catalogue import read_films
from transcripts import understand_all

import tiny
from benchmarks.understanding.__main__ import DEVELOP, score
from benchmarks.understanding.catalogue import read_catalogue
from benchmarks.understanding.messages import names_of
from crslab_causal.chat.understanding.interpreter import Interpreter

_YEARS = re.compile(r'-?(?:before )?\d{4}')


@pytest.fixture(scope='module')
def redial_facts():
    """Facts about all films of ReDial, from the files of the dataset."""
    if tiny.real_data() is None:
        pytest.skip('no real data')
    return read_catalogue(tiny.real_data() / 'redial' / 'nltk')


@pytest.mark.parametrize(
    ('table', 'acts', 'names'),
    [('redial_develop.tsv', 0.87, 0.82), ('redial_2_develop.tsv', 0.83, 0.66), ('written_develop.tsv', 0.68, 0.52)],
)
def test_understanding_of_real_messages_does_not_get_worse(redial_facts, table, acts, names):
    path = next(path for path in DEVELOP if path.name == table)
    scores, _, _, _ = score(path, Interpreter(*redial_facts))
    for part, least in (('acts', acts), ('names with attitude', names)):
        assert min(scores[part].precision, scores[part].recall) >= least


def test_names_and_acts_of_the_labelled_messages(redial_facts):
    facts, collections = redial_facts
    in_table = {film.name for film in read_films()}
    in_data = {film.name for film in facts.films.values()}
    n_right = n_heard = n_labelled = n_acts = n_questions = n_rows = 0
    for row, meaning in understand_all(Interpreter(facts, collections), facts):
        # films that ReDial does not have, and "new", which depends on the catalogue, are left out
        labelled = {name for name in row.names if name.lstrip('+-~!?=%') not in in_table - in_data}
        heard = {name for name in names_of(meaning) if not _YEARS.match(name)}
        labelled = {name for name in labelled if not _YEARS.match(name)}
        n_right += len(heard & labelled)
        n_heard += len(heard)
        n_labelled += len(labelled)
        n_acts += sorted(meaning.acts) == sorted(row.acts)
        n_questions += sorted(question.aspect for question in meaning.questions) == sorted(row.questions)
        n_rows += 1
    assert n_right / n_heard > 0.95
    assert n_right / n_labelled > 0.95
    assert n_acts / n_rows > 0.97
    assert n_questions / n_rows > 0.99


def test_facts_about_real_films_are_correct(redial_facts):
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
