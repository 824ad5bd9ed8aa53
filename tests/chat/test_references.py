"""Words that point to films: places in the list, "the newest one", "the others", "both", "him"."""

from dataclasses import replace

import pytest
from chat_helpers import attitudes, labels, situation_of

from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Attitude, Situation

# ------------------------------------------------------------ places in the list


@pytest.mark.parametrize(
    'text, attitude, places',
    [
        ('seen 1 and 3', Attitude.SEEN, (1, 3)),
        ('1, 2 and 4 I have seen', Attitude.SEEN, (1, 2, 4)),
        ("I've already seen the first two", Attitude.SEEN, (1, 2)),
        ('I have seen the last two', Attitude.SEEN, (3, 4)),
        ('not 2', Attitude.REJECTED, (2,)),
        ('2 or 3 sounds good', Attitude.ACCEPTED, (2, 3)),
        ('more like 1 and 2', Attitude.SIMILAR, (1, 2)),
    ],
)
def test_places_in_the_list(interpreter, entity, text, attitude, places):
    names = ['Heat (1995)', 'Speed (1994)', 'Jaws (1975)', 'Big (1988)']
    shown = tuple(entity[name] for name in names)
    meaning = interpreter.understand(
        text, Situation(film=shown[0], shown=shown, last_turn=('Recommender', 'How about Heat (1995)?'))
    )
    assert attitudes(meaning) == {names[place - 1]: attitude for place in places}


@pytest.mark.parametrize(
    'text', ['I have seen 2 or 3 movies of him', 'I need 1 or 2 hours', 'Toy Story 2 and 3 were fun']
)
def test_numbers_that_are_no_places(interpreter, entity, text):
    shown = tuple(entity[name] for name in ('Heat (1995)', 'Speed (1994)', 'Jaws (1975)'))
    meaning = interpreter.understand(text, Situation(film=shown[0], shown=shown))
    assert not {'Speed (1994)', 'Jaws (1975)'} & {*attitudes(meaning)}


@pytest.mark.parametrize(
    'text, found',
    [
        ('not those, I want newer', {'Heat (1995)', 'Speed (1994)', 'Jaws (1975)'}),
        ("I've seen all of these but number 2", {'Heat (1995)', 'Jaws (1975)'}),
        ('the last one on the list, is it a sequel?', {'Jaws (1975)'}),
        ('what was number 1 again?', {'Heat (1995)'}),
        ('number 3 then', {'Jaws (1975)'}),
    ],
)
def test_places_that_are_rejected_left_out_or_asked_about(interpreter, entity, text, found):
    shown = tuple(entity[name] for name in ('Heat (1995)', 'Speed (1994)', 'Jaws (1975)'))
    meaning = interpreter.understand(
        text, Situation(film=shown[0], shown=shown, last_turn=('Recommender', 'How about Heat (1995)?'))
    )
    assert {*attitudes(meaning)} - {'2014 or later', '2009 or later'} >= found
    wrong = Attitude.ACCEPTED if text != 'number 3 then' else Attitude.REJECTED
    assert wrong not in attitudes(meaning).values()


@pytest.mark.parametrize(
    'text, film',
    [
        ("perfect, we'll go with your first suggestion. thanks so much, have a lovely weekend!", 'Alien (1979)'),
        ('great, the third one it is', 'Jaws (1975)'),
    ],
)
def test_only_the_named_film_is_accepted(interpreter, entity, text, film):
    shown = tuple(entity[name] for name in ('Heat (1995)', 'Speed (1994)', 'Jaws (1975)'))
    situation = Situation(
        film=shown[0],
        shown=shown,
        recommended=(entity['Alien (1979)'], shown[0]),
        last_turn=('Recommender', 'Try Heat?'),
    )
    found = attitudes(interpreter.understand(text, situation))
    assert [name for name, attitude in found.items() if attitude is Attitude.ACCEPTED] == [film]


def test_one_place_is_turned_down_for_another(interpreter, after_a_list):
    meaning = interpreter.understand('No, not the first one, the second one', after_a_list)
    assert attitudes(meaning) == {'Heat (1995)': Attitude.REJECTED, 'Jaws (1975)': Attitude.ACCEPTED}


