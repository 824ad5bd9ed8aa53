"""What messages mean: acts, names, constraints and questions, on a labelled table over a catalogue of real films."""

import pytest
from film_catalogue import film_facts, read_films, unknown_genres
from transcripts import constraints_of, names_of, read_transcripts, understand_all

from crslab_causal.chat.understanding.interpreter import Interpreter

ROWS = read_transcripts()


@pytest.fixture(scope='module')
def understood():
    facts, collections = film_facts()
    return list(understand_all(Interpreter(facts, collections), facts))


@pytest.mark.parametrize('number', range(len(ROWS)), ids=[row.text for row in ROWS])
def test_message_is_understood_as_labelled(understood, number):
    row, meaning = understood[number]
    assert sorted(meaning.acts) == sorted(row.acts)
    assert sorted(names_of(meaning)) == sorted(row.names)
    assert sorted(constraints_of(meaning)) == sorted(row.constraints)
    assert [question.aspect for question in meaning.questions] == row.questions


def test_table_and_catalogue_are_large_enough_and_sound():
    assert len({row.text for row in ROWS}) >= 280
    films = read_films()
    assert len({film.name for film in films}) == len(films) >= 200
    assert not unknown_genres()
