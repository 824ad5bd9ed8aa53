"""Kinds of messages that a newcomer wrote and that the chat once misunderstood."""

import pytest
from chat_helpers import attitudes

from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Attitude, Situation
from crslab_causal.chat.understanding.wishes.unmet import find_unmet_wishes


@pytest.fixture(scope='module')
def situation(entity):
    heat = entity['Heat (1995)']
    shown = tuple(entity[name] for name in ('Heat (1995)', 'Speed (1994)', 'Jaws (1975)', 'Big (1988)', 'Coco (2017)'))
    return Situation(film=heat, shown=shown, last_turn=('Recommender', 'How about Heat (1995)?'))


@pytest.mark.parametrize(
    'text, constraints',
    [
        ('I am afraid of horror, never propose it to me', {'no horror'}),
        ('my boyfriend would never watch a romance', {'no romance'}),
        ("my kids won't watch horror", {'no horror'}),
        ('I am fed up with comedies', {'no comedy'}),
        ("I don't like the films of war", {'no war'}),
        ('dont like old movies, like b4 2000', {'not before 2000'}),
        ('something older, from the 90s', {'1990–1999'}),
        ('a thriller from the forties or fifties', {'thriller', '1940–1949', '1950–1959'}),
    ],
)
def test_constraints_are_read(interpreter, text, constraints):
    meaning = interpreter.understand(text)
    assert {each.name for each in meaning.constraints} - {'for children'} == constraints
    assert Attitude.LIKED not in attitudes(meaning).values()


@pytest.mark.parametrize(
    'text, name, attitude',
    [
        ('I adore Alien but find Titanic tedious', 'Titanic (1997)', Attitude.DISLIKED),
        ('I adore Alien but find Titanic tedious', 'Alien (1979)', Attitude.LIKED),
        ('Titanic was sick', 'Titanic (1997)', Attitude.LIKED),
        ('I grew up on Titanic', 'Titanic (1997)', Attitude.LIKED),
        ("I loved Titanic, although Tom Hanks isn't my favourite any more", 'Titanic (1997)', Attitude.LIKED),
        ("I loved Titanic, although Tom Hanks isn't my favourite any more", 'Tom Hanks', Attitude.DISLIKED),
        ('nah seen dat', 'Heat (1995)', Attitude.SEEN),
        ('No, this I know', 'Heat (1995)', Attitude.SEEN),
    ],
)
def test_attitude_is_read(interpreter, situation, text, name, attitude):
    assert attitudes(interpreter.understand(text, situation)).get(name) is attitude


def test_them_and_both_mean_the_films_that_the_seeker_named(interpreter, situation, entity):
    heard = attitudes(
        interpreter.understand("We loved Alien and Titanic, but we've seen them too many times", situation)
    )
    assert set(heard) == {'Alien (1979)', 'Titanic (1997)'}
    mentioned = entity['Alien (1979)'], entity['Titanic (1997)']
    later = Situation(film=situation.film, shown=situation.shown, mentioned=mentioned, last_turn=situation.last_turn)
    assert {each.entity for each in interpreter.understand("I've seen both", later).heard} == {*mentioned}


@pytest.mark.parametrize('text', ['something for big', 'a drama set in big', 'a movie suitable for speed'])
def test_ordinary_words_after_for_and_set_in_are_no_title(interpreter, text):
    assert not any(name in attitudes(interpreter.understand(text)) for name in ('Big (1988)', 'Speed (1994)'))


def test_surname_after_another_first_name_is_somebody_else(interpreter):
    assert 'Tom Hanks' in attitudes(interpreter.understand('something with Hanks'))
    assert 'Tom Hanks' not in attitudes(interpreter.understand('something with Colin Hanks'))


@pytest.mark.parametrize(
    ('text', 'act'), [('yo wassup', Act.GREET), ('ty', Act.THANK), ('idk man whichever', Act.WANT)]
)
def test_slang_is_english(interpreter, text, act):
    assert act in interpreter.understand(text).acts


@pytest.mark.parametrize(
    'text, act',
    [
        ('have a lovely Sunday!', Act.LEAVE),
        ('I hope you have a great morning!', Act.LEAVE),
        ('it was great chatting with you', Act.LEAVE),
        ('much obliged', Act.THANK),
        ('clear it all and begin anew please', Act.START_OVER),
        ('show me the three again', Act.LIST_AGAIN),
        ('what was on your list again', Act.LIST_AGAIN),
        ('how does this work', Act.ASK_HELP),
        ('what are my options', Act.ASK_HELP),
        ('no restrictions at all anymore', Act.FORGET),
    ],
)
def test_act_is_found(interpreter, after_a_list, text, act):
    assert interpreter.understand(text, after_a_list).acts == [act]


@pytest.mark.parametrize(
    'text, is_unmet',
    [
        ('no remakes please', True),
        ('any Italian neorealist films?', True),
        ('something of the French New Wave', True),
        ('a slow burn please', True),
        ('any cult classics?', True),
        ("I don't want a sequel", True),
        ('not american', True),
        ('films not american', True),
        ('mind-bending', True),
        ('a silent film', True),
        ('something with a plot twist', True),
        ('rated PG', True),
        ('PG-13 or lower', True),
        ('nothing R rated', True),
        ('no swearing please', True),
        ('with a happy ending', True),
        ('Bollywood', True),
        ('I liked the ending', False),
        ('the language of love', False),
        ('I do not like American Beauty', False),
        ('there is no sequel to Alien', False),
    ],
)
def test_wish_that_the_catalogue_cannot_meet_is_named(text, is_unmet):
    assert bool(find_unmet_wishes(text, True)) is is_unmet


@pytest.mark.parametrize('text', ["I don't know, you choose", 'whatever, surprise me'])
def test_choice_that_is_left_to_the_recommender_is_a_wish(interpreter, situation, text):
    meaning = interpreter.understand(text, situation)
    assert meaning.acts == [Act.WANT] and meaning.is_wildcard


def test_film_that_is_not_hated_is_not_disliked(interpreter, situation):
    meaning = interpreter.understand("I didn't hate Titanic", situation)
    assert Act.DISLIKE not in meaning.acts and attitudes(meaning)['Titanic (1997)'] is not Attitude.DISLIKED


@pytest.mark.parametrize(
    'text', ['a hidden gem from the 80s', 'from the last ten years', 'a classic', 'from 1999 please']
)
def test_wish_says_nothing_about_the_film_of_the_conversation(interpreter, situation, text):
    assert 'Heat (1995)' not in attitudes(interpreter.understand(text, situation))


@pytest.mark.parametrize('text', ["we're five, the youngest is 4", 'my eldest is 9'])
def test_age_of_a_child_makes_the_list_one_for_children(interpreter, text):
    assert {each.name for each in interpreter.understand(text).constraints} == {'for children'}
