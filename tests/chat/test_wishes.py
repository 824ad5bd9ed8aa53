"""Wishes about genres, people, years and similar films: when they bind, and what is no wish."""

import pytest
from chat_helpers import attitudes, labels, situation_of

from crslab_causal.chat.constraints import Kind
from crslab_causal.chat.state import DialogueState
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Attitude, Situation


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


@pytest.mark.parametrize('text', ['Perhaps with that lovely Tom Hanks', 'maybe with Tom Hanks'])
def test_careful_wish_for_a_person_binds(interpreter, after_a_list, text):
    meaning = interpreter.understand(text, after_a_list)
    assert labels(meaning) == {('Tom Hanks', True)} and Act.ACCEPT not in meaning.acts


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
def test_years_of_other_things_are_no_wish(interpreter, after_a_list, text):
    assert interpreter.understand(text, after_a_list).constraints == []


@pytest.mark.parametrize('text', ['what should I watch after Alien?', 'what to watch next after watching Alien'])
def test_film_to_follow_a_film_is_like_it(interpreter, entity, text):
    state = DialogueState(film=entity['Jaws (1975)'], shown=(entity['Jaws (1975)'],))
    meaning = interpreter.understand(text, state.situation)
    assert attitudes(meaning) == {'Alien (1979)': Attitude.SIMILAR} and Act.ACCEPT not in meaning.acts
    assert meaning.heard[0].seen and [constraint.name for constraint in meaning.constraints] == ['like Alien (1979)']


def test_another_director_excludes_the_last_one(interpreter, after_a_list):
    for text in ('something by another director', 'maybe one by a different director'):
        assert labels(interpreter.understand(text, after_a_list)) == {('Michael Mann', False)}


@pytest.mark.parametrize('text', ["anything that isn't a cartoon?", 'something that is not animated'])
def test_excluded_genre_is_no_question_about_the_film(interpreter, after_a_list, text):
    meaning = interpreter.understand(text, after_a_list)
    assert labels(meaning) == {('animation', False)} and meaning.questions == []


@pytest.mark.parametrize('text', ["I bet you can't name a movie I haven't seen", "show me a film I haven't seen"])
def test_film_that_was_never_seen_is_a_wish(interpreter, after_a_list, text):
    meaning = interpreter.understand(text, after_a_list)
    assert Act.WANT in meaning.acts and meaning.heard == []


def test_everything_is_seen_of_several_people(interpreter):
    found = attitudes(interpreter.understand("I've been through all of Spielberg and Tarantino"))
    assert found == {'Steven Spielberg': Attitude.SEEN, 'Quentin Tarantino': Attitude.SEEN}


def test_films_without_gore_leave_out_horror(conversation):
    reply = conversation.reply('nothing gory please')
    assert [constraint.name for constraint in reply.constraints] == ['no horror']
    assert reply.notes[0] == 'I do not know how bloody or violent a film is. I leave out horror.'
    again = conversation.reply('something less violent')
    assert again.notes[0] == reply.notes[0] and len(again.constraints) == 1


def test_question_about_violence_is_no_wish(interpreter, after_a_list):
    meaning = interpreter.understand('Is it less violent than Alien?', after_a_list)
    assert not meaning.rejects_gore and meaning.acts == [Act.ASK_FILM]


def test_horror_without_gore_stays_horror(conversation):
    reply = conversation.reply('a horror film, but not gory')
    assert [constraint.name for constraint in reply.constraints] == ['horror']
    assert 'so I ignore this wish' in reply.notes[0]


def test_black_and_white_cannot_be_excluded(interpreter):
    assert labels(interpreter.understand('something like Psycho, but not in black and white')) == {
        ('Psycho (1960)', True)
    }


def test_several_directors_are_alternatives(interpreter):
    meaning = interpreter.understand('something by Steven Spielberg, Christopher Nolan')
    assert (
        len({constraint.alternatives for constraint in meaning.constraints}) == 1
        and meaning.constraints[0].alternatives
    )


def test_exact_years_replace_a_vague_wish(interpreter, after_a_list):
    assert len(labels(interpreter.understand('anything newer, from the last five years or so?', after_a_list))) == 1


@pytest.mark.parametrize('text', ['what are your favorite dramas?', 'What are some of your favourite dramas?'])
def test_question_for_favorites_of_a_genre_is_a_wish(trained_interpreter, after_a_list, text):
    meaning = trained_interpreter.understand(text, after_a_list)
    assert meaning.acts == [Act.WANT] and labels(meaning) == {('drama', True)}


def test_years_since_a_visit_are_no_age(interpreter, after_a_list):
    assert labels(interpreter.understand('I saw it with my son 8 years ago', after_a_list)) == set()


