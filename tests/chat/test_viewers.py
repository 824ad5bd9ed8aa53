"""Films for children, and for those who watch with them."""

import pytest
from chat_helpers import labels

from crslab_causal.chat.state import DialogueState
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Situation


@pytest.mark.parametrize(
    'text',
    [
        "I'm watching with my grandma",
        "we're four guys with beer",
        "it's date night",
        'I have 90 minutes',
        'I only have two hours',
        "I'm alone tonight",
    ],
)
def test_message_about_the_viewers_says_nothing_about_a_film(interpreter, after_a_list, text):
    meaning = interpreter.understand(text, after_a_list)
    assert meaning.acts == [Act.WANT] and meaning.heard == []


def test_age_of_a_child_asks_for_films_for_children(interpreter, after_a_list):
    assert labels(interpreter.understand('I am 12', after_a_list)) == {('children', True)}
    assert labels(interpreter.understand('I am 35', after_a_list)) == set()


@pytest.mark.parametrize('text', ["they're 5 and 8", 'they are 6 and 9', 'my little brother is 11'])
def test_ages_of_children_ask_for_films_for_children(interpreter, text):
    assert labels(interpreter.understand(text)) == {('children', True)}


def test_grandchildren_ask_for_films_for_children(interpreter):
    meaning = interpreter.understand("My two grandchildren are visiting and I'd like to show them a film")
    assert labels(meaning) == {('children', True)}


@pytest.mark.parametrize(
    'text', ['my daughter 6 years', 'with my son (8)', 'daughter is 6', 'for me and daughter 6 year']
)
def test_short_age_of_a_child_asks_for_films_for_children(interpreter, text):
    assert labels(interpreter.understand(text)) == {('children', True)}


def test_wish_for_the_seeker_alone_is_not_for_children(conversation):
    conversation.reply('a film for my kids')
    assert [constraint.name for constraint in conversation.reply('and for me, a western').constraints] == ['western']


def test_viewers_who_cannot_agree_reject_nothing(trained_interpreter, after_a_list):
    meaning = trained_interpreter.understand("we can't agree", after_a_list)
    assert Act.REJECT not in meaning.acts and meaning.heard == []


def test_films_for_two_after_bedtime_are_not_for_children(conversation):
    conversation.reply('a film for my kids')
    reply = conversation.reply('and for me and my husband after the kids are in bed? A thriller perhaps')
    assert [constraint.name for constraint in reply.constraints] == ['thriller']


@pytest.mark.parametrize(
    'text',
    [
        'I have two kids (5 and 9), what can we put on?',
        'my son is mad about dinosaurs',
        'our grandchildren are obsessed with animals',
    ],
)
def test_ages_and_passions_of_children_ask_for_films_for_children(interpreter, text):
    assert ('children', True) in labels(interpreter.understand(text))


@pytest.mark.parametrize('text', ['for me and the wife, a thriller', 'now a thriller for my husband and me'])
def test_films_for_a_couple_need_not_be_for_children(interpreter, text):
    state = DialogueState()
    meaning = interpreter.understand('something for my kids')
    state.hear('something for my kids', meaning)
    assert [c.label for c in interpreter.understand(text, state.situation).withdrawn] == ['children']


@pytest.mark.parametrize('text', ['something for adults please', 'a more grown-up film', 'anything for us grown ups?'])
def test_films_for_adults_are_not_for_children(interpreter, text):
    meaning = interpreter.understand(text, Situation())
    assert [constraint.words for constraint in meaning.constraints] == ['not for children']


@pytest.mark.parametrize('text', ['something for adults and kids', 'a film for the adults too, and the kids'])
def test_films_for_adults_too_may_be_for_children(interpreter, text):
    meaning = interpreter.understand(text, Situation())
    assert not any(not constraint.wanted for constraint in meaning.constraints)
