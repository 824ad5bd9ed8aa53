"""Years that a message names by the year of a film: "newer", "older than Heat", "from around that time"."""

import pytest
from chat_helpers import situation_of

from crslab_causal.chat.understanding.meaning import Situation


def years(interpreter, text, situation):
    """Return the names of the constraints that a message states."""
    return [constraint.name for constraint in interpreter.understand(text, situation).constraints]


@pytest.mark.parametrize(
    'text, label',
    [
        ('something newer', '1996 or later'),
        ('something more recent', '1996 or later'),
        ('anything older?', 'before 1995'),
        ('something older than that one', 'before 1995'),
        ('something older than Jaws', 'before 1975'),
        ('something older than number 2', 'before 1975'),
        ('anything from around that time?', '1990–2000'),
        ('older than 2000', 'before 2000'),
    ],
)
def test_years_are_counted_from_the_film_that_is_meant(interpreter, entity, text, label):
    situation = situation_of(entity, 'Heat (1995)', 'Jaws (1975)', 'Inception (2010)')
    assert years(interpreter, text, situation) == [label]


@pytest.mark.parametrize(
    ('text', 'label'),
    [('something like Jaws but not as old', '1976 or later'), ('like Inception, only less recent', 'before 2010')],
)
def test_years_of_a_film_are_a_limit_for_films_like_it(interpreter, text, label):
    assert years(interpreter, text, Situation())[1:] == [label]


def test_years_are_counted_from_the_film_that_the_message_names_before(interpreter, entity):
    found = years(interpreter, 'I liked Jaws, something newer please', situation_of(entity, 'Heat (1995)'))
    assert found == ['1976 or later']


def test_years_without_a_film_are_counted_from_today(interpreter):
    assert years(interpreter, 'something older', Situation()) == ['before 1988']
    assert years(interpreter, 'something from around that time', Situation()) == []


def test_years_are_counted_from_the_film_of_the_last_answer(conversation):
    conversation.reply('a mystery')
    shown = conversation.state.shown
    conversation.reply('which of those is the oldest?')
    facts = conversation.facts
    oldest = min(shown, key=lambda film: facts.films[film].year)
    conversation.reply('something older than that one')
    (constraint,) = (c for c in conversation.state.constraints if c.kind == 'years')
    assert constraint.label == f'before {facts.films[oldest].year}'
