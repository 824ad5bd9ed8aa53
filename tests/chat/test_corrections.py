"""Messages that correct earlier ones or themselves: the last word counts."""

import pytest
from chat_helpers import attitudes, labels, state_after

from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Attitude


@pytest.mark.parametrize(
    'first, attitude',
    [
        ('I loved Inception', Attitude.LIKED),
        ('I hated Inception', Attitude.DISLIKED),
        ('I have seen Inception', Attitude.SEEN),
        ('something like Inception', Attitude.SIMILAR),
    ],
)
@pytest.mark.parametrize(
    'text',
    [
        'no sorry, I meant Interstellar',
        'I meant Interstellar, not Inception',
        '*Interstellar',
        'oops i mean interstelar',
    ],
)
def test_corrected_film_takes_the_place_of_the_first_one(interpreter, entity, first, attitude, text):
    state = state_after(interpreter, first)
    meaning = interpreter.understand(text, state.situation)
    assert attitudes(meaning) == {'Interstellar (2014)': attitude}
    assert meaning.forgotten_names == [entity['Inception (2010)']] and meaning.acts[0] is Act.FORGET


@pytest.mark.parametrize(
    'first, text, label',
    [
        ('a movie with Tom Hanks', 'sorry, I meant Tom Cruise', 'Tom Cruise'),
        ('a movie with Tom Hanks', 'I was thinking of Tom Cruise', 'Tom Cruise'),
        ('I want a comedy', 'I meant horror, not comedy', 'horror'),
        ('something from the 70s', 'no, I meant the 80s', '1980–1989'),
    ],
)
def test_corrected_wish_replaces_the_first_one(interpreter, first, text, label):
    state = state_after(interpreter, first)
    before = [constraint.label for constraint in state.constraints.binding]
    meaning = interpreter.understand(text, state.situation)
    assert [constraint.label for constraint in meaning.withdrawn] == before
    state.hear(text, meaning)
    assert [constraint.label for constraint in state.constraints.binding] == [label]


@pytest.mark.parametrize('text', ['I meant to watch Alien', 'I mean, Alien is great', 'what do you mean by horror?'])
def test_other_meanings_of_mean_correct_nothing(interpreter, text):
    state = state_after(interpreter, 'I loved Inception and I like horror')
    meaning = interpreter.understand(text, state.situation)
    assert not meaning.forgotten_names and not meaning.withdrawn


def test_reply_to_a_correction_forgets_the_wrong_film(conversation):
    conversation.reply('I loved Inception')
    reply = conversation.reply('sorry, I meant Interstellar')
    names = conversation.recommender.names
    assert [names[entity] for entity in conversation.liked] == ['Interstellar (2014)']
    assert 'Forgotten: Inception (2010).' in reply.notes and reply.recommendations


def test_wish_for_years_replaces_an_exclusion_of_most_of_them(conversation):
    conversation.reply('a drama, nothing before 1988')
    conversation.reply('hm, from the 80s please')
    assert [c.name for c in conversation.state.constraints.binding] == ['drama', '1980–1989']


def test_film_for_adults_takes_the_wish_for_children_back(conversation):
    conversation.reply('something for my kids')
    conversation.reply('now something for grown-ups, a thriller')
    assert [c.words for c in conversation.state.constraints.binding] == ['not for children', 'thriller']


# ------------------------------------------------------------ within a message


@pytest.mark.parametrize(
    'text, heard',
    [
        ('Something like Jaws, no, sorry, I meant Alien', {'Alien (1979)': Attitude.SIMILAR}),
        ("I've seen Jaws... actually no I haven't, I was thinking of Alien", {'Alien (1979)': Attitude.SEEN}),
        ('I want a comedy, or rather a thriller', {'Thriller': Attitude.WANTED}),
        ('no comedies, no horror', {'Comedy': Attitude.DISLIKED, 'Horror': Attitude.DISLIKED}),
        ('no comedies and no horror', {'Comedy': Attitude.DISLIKED, 'Horror': Attitude.DISLIKED}),
        ('No, the 80s', {'1980–1989': Attitude.WANTED}),
        ('no 80s', {'1980–1989': Attitude.DISLIKED}),
    ],
)
def test_last_word_counts(interpreter, text, heard):
    assert attitudes(interpreter.understand(text)) == heard


def test_person_is_corrected_within_a_message(interpreter):
    assert labels(interpreter.understand('with Robert De Niro, I mean Al Pacino')) == {('Al Pacino', True)}


@pytest.mark.parametrize(
    'text',
    [
        'swap horror for comedy',
        'replace the horror with comedy',
        'I want horror out and comedy in',
        'not horror tonight, comedy instead',
    ],
)
def test_one_genre_takes_the_place_of_another(interpreter, after_a_list, text):
    assert labels(interpreter.understand(text, after_a_list)) == {('horror', False), ('comedy', True)}


@pytest.mark.parametrize(
    'text, expected',
    [
        ('actually wait, not a western, make it a war movie', {('western', False), ('war', True)}),
        ("two people asked for a musical but I'd rather avoid that", {('musical', False)}),
        ("it's too old, we want a film after 2005", {('2006 or later', True)}),
        ('something scary but not too scary, my little brother is 12', {('horror', True), ('children', True)}),
    ],
)
def test_later_words_decide_what_is_wanted(interpreter, after_a_list, text, expected):
    assert labels(interpreter.understand(text, after_a_list)) == expected


def test_film_is_not_seen_after_all(interpreter, entity):
    meaning = interpreter.understand("Alien I've seen. Actually I haven't")
    (heard,) = meaning.heard
    assert heard.attitude is Attitude.NOT_SEEN and not heard.seen


@pytest.mark.parametrize('text', ['Alien instead', 'no, Alien instead please', 'ok then Alien instead'])
def test_film_is_taken_instead_of_another(interpreter, after_a_list, text):
    assert attitudes(interpreter.understand(text, after_a_list))['Alien (1979)'] is Attitude.ACCEPTED


def test_taking_back_with_a_reason_forgets(interpreter):
    state = state_after(interpreter, 'something with Tom Hanks')
    meaning = interpreter.understand('scratch that, any actor is fine', state.situation)
    assert [constraint.label for constraint in meaning.withdrawn] == ['Tom Hanks'] and meaning.questions == []


def test_exclusion_is_taken_back_by_words_that_deny_a_dislike(interpreter):
    state = state_after(interpreter, 'nothing with Tom Cruise')
    meaning = interpreter.understand("I don't dislike Tom Cruise", state.situation)
    assert [constraint.label for constraint in meaning.withdrawn] == ['Tom Cruise']


def test_excuse_before_a_correction(interpreter):
    state = state_after(interpreter, 'something with Tom Cruise')
    meaning = interpreter.understand('Sorry, I got mixed up, I meant Tom Hanks, not Tom Cruise', state.situation)
    assert labels(meaning) == {('Tom Hanks', True)} and [each.label for each in meaning.withdrawn] == ['Tom Cruise']
