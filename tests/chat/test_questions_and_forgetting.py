"""Taking things back, names in questions, questions about the list, and wishes without data."""

from dataclasses import replace

import pytest
from chat_helpers import state_after

from benchmarks.understanding.messages import constraints_of
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Situation
from crslab_causal.chat.understanding.questions import Aspect


@pytest.mark.parametrize(
    ('text', 'left'),
    [
        ('please drop all my earlier wishes about decades and similar films', {'comedy', 'no horror'}),
        ('clear all filters, but keep the comedy', {'comedy'}),
        ('forget everything except horror', {'no horror'}),
        ('remove the decade', {'comedy', 'no horror', 'like Jaws (1975)'}),
        ('forget what I said about horror', {'comedy', '1990–1999', 'like Jaws (1975)'}),
        ("don't forget the comedy", {'comedy', '1990–1999', 'no horror', 'like Jaws (1975)'}),
    ],
)
def test_general_words_take_wishes_back(trained_interpreter, text, left):
    state = state_after(trained_interpreter, 'a comedy from the 90s, no horror', 'something like Jaws')
    understood = trained_interpreter.understand(text, state.situation)
    state.hear(text, understood)
    assert {c.name for c in state.constraints if c.binding} == left


@pytest.mark.parametrize('text', ['forget Jaws', 'please forget that I like Jaws', '/forget jaws'])
def test_liking_is_taken_back(conversation, text):
    conversation.reply('I loved Jaws and I loved Alien')
    names = conversation.recommender.names
    assert [names[entity] for entity in conversation.history] == ['Jaws (1975)', 'Alien (1979)']
    if text.startswith('/'):
        assert next(conversation.forget(text.removeprefix('/forget '))) == 'Forgotten: Jaws (1975).'
    else:
        assert 'Forgotten: Jaws (1975).' in conversation.reply(text).notes
    assert [names[entity] for entity in conversation.history] == ['Alien (1979)']
    assert [names[entity] for entity in conversation.liked] == ['Alien (1979)']


def test_forgetting_what_was_never_said_gives_no_list(conversation):
    conversation.reply('I loved Alien')
    reply = conversation.reply('please forget Tom Hanks')
    assert reply.notes == ['There was nothing of that to take back.'] and not reply.recommendations


def test_only_what_is_named_is_forgotten(interpreter, after_a_list):
    assert interpreter.understand('forget everything I said about war', after_a_list).acts == [Act.FORGET]
    assert interpreter.understand('forget everything I said', after_a_list).acts == [Act.START_OVER]


@pytest.mark.parametrize('text', ['9', '1', 'a', 'e', 'rob'])
def test_forget_takes_back_only_what_it_names(conversation, text):
    conversation.reply('I loved Alien, I have seen Robin Hood, and I hated Jaws')
    before = conversation.liked, conversation.disliked, conversation.state.seen
    assert next(conversation.forget(text)).startswith(f'There is no "{text}"')
    assert (conversation.liked, conversation.disliked, conversation.state.seen) == before


def test_franchise_is_taken_back_by_the_name_of_its_first_film(conversation):
    conversation.reply('I want a Toy Story movie')
    assert [c.label for c in conversation.state.constraints.binding] == ['Toy Story']
    conversation.reply('and forget about Toy Story')
    assert not conversation.state.constraints.binding


@pytest.mark.parametrize(
    'text',
    [
        'Who directed Alien, and is Tom Hanks in it?',
        'what did Tom Hanks play in?',
        'Who is better, Tom Hanks or Tom Cruise?',
        'What was the name of the film in which Tom Hanks is alone on an island?',
        'which films did Steven Spielberg make with Tom Hanks?',
        'Is Tom Hanks in any of them?',
    ],
)
def test_names_in_questions_show_no_taste(conversation, text):
    reply = conversation.reply(text)
    assert reply.sentences and not reply.recommendations and not reply.constraints
    assert not conversation.history and not conversation.liked


def test_questions_get_honest_answers(conversation):
    def answer(text):
        return ' '.join(conversation.reply(text).sentences)

    assert 'I have no opinions' in answer('Who is better, Tom Hanks or Tom Cruise?')
    assert 'by what happens in it' in answer('What was the name of the film in which a man is alone on an island?')
    assert '/save FILE' in answer('May I save a copy of our conversation in a file?')
    together = answer('which films did Steven Spielberg make with Tom Hanks?')
    assert 'Saving Private Ryan (1998)' in together and 'Jaws' not in together and 'Forrest Gump' not in together
    shown = conversation.reply('a film with Tom Hanks').recommendations
    assert shown and answer('Is Tom Hanks in any of them?').startswith(f'Yes: Tom Hanks is in {shown[0].name}')
    assert answer('Is Sigourney Weaver in any of these?').startswith('No: ')
    assert 'I do not know how long' in answer('which of these is the shortest?')


def test_list_without_a_mention(conversation):
    conversation.reply('I loved Alien')
    conversation.reply('I loved Toy Story')
    reply = conversation.reply('How would the list change if you ignored Alien?')
    assert 'Alien (1979) masked' in reply.lines[-1] or any('Alien (1979) masked' in line for line in reply.lines)
    assert not reply.recommendations and 'I did not understand' not in ' '.join(reply.lines)
    last = conversation.reply('What if I had not mentioned Jaws?')
    assert any('does not count for the list' in line for line in last.lines)


