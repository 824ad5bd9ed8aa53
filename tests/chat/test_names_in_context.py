"""Names that only the conversation makes clear: everyday titles, first names of actors, numbers of a series, lists."""

from dataclasses import replace

import pytest
from chat_helpers import attitudes, labels, situation_of

from crslab_causal.chat.understanding.meaning import Attitude, Situation

# ------------------------------------------------------- titles that are everyday words


@pytest.mark.parametrize(
    'shown, text, film',
    [
        ('Carrie (1976)', 'carrie it is', 'Carrie (1976)'),
        ('Contact (1997)', 'contact made me cry on a plane', 'Contact (1997)'),
        ('Brave (2012)', 'ok brave, put the kettle on', 'Brave (2012)'),
        ('Friday (1995)', 'hmm friday scarred my little brother', 'Friday (1995)'),
        ('Gravity (2013)', 'gravity my stomach cannot take', 'Gravity (2013)'),
        ('Frozen (2013)', 'NOT frozen omg', 'Frozen (2013)'),
        ('Psycho (1960)', 'is psycho the one with the shower?', 'Psycho (1960)'),
        ('The Fugitive (1993)', 'keep the fugitive for tomorrow', 'The Fugitive (1993)'),
    ],
)
def test_everyday_title_that_was_recommended_names_the_film(interpreter, entity, shown, text, film):
    meaning = interpreter.understand(text, situation_of(entity, shown, 'Jaws (1975)'))
    asked = [question.film for question in meaning.questions]
    assert film in attitudes(meaning) or entity[film] in asked


@pytest.mark.parametrize(
    'shown, text',
    [
        ('Gravity (2013)', 'something with some gravity to it'),
        ('Big (1988)', 'I have a big family'),
        ('Room (2015)', 'my room is a mess'),
        ('Speed (1994)', 'my speed is slow today'),
    ],
)
def test_everyday_word_after_a_recommendation_names_no_film(interpreter, entity, shown, text):
    assert shown not in attitudes(interpreter.understand(text, situation_of(entity, 'Jaws (1975)', shown)))


def test_everyday_word_names_no_film_that_nobody_has_named(interpreter, entity):
    meaning = interpreter.understand('gravity my stomach cannot take', situation_of(entity, 'Jaws (1975)'))
    assert 'Gravity (2013)' not in attitudes(meaning)


@pytest.mark.parametrize(
    'text, films',
    [
        ('ok so: heat, casino, goodfellas', ['Heat (1995)', 'Casino (1995)', 'Goodfellas (1990)']),
        ("Let's see... Heat, Goodfellas, Casino.", ['Heat (1995)', 'Goodfellas (1990)', 'Casino (1995)']),
        ('i cant decide between misery and psycho', ['Misery (1990)', 'Psycho (1960)']),
        ('jaws n die hard were fun', ['Jaws (1975)', 'Die Hard (1988)']),
        ('dumb n dumber', ['Dumb and Dumber (1994)']),
        ('pride n prejudice', ['Pride & Prejudice (2005)']),
        ("fine, we'll do speed", ['Speed (1994)']),
    ],
)
def test_titles_of_a_list_show_that_the_others_are_titles(interpreter, text, films):
    assert set(films) == {name for name in attitudes(interpreter.understand(text, Situation())) if name.endswith(')')}


# ------------------------------------------------------------------ one name of a person


@pytest.mark.parametrize(
    'shown, text, person',
    [
        ('Heat (1995)', 'I love Pacino', 'Al Pacino'),
        ('The Dark Knight (2008)', 'I miss Heath', 'Heath Ledger'),
        ('Speed (1994)', 'Keanu was great', 'Keanu Reeves'),
        ('Her (2013)', 'I like Joaquin', 'Joaquin Phoenix'),
        ('The Fugitive (1993)', 'I love harison ford', 'Harrison Ford'),
        ('The Shining (1980)', 'jack nicholsen is the best', 'Jack Nicholson'),
    ],
)
def test_one_name_or_a_misspelled_name_means_a_person_of_the_film(trained_interpreter, entity, shown, text, person):
    assert person in attitudes(trained_interpreter.understand(text, situation_of(entity, shown)))


@pytest.mark.parametrize(
    'shown, text, person',
    [
        ('Heat (1995)', 'my friend Al is here', 'Al Pacino'),
        ('The Dark Knight (2008)', 'My dog is called Heath', 'Heath Ledger'),
        ('Heat (1995)', 'I like Al Jolson', 'Al Pacino'),
        ('Jaws (1975)', 'I miss Heath', 'Heath Ledger'),
    ],
)
def test_other_people_with_the_name_are_not_meant(interpreter, entity, shown, text, person):
    assert person not in attitudes(interpreter.understand(text, situation_of(entity, shown)))


