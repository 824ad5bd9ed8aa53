"""Wishes for well-known and little-known films: "something popular", "a hidden gem"."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crslab_causal.chat.constraints import Kind
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Understanding
from crslab_causal.chat.understanding.wishes.popularity import LITTLE_KNOWN, WELL_KNOWN, constraint_by_popularity

WISH = Understanding(acts=[Act.WANT])


@pytest.mark.parametrize(
    ('text', 'label'),
    [
        ('something less known', LITTLE_KNOWN),
        ('not so popular please', LITTLE_KNOWN),
        ('more obscure', LITTLE_KNOWN),
        ('a comedy, but less known', LITTLE_KNOWN),
        ('any hidden gems?', LITTLE_KNOWN),
        ('underrated thrillers please', LITTLE_KNOWN),
        ('nothing mainstream', LITTLE_KNOWN),
        ('no blockbusters', LITTLE_KNOWN),
        ('not the most popular ones', LITTLE_KNOWN),
        ('a film that few people know', LITTLE_KNOWN),
        ('something nobody has heard of', LITTLE_KNOWN),
        ('these are too mainstream', LITTLE_KNOWN),
        ('something popular', WELL_KNOWN),
        ('popular comedies', WELL_KNOWN),
        ('a well-known thriller', WELL_KNOWN),
        ('a blockbuster please', WELL_KNOWN),
        ('something that everyone knows', WELL_KNOWN),
        ('not too obscure please', WELL_KNOWN),
        ('these are too obscure', WELL_KNOWN),
    ],
)
def test_popularity_is_wanted(interpreter, text, label):
    assert constraint_by_popularity(text, WISH, interpreter.facts).label == label


@pytest.mark.parametrize(
    ('text', 'acts'),
    [
        ('The Village is so underrated, anything like it?', [Act.WANT]),
        ('a film about a famous singer', [Act.WANT]),
        ('it was not so popular, anything else?', [Act.MORE]),
        ('that was a popular film when I was young', [Act.LIKE]),
        ('a comedy', [Act.WANT]),
    ],
)
def test_remark_on_popularity_is_no_wish(interpreter, text, acts):
    assert constraint_by_popularity(text, Understanding(acts=acts), interpreter.facts) is None


@given(st.data())
def test_well_known_films_are_more_popular(interpreter, data):
    facts = interpreter.facts
    films = list(facts.films)
    counts = data.draw(st.lists(st.integers(0, 50), min_size=len(films), max_size=len(films)).filter(any))
    popularity = dict(zip(films, map(float, counts)))
    facts = replace(facts, popularity=facts.popularity | popularity)
    well, little = (
        constraint_by_popularity(text, WISH, facts).films for text in ('something popular', 'a hidden gem please')
    )
    assert not well & little
    assert sum(popularity[film] for film in well) >= sum(counts) / 2
    assert sum(popularity[film] for film in little) <= sum(counts) / 10
    others = set(films) - little
    assert max(popularity[film] for film in little) <= min(popularity[film] for film in others)
    assert min(popularity[film] for film in well) >= max((popularity[film] for film in set(films) - well), default=0)


def test_little_known_films_are_listed(conversation):
    first = conversation.reply('a comedy, but less known')
    assert [constraint.name for constraint in first.constraints] == ['comedy', LITTLE_KNOWN]
    wanted = next(each for each in conversation.state.constraints if each.kind is Kind.POPULARITY)
    assert first.recommendations and {film.entity for film in first.recommendations} <= wanted.films


def test_newer_wish_replaces_the_older_one(conversation):
    conversation.reply('something popular')
    reply = conversation.reply('these are too mainstream')
    assert [constraint.name for constraint in reply.constraints] == [LITTLE_KNOWN]
    assert reply.recommendations


@pytest.mark.parametrize('text', ['it does not have to be popular', 'popularity does not matter', 'forget popularity'])
def test_wish_is_taken_back(conversation, text):
    conversation.reply('I loved Alien, something popular please')
    assert conversation.state.constraints.find('popularity')
    conversation.reply(text)
    assert not conversation.state.constraints.find('popularity')
