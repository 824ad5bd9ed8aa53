"""Messages that go on from earlier ones: short questions that repeat the last one, what was said, and small talk."""

import pytest


@pytest.mark.parametrize(
    'first, second, answer',
    [
        ('who directed Alien?', 'and Aliens?', 'James Cameron'),
        ('who directed Alien?', 'what about Jaws?', 'Steven Spielberg'),
        ('when did Alien come out?', 'and Jaws?', '1975'),
        ('who directed Alien?', 'I meant Jaws', 'Steven Spielberg'),
        ('which films did Steven Spielberg direct?', 'and Christopher Nolan?', 'Inception (2010)'),
    ],
)
def test_short_question_repeats_the_last_one(conversation, first, second, answer):
    conversation.reply(first)
    reply = conversation.reply(second)
    assert answer in ' '.join(reply.sentences) and not reply.recommendations


def test_short_question_without_an_earlier_one_asks_for_the_film(conversation):
    conversation.reply('I loved Alien')
    assert 'Steven Spielberg' in ' '.join(conversation.reply('what about Jaws?').sentences)


def test_films_of_the_person_of_the_conversation(conversation):
    conversation.reply('who directed Alien?')
    (sentence,) = conversation.reply('which of his films is the oldest?').sentences
    assert sentence.endswith('is the oldest film of Ridley Scott that I know.')


def test_everything_that_was_said_is_remembered(conversation):
    assert conversation.reply('what do you know about me?').sentences == ['You have not told me anything yet.']
    conversation.reply('I loved Alien, and I hated Jaws')
    conversation.reply('I have seen Titanic. A comedy from the 90s please')
    (sentence,) = conversation.reply('what did I say I liked?').sentences
    assert 'You like: Alien (1979).' in sentence and 'You do not like: Jaws (1975).' in sentence
    assert 'You have seen: Titanic (1997).' in sentence and 'comedy' in sentence and '1990–1999' in sentence


@pytest.mark.parametrize('text', ['what about the one before?', 'tell me about your previous suggestion'])
def test_film_that_was_recommended_before(conversation, text):
    first = conversation.reply('I loved Alien').recommendations[0]
    conversation.reply('something else')
    reply = conversation.reply(text)
    assert first.name in ' '.join(reply.sentences)


def test_small_talk_after_a_list_comes_back_to_it(conversation):
    assert conversation.reply('how are you?').sentences[0] == 'I am well, thank you.'
    assert 'what have you liked lately' in ' '.join(conversation.reply('lol').sentences)
    first = conversation.reply('I loved Alien').recommendations[0]
    assert first.name in ' '.join(conversation.reply('lol').sentences)


def test_small_talk_after_a_choice_does_not_offer_the_film_again(conversation):
    first = conversation.reply('I loved Alien').recommendations[0]
    conversation.reply("I'll watch that one")
    said = ' '.join(conversation.reply('cool').sentences)
    assert first.name not in said and 'something else' in said
