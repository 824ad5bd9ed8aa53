"""Messages about the people who watch, and words that point to films: "the new one", "the others", "them"."""

import pytest
from film_catalogue import film_facts

from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.meaning import Attitude, Situation
from crslab_causal.chat.understanding.questions import Aspect


@pytest.fixture(scope='module', params=['models', 'rules'])
def interpreter(request):
    models = {'models': {}} if request.param == 'rules' else {}
    return Interpreter(*film_facts(), **models)


def situation_of(entity, *names):
    """Return the situation after a list of films."""
    shown = tuple(entity[name] for name in names)
    return Situation(film=shown[0], shown=shown, said=f'How about {names[0]}?', recommended=shown[:1])


@pytest.fixture
def situation(entity):
    return situation_of(entity, 'Heat (1995)', 'Jaws (1975)', 'Inception (2010)')


def attitudes(meaning):
    return {heard.name: heard.attitude for heard in meaning.heard}


def labels(meaning):
    return {(constraint.label, constraint.wanted) for constraint in meaning.constraints}


# ------------------------------------------------------------ the people who watch


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
def test_message_about_the_viewers_says_nothing_about_a_film(interpreter, situation, text):
    meaning = interpreter.understand(text, situation)
    assert meaning.acts == [Act.WANT] and meaning.heard == []


def test_age_of_a_child_asks_for_films_for_children(interpreter, situation):
    assert labels(interpreter.understand('I am 12', situation)) == {('children', True)}
    assert labels(interpreter.understand('I am 35', situation)) == set()


@pytest.mark.parametrize('text', ['older is fine', 'a long epic', "we're four guys with beer", 'English only'])
def test_statement_is_no_question_about_the_film(interpreter, situation, text):
    meaning = interpreter.understand(text, situation)
    assert Act.ASK_FILM not in meaning.acts and meaning.questions == []


# ------------------------------------------------------------ genres


@pytest.mark.parametrize(
    'text',
    [
        'swap horror for comedy',
        'replace the horror with comedy',
        'I want horror out and comedy in',
        'not horror tonight, comedy instead',
    ],
)
def test_one_genre_takes_the_place_of_another(interpreter, situation, text):
    assert labels(interpreter.understand(text, situation)) == {('horror', False), ('comedy', True)}


@pytest.mark.parametrize(
    'text, expected',
    [
        ('I love horror movies. Can you recommend some?', {('horror', True)}),
        ('i like westerns, know any good ones', {('western', True)}),
    ],
)
def test_liking_binds_if_some_of_these_films_are_asked_for(interpreter, text, expected):
    meaning = interpreter.understand(text)
    assert labels(meaning) == expected and all(constraint.binding for constraint in meaning.constraints)


@pytest.mark.parametrize(
    'text, person',
    [
        ('please spare me Tom Hanks', 'Tom Hanks'),
        ('Tom Hanks makes my skin crawl', 'Tom Hanks'),
        ('Brad Pitt is dull as dishwater', 'Brad Pitt'),
        ('give me a break from Tom Cruise', 'Tom Cruise'),
    ],
)
def test_idioms_of_dislike_exclude_a_person(interpreter, text, person):
    assert labels(interpreter.understand(text)) == {(person, False)}


def test_years_after_an_excluded_person_are_wanted(interpreter):
    meaning = interpreter.understand('nothing with Tom Cruise, 70s if possible')
    assert labels(meaning) == {('Tom Cruise', False), ('1970–1979', True)}


# ------------------------------------------------------------ years


@pytest.mark.parametrize(
    'text', ["I'm looking for new comedies", 'are there any good new movies out', 'new movies please']
)
def test_new_films_are_recent_ones(interpreter, text):
    assert '2013 or later' in {constraint.label for constraint in interpreter.understand(text).constraints}


@pytest.mark.parametrize(
    'text',
    [
        'I watched Jaws on a plane last year',
        "I've been going to the pictures since 1961",
        'Jaws shaped my whole twenties',
        'What a classic!',
        'Classic, loved it.',
        'I saw the new one',
        'is it in black and white?',
    ],
)
def test_years_of_other_things_are_no_wish(interpreter, situation, text):
    assert interpreter.understand(text, situation).constraints == []


# ------------------------------------------------------------ questions


@pytest.mark.parametrize(
    'text',
    [
        'is it spielberg',
        'Al Pacino in that one, no?',
        'Steven Spielberg, isn’t it?',
        'is al pacino the cop',
        'De Niro as what??',
        'is pacino good in that',
    ],
)
def test_short_question_about_a_person_in_the_film(interpreter, situation, text):
    meaning = interpreter.understand(text, situation)
    assert [question.aspect for question in meaning.questions] == [Aspect.HAS_PERSON]
    assert meaning.questions[0].film == situation.film and meaning.constraints == []


