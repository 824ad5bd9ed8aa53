"""Questions that expect a yes or a no about the film of the conversation: "isn't that the one with Al Pacino?"."""

import pytest

from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Attitude, Situation
from crslab_causal.chat.understanding.questions import Aspect


@pytest.fixture(scope='module')
def situation(entity):
    heat = entity['Heat (1995)']
    return Situation(
        film=heat, shown=(heat, entity['Alien (1979)']), last_turn=('Recommender', 'How about Heat (1995)?')
    )


@pytest.mark.parametrize(
    'text, person',
    [
        ('Is that the Al Pacino one?', 'Al Pacino'),
        ("isn't it the one with Robert De Niro?", 'Robert De Niro'),
        ("Wasn't that directed by Michael Mann?", 'Michael Mann'),
        ("that's the Val Kilmer movie, right?", 'Val Kilmer'),
        ('the one with Al Pacino?', 'Al Pacino'),
        ("so it's with Tom Hanks?", 'Tom Hanks'),
        ("doesn't it star Al Pacino?", 'Al Pacino'),
        ('it has Al Pacino in it, right?', 'Al Pacino'),
        ('wait, is that the one with Tom Hanks?', 'Tom Hanks'),
        ("Michael Mann directed it, didn't he?", 'Michael Mann'),
        ('is that by the same director as Alien?', 'Ridley Scott'),
    ],
)
def test_person_is_asked_about_and_neither_wanted_nor_excluded(trained_interpreter, situation, entity, text, person):
    meaning = trained_interpreter.understand(text, situation)
    assert meaning.acts == [Act.ASK_FILM] and not meaning.constraints
    (question,) = meaning.questions
    assert question.aspect is Aspect.HAS_PERSON and question.film == entity['Heat (1995)']
    assert trained_interpreter.facts.people[question.person].name == person


@pytest.mark.parametrize(
    'text, aspect',
    [
        ("it's a comedy, isn't it?", Aspect.IS_GENRE),
        ("so it's a horror movie?", Aspect.IS_GENRE),
        ("isn't that supposed to be scary?", Aspect.IS_GENRE),
        ("so it's about the mafia?", Aspect.PLOT),
        ('is it about a robbery?', Aspect.PLOT),
        ('is that anything like Alien?', Aspect.SIMILAR),
        ('is it similar to Alien?', Aspect.SIMILAR),
        ('how does it compare to Alien?', Aspect.SIMILAR),
        ('does it have the same actors as Alien?', Aspect.SIMILAR),
    ],
)
def test_other_facts_are_asked_about(trained_interpreter, situation, entity, text, aspect):
    meaning = trained_interpreter.understand(text, situation)
    assert meaning.acts == [Act.ASK_FILM] and not meaning.constraints
    (question,) = meaning.questions
    assert (question.aspect, question.film) == (aspect, entity['Heat (1995)'])
    assert question.other == (entity['Alien (1979)'] if aspect is Aspect.SIMILAR else None)


@pytest.mark.parametrize(
    'text, names',
    [
        ('do you have something like Alien?', {'like Alien (1979)'}),
        ('do you have something like Alien but with Tom Hanks?', {'like Alien (1979)', 'with Tom Hanks'}),
        ('is there anything with Al Pacino?', {'with Al Pacino'}),
        ('something by the same director as Alien', {'with Ridley Scott'}),
        ('anything from the same director who made Jaws?', {'with Steven Spielberg'}),
    ],
)
def test_wish_in_the_form_of_a_question_is_a_wish(trained_interpreter, situation, text, names):
    meaning = trained_interpreter.understand(text, situation)
    assert Act.WANT in meaning.acts and not meaning.questions
    assert {constraint.name for constraint in meaning.constraints if constraint.binding} == names


def test_question_whether_the_recommender_has_or_likes_something_is_no_dislike(trained_interpreter, situation):
    for text in ('do you have something like Alien?', 'do you like Alien?', 'can you find something like Alien?'):
        heard = trained_interpreter.understand(text, situation).heard
        assert all(each.attitude is not Attitude.DISLIKED for each in heard), text
    for text in ('I do not really like Alien', 'I never really liked Alien', 'I did not much care for Alien'):
        heard = trained_interpreter.understand(text, situation).heard
        assert [each.attitude for each in heard] == [Attitude.DISLIKED], text
