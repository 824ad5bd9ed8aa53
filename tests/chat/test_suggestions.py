"""What happens to the suggestion: it stays, another film takes its place, or it is accepted; and lengths of lists."""

import pytest

from crslab_causal.chat.understanding.meaning import Situation


@pytest.mark.parametrize('text', ['English only please', 'not too long', 'set in Norway please'])
def test_wish_that_cannot_be_met_keeps_the_suggestion(conversation, text):
    conversation.reply('a thriller')
    first = conversation.recommender.names[conversation.state.shown[0]]
    reply = conversation.reply(text)
    assert f'My suggestion stays {first}.' in ' '.join(reply.sentences)
    assert not reply.recommendations and reply.notes


@pytest.mark.parametrize('text', ['something shorter please', 'another one, English only'])
def test_request_for_another_film_is_met_although_its_wish_is_not(conversation, text):
    conversation.reply('a thriller')
    assert conversation.reply(text).recommendations


@pytest.mark.parametrize('text', ['no musicals', "can't stand Tom Cruise", 'but no westerns please'])
def test_suggestion_that_an_exclusion_allows_is_kept(conversation, text):
    conversation.reply('a thriller')
    first = conversation.recommender.names[conversation.state.shown[0]]
    reply = conversation.reply(text)
    assert f'My suggestion stays {first}.' in ' '.join(reply.sentences)
    assert not any(constraint.wanted for constraint in reply.constraints if constraint.label != 'thriller')


def test_suggestion_that_an_exclusion_forbids_is_replaced(conversation):
    conversation.reply('a thriller')
    first = conversation.state.shown[0]
    genre = sorted(conversation.facts.films[first].genres - {'thriller'})[0]
    reply = conversation.reply(f'no {genre}')
    assert reply.recommendations and reply.recommendations[0].entity != first


@pytest.mark.parametrize('text', ['no musicals, something else', 'not that one, and no musicals'])
def test_request_for_another_film_beside_an_exclusion_is_met(conversation, text):
    conversation.reply('a thriller')
    first = conversation.state.shown[0]
    reply = conversation.reply(text)
    assert reply.recommendations and reply.recommendations[0].entity != first


@pytest.mark.parametrize('text', ["I'll watch that after all", 'bet, adding that to my list'])
def test_only_the_suggestion_is_accepted(conversation, text):
    conversation.reply('a thriller from 1995')
    first = conversation.state.shown[0]
    conversation.reply(text)
    assert conversation.state.chosen == {first}


# ------------------------------------------------------------ number of films


@pytest.mark.parametrize(
    'text, n',
    [
        ('can you give me three good crime films?', 3),
        ('suggest 5 recent thrillers', 5),
        ('show me two more', 2),
        ('give me three films, but not war films', 3),
        ('I have 2 kids, any good movies?', None),
        ('any two hour movies?', None),
        ('give me a film from 2 years ago', None),
        ('do you know any of the three Godfather movies', None),
        ('give me 50 films', None),
    ],
)
def test_number_of_films_that_a_message_asks_for(interpreter, text, n):
    assert interpreter.understand(text, Situation()).n_films == n


def test_list_has_as_many_films_as_the_message_asks_for(conversation):
    assert len(conversation.reply('give me three thrillers').recommendations) == 3
    assert len(conversation.state.shown) == 3
    assert len(conversation.reply('something else').recommendations) > 3


def test_film_is_not_listed_again_under_its_title_without_a_year(conversation, monkeypatch):
    first = conversation.reply('I loved Jaws').recommendations[0].entity
    conversation.reset()
    monkeypatch.setattr(conversation.facts, 'undated_copies', {first: first})
    shown = [film.entity for film in conversation.reply('I loved Jaws').recommendations]
    assert shown and first not in shown


def test_films_like_another_one_start_with_those_of_the_same_genres(conversation):
    conversation.reply('I loved Heat, Toy Story and Titanic')
    films = conversation.facts.films
    heat = next(film for film in films.values() if film.name == 'Heat (1995)')
    shown = [films[film.entity].genres for film in conversation.reply('something like Heat').recommendations]
    shares = [len(genres & heat.genres) / len(genres | heat.genres) for genres in shown]
    assert shares[0] >= 0.5
    assert sorted((share >= 0.5 for share in shares), reverse=True) == [share >= 0.5 for share in shares]


@pytest.mark.parametrize('text', ['English only, please', 'French films only', 'no subtitles please'])
def test_wish_without_data_keeps_the_suggestion(conversation, text):
    first = conversation.reply('I loved Alien').recommendations[0]
    reply = conversation.reply(text)
    assert reply.sentences == [f'My suggestion stays {first.name}.'] and not conversation.state.chosen


def test_alternatives_are_shown_with_or(conversation):
    lines = list(conversation.respond('a comedy or a western'))
    assert 'You asked for: [1] comedy  or [2] western  (/forget 1 takes back the first)' in lines


def test_reply_to_an_unknown_taste_claims_no_taste(conversation):
    reply = conversation.reply('something from the 80s')
    assert not conversation.history
    assert 'told me' not in ' '.join(reply.sentences) and 'talked about' not in ' '.join(reply.sentences)