@pytest.mark.parametrize(
    'text, film, person',
    [
        ('I loved Heat with Al Pacino', 'Heat (1995)', 'Al Pacino'),
        ('the one with Sandra Bullock sounded fine', 'Speed (1994)', 'Sandra Bullock'),
    ],
)
def test_person_beside_a_film_is_named_without_a_wish(interpreter, entity, text, film, person):
    meaning = interpreter.understand(text, situation_of(entity, 'Speed (1994)'))
    assert {film, person} <= attitudes(meaning).keys()
    assert not meaning.constraints


# ----------------------------------------------------------------------- numbers of a series


@pytest.mark.parametrize(
    'shown, text, films',
    [
        ('Toy Story 3 (2010)', "I haven't seen the first two yet", ['Toy Story (1995)', 'Toy Story 2 (1999)']),
        ('Toy Story (1995)', 'we did the second one last week', ['Toy Story 2 (1999)']),
        ('Shrek 2 (2004)', 'Oh I loved the first one', ['Shrek (2001)']),
        ('Jaws 2 (1978)', 'I have only seen the first', ['Jaws (1975)']),
        (
            'Back to the Future Part III (1990)',
            'I loved the 1st and 2nd',
            ['Back to the Future (1985)', 'Back to the Future Part II (1989)'],
        ),
    ],
)
def test_number_of_a_series_names_its_film(interpreter, entity, shown, text, films):
    found = attitudes(interpreter.understand(text, situation_of(entity, shown)))
    assert set(films) <= found.keys()


@pytest.mark.parametrize('text', ['I have seen the first one', 'the first two are great'])
def test_number_in_a_list_is_a_place_of_the_list(interpreter, entity, text):
    found = attitudes(interpreter.understand(text, situation_of(entity, 'Shrek 2 (2004)', 'Jaws (1975)', 'Up (2009)')))
    assert 'Shrek 2 (2004)' in found and 'Shrek (2001)' not in found


# ------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    'text, expected',
    [
        ('Mel Gibson - no. Tom Cruise - no.', {('Mel Gibson', False), ('Tom Cruise', False)}),
        ('anything with cruise is a no', {('Tom Cruise', False)}),
        ('horror: nope', {('horror', False)}),
        ('could we do something without war', {('war', False)}),
        ('spy films but not bond', {('James Bond', False), ('spy', True)}),
        ('Please exclude anything produced after 1980.', {('1981 or later', False)}),
        ('leave out films after 2000', {('2001 or later', False)}),
        ("I find Tom Cruise's films utterly intolerable", {('Tom Cruise', False)}),
    ],
)
def test_no_after_a_name_excludes_it(interpreter, text, expected):
    assert expected <= labels(interpreter.understand(text, Situation()))


# --------------------------------------------------------------------- people without a name


@pytest.mark.parametrize('text', ["I'll take the Spielberg one", 'the Spielberg one sounds good'])
def test_film_that_only_its_director_names_is_chosen(interpreter, entity, text):
    situation = situation_of(entity, 'Heat (1995)', 'Jaws (1975)')
    situation = replace(situation, recommended=situation.shown)
    assert 'Jaws (1975)' in attitudes(interpreter.understand(text, situation))


# ------------------------------------------------------------------ remarks that are no wish


def test_serious_in_a_remark_is_no_genre(interpreter, entity):
    assert not labels(interpreter.understand("you can't be serious", situation_of(entity, 'Heat (1995)')))


@pytest.mark.parametrize('text', ['It was great chatting with you!', 'disaster films are silly'])
def test_remark_names_no_genre_and_no_film(interpreter, entity, text):
    meaning = interpreter.understand(text, situation_of(entity, 'Heat (1995)'))
    assert not labels(meaning) and 'Heat (1995)' not in attitudes(meaning)


@pytest.mark.parametrize(
    'text, genre',
    [
        ('something with explosions', 'action'),
        ('a documentary about war', 'war'),
        ('can you recommend a love movie', 'romance'),
        ('I want to cry my eyes out', 'drama'),
        ('maybe I need cheering up instead', 'comedy'),
    ],
)
def test_everyday_words_ask_for_a_genre(interpreter, text, genre):
    assert (genre, True) in labels(interpreter.understand(text, Situation()))


def test_left_film_is_rejected(interpreter, entity):
    situation = situation_of(entity, 'Heat (1995)', 'Jaws (1975)', 'Up (2009)')
    assert attitudes(interpreter.understand('leave the second one', situation)) == {'Jaws (1975)': Attitude.REJECTED}