@pytest.mark.parametrize(
    'text, aspect',
    [
        ("which one's the newest?", Aspect.NEWEST),
        ('which came first?', Aspect.OLDEST),
        ("which one's shorter?", Aspect.UNAVAILABLE),
        ('what about the sequel?', Aspect.SERIES),
        ('Who is this Spielberg?', Aspect.WHO_IS),
        ('does anybody die in it?', Aspect.GENERAL),
        ('undo', Aspect.UNDO),
        ('scratch that', Aspect.UNDO),
    ],
)
def test_question_has_its_aspect(interpreter, situation, text, aspect):
    assert [question.aspect for question in interpreter.understand(text, situation).questions] == [aspect]


# ------------------------------------------------------------ references


@pytest.mark.parametrize(
    'text, name',
    [
        ("I'll watch the newest one", 'Inception (2010)'),
        ("I'll watch the oldest one", 'Jaws (1975)'),
        ("I'll take the old one", 'Jaws (1975)'),
        ("I'll take the new one", 'Inception (2010)'),
    ],
)
def test_film_is_named_by_its_age(interpreter, situation, text, name):
    assert attitudes(interpreter.understand(text, situation)) == {name: Attitude.ACCEPTED}


def test_the_others_are_the_rest_of_a_short_list(interpreter, situation):
    meaning = interpreter.understand("I loved Heat, but I haven't seen the others", situation)
    assert attitudes(meaning) == {
        'Heat (1995)': Attitude.LIKED,
        'Jaws (1975)': Attitude.NOT_SEEN,
        'Inception (2010)': Attitude.NOT_SEEN,
    }


@pytest.mark.parametrize(
    'text, attitude',
    [
        ('I will check those out', Attitude.ACCEPTED),
        ("I haven't seen either of them", Attitude.NOT_SEEN),
        ('I have seen both', Attitude.SEEN),
    ],
)
def test_plural_words_mean_both_films_of_a_list_of_two(interpreter, entity, text, attitude):
    meaning = interpreter.understand(text, situation_of(entity, 'Heat (1995)', 'Jaws (1975)'))
    assert attitudes(meaning) == {'Heat (1995)': attitude, 'Jaws (1975)': attitude}


def test_plural_words_mean_the_films_that_single_replies_recommended(entity):
    film, earlier = entity['Heat (1995)'], entity['Jaws (1975)']
    situation = Situation(film=film, shown=(film,), said='You may like Heat.', recommended=(earlier, film))
    meaning = Interpreter(*film_facts(), models={}).understand('thanks, I will check both of them out', situation)
    assert attitudes(meaning) == {'Heat (1995)': Attitude.ACCEPTED, 'Jaws (1975)': Attitude.ACCEPTED}


def test_one_place_is_turned_down_for_another(interpreter, situation):
    meaning = interpreter.understand('No, not the first one, the second one', situation)
    assert attitudes(meaning) == {'Heat (1995)': Attitude.REJECTED, 'Jaws (1975)': Attitude.ACCEPTED}


@pytest.mark.parametrize('text', ['the first two are no good', 'not 1 or 2', 'the first two are not for me'])
def test_bad_places_are_rejected(interpreter, situation, text):
    meaning = interpreter.understand(text, situation)
    assert attitudes(meaning) == {'Heat (1995)': Attitude.REJECTED, 'Jaws (1975)': Attitude.REJECTED}


def test_film_that_sounds_wrong_is_not_accepted(interpreter, situation):
    meaning = interpreter.understand('Oh, that sounds a bit sad for me', situation)
    assert attitudes(meaning)['Heat (1995)'] is Attitude.REJECTED


@pytest.mark.parametrize('text', ['Jaws is a bit long for tonight', 'Jaws sounds a little sad for me'])
def test_named_film_that_does_not_fit_is_not_accepted(interpreter, situation, text):
    assert attitudes(interpreter.understand(text, situation))['Jaws (1975)'] in (Attitude.DISLIKED, Attitude.REJECTED)


@pytest.mark.parametrize('text', ['Perhaps with that lovely Tom Hanks', 'maybe with Tom Hanks'])
def test_careful_wish_for_a_person_binds(interpreter, situation, text):
    meaning = interpreter.understand(text, situation)
    assert labels(meaning) == {('Tom Hanks', True)} and Act.ACCEPT not in meaning.acts


@pytest.mark.parametrize(
    'text, aspect', [('is it very violent?', Aspect.UNAVAILABLE), ('how violent is Heat?', Aspect.UNAVAILABLE)]
)
def test_violence_of_a_film_is_not_known(interpreter, situation, text, aspect):
    assert [question.aspect for question in interpreter.understand(text, situation).questions] == [aspect]


def test_person_is_corrected_within_a_message(interpreter):
    assert labels(interpreter.understand('with Robert De Niro, I mean Al Pacino')) == {('Al Pacino', True)}


def test_only_what_is_named_is_forgotten(interpreter, situation):
    assert interpreter.understand('forget everything I said about war', situation).acts == [Act.FORGET]
    assert interpreter.understand('forget everything I said', situation).acts == [Act.START_OVER]


# ------------------------------------------------------------ acts


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
def test_act_is_found(interpreter, situation, text, act):
    assert interpreter.understand(text, situation).acts == [act]
