"""Attitudes towards films and people: in idioms and negative questions, and opinions of others, which are none."""

import pytest
from chat_helpers import attitudes

from benchmarks.understanding.messages import names_of
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Attitude
from crslab_causal.llm.entity_linking.verdicts import BLAME, PRAISE


@pytest.mark.parametrize(
    ('text', 'name'),
    [
        ('I laughed all the way through Alien', '+Alien (1979)'),
        ('Toy Story never gets old', '+Toy Story (1995)'),
        ('I could watch Toy Story over and over', '+Toy Story (1995)'),
        ('Jaws blew me away', '+Jaws (1975)'),
        ("I can't get enough of Tom Hanks", '+Tom Hanks'),
        ('I like old movies', '+before 1988'),
        ('I fell asleep during Jaws', '-Jaws (1975)'),
        ('Jaws was such a waste of time', '-Jaws (1975)'),
    ],
)
def test_idiom_shows_the_attitude(trained_interpreter, text, name):
    assert names_of(trained_interpreter.understand(text)) == [name]


@pytest.mark.parametrize(
    ('text', 'name'),
    [
        ("Isn't Alien great?", '+Alien (1979)'),
        ("Wasn't Tom Hanks marvellous in Forrest Gump?", '+Tom Hanks'),
        ("Don't you love Tom Hanks?", '+Tom Hanks'),
        ("Isn't Alien boring?", '-Alien (1979)'),
        ("Didn't like Alien", '-Alien (1979)'),
        ("I don't like animated films that much, although Shrek was ok", 'Shrek (2001)'),
    ],
)
def test_negative_question_and_exception_are_no_negation(trained_interpreter, text, name):
    assert name in names_of(trained_interpreter.understand(text))


@pytest.mark.parametrize('text', ['I hate horror, except Alien', "I don't like horror apart from Alien"])
def test_exception_from_a_dislike_is_not_disliked(trained_interpreter, text):
    names = names_of(trained_interpreter.understand(text))
    assert '-Horror' in names and '-Alien (1979)' not in names


@pytest.mark.parametrize(
    'text',
    [
        'my best friend says Alien is amazing',
        'everyone keeps telling me that Alien is great',
        'critics raved about Alien',
        'people say Alien is fantastic',
    ],
)
def test_opinion_of_others_is_not_the_opinion_of_the_seeker(interpreter, text):
    assert Attitude.LIKED not in attitudes(interpreter.understand(text)).values()


def test_film_that_sounds_wrong_is_not_accepted(interpreter, after_a_list):
    meaning = interpreter.understand('Oh, that sounds a bit sad for me', after_a_list)
    assert attitudes(meaning)['Heat (1995)'] is Attitude.REJECTED


@pytest.mark.parametrize('text', ['Jaws is a bit long for tonight', 'Jaws sounds a little sad for me'])
def test_named_film_that_does_not_fit_is_not_accepted(interpreter, after_a_list, text):
    assert attitudes(interpreter.understand(text, after_a_list))['Jaws (1975)'] in (
        Attitude.DISLIKED,
        Attitude.REJECTED,
    )


@pytest.mark.parametrize(
    'text', ['meh, pretty dull', 'total garbage', 'what a snooze', 'it dragged on forever', 'so boring']
)
def test_short_verdict_is_negative(interpreter, after_a_list, text):
    found = attitudes(interpreter.understand(text, after_a_list))
    assert found.keys() == {'Heat (1995)'} and {*found.values()} <= {Attitude.DISLIKED, Attitude.REJECTED}


@pytest.mark.parametrize(
    ('text', 'name'),
    [
        ('Alien was too gruesome', '-Alien (1979)'),
        ('Jaws kept me awake, in a good way', '+Jaws (1975)'),
        ('Jaws is on my list for Friday', '=Jaws (1975)'),
        ('lol die hard is a christmas movie', 'Die Hard (1988)'),
    ],
)
def test_sentence_about_a_film_shows_the_attitude(trained_interpreter, after_a_list, text, name):
    assert name in names_of(trained_interpreter.understand(text, after_a_list))


@pytest.mark.parametrize(('words', 'mark'), [(PRAISE, '+'), (BLAME, '-')])
def test_every_word_of_a_verdict_shows_the_attitude(interpreter, words, mark):
    for word in words - {'classic', 'classics', 'funny', 'hilarious'}:  # they may also ask for old films or comedies
        assert names_of(interpreter.understand(f'Jaws was {word}')) == [f'{mark}Jaws (1975)'], word
        assert names_of(interpreter.understand(f'jaws was really {word}')) == [f'{mark}Jaws (1975)'], word


@pytest.mark.parametrize(('words', 'act'), [(PRAISE, Act.LIKE), (BLAME, Act.DISLIKE)])
def test_every_word_of_a_verdict_is_about_the_film_that_it_means(interpreter, after_a_list, words, act):
    for word in words:
        assert act in interpreter.understand(f'I thought it was {word}', after_a_list).acts, word


@pytest.mark.parametrize('text', ['not Jaws, I have seen that already', 'not jaws tho seen that already'])
def test_film_that_is_rejected_as_seen_is_seen(trained_interpreter, after_a_list, text):
    assert names_of(trained_interpreter.understand(text, after_a_list)) == ['~Jaws (1975)']
