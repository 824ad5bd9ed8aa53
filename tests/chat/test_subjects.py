"""Subjects that no genre covers: "something with dinosaurs"."""

import pytest
from chat_helpers import situation_of

from crslab_causal.chat.understanding.acts import Act


def test_subject_ends_with_a_noun(interpreter):
    assert interpreter.understand('something with real people and a real story').unknown_topics == ['with real people']


def test_part_of_a_genre_is_not_excluded_with_the_genre(conversation):
    conversation.reply('a western')
    reply = conversation.reply('please no spaghetti westerns')
    assert [constraint.name for constraint in reply.constraints] == ['western']
    assert reply.notes[0].startswith('I do not know which western films are meant by "spaghetti westerns". I ignore')


def test_part_of_a_genre_is_not_known(conversation):
    reply = conversation.reply('a martial arts film please')
    assert [constraint.name for constraint in reply.constraints] == ['action']
    assert reply.notes[0] == 'I do not know which action films are meant by "martial arts". I take any of them.'


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('please nothing where the mother dies', 'nothing where the mother dies'),
        ('no submarines please', 'no submarines'),
        ('something else with time loops', 'with time loops'),
        ('a good documentary about cooking', 'about cooking'),
    ],
)
def test_unknown_subject_is_told(conversation, text, words):
    conversation.reply('I loved Jaws')
    reply = conversation.reply(text)
    assert f'I do not know what happens in films or where, so I ignore "{words}".' in reply.notes


@pytest.mark.parametrize(
    ('text', 'remark', 'is_first'),
    [
        ('something with toys', 'Films with "toy" in the title come first.', True),
        ('a thriller about lambs', 'Films with "lamb" in the title come first.', True),
        ('no aliens please', 'I leave out films with "alien" in the title.', False),
    ],
)
def test_unknown_subject_is_looked_for_in_titles(conversation, text, remark, is_first):
    conversation.reply('I loved Blade Runner')
    reply = conversation.reply(text)
    assert reply.notes == [f'I do not know what happens in films or where. {remark}']
    word = remark.split('"')[1]
    shown = [word in film.name.lower() for film in conversation.reply('something else').recommendations]
    shown = [word in film.name.lower() for film in reply.recommendations] or shown
    assert any(shown) is is_first and shown == sorted(shown, reverse=True)


def test_new_subject_replaces_the_earlier_one(conversation):
    conversation.reply('something about lambs')
    conversation.reply('something with toys')
    labels = [constraint.label for constraint in conversation.state.constraints]
    assert labels == ['"toy" in the title']


def test_country_of_a_wish_is_not_known(conversation):
    conversation.reply('I loved Jaws')
    notes = conversation.reply('something romantic from Korea').notes
    assert 'I do not know the language or the country of films, so I ignore this wish.' in notes


@pytest.mark.parametrize('text', ['They both love animals, especially dogs', 'my son is really into dinosaurs'])
def test_liking_of_a_subject_is_no_opinion_on_the_film(interpreter, entity, text):
    meaning = interpreter.understand(text, situation_of(entity, 'Jaws (1975)'))
    assert meaning.heard == [] and meaning.unknown_topics


@pytest.mark.parametrize(
    'text', ['with a female lead maybe', 'anything Irish? I loved Heat', 'no found footage please']
)
def test_wish_that_the_data_do_not_tell_is_named(conversation, text):
    conversation.reply('a thriller')
    assert any('I ignore' in note for note in conversation.reply(text).notes)


@pytest.mark.parametrize('text', ['dinosaurs', 'maybe pirates', 'time travel please'])
def test_subject_alone_is_a_wish(interpreter, text):
    meaning = interpreter.understand(text)
    assert meaning.acts == [Act.WANT] and meaning.unknown_topics


def test_first_message_with_a_subject_is_answered_with_films(conversation):
    reply = conversation.reply('something with toys')
    assert reply.recommendations[0].name.startswith('Toy Story')
