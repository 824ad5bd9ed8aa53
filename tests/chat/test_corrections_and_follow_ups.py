"""Messages that correct or continue earlier ones, and questions about time and about what was said."""

import pytest
from film_catalogue import film_facts

from crslab_causal.chat.state import DialogueState
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.meaning import Attitude, Situation
from crslab_causal.chat.understanding.questions import Aspect


@pytest.fixture(scope='module', params=['models', 'rules'])
def interpreter(request):
    models = {'models': {}} if request.param == 'rules' else {}
    return Interpreter(*film_facts(), **models)


def state_after(interpreter, *texts):
    state = DialogueState()
    for text in texts:
        state.hear(text, interpreter.understand(text, state.situation), [])
    return state


def attitudes(meaning):
    return {heard.name: heard.attitude for heard in meaning.heard}


# ------------------------------------------------------------ corrections


@pytest.mark.parametrize(
    'first, attitude',
    [
        ('I loved Inception', Attitude.LIKED),
        ('I hated Inception', Attitude.DISLIKED),
        ('I have seen Inception', Attitude.SEEN),
        ('something like Inception', Attitude.SIMILAR),
    ],
)
@pytest.mark.parametrize(
    'text',
    [
        'no sorry, I meant Interstellar',
        'I meant Interstellar, not Inception',
        '*Interstellar',
        'oops i mean interstelar',
    ],
)
def test_corrected_film_takes_the_place_of_the_first_one(interpreter, entity, first, attitude, text):
    state = state_after(interpreter, first)
    meaning = interpreter.understand(text, state.situation)
    assert attitudes(meaning) == {'Interstellar (2014)': attitude}
    assert meaning.dropped == [entity['Inception (2010)']] and meaning.acts[0] is Act.FORGET


@pytest.mark.parametrize(
    'first, text, label',
    [
        ('a movie with Tom Hanks', 'sorry, I meant Tom Cruise', 'Tom Cruise'),
        ('a movie with Tom Hanks', 'I was thinking of Tom Cruise', 'Tom Cruise'),
        ('I want a comedy', 'I meant horror, not comedy', 'horror'),
        ('something from the 70s', 'no, I meant the 80s', '1980–1989'),
    ],
)
def test_corrected_wish_replaces_the_first_one(interpreter, first, text, label):
    state = state_after(interpreter, first)
    before = [constraint.label for constraint in state.constraints.binding]
    meaning = interpreter.understand(text, state.situation)
    assert [constraint.label for constraint in meaning.forgotten] == before
    state.hear(text, meaning, [])
    assert [constraint.label for constraint in state.constraints.binding] == [label]


@pytest.mark.parametrize('text', ['I meant to watch Alien', 'I mean, Alien is great', 'what do you mean by horror?'])
def test_other_meanings_of_mean_correct_nothing(interpreter, text):
    state = state_after(interpreter, 'I loved Inception and I like horror')
    meaning = interpreter.understand(text, state.situation)
    assert not meaning.dropped and not meaning.forgotten


def test_wish_for_years_replaces_an_exclusion_of_most_of_them(conversation):
    conversation.reply('a drama, nothing before 1988')
    conversation.reply('hm, from the 80s please')
    assert [c.name for c in conversation.state.constraints.binding] == ['drama', '1980–1989']


def test_reply_to_a_correction_forgets_the_wrong_film(conversation):
    conversation.reply('I loved Inception')
    reply = conversation.reply('sorry, I meant Interstellar')
    names = conversation.recommender.names
    assert [names[entity] for entity in conversation.liked] == ['Interstellar (2014)']
    assert 'Forgotten: Inception (2010).' in reply.notes and reply.recommendations


# ------------------------------------------------------------ short questions that repeat the last one


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


# ------------------------------------------------------------ years of films, and films of a person


