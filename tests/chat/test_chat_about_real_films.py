"""Conversations about real films: lists respect the constraints, and questions are answered from the catalogue."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transcripts import read_transcripts

from crslab_causal.chat.understanding.acts import Act

MARVEL_AND_DC = (
    'Iron Man',
    'Black Panther',
    'Spider-Man',
    'X-Men',
    'Logan',
    'The Avengers',
    'Batman',
    'The Dark Knight',
    'Wonder Woman',
)


def films(conversation, reply):
    return [conversation.facts.films[film.entity] for film in reply.recommendations]


def test_wanted_genre_and_years_bind_the_list_until_they_are_taken_back(conversation):
    for text in ('I want an action movie from the 90s', 'something else', 'I loved Speed', 'another one'):
        listed = films(conversation, conversation.reply(text))
        assert listed and all('action' in film.genres and 1990 <= film.year <= 1999 for film in listed)
    reply = conversation.reply('forget the 90s')
    assert 'No longer: 1990–1999.' in reply.notes
    assert [constraint.name for constraint in reply.constraints] == ['action']
    listed = films(conversation, reply)
    assert all('action' in film.genres for film in listed) and any(film.year >= 2000 for film in listed)


def test_excluded_films_are_never_listed(conversation):
    for text in ('no superhero films please, anything but Marvel', 'an action movie', 'more', 'and with Tom Hardy?'):
        reply = conversation.reply(text)
        assert reply.recommendations
        assert not [film.name for film in reply.recommendations if film.name.startswith(MARVEL_AND_DC)]
    reply = conversation.reply('no romance')
    assert not [film for film in films(conversation, reply) if 'romance' in film.genres]
    reply = conversation.reply('something with Keanu Reeves')
    assert all('romance' not in film.genres for film in films(conversation, reply))


def test_wanted_person_comes_first(conversation):
    reply = conversation.reply('have you got anything with Harrison Ford?')
    listed = films(conversation, reply)
    ford = next(person for person in conversation.facts.people.values() if person.name == 'Harrison Ford')
    assert {film.entity for film in listed} == set(conversation.facts.films_of(ford.id))
    assert reply.sentences and listed[0].name in reply.sentences[0]


def test_children_get_only_films_for_children(conversation):
    reply = conversation.reply('My daughter is 6, we loved Frozen and Moana')
    listed = films(conversation, reply)
    assert len(listed) == 10 and all(film.genres & {'family', 'animation'} for film in listed)
    assert not {'Frozen (2013)', 'Moana (2016)'} & {film.name for film in reply.recommendations}
    reply = conversation.reply('something scary')  # there is no scary film for children
    assert all(
        film.genres & {'family', 'animation'} and 'horror' not in film.genres for film in films(conversation, reply)
    )


def test_constraints_that_nothing_satisfies_give_way_and_the_chat_says_so(conversation):
    reply = conversation.reply('a western from the 80s with Tom Hanks')
    assert any('No film that I know fits' in note and 'I left out' in note for note in reply.notes)
    assert reply.relaxed and all(constraint.name in reply.notes[-1] for constraint in reply.relaxed)
    assert all('Tom Hanks' in conversation.facts.names_of_people(f.entity, 'cast') for f in reply.recommendations)


def test_reason_is_the_person_that_was_asked_for_last(conversation):
    conversation.reply('I loved Alien')
    reply = conversation.reply('now something with Tom Hanks, please')
    assert 'it stars Tom Hanks' in reply.sentences[0]
    reply = conversation.reply('a film by Steven Spielberg')
    assert 'it is directed by Steven Spielberg' in reply.sentences[0]
    assert 'by Steven Spielberg' in [constraint.words for constraint in reply.constraints]
    assert "the seeker's" not in '\n'.join(conversation.why())


def test_exhausted_constraints_give_way_and_the_chat_says_so(conversation):
    for text in ('a western', 'more', 'more', 'more'):
        reply = conversation.reply(text)
        assert all('western' in film.genres for film in films(conversation, reply))
    while 'western' in films(conversation, reply)[0].genres:
        reply = conversation.reply('more')
    assert any('I have shown you every film' in note and 'western' in note for note in reply.notes)


def test_new_wish_replaces_one_of_its_kind_unless_it_adds_to_it(conversation):
    conversation.reply('a horror movie')
    reply = conversation.reply('it should also be funny')
    assert {constraint.name for constraint in reply.constraints} == {'horror', 'comedy'}
    assert all({'horror', 'comedy'} <= film.genres for film in films(conversation, reply))
    reply = conversation.reply('I want a romance instead')
    assert [constraint.name for constraint in reply.constraints] == ['romance']
    assert 'This replaces: horror, comedy.' in reply.notes


def test_alternatives_are_listed_together(conversation):
    listed = films(conversation, conversation.reply('a musical or a western from the 60s, 70s or 90s'))
    assert {genre for film in listed for genre in ('musical', 'western') if genre in film.genres} == {
        'musical',
        'western',
    }
    assert all(1960 <= film.year <= 1979 or 1990 <= film.year <= 1999 for film in listed)


def test_preferences_come_first_but_do_not_bind(conversation):
    reply = conversation.reply('I love westerns')
    assert not reply.constraints
    listed = films(conversation, reply)
    westerns = [film for film in conversation.facts.films.values() if 'western' in film.genres]
    assert len(listed) == 10 and sum('western' in film.genres for film in listed) == len(westerns)


@pytest.mark.parametrize(
    'text, acts',
    [
        ('thanks', {Act.THANK}),
        ('bye', {Act.LEAVE}),
        ('hello', {Act.GREET}),
        ('who is in it?', {Act.ASK_FILM}),
        ('why?', {Act.ASK_WHY}),
        ('I will watch that', {Act.ACCEPT}),
        ('asdkjh qwe zxc', {Act.UNKNOWN}),
        ('😀', {Act.UNKNOWN}),
        ('Ich suche einen Film', {Act.FOREIGN}),
        ('how are you?', {Act.SMALL_TALK}),
        ('I want to watch "Yawar Mallku"', {Act.WANT}),
        ('what can you do?', {Act.ASK_HELP}),
    ],
)
def test_message_that_asks_for_no_films_uses_up_no_recommendation(conversation, text, acts):
    first = conversation.reply('I loved Alien')
    reply = conversation.reply(text)
    assert set(reply.acts) == acts and not reply.recommendations and reply.lines
    other = conversation.reply('something else')
    if Act.ACCEPT not in acts:  # an accepted film is part of the history
        assert not {film.name for film in other.recommendations} & {film.name for film in first.recommendations}
    assert conversation.state.recommended == [first.recommendations[0].entity, other.recommendations[0].entity]


def test_films_that_were_named_seen_rejected_or_recommended_never_come_back(conversation):
    never: set[str] = set()
    texts = (
        'I loved Alien and hated Psycho',
        'not that one',
        'seen it',
        "I haven't seen Misery",
        'what about Carrie?',
        'I have seen number 2',
        'none of these',
        'more',
        'something like The Ring but not Saw',
        'I want to watch Scream',
        'more horror',
    )
    for text in texts:
        shown = [film.name for film in conversation.last_reply.recommendations]
        reply = conversation.reply(text)
        named = {heard.name for heard in reply.heard}
        if text == 'none of these':
            never |= set(shown)
        never |= named
        assert not never & {film.name for film in reply.recommendations}
        if reply.recommendations:
            never.add(reply.recommendations[0].name)
    assert {'Psycho (1960)', 'Misery (1990)', 'Saw (2004)', 'Scream (1996)'} <= never


def test_questions_are_answered_from_the_catalogue(conversation):
    def answer(text):
        reply = conversation.reply(text)
        assert not reply.recommendations
        return ' '.join(reply.sentences)

    assert answer('Who is in Alien?') == 'Alien (1979) stars Sigourney Weaver, Tom Skerritt and John Hurt.'
    assert answer('who directed it?') == 'Alien (1979) is directed by Ridley Scott.'
    directed = answer('what else did he direct?')
    assert (
        directed.startswith('Ridley Scott directed ') and directed.count('(') == 3 and 'Blade Runner (1982)' in directed
    )
    assert answer('what is it about?').startswith('The crew of a spaceship')
    assert answer('what is Heat about?') == (
        'I have no plot of Heat (1995). It is a crime and thriller film by Michael Mann with Al Pacino, '
        'Robert De Niro and Val Kilmer.'
    )
    assert answer('when was it made?') == 'Heat is from 1995.'
    assert answer('is Jaws scary?') == 'Not really: Jaws (1975) is an adventure and thriller film.'
    assert answer('is Coco good for kids?').startswith('I think so: Coco (2017)')
    assert answer('is Saw suitable for children?').startswith('Better not: Saw (2004)')
    assert answer('is Tom Hanks in Big?') == 'Yes, Tom Hanks plays in Big (1988).'
    assert answer('is Tom Hanks in Saw?').startswith('No, Tom Hanks is not among the people of Saw')
    assert answer('is it anything like Alien?').startswith('Saw (2004) and Alien (1979) are both horror films. Saw')
    assert answer('is Heat similar to Alien?').startswith(
        'I know nothing that it has in common with Alien (1979). Heat'
    )
    assert answer('is there a sequel to Die Hard?').endswith('films of Die Hard. After it: Die Hard 2 (1990).')
    assert 'Toy Story (1995), Toy Story 2 (1999) and Toy Story 3 (2010)' in answer('what are the Toy Story movies?')
    assert answer('how long is it?').startswith('That I do not know of ')
    assert answer('Who is Nora Ephron?') == (
        "Nora Ephron directed Sleepless in Seattle (1993) and You've Got Mail (1998)."
    )
    assert 'I do not know Yojimbo.' in conversation.reply('have you seen "Yojimbo"?').notes


def test_unknown_film_is_named_and_others_are_offered(conversation):
    reply = conversation.reply('I loved Yojimbo')
    assert reply.notes == ['I do not know Yojimbo.']
    (sentence,) = reply.sentences
    assert sentence.startswith('Name another film') and sentence.count('(') == 3
    assert conversation.reply('Titanic 2').notes == ['I do not know Titanic 2.']


def test_question_without_a_film_asks_which_one(conversation):
    assert conversation.reply('who is in it?').sentences == ['Which film do you mean?']
    assert conversation.reply('what else has he done?').sentences == ['Whom do you mean? Say the name.']


def test_pronouns_and_numbers_refer_to_the_last_list(conversation):
    reply = conversation.reply('I loved Alien')
    first, _, third = (film.name for film in reply.recommendations[:3])
    assert first in conversation.reply('tell me about it').sentences[-1]
    assert third in ' '.join(conversation.reply('tell me about number 3').sentences)
    accepted = conversation.reply('ok, I will watch that')
    assert accepted.sentences == [f'Good choice: enjoy {third}!']


def test_question_about_the_newest_film_is_answered_from_the_list(conversation):
    listed = films(conversation, conversation.reply('a comedy from the 80s'))
    newest = max(film.year for film in listed)
    assert f'({newest})' in conversation.reply('which one is the newest?').sentences[0]


def test_seen_series_is_never_listed(conversation):
    conversation.reply("I've seen every Harry Potter film")
    reply = conversation.reply('a fantasy film with Emma Watson')
    assert [film.name for film in reply.recommendations] == ['Beauty and the Beast (2017)']


def test_question_about_taste_is_asked_once(conversation):
    first, second = conversation.reply('recommend me a movie'), conversation.reply('any movie')
    assert first.sentences[-1].endswith('?') and not first.recommendations
    assert len(second.recommendations) == 10
    assert any('knows nothing about you' in note for note in second.notes)


def test_wildcard_is_answered_with_a_list(conversation):
    assert len(conversation.reply('surprise me').recommendations) == 10


def test_forget_lists_and_removes_constraints(conversation):
    conversation.reply('a horror movie from the 80s, no vampires')
    assert list(conversation.forget('')) == [
        'You asked for: [1] horror  [2] 1980–1989  [3] no vampire  (/forget 1 takes back the first)'
    ]
    assert next(conversation.forget('2')) == 'No longer: 1980–1989.'
    assert list(conversation.forget('vampire')) == [
        'Vampire is allowed again.',
        'You asked for: [1] horror  (/forget 1 takes back the first)',
    ]
    assert next(conversation.forget('western')) == 'There is no "western" among what you asked for or mentioned.'
    assert list(conversation.forget('all')) == ['No longer: horror.', 'Nothing limits the list.']
    assert conversation.disliked == [] and conversation.history == []


def test_reply_has_the_same_content_as_its_lines(conversation):
    lines = list(conversation.respond('I loved Alien, something from the 80s with Tom Cruise'))
    reply = conversation.last_reply
    assert reply.lines == lines
    assert lines[0] == 'Heard: Alien (1979) (liked), 1980–1989, Tom Cruise'
    assert [f'{film.rank:3d}. {film.name}' for film in reply.recommendations] == lines[-len(reply.recommendations) :]
    assert [heard.attitude for heard in reply.heard] == ['liked', 'wanted', 'wanted']
    assert [constraint.name for constraint in reply.constraints] == ['1980–1989', 'with Tom Cruise']
    assert [film.name for film in reply.recommendations] == [
        conversation.facts.names[f.entity] for f in reply.recommendations
    ]


def test_start_over_forgets_everything(conversation):
    first = conversation.reply('I loved Alien').recommendations
    conversation.reply('no horror')
    assert conversation.reply('start over').sentences == ['Let us start over.']
    assert not conversation.history and not len(conversation.state.constraints)
    assert conversation.reply('I loved Alien').recommendations == first


MESSAGES = [row.text for row in read_transcripts()]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=8))
def test_no_list_of_any_conversation_breaks_a_rule(film_system, messages):
    with film_system.conversation() as conversation:
        named: set[int] = set()
        for text in messages:
            reply = conversation.reply(text)
            if Act.START_OVER in reply.acts:
                named.clear()
            listed = {film.entity for film in reply.recommendations}
            assert reply.lines and len(listed) == len(reply.recommendations)
            named |= {heard.entity for heard in reply.heard if heard.kind == 'film'}
            assert not named & listed
            for constraint in reply.constraints:
                if not constraint.wanted or constraint.kind == 'children':
                    assert all(constraint.allows(film) for film in listed)
            if not any('I left out' in note for note in reply.notes):
                for film in listed:
                    wanted = [c for c in reply.constraints if c.wanted and not c.alternatives]
                    assert all(constraint.allows(film) for constraint in wanted)
            named |= {film.entity for film in reply.recommendations[:1]}


def test_chat_without_any_plot_says_that_it_knows_none(conversation, monkeypatch):
    without = {id: replace(film, plot=None) for id, film in conversation.facts.films.items()}
    monkeypatch.setattr(conversation.facts, 'films', without)
    monkeypatch.setattr(conversation.facts, 'has_plots', False)
    assert ' '.join(conversation.reply('what is Heat about?').sentences).endswith(
        'I know no plots. Heat (1995) is a crime and thriller film by Michael Mann with Al Pacino, Robert De Niro and '
        'Val Kilmer.'
    )
    assert 'Of films I know years, genres and people.' in ' '.join(conversation.reply('how long is it?').sentences)
