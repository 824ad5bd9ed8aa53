"""Films that a message names by their part in a series: "the sequels", "the original", "the remake"."""

import pytest
from chat_helpers import attitudes, situation_of

from crslab_causal.chat.understanding.meaning import Attitude, Situation
from crslab_causal.chat.understanding.questions import Aspect

LIKED, DISLIKED, NOT_SEEN = Attitude.LIKED, Attitude.DISLIKED, Attitude.NOT_SEEN


@pytest.mark.parametrize(
    'film, text, found',
    [
        ('Jaws (1975)', 'the sequel was terrible', {'Jaws 2 (1978)': DISLIKED}),
        ('The Dark Knight (2008)', "haven't seen the sequel", {'The Dark Knight Rises (2012)': NOT_SEEN}),
        ('Toy Story (1995)', 'the sequels were rubbish', {'sequels of Toy Story (1995)': DISLIKED}),
        ('Toy Story 2 (1999)', 'I loved the original', {'Toy Story (1995)': LIKED}),
        ('Beauty and the Beast (2017)', 'I loved the original', {'Beauty and the Beast (1991)': LIKED}),
        ('Carrie (1976)', 'I hated the remake', {'Carrie (2013)': DISLIKED}),
        ('Heat (1995)', 'I hated the sequel to Jaws', {'Jaws 2 (1978)': DISLIKED}),
        (
            'Heat (1995)',
            'I loved Jaws but I hated the sequel',
            {'Jaws (1975)': LIKED, 'Jaws 2 (1978)': DISLIKED},
        ),
        ('Heat (1995)', 'I love the original Ghostbusters', {'Ghostbusters (1984)': LIKED}),
        ('Carrie (1976)', 'I hated the newer one', {'Carrie (2013)': DISLIKED}),
        ('Toy Story 3 (2010)', 'I loved the old one', {'Toy Story (1995)': LIKED}),
    ],
)
def test_part_of_a_series_is_meant(interpreter, entity, film, text, found):
    assert attitudes(interpreter.understand(text, situation_of(entity, film))) == found


def test_original_is_not_rejected_with_the_remake(trained_interpreter, entity):
    situation = situation_of(entity, 'Heat (1995)')
    found = attitudes(trained_interpreter.understand('Carrie. The original, not the remake', situation))
    assert found['Carrie (2013)'] == DISLIKED and found['Carrie (1976)'] != DISLIKED


@pytest.mark.parametrize('film', ['Toy Story 3 (2010)', 'Heat (1995)', 'Star Wars: The Force Awakens (2015)'])
def test_sequel_that_the_catalogue_does_not_have_is_not_the_film_itself(interpreter, entity, film):
    meaning = interpreter.understand('the sequel was terrible', situation_of(entity, film))
    assert not attitudes(meaning)
    assert meaning.unknown == ['the sequel']


def test_dislike_of_the_sequels_excludes_all_of_them_and_not_the_first_film(interpreter, entity):
    meaning = interpreter.understand('I loved Alien, but I hated the sequels', Situation())
    (excluded,) = (constraint for constraint in meaning.constraints if not constraint.wanted)
    assert not any(excluded.allows(entity[name]) for name in ('Aliens (1986)', 'Alien 3 (1992)'))
    assert excluded.allows(entity['Alien (1979)'])


def test_trilogy_is_its_first_three_films(interpreter, entity):
    meaning = interpreter.understand('I loved the original trilogy', situation_of(entity, 'Toy Story 2 (1999)'))
    assert attitudes(meaning) == {'the first Toy Story trilogy': LIKED}


@pytest.mark.parametrize(
    'text',
    [
        'what about the sequel?',
        'is there a sequel?',
        "what's the sequel called?",
        'which one comes next?',
        'what comes after that one?',
        'what is the next one in the series?',
    ],
)
def test_question_about_the_series_keeps_the_film(interpreter, entity, text):
    (question,) = interpreter.understand(text, situation_of(entity, 'Jaws (1975)')).questions
    assert question.aspect is Aspect.SERIES
    assert question.film == entity['Jaws (1975)']


@pytest.mark.parametrize('text', ['the original language would be nice', 'the original idea was mine'])
def test_word_original_names_no_film(interpreter, entity, text):
    assert 'Jaws (1975)' not in attitudes(interpreter.understand(text, situation_of(entity, 'Jaws 2 (1978)')))


def test_comparison_with_another_film_is_a_question(interpreter, entity):
    meaning = interpreter.understand('is it as good as Alien?', situation_of(entity, 'Heat (1995)'))
    assert [question.aspect for question in meaning.questions] == [Aspect.GENERAL]
    assert not meaning.constraints
