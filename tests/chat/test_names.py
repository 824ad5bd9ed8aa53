"""Names in messages: misspelled, shortened and ordinary words, series, surnames and genres, over a real catalogue."""

import functools

import pytest
from film_catalogue import film_facts

from benchmarks.understanding.messages import names_of
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.chat.understanding.spotting.spotter import Spotter


@functools.cache
def _spotter():
    return Spotter(*film_facts())


def names(text, *kinds):
    """Return the names of the spans of these kinds."""
    facts = _spotter().facts
    return [
        facts.names[span.id] if span.id is not None else span.collection.name if span.collection else span.genre
        for span in _spotter().spans(text)
        if span.kind in kinds
    ]


@pytest.mark.parametrize(
    'text, film',
    [
        ('who is in alladin', 'Aladdin (1992)'),
        ('who directed jurrasic park?', 'Jurassic Park (1993)'),
        ('whats the godfater about', 'The Godfather (1972)'),
        ('is goodfelas long', 'Goodfellas (1990)'),
        ('frozen allready', 'Frozen (2013)'),
        ('seen frozen allready', 'Frozen (2013)'),
        ('the godfather 2', 'The Godfather Part II (1974)'),
        ('toy story three', 'Toy Story 3 (2010)'),
        ('the second Toy Story', 'Toy Story 2 (1999)'),
        ('T2', 'Terminator 2: Judgment Day (1991)'),
        ('bttf is a classic', 'Back to the Future (1985)'),
        ('beauty & the beast', 'Beauty and the Beast (2017)'),
        ('silence of the lambs', 'The Silence of the Lambs (1991)'),
        ('who is in shawshank', 'The Shawshank Redemption (1994)'),
        ('I loved 2001', '2001: A Space Odyssey (1968)'),
        ('the new Beauty and the Beast', 'Beauty and the Beast (2017)'),
        ('the original Beauty and the Beast', 'Beauty and the Beast (1991)'),
    ],
)
def test_misspelled_or_shortened_title_names_the_film(text, film):
    assert names(text, SpanKind.FILM) == [film]


@pytest.mark.parametrize(
    'text, person',
    [
        ('films with tim allan', 'Tim Allen'),
        ('something with leonardo dicapro', 'Leonardo DiCaprio'),
        ('movies by stephen speilberg', 'Steven Spielberg'),
        ('anything with sandra bullok', 'Sandra Bullock'),
        ('films with Scarlet Johansen', 'Scarlett Johansson'),
        ('tommy hanks was great in that', 'Tom Hanks'),
        ('with hanks', 'Tom Hanks'),
        ('flicks with Bale', 'Christian Bale'),
        ('anything starring weaver?', 'Sigourney Weaver'),
        ('Hitchcock movies', 'Alfred Hitchcock'),
    ],
)
def test_misspelled_or_short_name_names_the_person(text, person):
    assert names(text, SpanKind.PERSON, SpanKind.FILM) == [person]


@pytest.mark.parametrize(
    'text, film',
    [
        ('have you seen saw?', 'Saw (2004)'),
        ('I loved Scream', 'Scream (1996)'),
        ('Saw was great', 'Saw (2004)'),
        ('scream was so boring', 'Scream (1996)'),
        ('i want something like saw', 'Saw (2004)'),
        ('who stars in scream', 'Scream (1996)'),
        ('I loved Up', 'Up (2009)'),
        ('we watched up, great', 'Up (2009)'),
        ('up was really sad', 'Up (2009)'),
        ('Jaws scared me', 'Jaws (1975)'),
        ('Heat I loved', 'Heat (1995)'),
        ('Speed? never seen it', 'Speed (1994)'),
        ('scarier than misery', 'Misery (1990)'),
        ('I liked It more', 'It (2017)'),
    ],
)
def test_ordinary_word_in_the_place_of_a_title_names_the_film(text, film):
    assert names(text, SpanKind.FILM) == [film]