@pytest.mark.parametrize('text', ['the first two are no good', 'not 1 or 2', 'the first two are not for me'])
def test_bad_places_are_rejected(interpreter, after_a_list, text):
    meaning = interpreter.understand(text, after_a_list)
    assert attitudes(meaning) == {'Heat (1995)': Attitude.REJECTED, 'Jaws (1975)': Attitude.REJECTED}


# ------------------------------------------------------------ other words


@pytest.mark.parametrize(
    'text, name',
    [
        ("I'll watch the newest one", 'Inception (2010)'),
        ("I'll watch the oldest one", 'Jaws (1975)'),
        ("I'll take the old one", 'Jaws (1975)'),
        ("I'll take the new one", 'Inception (2010)'),
    ],
)
def test_film_is_named_by_its_age(interpreter, after_a_list, text, name):
    assert attitudes(interpreter.understand(text, after_a_list)) == {name: Attitude.ACCEPTED}


def test_the_others_are_the_rest_of_a_short_list(interpreter, after_a_list):
    meaning = interpreter.understand("I loved Heat, but I haven't seen the others", after_a_list)
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


def test_plural_words_mean_the_films_that_single_replies_recommended(interpreter, entity):
    film, earlier = entity['Heat (1995)'], entity['Jaws (1975)']
    situation = Situation(
        film=film, shown=(film,), last_turn=('Recommender', 'You may like Heat.'), recommended=(earlier, film)
    )
    meaning = interpreter.understand('thanks, I will check both of them out', situation)
    assert attitudes(meaning) == {'Heat (1995)': Attitude.ACCEPTED, 'Jaws (1975)': Attitude.ACCEPTED}


def test_it_means_the_film_that_the_message_has_named(interpreter, entity):
    heat = entity['Heat (1995)']
    situation = Situation(film=heat, shown=(heat,), last_turn=('Recommender', 'How about Heat (1995)?'))
    for text in ('we watched Speed last week and it was ok', "didn't finish Jaws, it was boring"):
        assert 'Heat (1995)' not in attitudes(interpreter.understand(text, situation))
    assert attitudes(interpreter.understand('seen it, but I liked Speed more', situation))['Heat (1995)']


@pytest.mark.parametrize(
    'text, expected',
    [
        ('the first I saw, the second no', {'Heat (1995)': 'seen', 'Jaws (1975)': 'rejected'}),
        ('the second I know', {'Jaws (1975)': 'seen'}),
        ("The third one I don't know. Tell me more", {'Inception (2010)': 'not seen'}),
        ('fine, 1', {'Heat (1995)': 'accepted'}),
        ("ok, let's do 2", {'Jaws (1975)': 'accepted'}),
    ],
)
def test_places_with_short_opinions(interpreter, after_a_list, text, expected):
    assert attitudes(interpreter.understand(text, after_a_list)) == expected


@pytest.mark.parametrize(
    'text', ["I've seen them all except Jaws", "Those I've seen as a kid, except Jaws", 'seen practically all of them']
)
def test_whole_list_is_seen_except_what_is_named(interpreter, after_a_list, text):
    found = attitudes(interpreter.understand(text, after_a_list))
    left_out = {'Jaws (1975)'} if 'Jaws' in text else set()
    assert {name for name, attitude in found.items() if attitude is Attitude.SEEN} == {
        'Heat (1995)',
        'Jaws (1975)',
        'Inception (2010)',
    } - left_out


@pytest.mark.parametrize('text', ['Iron Man was alright I guess, just the first', 'I love Shrek, especially the first'])
def test_ordinal_of_a_series_is_no_place_in_the_list(interpreter, after_a_list, text):
    assert 'Heat (1995)' not in attitudes(interpreter.understand(text, after_a_list))


def test_a_vague_wish_for_similar_films_means_the_film_of_the_conversation(interpreter, after_a_list):
    for text in ('anything along those lines?', 'something in a similar vein'):
        assert labels(interpreter.understand(text, after_a_list)) == {('Heat (1995)', True)}