@pytest.mark.parametrize(
    'text, answer',
    [
        ('was Jaws made before Alien?', 'Jaws (1975) came first, 4 years before Alien (1979).'),
        ('which is older, Alien or Jaws?', 'Jaws (1975) came first, 4 years before Alien (1979).'),
        ('Is Alien newer than Jaws?', 'Jaws (1975) came first, 4 years before Alien (1979).'),
        ('what came out first, Aliens or Alien?', 'Alien (1979) came first, 7 years before Aliens (1986).'),
        ('how many years are between Alien and Aliens?', 'Alien (1979) came first, 7 years before Aliens (1986).'),
        ("what is Steven Spielberg's first movie?", 'Jaws (1975) is the oldest film of Steven Spielberg'),
        ("Christopher Nolan's newest movie?", 'is the newest film of Christopher Nolan'),
        (
            "which of Spielberg's movies is the most popular?",
            'is the film of Steven Spielberg that was recommended most',
        ),
    ],
)
def test_questions_about_time_are_answered(conversation, text, answer):
    reply = conversation.reply(text)
    assert answer in ' '.join(reply.sentences) and not reply.recommendations


def test_films_of_the_person_of_the_conversation(conversation):
    conversation.reply('who directed Alien?')
    (sentence,) = conversation.reply('which of his films is the oldest?').sentences
    assert sentence.endswith('is the oldest film of Ridley Scott that I know.')


# ------------------------------------------------------------ what was said before


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


# ------------------------------------------------------------ opinions of others, and films to follow


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


@pytest.mark.parametrize('text', ['what should I watch after Alien?', 'what to watch next after watching Alien'])
def test_film_to_follow_a_film_is_like_it(interpreter, entity, text):
    state = DialogueState(film=entity['Jaws (1975)'], shown=(entity['Jaws (1975)'],))
    meaning = interpreter.understand(text, state.situation)
    assert attitudes(meaning) == {'Alien (1979)': Attitude.SIMILAR} and Act.ACCEPT not in meaning.acts
    assert meaning.heard[0].seen and [constraint.name for constraint in meaning.constraints] == ['like Alien (1979)']


def test_question_of_two_films_names_both(interpreter, entity):
    (question,) = interpreter.understand('is it older than Alien?', Situation(film=entity['Jaws (1975)'])).questions
    assert question.aspect is Aspect.EARLIER
    assert (question.film, question.other) == (entity['Jaws (1975)'], entity['Alien (1979)'])


# ------------------------------------------------------------ places, and everything by a person


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
    meaning = interpreter.understand(text, Situation(film=shown[0], shown=shown, said='How about Heat (1995)?'))
    assert attitudes(meaning) == {names[place - 1]: attitude for place in places}


@pytest.mark.parametrize(
    'text', ['I have seen 2 or 3 movies of him', 'I need 1 or 2 hours', 'Toy Story 2 and 3 were fun']
)
def test_numbers_that_are_no_places(interpreter, entity, text):
    shown = tuple(entity[name] for name in ('Heat (1995)', 'Speed (1994)', 'Jaws (1975)'))
    meaning = interpreter.understand(text, Situation(film=shown[0], shown=shown))
    assert not {'Speed (1994)', 'Jaws (1975)'} & {*attitudes(meaning)}


@pytest.mark.parametrize('text', ["I've seen everything by Nolan", "we've watched all of Nolan's films"])
def test_all_films_of_a_person_are_seen(interpreter, entity, text):
    heat = entity['Heat (1995)']
    meaning = interpreter.understand(text, Situation(film=heat, shown=(heat,), said='How about Heat (1995)?'))
    (heard,) = meaning.heard
    assert (heard.name, heard.attitude) == ('Christopher Nolan', Attitude.SEEN)
    assert heard.films == frozenset(interpreter.facts.films_of(heard.entity)) and len(heard.films) > 3


def test_it_means_the_film_that_the_message_has_named(interpreter, entity):
    heat = entity['Heat (1995)']
    situation = Situation(film=heat, shown=(heat,), said='How about Heat (1995)?')
    for text in ('we watched Speed last week and it was ok', "didn't finish Jaws, it was boring"):
        assert 'Heat (1995)' not in attitudes(interpreter.understand(text, situation))
    assert attitudes(interpreter.understand('seen it, but I liked Speed more', situation))['Heat (1995)']


# ------------------------------------------------------------ /forget


@pytest.mark.parametrize('text', ['9', '1', 'a', 'e', 'rob'])
def test_forget_takes_back_only_what_it_names(conversation, text):
    conversation.reply('I loved Alien, I have seen Robin Hood, and I hated Jaws')
    before = conversation.liked, conversation.disliked, conversation.state.seen
    assert next(conversation.forget(text)).startswith(f'There is no "{text}"')
    assert (conversation.liked, conversation.disliked, conversation.state.seen) == before


