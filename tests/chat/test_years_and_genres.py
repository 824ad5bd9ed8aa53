"""Spans of years and genres in a text."""

import pytest

from crslab_causal.chat.films.genres import find_genres, genres_of_name
from crslab_causal.chat.understanding.years.finder import find_years
from crslab_causal.chat.understanding.years.span import Years


@pytest.mark.parametrize(
    'text, labels',
    [
        ('from the 90s', ['1990–1999']),
        ('a film from the 90 years', ['1990–1999']),
        ('from the years 80 please', ['1980–1989']),
        ('something from the 80s before 1985', ['1980–1984']),
        ('from the 1990s, after 1995', ['1996–1999']),
        ('not before 1980 and not after 1985', ['1980–1985']),
        ('from the 80s and 90s', ['1980–1989', '1990–1999']),
        ('a movie from 60 years ago', []),
        ('I have not seen a film in 30 years', []),
        ('nineties comedies', ['1990–1999']),
        ("a movie from the '80s", ['1980–1989']),
        ('the 2000s', ['2000–2009']),
        ('in 1999', ['1999']),
        ('made in 1999', ['1999']),
        ('before 1980', ['before 1980']),
        ('pre-1960', ['before 1960']),
        ('nothing before 2000', ['2000 or later']),
        ('not older than 2000', ['2000 or later']),
        ('after 2010', ['2011 or later']),
        ('since 2000', ['2000 or later']),
        ('2000 or later', ['2000 or later']),
        ('from 2010 on', ['2010 or later']),
        ('nothing newer than 2005', ['before 2006']),
        ('between 1990 and 2000', ['1990–2000']),
        ('from 1990 to 1995', ['1990–1995']),
        ('1990-1995', ['1990–1995']),
        ('between the 70s and the 90s', ['1970–1999']),
        ('early 90s', ['1990–1994']),
        ('late 80s', ['1985–1989']),
        ('80s or 90s', ['1980–1989', '1990–1999']),
        ('last ten years', ['2009 or later']),
        ('this century', ['2000 or later']),
        ('something new', ['2014 or later']),
        ('a recent comedy', ['2014 or later']),
        ('that came out recently', ['2014 or later']),
        ('an old movie', ['before 1989']),
        ('classics', ['before 1989']),
        ('1994', ['1994']),
        ('something from before I was born (1985)', ['before 1985']),
        ('before we were born in 1985', ['before 1985']),
        ('after I was born in 1985', ['1986 or later']),
        # no years of films
        ('my 6 year old', []),
        ('how old is it', []),
        ('in my 20s', []),
        ('I recently saw it', []),
        ('new to me', []),
        ('an old friend', []),
        ('it cost 2000 dollars', []),
        ('300 films', []),
        ('which one is the newest?', []),
        ('', []),
    ],
)
def test_years_of_a_text_are_found(text, labels):
    assert [span.years.label for span in find_years(text, latest=2018)] == labels


def test_unwanted_years_are_marked():
    assert [span.is_excess for span in find_years('not too old, please', 2018)] == [True]
    assert [span.is_excess for span in find_years('something old', 2018)] == [False]


def test_span_of_years_contains_its_limits():
    assert 1990 in Years(1990, 1999) and 1999 in Years(1990, 1999) and 2000 not in Years(1990, 1999)
    assert 1800 in Years(None, 1999) and 3000 in Years(2000, None) and None not in Years(None, None)


@pytest.mark.parametrize(
    'text, genres',
    [
        ('a good horror movie', ['horror']),
        ('something funny', ['comedy']),
        ('a rom-com please', ['comedy', 'romance']),
        ('a funny action movie', ['comedy', 'action']),
        ('sci-fi, scifi or science fiction', ['science fiction'] * 3),
        ('make me laugh', ['comedy']),
        ('scary', ['horror']),
        ('something that is really scary', ['horror']),
        ('a film noir', ['film noir']),
        ('family movies', ['family']),
        ('World War 2', ['war']),
        ('movies that focus more on history!', ['history']),
        ('Not about politics, not about war. Nature.', ['war']),
        ('something about sports', ['sport']),
        ('I want to be scared', ['horror']),
        # descriptions and other words
        ('it was funny', []),
        ('Jim Carrey is hilarious', []),
        ('it made me laugh', []),
        ('a few funny moments', []),
        ('my family', []),
        ('sports car', []),
        ('', []),
    ],
)
def test_genres_are_found_in_wishes(text, genres):
    assert sorted(span.genre for span in find_genres(text) if span.is_wish) == sorted(genres)


def test_too_much_of_a_genre_is_marked():
    assert [span.is_excess for span in find_genres('not too scary')] == [True]
    assert [span.is_excess for span in find_genres('less romantic')] == [True]
    assert [span.is_excess for span in find_genres('scary')] == [False]


@pytest.mark.parametrize(
    'name, genres',
    [
        ('Sci-Fi', {'science fiction'}),
        ('Science_fiction', {'science fiction'}),
        ('Romantic comedy', {'romance', 'comedy'}),
        ('Film-Noir', {'film noir'}),
        ('Family (Film genre) #395', {'family'}),
        ('Music', {'music'}),
        ('Musical', {'musical'}),
        ('Talk-Show', {'talk-show'}),
    ],
)
def test_names_of_catalogues_are_unified(name, genres):
    assert genres_of_name(name) == genres