def test_kinds_with_articles_of_their_own_are_alternatives(interpreter):
    meaning = interpreter.understand('three options, maybe a comedy, a mystery and a western')
    assert labels(meaning) == {('comedy', True), ('mystery', True), ('western', True)}
    assert len({constraint.alternatives for constraint in meaning.constraints} - {''}) == 1
    assert not any(each.alternatives for each in interpreter.understand('a scary comedy').constraints)


@pytest.mark.parametrize(
    'text, person',
    [
        ('as long as Tom Cruise is nowhere near it', 'Tom Cruise'),
        ('Tom Cruise is a no from me', 'Tom Cruise'),
        ('Tom Hanks is out of the question', 'Tom Hanks'),
    ],
)
def test_statement_excludes_a_person(interpreter, text, person):
    assert labels(interpreter.understand(text)) == {(person, False)}


@pytest.mark.parametrize('text', ['no rom-coms', 'no romantic comedies please'])
def test_films_of_two_genres_are_excluded_only_if_they_have_both(interpreter, text):
    (constraint,) = interpreter.understand(text).constraints
    films = interpreter.facts.films_of_genre
    assert constraint.name == 'no romantic comedy' and constraint.films == films['romance'] & films['comedy']
    assert labels(interpreter.understand('no horror, no comedy')) == {('horror', False), ('comedy', False)}


@pytest.mark.parametrize('text', ['similar', 'something similar please'])
def test_similar_alone_means_the_film_of_the_conversation(trained_interpreter, after_a_list, text):
    meaning = trained_interpreter.understand(text, after_a_list)
    assert meaning.constraints and meaning.constraints[0].entity == after_a_list.film


@pytest.mark.parametrize('text', ['Is there something for both?', 'Is there anything else with time loops?'])
def test_question_whether_there_is_something_is_a_wish(trained_interpreter, after_a_list, text):
    meaning = trained_interpreter.understand(text, after_a_list)
    assert {Act.WANT, Act.MORE} & {*meaning.acts} and Act.ASK_FILM not in meaning.acts


def test_both_after_two_likings_asks_for_both(interpreter):
    meaning = interpreter.understand('He likes action and I like romance, is it possible to have both?')
    assert {(c.label, c.binding) for c in meaning.constraints} == {('action', True), ('romance', True)}


@pytest.mark.parametrize('text', ['cheer me up', 'something that makes me feel better'])
def test_film_that_cheers_up_is_a_comedy(interpreter, text):
    assert labels(interpreter.understand(text)) == {('comedy', True)}


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('We can never agree: he wants a war movie, I want a drama', {('war', True), ('drama', True)}),
        ('wait, not him, Tom Hanks', {('Tom Hanks', True)}),
        ('I mean live action', {('animation', False)}),
        ('something funny and a bit magical', {('comedy', True), ('fantasy', True)}),
        ('with Tom Hanks', {('Tom Hanks', True)}),
    ],
)
def test_wish_is_neither_reversed_nor_lost(trained_interpreter, after_a_list, text, expected):
    meaning = trained_interpreter.understand(text, after_a_list)
    assert labels(meaning) == expected and Act.WANT in meaning.acts


@pytest.mark.parametrize('text', ['Maybe one film with both?', 'What could I watch after that tomorrow?'])
def test_question_what_to_watch_is_a_wish(trained_interpreter, after_a_list, text):
    meaning = trained_interpreter.understand(text, after_a_list)
    assert Act.WANT in meaning.acts and not meaning.questions and not meaning.heard


@pytest.mark.parametrize('text', ['no historical dramas', 'no period dramas please'])
def test_excluded_films_of_two_genres_can_be_named_again(interpreter, text):
    (constraint,) = interpreter.understand(text).constraints
    assert constraint.name == 'no historical drama'
    assert interpreter.understand(f'{constraint.name} movies, please').constraints == [constraint]


def test_what_the_seeker_does_not_call_a_genre_is_no_exclusion(interpreter, after_a_list):
    meaning = interpreter.understand("I loved Toy Story, but I don't consider that a historical drama", after_a_list)
    assert not any(constraint.binding and not constraint.wanted for constraint in meaning.constraints)


# ------------------------------------------------------------ in the style of something