@pytest.mark.parametrize('text', ["I'll check out number seven", 'number 9 please', 'what about the eighth one?'])
def test_place_that_the_list_lacks(conversation, text):
    conversation.reply('a horror film')
    conversation.state.shown = conversation.state.shown[:2]
    (sentence,) = conversation.reply(text).sentences
    assert sentence.startswith('There is no number ') and sentence.endswith(' in the last list.')


@pytest.mark.parametrize(
    'text', ['Shrek 2 is better than the first one, and the third one is bad', 'Big was a bit boring in the middle']
)
def test_words_about_another_film_name_no_place(interpreter, after_a_list, text):
    assert not {'Heat (1995)', 'Jaws (1975)', 'Inception (2010)'} & {
        *attitudes(interpreter.understand(text, after_a_list))
    }


def test_yes_after_a_list_accepts_its_first_film(interpreter, entity):
    names = ['Heat (1995)', 'Speed (1994)', 'Jaws (1975)', 'Big (1988)', 'Alien (1979)']
    situation = situation_of(entity, *names)
    assert attitudes(interpreter.understand('yes', situation)) == {'Heat (1995)': Attitude.ACCEPTED}


@pytest.mark.parametrize(
    ('text', 'name', 'attitude'),
    [
        ('the 1994 one please', 'Speed (1994)', Attitude.ACCEPTED),
        ('I have seen the one from 1994', 'Speed (1994)', Attitude.SEEN),
        ('I meant the 1979 one', 'Alien (1979)', Attitude.MENTIONED),
    ],
)
def test_film_is_named_by_its_year(interpreter, entity, text, name, attitude):
    shown = tuple(entity[each] for each in ('Heat (1995)', 'Speed (1994)', 'Jaws (1975)'))
    meaning = interpreter.understand(text, Situation(film=entity['Alien (1979)'], shown=shown))
    assert attitudes(meaning) == {name: attitude}


def test_year_that_no_film_of_the_list_has_is_a_wish(interpreter, entity):
    shown = (entity['Heat (1995)'], entity['Speed (1994)'])
    meaning = interpreter.understand('the one from 2010', Situation(film=shown[0], shown=shown))
    assert labels(meaning) == {('2010', True)}


def test_person_before_a_film_that_was_mentioned_tells_it_apart(interpreter, entity):
    shown = (entity['Heat (1995)'],)
    situation = Situation(film=shown[0], shown=shown, recommended=(entity['Big (1988)'], shown[0]))
    (question,) = interpreter.understand('who else is in the Tom Hanks one you mentioned?', situation).questions
    assert question.film == entity['Big (1988)']


@pytest.mark.parametrize('text', ['the last one you said will do', "I'll take your last suggestion"])
def test_last_one_that_was_said_is_the_last_recommendation(trained_interpreter, after_a_list, text):
    found = attitudes(trained_interpreter.understand(text, after_a_list))
    assert found == {trained_interpreter.facts.names[after_a_list.film]: Attitude.ACCEPTED}


# ------------------------------------------------------------ the film of the conversation


@pytest.mark.parametrize(
    'text',
    [
        "It's been fun, bye",
        'That was fun, bye!',
        "ok, that's enough for today",
        'that was a great help, thanks',
        "brilliant, thanks a lot, you've saved my sunday",
    ],
)
def test_farewell_and_thanks_concern_no_film(trained_interpreter, after_a_list, text):
    meaning = trained_interpreter.understand(text, after_a_list)
    assert not meaning.heard and {*meaning.acts} <= {Act.LEAVE, Act.THANK}


@pytest.mark.parametrize(
    'text',
    [
        "I'll take that one. No wait",
        "I'll watch it. Actually no",
        'sounds good. no, wait',
        "ok, I'll watch it. Hmm, on second thought, no",
    ],
)
def test_choice_that_is_taken_back_is_a_rejection(trained_interpreter, after_a_list, text):
    meaning = trained_interpreter.understand(text, after_a_list)
    assert meaning.acts == [Act.REJECT]
    assert [heard.attitude for heard in meaning.heard] == [Attitude.REJECTED]


