"""Words in which newcomers excluded, praised and named films, and which the chat once misunderstood."""

import pytest
from chat_helpers import attitudes, labels

from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Attitude, Situation
from crslab_causal.chat.understanding.reading.shorthand import opinion_in_shorthand
from crslab_causal.chat.understanding.years.finder import find_years


@pytest.fixture(scope='module')
def after_five_films(entity):
    names = ('Heat (1995)', 'Speed (1994)', 'Jaws (1975)', 'Big (1988)', 'Coco (2017)')
    shown = tuple(entity[name] for name in names)
    return Situation(film=shown[0], shown=shown, last_turn=('Recommender', 'How about Heat (1995)?'))


@pytest.mark.parametrize(
    ('text', 'constraints'),
    [
        ("Anything goes so long as Tom Hanks isn't in it", {('Tom Hanks', False)}),
        ('Anyone but Tom Cruise', {('Tom Cruise', False)}),
        ('Directed by anyone but Christopher Nolan', {('Christopher Nolan', False)}),
        ('As a rule I steer clear of Tom Cruise', {('Tom Cruise', False)}),
        ('something funny minus Tom Cruise', {('comedy', True), ('Tom Cruise', False)}),
        ('a comedy with Tom Hanks where Meg Ryan does not appear',
         {('comedy', True), ('Tom Hanks', True), ('Meg Ryan', False)}),
        ("I've had it with superhero movies", {('superhero', False)}),
        ("If there's one genre I avoid, it's horror", {('horror', False)}),
        ('the genre I hate most is horror', {('horror', False)}),
        ("a comedy, unless it's a musical", {('comedy', True), ('musical', False)}),
        ("I'd rather watch a thriller than a musical", {('thriller', True), ('musical', False)}),
        ("I wouldn't say no to a thriller", {('thriller', True)}),
        ('Take out all the ones older than 1990', {('before 1990', False)}),
        ('Made after the turn of the millennium', {('2000 or later', True)}),
        ('pre-war cinema', {('before 1940', True)}),
        ("no later than '85", {('before 1986', True)}),
    ],
)  # fmt: skip
def test_wish_or_exclusion_binds(interpreter, text, constraints):
    assert labels(interpreter.understand(text)) == constraints


@pytest.mark.parametrize(
    ('text', 'name', 'attitude'),
    [
        ('I never get tired of Die Hard', 'Die Hard', Attitude.LIKED),
        ('I never get bored of Goodfellas', 'Goodfellas (1990)', Attitude.LIKED),
        ("Avatar didn't disappoint", 'Avatar (2009)', Attitude.LIKED),
        ("I don't think I've enjoyed a film as much as Gladiator", 'Gladiator (2000)', Attitude.LIKED),
        ('Interstellar was mindblowing', 'Interstellar (2014)', Attitude.LIKED),
        ('Inception, Interstellar and The Matrix were all great', 'Inception (2010)', Attitude.LIKED),
        ('😍 The Notebook', 'The Notebook (2004)', Attitude.LIKED),
        ('10/10 Gladiator', 'Gladiator (2000)', Attitude.LIKED),
        ('👎 The Notebook', 'The Notebook (2004)', Attitude.DISLIKED),
        ('Gladiator gets 2 stars from me', 'Gladiator (2000)', Attitude.DISLIKED),
        ('I loved Alien. Not so Avatar.', 'Avatar (2009)', Attitude.DISLIKED),
        ('I liked both Heat and Casino, Goodfellas less so', 'Goodfellas (1990)', Attitude.DISLIKED),
        ("There are three films I adore. Avatar isn't one of them.", 'Avatar (2009)', Attitude.DISLIKED),
    ],
)
def test_praise_and_blame(trained_interpreter, text, name, attitude):
    assert attitudes(trained_interpreter.understand(text))[name] is attitude


@pytest.mark.parametrize(
    ('words', 'is_liked'),
    [
        ('👍', True), ('🤮🤮', False), ('9/10', True), ('3 out of 10', False), ('five stars', True),
        ('one star', False),
        ('6/10', None), ('👍👎', None), ('👍 but long', None), ('', None), ('it was 10', None),
    ],
)  # fmt: skip
def test_opinion_in_shorthand(words, is_liked):
    assert opinion_in_shorthand(words) is is_liked


@pytest.mark.parametrize(
    ('text', 'names'),
    [
        ('I love forest gump', ['Forrest Gump (1994)']),
        ('i hated figth club', ['Fight Club (1999)']),
        ('something with jim carey', ['Jim Carrey']),
        ('Harry Potter 3 was great', ['Harry Potter and the Prisoner of Azkaban (2004)']),
        ('Star Wars Episode V was great', ['The Empire Strikes Back (1980)']),
        ('I loved the second Harry Potter', ['Harry Potter and the Chamber of Secrets (2002)']),
        ('I loved the first Star Wars movie', ['Star Wars (1977)']),
        ('I love my dog pit', []),
    ],
)
def test_misspelled_and_numbered_names(interpreter, text, names):
    assert [heard.name for heard in interpreter.understand(text).heard] == names


@pytest.mark.parametrize(
    ('text', 'seen'),
    [
        ("We've seen all of those except the last two.", ['Heat (1995)', 'Speed (1994)', 'Jaws (1975)']),
        ('seen all but the last', ['Heat (1995)', 'Speed (1994)', 'Jaws (1975)', 'Big (1988)']),
    ],
)
def test_films_that_are_excepted_from_the_list_are_not_seen(interpreter, after_five_films, text, seen):
    found = attitudes(interpreter.understand(text, after_five_films))
    assert [name for name, attitude in found.items() if attitude is Attitude.SEEN] == seen


@pytest.mark.parametrize(
    'text',
    [
        'not interested in three billboards',
        'Four Weddings was not my cup of tea',
        'I have seen Ran too, I was not impressed.',
        "I don't like it when it's too long",
        'what was the first movie i mentioned',
        'which ones have I not seen?',
    ],
)
def test_words_about_something_else_do_not_concern_the_film_of_the_conversation(interpreter, after_five_films, text):
    meaning = interpreter.understand(text, after_five_films)
    assert not {Attitude.DISLIKED, Attitude.LIKED, Attitude.SEEN, Attitude.ACCEPTED} & {*attitudes(meaning).values()}


def test_unknown_title_is_named(interpreter, after_five_films):
    assert interpreter.understand('not interested in three billboards', after_five_films).unknown == [
        'three billboards'
    ]
    assert interpreter.understand('I have seen Ran too', after_five_films).unknown == ['Ran']


@pytest.mark.parametrize(
    'text', ['Nothing too scary please, the little one has nightmares.', 'which ones have I seen?']
)
def test_words_about_viewers_are_no_subject(interpreter, text):
    assert not interpreter.understand(text).unknown_topics


def test_subject_after_not_is_left_out(interpreter):
    (topic,) = interpreter.understand('A Spielberg flick, but not one with dinosaurs').unknown_topics
    assert topic.startswith('no ')


def test_violence_that_is_no_problem_excludes_nothing(interpreter):
    assert not interpreter.understand("I don't mind violence").rejects_gore
    assert interpreter.understand("I don't want violence").rejects_gore


def test_farewell_and_choice_need_more_than_a_guess(trained_interpreter, after_five_films):
    assert Act.LEAVE not in trained_interpreter.understand('I was up all night').acts
    assert Act.LEAVE in trained_interpreter.understand('bye then').acts


def test_two_digits_are_a_year_only_beside_words_about_films():
    assert [span.years.label for span in find_years("before '85", 2019)] == ['before 1985']
    assert find_years("she broke her hip in '91", 2019) == []