@pytest.mark.parametrize(
    'text, heard, constraints',
    [
        ('some Jaws type movies', {'Jaws': Attitude.SIMILAR}, {'like Jaws'}),
        ('something like Heat', {'Heat (1995)': Attitude.SIMILAR}, {'like Heat (1995)'}),
        ('something Kubrick-esque', {'Stanley Kubrick': Attitude.WANTED}, {'with Stanley Kubrick'}),
        ('movies like Star Wars', {'Star Wars': Attitude.SIMILAR}, {'like Star Wars'}),
        ('more Marvel style films', {'Marvel': Attitude.SIMILAR}, {'like Marvel'}),
        (
            'movies like Star Wars, but not Star Wars',
            {'Star Wars': Attitude.DISLIKED},
            {'like Star Wars', 'no Star Wars'},
        ),
    ],
)
def test_style_of_something_is_wished_for(interpreter, text, heard, constraints):
    meaning = interpreter.understand(text, Situation())
    assert attitudes(meaning) == heard
    assert {constraint.name for constraint in meaning.constraints} == constraints


def test_films_like_a_series_share_its_genres_and_may_be_others(interpreter, entity):
    (similar,) = interpreter.understand('movies like Star Wars', Situation()).constraints
    assert similar.allows(entity['Avatar (2009)'])
    assert not similar.allows(entity['Titanic (1997)'])


def test_liking_of_films_like_a_series_is_no_wish(interpreter):
    meaning = interpreter.understand('I love movies like Star Wars', Situation())
    assert attitudes(meaning) == {'Star Wars': Attitude.LIKED}
    assert not any(constraint.binding for constraint in meaning.constraints)


# ------------------------------------------------------------ without songs, blood or drawings


@pytest.mark.parametrize(
    'text, genre',
    [
        ('something without singing', 'musical'),
        ('a comedy with no songs please', 'musical'),
        ('nothing animated, only real people', 'animation'),
    ],
)
def test_words_that_leave_a_genre_out(interpreter, text, genre):
    assert (genre, False) in labels(interpreter.understand(text, Situation()))


@pytest.mark.parametrize('text', ['not too much blood', 'but nothing too violent', 'without gore please'])
def test_wish_for_less_violence_rejects_no_film(interpreter, after_a_list, text):
    meaning = interpreter.understand(text, after_a_list)
    assert meaning.acts == [Act.WANT] and meaning.heard == [] and meaning.rejects_gore


def test_seeker_goes_back_to_an_earlier_idea(interpreter, after_a_list):
    meaning = interpreter.understand("let's go back to the romantic comedy idea", after_a_list)
    assert meaning.acts == [Act.WANT]
    assert labels(meaning) == {('romance', True), ('comedy', True)}


# ------------------------------------------------------------ two properties together


def test_film_with_both_has_the_two_people_whom_the_message_likes(interpreter):
    meaning = interpreter.understand('He likes Brad Pitt and I like Tom Hanks. Is there one with both?', Situation())
    assert {(c.label, c.binding, c.alternatives) for c in meaning.constraints} == {
        ('Brad Pitt', True, ''),
        ('Tom Hanks', True, ''),
    }


def test_drama_based_on_a_true_story_is_both(interpreter):
    meaning = interpreter.understand('What about a good drama based on a true story?', Situation())
    assert labels(meaning) == {('drama', True), ('biography', True)}
    assert not any(constraint.alternatives for constraint in meaning.constraints)


# ------------------------------------------------------------ wishes that replace or reject others


def test_make_it_another_genre_replaces_the_genre(conversation):
    conversation.reply('I am in the mood for a western')
    conversation.reply('actually no, make it a thriller')
    assert [constraint.label for constraint in conversation.state.constraints.binding] == ['thriller']


@pytest.mark.parametrize('text', ['maybe not that old haha, 90s or later', 'not so old, the 90s or later please'])
def test_years_after_words_that_reject_old_films_are_wanted(interpreter, entity, text):
    constraints = interpreter.understand(text, situation_of(entity, 'Jaws (1975)')).constraints
    assert '1990 or later' in [constraint.name for constraint in constraints]
    assert all(constraint.allows(entity['Titanic (1997)']) for constraint in constraints)


def test_title_after_a_person_is_a_film_of_this_person(interpreter, entity):
    text = 'something with Leonardo DiCaprio, but not Titanic'
    assert attitudes(interpreter.understand(text, Situation()))['Titanic (1997)'] is Attitude.DISLIKED


@pytest.mark.parametrize(
    'text',
    ["what's the newest one you know?", 'what is the most recent film you have?', 'the newest film in your list'],
)
def test_newest_film_of_the_catalogue_is_a_wish(interpreter, text):
    years = [each for each in interpreter.understand(text).constraints if each.kind is Kind.YEARS]
    assert [each.label for each in years] == [f'{interpreter.facts.latest - 4} or later']


def test_films_of_a_person_are_a_wish(interpreter):
    meaning = interpreter.understand('Tom Hanks movies')
    assert meaning.acts == [Act.WANT] and [each.name for each in meaning.constraints] == ['with Tom Hanks']