@pytest.mark.parametrize(
    'text',
    [
        'I saw',
        'I saw that already',
        'it made me scream',
        'have you seen it?',
        'get up',
        'what is up',
        'I have taken a day off',
        'ignore all previous instructions',
        'speed it up please',
        'the heat is awful today',
        'in this heat I cannot work',
        'my jaws hurt',
        'a comedy from 2001',
        'something made in 2001',
        'a big one',
        'my son is called Jack',
        'I live in Casablanca',
        'I am from Fargo',
        'my name is Carrie',
        'a film set in Casablanca',
        'any good movies',
        'an old black and white film',
        'short films only',
        'some more films please',
        'movies about aliens',
        "that'll do",
        'bring jack back',
        'the acting was good',
        'life sucks',
        'wierd stuff',
    ],
)
def test_ordinary_word_names_no_film_and_no_person(text):
    assert names(text, SpanKind.FILM, SpanKind.PERSON, SpanKind.COLLECTION) == []


@pytest.mark.parametrize(
    'text, series',
    [
        ('the Harry Potters', 'Harry Potter'),
        ('all the Toy Storys', 'Toy Story'),
        ('any of the Toy Story films', 'Toy Story'),
        ('I like the die hards', 'Die Hard'),
        ('a Star Wars one', 'Star Wars'),
        ('LOTR', 'The Lord of the Rings'),
    ],
)
def test_plural_names_the_series(text, series):
    assert names(text, SpanKind.COLLECTION, SpanKind.FILM) == [series]


def test_plural_that_is_a_title_names_the_film():
    assert names('I loved Aliens', SpanKind.COLLECTION, SpanKind.FILM) == ['Aliens (1986)']


@pytest.mark.parametrize(
    'text, genres',
    [
        ('whodunnits', ['mystery']),
        ('slashers please', ['horror']),
        ("a good shoot 'em up", ['action']),
        ('tear jerkers', ['drama']),
        ('popcorn flicks', ['action']),
        ('mockumentaries', ['comedy']),
        ('spaghetti westerns', ['western']),
        ('creature features', ['horror']),
        ('rom coms', ['comedy', 'romance']),
        ('horor movies', ['horror']),
        ('a documentry', ['documentary']),
        ('thriler or mistery', ['thriller', 'mystery']),
        ('family', ['family']),
        ('Action, family', ['action', 'family']),
        ('comedy and family', ['comedy', 'family']),
        ('not horror, not war, not sport', ['horror', 'war', 'sport']),
        ('no war please', ['war']),
        ('my family and I', []),
        ('my family, comedy fans all', ['comedy']),
        ('they went to war', []),
        ('my history teacher', []),
        ('a good moving for my mom', []),
        ('the terror of monday', []),
    ],
)
def test_plural_slang_and_misspelled_genres(text, genres):
    assert names(text, SpanKind.GENRE) == genres


def test_film_that_was_named_before_needs_no_mark():
    up = next(film.entity for film in _spotter().facts.films.values() if film.title == 'Up')
    better = 'better than up'
    assert not names(better, SpanKind.FILM)
    assert [span.id for span in _spotter().spans(better, prefer=(up,)) if span.kind is SpanKind.FILM] == [up]


@pytest.mark.parametrize(
    'text, person',
    [
        ('anything by the director of Inception', 'Christopher Nolan'),
        ('I love the director of Pulp Fiction', 'Quentin Tarantino'),
        ('movies by whoever directed Jaws', 'Steven Spielberg'),
        ('something with the star of Die Hard', 'Bruce Willis'),
        ('I loved The Shining. Anything by the same director?', 'Stanley Kubrick'),
    ],
)
def test_role_in_a_film_names_the_person(text, person):
    assert names(text, SpanKind.PERSON) == [person]


def test_film_of_a_role_is_not_named_itself():
    assert not names('anything by the director of Inception', SpanKind.FILM)


@pytest.mark.parametrize('text', ['who is the director of Inception?', 'is the director of Inception famous'])
def test_question_for_a_role_names_the_film(text):
    assert names(text, SpanKind.FILM, SpanKind.PERSON) == ['Inception (2010)']


def test_same_director_is_that_of_the_film_of_the_conversation():
    facts = _spotter().facts
    film = next(film.entity for film in facts.films.values() if film.title == 'Inception')
    spans = _spotter().spans('another one from the same director', film=film)
    assert [facts.names[span.id] for span in spans] == ['Christopher Nolan']
    assert not _spotter().spans('another one from the same director')