@pytest.mark.parametrize(
    ('text', 'remark'),
    [
        ('something like Alien, but in colour', 'in colour or in black and white'),
        ('a comedy with subtitles', 'the language or the country'),
        ('something less violent', 'how bloody or violent'),
        ('something funny but violent', 'how bloody or violent'),
        ('a British comedy', 'the language or the country'),
        ('something Korean please', 'the language or the country'),
        ('something gentle', 'the mood or the style'),
        ('a mind-bending thriller', 'the mood or the style'),
        ('an Oscar winning drama', 'ratings and awards'),
        ('something with dragons', 'I ignore "with dragons"'),
        ('a war film. no vietnam', 'I ignore "no vietnam"'),
        ('a comedy set in Paris', 'I ignore "set in paris"'),
    ],
)
def test_wish_without_data_gets_its_remark(conversation, text, remark):
    assert any(remark in note for note in conversation.reply(text).notes)


def test_feel_good_is_a_wish_for_a_comedy(trained_interpreter):
    meaning = trained_interpreter.understand('a feel-good movie')
    assert meaning.acts == [Act.WANT] and constraints_of(meaning) == ['comedy']


@pytest.mark.parametrize(
    ('text', 'names'),
    [
        ('a comedy, but not one from before 2010', ['comedy', '2010 or later']),
        ('not a movie that came out after 2000', ['before 2001']),
        ('not old, like 2015+', ['not before 1988', '2015 or later']),
        ('not old like 2015+', ['2015 or later']),
        ('nothing old, 2015 or later please', ['not before 1988', '2015 or later']),
        ('nothing new, before 1990 please', ['not 2013 or later', 'before 1990']),
        ("I'd rather not watch a horror film", ['no horror']),
        ("I've watched every Marvel movie, so none of those please", ['no Marvel']),
        ('I saw many comedies lately. Nothing like that please', ['no comedy']),
        ("I saw a lot of comedies lately so I don't want any of those", ['no comedy']),
        ('stop suggesting old movies', ['not before 1988']),
        ('stop recommending horror', ['no horror']),
        ('enough with the superhero movies', ['no superhero']),
        ('I prefer comedies, nothing after 1990', ['before 1991']),
        ("I can't stop watching horror, something like that", ['horror']),
        ('horror, but not that scary', ['horror']),
        ('a comedy, not that silly', ['comedy']),
        ("I want a comedy. I don't want that to be a limit", ['comedy']),
        ('a comedy, no more of that horror stuff', ['comedy', 'no horror']),
        ('not too new, the 90s are fine', ['not 2013 or later', '1990–1999']),
        ('Tom Hanks annoys me', ['no Tom Hanks']),
    ],
)
def test_negation_ends_where_a_person_would_end_it(trained_interpreter, text, names):
    assert [name for name in constraints_of(trained_interpreter.understand(text)) if not name.startswith('~')] == names


@pytest.mark.parametrize(
    ('text', 'asks'),
    [
        ('cool, which of these is the shortest', True),
        ('which one is the scariest?', True),
        ('ok which is the funniest', True),
        ('I watched Alien, which is the best movie', False),
    ],
)
def test_question_about_the_list_needs_no_question_mark(trained_interpreter, text, asks):
    questions = trained_interpreter.understand(text).questions
    assert [question.aspect for question in questions] == [Aspect.SUPERLATIVE] * asks


@pytest.mark.parametrize(
    ('text', 'act'),
    [
        ("I'll take Alien", Act.ACCEPT),
        ("I'll take Alien, it is a classic", Act.ACCEPT),
        ('I take Alien back', Act.FORGET),
        ('I want to take back the horror', Act.FORGET),
        ("I'll take a comedy back to back with a drama", Act.WANT),
    ],
)
def test_taking_a_film_is_not_taking_it_back(trained_interpreter, text, act):
    assert act in trained_interpreter.understand(text).acts
    assert (Act.FORGET in trained_interpreter.understand(text).acts) == (act is Act.FORGET)


def test_all_films_of_a_series_are_not_the_whole_list(trained_interpreter):
    films = {film.name: film.entity for film in trained_interpreter.facts.films.values()}
    shown = films['Die Hard (1988)'], films['Speed (1994)']
    situation = Situation(film=shown[0], shown=shown)
    for text in ("I've seen all the Toy Story movies", 'we have seen all of the Marvel movies'):
        heard = trained_interpreter.understand(text, situation).heard
        assert not {each.entity for each in heard} & {*shown}, text
    heard = trained_interpreter.understand("I've seen all of those", situation).heard
    assert {each.entity for each in heard} == {*shown}


def test_music_film_may_be_a_musical(trained_interpreter):
    constraint = replace(trained_interpreter.properties.genre('musical'), wanted=False)
    music, musicals = (trained_interpreter.facts.films_of_genre[genre] for genre in ('music', 'musical'))
    assert music - musicals and not any(constraint.allows(film) for film in music | musicals)
