"""What messages mean: acts, names, constraints and questions, on a labelled table over a catalogue of real films."""

import functools
import time

import pytest
from film_catalogue import film_facts, read_films, unknown_genres
from hypothesis import given, settings
from hypothesis import strategies as st
from transcripts import read_transcripts, understand_all

from benchmarks.understanding.messages import constraints_of, names_of
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.meaning import Situation

ROWS = read_transcripts()


@pytest.fixture(scope='module')
def understood():
    return list(understand_all(_interpreter(), _facts()[0]))


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


PIECES = [
    *(
        'I',
        'loved',
        'hated',
        'not',
        'seen',
        'who',
        'is in',
        'it',
        'the second one',
        '?',
        ', ',
        '. ',
        'but',
        'or',
        'like',
        'no',
    ),
    *(
        'Alien',
        'Toy Story 2',
        'Tom Hanks',
        'DiCaprio',
        'Marvel',
        'horror',
        'funny',
        'the 90s',
        'before 1980',
        'for my kids',
    ),
    *(
        'something',
        'else',
        'forget',
        'thanks',
        'bye',
        'why',
        '<film0>',
        '<genre12>',
        '"',
        '\n',
        '😀',
        '(',
        ':)',
        'x' * 40,
        "'s",
    ),
]
texts = st.one_of(st.text(max_size=60), st.builds(' '.join, st.lists(st.sampled_from(PIECES), max_size=14)))


@settings(max_examples=300, deadline=None)
@given(texts, st.booleans())
def test_any_message_is_understood_somehow(text, has_list):
    facts, _ = _facts()
    shown = tuple(list(facts.films)[:3]) if has_list else ()
    situation = Situation(film=shown[0] if shown else None, shown=shown)
    meaning = _interpreter().understand(text, situation)
    assert meaning.acts and len(meaning.acts) == len(set(meaning.acts))
    assert all(film in facts.films for question in meaning.questions for film in [question.film] if film is not None)
    assert meaning == _interpreter().understand(text, situation)


@pytest.mark.parametrize(
    'line',
    [
        'I love comedy ' * 700,
        'from 1990 to ' * 760,
        '80s ' * 2500,
        '<' * 9999,
        ' ' * 9999,
        'Alien and ' * 1000,
        'what else has he ' * 600,
        'so very really ' * 660,
        '"' * 9999,
        '-' * 9999,
    ],
)
def test_long_message_is_understood_in_seconds(line):
    start = time.process_time()
    assert _interpreter().understand(line).acts
    assert time.process_time() - start < 10


def test_seeker_cannot_forge_a_token():
    assert _interpreter().understand('I loved <film0> and <person99>').heard == []


@functools.cache
def _facts():
    return film_facts()


@functools.cache
def _interpreter():
    return Interpreter(*_facts())