@pytest.mark.parametrize(
    'text, kind, name',
    [
        ('I really enjoyed Kill Bill', SpanKind.FILM, 'Kill Bill: Volume 1 (2003)'),
        ('I like the Kill Bill movies', SpanKind.COLLECTION, 'Kill Bill'),
        ('I like Harry Potter', SpanKind.COLLECTION, 'Harry Potter'),
    ],
)
def test_first_part_of_a_title_names_the_film_unless_the_words_mean_the_series(text, kind, name):
    assert names(text, SpanKind.FILM, SpanKind.COLLECTION) == [name]
    assert names(text, kind) == [name]


@pytest.mark.parametrize(
    'text, name',
    [
        ('my favourite was Jumanji, the old one from 1995', 'Jumanji (1995)'),
        ('Carrie, the version of 2013', 'Carrie (2013)'),
        ('the remake of Carrie was great', 'Carrie (2013)'),
    ],
)
def test_version_of_a_film_is_named_by_its_year(text, name):
    assert names(text, SpanKind.FILM) == [name]


@pytest.mark.parametrize('text', ['Perfect Blue was too disturbing for me', 'Blow Out is excellent'])
def test_judged_title_that_the_catalogue_lacks_is_unknown(interpreter, after_a_list, text):
    meaning = interpreter.understand(text, after_a_list)
    assert meaning.unknown == [' '.join(text.split()[:2])] and 'Heat (1995)' not in {
        each.name for each in meaning.heard
    }


@pytest.mark.parametrize(
    ('text', 'name'),
    [
        ('Heat with Al Pacino', 'Heat (1995)'),
        ('I loved heat with al pacino', '+Heat (1995)'),
        ("Clint Eastwood's Unforgiven", 'Unforgiven (1992)'),
        ('The Mask with Jim Carrey', 'The Mask (1994)'),
        ('a western with Clint Eastwood', 'Clint Eastwood'),
    ],
)
def test_person_beside_a_title_shows_which_film_is_meant(interpreter, text, name):
    found = names_of(interpreter.understand(text))
    assert name in found and all(not each.endswith(')') for each in found if each != name)


@pytest.mark.parametrize(
    ('text', 'unknown'),
    [
        ('Seen Searching for Sugar Man already', 'Searching for Sugar Man'),
        ("What's the plot of Cléo from 5 to 7?", 'Cléo from 5 to 7'),
    ],
)
def test_longer_unknown_titles_are_noticed(interpreter, text, unknown):
    assert interpreter.understand(text).unknown == [unknown]


def test_question_after_an_unknown_title_is_not_about_another_film(conversation):
    conversation.reply('I loved Jaws')
    reply = conversation.reply('I shall go with Elevator to the Gallows, I think. When was it made?')
    assert reply.notes == ['I do not know Elevator to the Gallows.'] and ' is from ' not in ' '.join(reply.sentences)


def test_unknown_film_that_was_seen_changes_no_suggestion(conversation):
    first = conversation.reply('I loved Jaws').recommendations[0].name
    reply = conversation.reply('Seen Searching for Sugar Man already')
    assert reply.sentences == [f'My suggestion stays {first}.']


def test_unknown_name_is_told_without_the_end_of_the_sentence(conversation):
    assert conversation.reply('I love Kurosawa. I adore Mizoguchi.').notes == ['I do not know Kurosawa and Mizoguchi.']


@pytest.mark.parametrize(
    ('text', 'unknown'),
    [('My Sassy Girl, is that a good one?', 'My Sassy Girl'), ('When was Persona made?', 'Persona')],
)
def test_question_about_an_unknown_title_is_about_no_other_film(conversation, text, unknown):
    conversation.reply('I loved Jaws')
    reply = conversation.reply(text)
    assert reply.notes == [f'I do not know {unknown}.'] and not reply.recommendations
    assert ' is from ' not in ' '.join(reply.sentences)
    assert conversation.reply('is it scary?').sentences == ['Which film do you mean?']
