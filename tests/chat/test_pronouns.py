"""People whom a message does not name: "he", "her", "that guy", "both of them"."""

from dataclasses import replace

import pytest
from chat_helpers import attitudes, labels, situation_of

from crslab_causal.chat.understanding.meaning import Attitude, Situation
from crslab_causal.chat.understanding.spans import SpanKind


@pytest.mark.parametrize('text', ["I've seen everything by Nolan", "we've watched all of Nolan's films"])
def test_all_films_of_a_person_are_seen(interpreter, entity, text):
    heat = entity['Heat (1995)']
    meaning = interpreter.understand(
        text, Situation(film=heat, shown=(heat,), last_turn=('Recommender', 'How about Heat (1995)?'))
    )
    (heard,) = meaning.heard
    assert (heard.name, heard.attitude) == ('Christopher Nolan', Attitude.SEEN)
    assert heard.films == frozenset(interpreter.facts.films_of(heard.entity)) and len(heard.films) > 3


def test_both_of_them_are_the_last_two_people(conversation):
    conversation.reply('I like Tom Hanks and Meg Ryan')
    answer = ' '.join(conversation.reply('is there a movie that has both of them?').sentences)
    assert 'Sleepless in Seattle (1993)' in answer and "You've Got Mail (1998)" in answer


def test_most_of_them_after_a_person_is_not_the_list(trained_interpreter, after_a_list):
    text = 'my grandad likes Clint Eastwood but he has seen most of them'
    assert not any(
        heard.entity in after_a_list.shown for heard in trained_interpreter.understand(text, after_a_list).heard
    )


def test_she_who_watches_with_the_seeker_is_no_actress(trained_interpreter, after_a_list):
    situation = replace(after_a_list, person=trained_interpreter.facts.person_called['Tom Cruise'])
    meaning = trained_interpreter.understand('We have seen Toy Story, she liked it very much', situation)
    assert 'Tom Cruise' not in attitudes(meaning)


def test_pronoun_beside_a_person_is_a_wish_for_both(interpreter, after_a_list):
    situation = replace(after_a_list, person=interpreter.facts.person_called['Tom Hanks'])
    meaning = interpreter.understand('is there something with him and Meg Ryan?', situation)
    assert labels(meaning) == {('Tom Hanks', True), ('Meg Ryan', True)}


@pytest.mark.parametrize(
    'text',
    [
        'not him again',
        "I don't like him",
        'without him please',
        'anyone but him',
        "I can't stand him",
        'no more of him',
        'enough of him!',
    ],
)
def test_pronoun_in_an_exclusion_excludes_the_person(trained_interpreter, after_a_list, text):
    situation = replace(after_a_list, person=trained_interpreter.facts.person_called['Tom Hanks'])
    meaning = trained_interpreter.understand(text, situation)
    assert labels(meaning) == {('Tom Hanks', False)} and {*attitudes(meaning)} == {'Tom Hanks'}


@pytest.mark.parametrize('text', ['not keen on Tom Cruise', 'not interested in Tom Cruise', "I don't like Tom Cruise"])
def test_dislike_of_a_person_concerns_no_film(trained_interpreter, after_a_list, text):
    assert attitudes(trained_interpreter.understand(text, after_a_list)) == {'Tom Cruise': Attitude.DISLIKED}


@pytest.mark.parametrize('text', ['not without her husband', 'nothing but her early films', 'not him, he is asleep'])
def test_pronoun_before_a_noun_or_without_a_person_excludes_nobody(interpreter, after_a_list, text):
    assert not any(heard.kind is SpanKind.PERSON for heard in interpreter.understand(text, after_a_list).heard)


@pytest.mark.parametrize(('pronoun', 'name'), [('him', 'Tom Hanks'), ('her', 'Meg Ryan')])
def test_he_is_a_man_and_she_is_a_woman(conversation, pronoun, name):
    conversation.reply('who is in Sleepless in Seattle?')
    meaning = conversation.interpreter.understand(f'I like {pronoun}', conversation.state.situation)
    assert {*attitudes(meaning)} == {name}


@pytest.mark.parametrize('text', ['I love her', 'she is so talented, I love her'])
def test_she_is_the_actress_of_the_film(trained_interpreter, entity, text):
    meaning = trained_interpreter.understand(text, situation_of(entity, 'Speed (1994)'))
    assert 'Sandra Bullock' in attitudes(meaning)


@pytest.mark.parametrize('text', ['I love that guy', 'Nice, I love this actor'])
def test_that_guy_is_the_actor_of_the_film(trained_interpreter, entity, text):
    meaning = trained_interpreter.understand(text, situation_of(entity, 'Cast Away (2000)'))
    assert 'Tom Hanks' in attitudes(meaning)


@pytest.mark.parametrize('text', ['Others of his, please', 'any others of his?'])
def test_his_in_others_of_his_is_the_director(trained_interpreter, entity, text):
    person = trained_interpreter.read(text, situation_of(entity, 'Jaws (1975)')).situation.person
    assert trained_interpreter.facts.names[person] == 'Steven Spielberg'
