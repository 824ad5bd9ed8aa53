"""Questions about the catalogue of the chat, and about things that are no films."""

import pytest

from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.questions import Aspect


@pytest.mark.parametrize(
    'text', ['how many films do you know?', 'which genres do you know?', 'what genres do you have', 'list the genres']
)
def test_catalogue_is_described(conversation, text):
    conversation.reply('I loved Alien')
    reply = conversation.reply(text)
    facts = conversation.facts
    assert reply.sentences[0].startswith(f'I know {len(facts.films):,} films and {len(facts.people):,} people.')
    assert 'horror' in reply.sentences[0] and not reply.recommendations and not reply.heard


@pytest.mark.parametrize(
    'text',
    [
        'what is the capital of France?',
        "What's the weather like?",
        'how old are you?',
        'what is 2 + 2?',
    ],
)
def test_question_about_something_else_names_no_film(conversation, text):
    conversation.reply('I loved Alien')
    reply = conversation.reply(text)
    assert reply.sentences == ['I am a program that recommends films, and I know only about films.']
    assert not reply.heard and not reply.recommendations


@pytest.mark.parametrize('text', ['who is the president in it?', 'what time is it set in?', 'is there a robot in it?'])
def test_question_about_a_film_stays_one(interpreter, text):
    meaning = interpreter.understand(text)
    assert all(question.aspect is not Aspect.OFF_TOPIC for question in meaning.questions)
    assert Act.ASK_HELP not in meaning.acts