def test_reason_names_what_was_asked_for(conversation):
    (sentence,) = conversation.reply('I want a movie with Tom Hanks').sentences
    assert 'Tom Hanks, as you asked' in sentence


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
    meaning = interpreter.understand(text, Situation(film=shown[0], shown=shown, said='How about Heat (1995)?'))
    assert {*attitudes(meaning)} - {'2014 or later', '2009 or later'} >= found
    wrong = Attitude.ACCEPTED if text != 'number 3 then' else Attitude.REJECTED
    assert wrong not in attitudes(meaning).values()


def test_relatives_of_people_are_unknown(conversation):
    (sentence,) = conversation.reply('Is Ridley Scott the brother of Tony Scott?').sentences
    assert sentence.startswith('That I do not know') and 'Alien (1979)' in sentence


# ------------------------------------------------------------ corrections within a message


@pytest.mark.parametrize(
    'text, heard',
    [
        ('Something like Jaws, no, sorry, I meant Alien', {'Alien (1979)': Attitude.SIMILAR}),
        ("I've seen Jaws... actually no I haven't, I was thinking of Alien", {'Alien (1979)': Attitude.SEEN}),
        ('I want a comedy, or rather a thriller', {'Thriller': Attitude.WANTED}),
        ('no comedies, no horror', {'Comedy': Attitude.DISLIKED, 'Horror': Attitude.DISLIKED}),
        ('no comedies and no horror', {'Comedy': Attitude.DISLIKED, 'Horror': Attitude.DISLIKED}),
        ('No, the 80s', {'1980–1989': Attitude.WANTED}),
        ('no 80s', {'1980–1989': Attitude.DISLIKED}),
    ],
)
def test_last_word_counts(interpreter, text, heard):
    assert attitudes(interpreter.understand(text)) == heard


@pytest.mark.parametrize(
    'text, film',
    [
        ("perfect, we'll go with your first suggestion. thanks so much, have a lovely weekend!", 'Alien (1979)'),
        ('great, the third one it is', 'Jaws (1975)'),
    ],
)
def test_only_the_named_film_is_accepted(interpreter, entity, text, film):
    shown = tuple(entity[name] for name in ('Heat (1995)', 'Speed (1994)', 'Jaws (1975)'))
    situation = Situation(film=shown[0], shown=shown, recommended=(entity['Alien (1979)'], shown[0]), said='Try Heat?')
    found = attitudes(interpreter.understand(text, situation))
    assert [name for name, attitude in found.items() if attitude is Attitude.ACCEPTED] == [film]


@pytest.mark.parametrize(
    'text, aspect',
    [
        ('Is Tom Hanks even in it?', Aspect.HAS_PERSON),
        ('Is it the one where Sandra Bullock drives a bus?', Aspect.HAS_PERSON),
        ('Is a horror film?', Aspect.IS_GENRE),
        ('How old is Tom Hanks?', Aspect.LIFE_OF),
        ('between Alien and Jaws, which would you pick?', Aspect.COMPARE),
        ('Which cinematographer shot it?', Aspect.UNAVAILABLE),
    ],
)
def test_question_is_no_wish(interpreter, entity, text, aspect):
    meaning = interpreter.understand(text, Situation(film=entity['Heat (1995)'], said='How about Heat (1995)?'))
    assert [question.aspect for question in meaning.questions] == [aspect] and not meaning.constraints


def test_film_for_adults_takes_the_wish_for_children_back(conversation):
    conversation.reply('something for my kids')
    conversation.reply('now something for grown-ups, a thriller')
    assert [c.name for c in conversation.state.constraints.binding] == ['thriller']


def test_franchise_is_taken_back_by_the_name_of_its_first_film(conversation):
    conversation.reply('I want a Toy Story movie')
    assert [c.label for c in conversation.state.constraints.binding] == ['Toy Story']
    conversation.reply('and forget about Toy Story')
    assert not conversation.state.constraints.binding


@pytest.mark.parametrize('text', ['who directed Persona?', 'have you seen Persona?', 'tell me about Persona'])
def test_question_about_an_unknown_title_is_not_about_the_current_film(conversation, text):
    first = conversation.reply('I loved Alien').recommendations[0]
    reply = ' '.join(conversation.reply(text).lines)
    assert 'Persona' in reply and first.name not in reply