@pytest.mark.parametrize(
    'text', ['seen it', 'Seen it loads of times. Cracking film. Anything along those lines?', 'looks boring']
)
def test_only_the_first_film_of_a_long_list_is_meant(interpreter, entity, text):
    names = ['Heat (1995)', 'Speed (1994)', 'Jaws (1975)', 'Big (1988)', 'Up (2009)', 'Alien (1979)']
    found = attitudes(interpreter.understand(text, situation_of(entity, *names)))
    assert {*found} == {'Heat (1995)'}


def test_film_of_an_opinion_is_the_one_that_similar_films_are_like(interpreter, entity):
    situation = situation_of(entity, 'Heat (1995)', 'Speed (1994)', 'Jaws (1975)')
    meaning = interpreter.understand("Seen the third one already, loved it. What's similar to it?", situation)
    assert attitudes(meaning) == {'Jaws (1975)': Attitude.LIKED}
    assert labels(meaning) == {('Jaws (1975)', True)}


@pytest.mark.parametrize(
    'text',
    [
        "let's go with the one you told me about before that",
        'I will take the one you suggested before that one',
    ],
)
def test_film_that_was_recommended_before_is_accepted(interpreter, entity, text):
    situation = Situation(
        film=entity['Heat (1995)'],
        shown=(entity['Heat (1995)'],),
        recommended=(entity['Alien (1979)'], entity['Heat (1995)']),
        last_turn=('Recommender', 'How about Heat (1995)?'),
    )
    assert attitudes(interpreter.understand(text, situation)) == {'Alien (1979)': Attitude.ACCEPTED}


@pytest.mark.parametrize(
    'text',
    ['Hmm, that sounds a bit sad to be honest. Anything more cheerful?', 'sounds a little scary, something lighter?'],
)
def test_film_that_sounds_wrong_is_rejected(interpreter, entity, text):
    meaning = interpreter.understand(text, situation_of(entity, 'Titanic (1997)'))
    assert attitudes(meaning)['Titanic (1997)'] is Attitude.REJECTED
    assert meaning.unknown == []


@pytest.mark.parametrize('text', ['already own that one', 'this film we have already see'])
def test_film_that_the_seeker_owns_or_knows_was_seen(interpreter, entity, text):
    assert attitudes(interpreter.understand(text, situation_of(entity, 'Heat (1995)'))) == {
        'Heat (1995)': Attitude.SEEN
    }


@pytest.mark.parametrize('text', ['Would the grown-ups enjoy it too?', 'is it for the grown ups?'])
def test_grown_ups_are_people(interpreter, entity, text):
    assert interpreter.understand(text, situation_of(entity, 'Up (2009)')).questions[0].film == entity['Up (2009)']


# ------------------------------------------------------------ several recommendations


def test_those_two_are_the_last_two_recommendations(interpreter, entity):
    names = ['Heat (1995)', 'Speed (1994)', 'Jaws (1975)', 'Big (1988)', 'Up (2009)', 'Alien (1979)']
    recommended = tuple(entity[name] for name in ('Titanic (1997)', 'The Matrix (1999)', 'Heat (1995)'))
    situation = replace(situation_of(entity, *names), recommended=recommended)
    found = attitudes(interpreter.understand("ok we'll do those two then, thank you", situation))
    assert found == {'The Matrix (1999)': Attitude.ACCEPTED, 'Heat (1995)': Attitude.ACCEPTED}


def test_person_tells_a_recommendation_apart(interpreter, entity):
    recommended = tuple(entity[name] for name in ('Speed (1994)', 'The Matrix (1999)', 'Heat (1995)'))
    situation = replace(situation_of(entity, 'Heat (1995)'), recommended=recommended)
    meaning = interpreter.understand('the one with Sandra Bullock sounded fine. What was it called again?', situation)
    assert [question.film for question in meaning.questions] == [entity['Speed (1994)']]
    assert not meaning.constraints


@pytest.mark.parametrize('text', ['the one with Sandra Bullock where she drives a bus', 'the one with Tom Cruise'])
def test_person_of_no_recommendation_stays_a_person(interpreter, entity, text):
    situation = replace(situation_of(entity, 'Heat (1995)'), recommended=(entity['Speed (1994)'],))
    assert 'Speed (1994)' not in attitudes(interpreter.understand(text, situation))
