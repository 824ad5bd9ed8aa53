"""Matching of titles in free form."""

import json
import pickle
import re

import pytest

from crslab_causal.base.errors import UserError
from crslab_causal.llm.entity_linking.titles import (
    MAX_CACHED_TITLES,
    TitleMatcher,
    agreement,
    content_words,
    parse_title,
    strip_markup,
    title_words,
    word_overlap,
)

DBPEDIA = '<http://dbpedia.org/resource/{}>'
NAMES = [
    DBPEDIA.format(name)
    for name in (
        'It_(2017_film)',
        'It_(1990_miniseries)',
        'It_Follows',
        'The_Avengers_(1998_film)',
        'The_Avengers_(2012_film)',
        'Alien_(film)',
        'Alien_3',
        'Seven_(1995_film)',
        'The_Matrix',
        'Amélie',
        'WALL-E',
        "Ocean's_11",
        "Ocean's_Twelve",
        'Rocky_II',
        'Rocky_III',
        'The_Empire_Strikes_Back',
        'Borat_(2006_film)',
        '(500)_Days_of_Summer',
        'Kill_Bill:_Volume_1',
        'Fast_&_Furious_(2009_film)',
        'The_Fast_and_the_Furious_(2001_film)',
        'Blade_Runner_(1982_film)',
        'Blade_Runner_2049',
        'Inglourious_Basterds',
        'Fargo_(film)',
        'Spider-Man_(2002_film)',
        'MASH_(film)',
        '300_(film)',
        'Dr._Strangelove_(1964_film)',
        'Why_Him%3F',
        'E.T._the_Extra-Terrestrial',
        'Man_on_Wire',
        'Black_Mass_(film)',
        'Harry_Potter_and_the_Deathly_Hallows_–_Part_1',
        'Harry_Potter_and_the_Deathly_Hallows_–_Part_2',
        'Back_to_the_Future',
        'Back_to_the_Future_Part_II',
        'The_Godfather',
        'The_Godfather_Part_II',
        'Die_Hard',
        'Die_Hard_2',
        'Terminator_2:_Judgment_Day',
        'Star_Wars:_Episode_IV_–_A_New_Hope',
        'Hellraiser_(1987_film)',
        'Insidious:_Chapter_3',
        'Chapter_27',
    )
]


def name(index):
    return None if index is None else re.sub(r'^<.*/resource/|>$', '', NAMES[index])


@pytest.fixture(scope='module')
def matcher():
    return TitleMatcher(NAMES)


@pytest.mark.parametrize(
    'title, expected',
    [
        ('It (2017)', 'It_(2017_film)'),
        ('It (1990)', 'It_(1990_miniseries)'),
        ('It (TV miniseries)', 'It_(1990_miniseries)'),
        ('It (1927)', None),
        ('It Follows (2014)', 'It_Follows'),
        ('It Comes at Night', None),
        ('The Avengers (1998)', 'The_Avengers_(1998_film)'),
        ('The Avengers (2012)', 'The_Avengers_(2012_film)'),
        ('Avengers (2012)', 'The_Avengers_(2012_film)'),
        ('Avengers, The (2012)', 'The_Avengers_(2012_film)'),
        ('The Avengers (2011)', 'The_Avengers_(2012_film)'),
        ('The Avengers (2005)', None),
        ('Alien 3', 'Alien_3'),
        ('Alien³ (1992)', 'Alien_3'),
        ('Alien3', 'Alien_3'),
        ('ALIEN III', 'Alien_3'),
        ('Alien', 'Alien_(film)'),
        ('Aliens', None),
        ('Alien 4', None),
        ('Se7en', 'Seven_(1995_film)'),
        ('Seven (1995)', 'Seven_(1995_film)'),
        ('Matrix, The (1999)', 'The_Matrix'),
        ('the matrix', 'The_Matrix'),
        ('Amelie', 'Amélie'),
        ('Ame\u0301lie (2001)', 'Amélie'),
        ('WALL·E', 'WALL-E'),
        ('Walle', 'WALL-E'),
        ('Ocean’s Eleven', "Ocean's_11"),
        ('Oceans 11', "Ocean's_11"),
        ("Ocean's 12", "Ocean's_Twelve"),
        ('Rocky 2', 'Rocky_II'),
        ('Rocky III', 'Rocky_III'),
        ('Rocky IV', None),
        ('Rocky', None),
        ('Star Wars: Episode V - The Empire Strikes Back (1980)', 'The_Empire_Strikes_Back'),
        ('Borat: Cultural Learnings of America (2006)', 'Borat_(2006_film)'),
        ('Borat: Cultural Learnings of America', None),
        ('Alien: Covenant (2017)', None),
        ('Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb (1964)', 'Dr._Strangelove_(1964_film)'),
        ('(500) Days of Summer (2009)', '(500)_Days_of_Summer'),
        ('Kill Bill: Vol. 1', 'Kill_Bill:_Volume_1'),
        ('Kill Bill Volume One (2003)', 'Kill_Bill:_Volume_1'),
        ('Kill Bill: Vol. 2', None),
        ('Fast and Furious', 'Fast_&_Furious_(2009_film)'),
        ('The Fast and the Furious', 'The_Fast_and_the_Furious_(2001_film)'),
        ('Fast & Furious (2001)', 'The_Fast_and_the_Furious_(2001_film)'),
        ('Blade Runner 2049', 'Blade_Runner_2049'),
        ('Blade Runner 2049 (2017)', 'Blade_Runner_2049'),
        ('Blade Runner 1982', 'Blade_Runner_(1982_film)'),
        ('Blade Runner, 1982', 'Blade_Runner_(1982_film)'),
        ('Blade Runner 1997', None),
        ('The Matrix 1999', None),
        ('Inglorious Basterds', 'Inglourious_Basterds'),
        ('Inglourious Bastards (2009)', 'Inglourious_Basterds'),
        ('Fargo (1996)', 'Fargo_(film)'),
        ('Fargo (TV series)', None),
        ('Spiderman', 'Spider-Man_(2002_film)'),
        ('Spider Man 2', None),
        ('M*A*S*H (1970)', 'MASH_(film)'),
        ('300', '300_(film)'),
        ('Why Him?', 'Why_Him%3F'),
        ('ET the extraterrestrial', 'E.T._the_Extra-Terrestrial'),
        ('Black Mask', None),
        ('Man on Fire', None),
        ('Harry Potter and the Deathly Hallows: Part 2', 'Harry_Potter_and_the_Deathly_Hallows_–_Part_2'),
        ('Harry Potter and the Deathly Hallows: Part III', None),
        ('Back to the Future 2', 'Back_to_the_Future_Part_II'),
        ('Back to the Future, Part Two (1989)', 'Back_to_the_Future_Part_II'),
        ('Back to the Future Part 3', None),
        ('Back to the Future: Episode III', None),
        ('The Godfather II (1974)', 'The_Godfather_Part_II'),
        ('Godfather, The: Part II', 'The_Godfather_Part_II'),
        ('The Godfather Vol. 2', 'The_Godfather_Part_II'),
        ('The Godfather III', None),
        ('Die Hard 2: Die Harder (1990)', 'Die_Hard_2'),
        ('Die Hard 2: Die Harder', 'Die_Hard_2'),
        ('Die Hard: Die Harder', None),
        ('Die Hard 3: Die Hardest', None),
        ('Terminator 2', 'Terminator_2:_Judgment_Day'),
        ('Terminator 2 (1991)', 'Terminator_2:_Judgment_Day'),
        ('Terminator', None),
        ('Terminator 3: Rise of the Machines', None),
        ('Star Wars Episode 4', 'Star_Wars:_Episode_IV_–_A_New_Hope'),
        ('Star Wars IV: A New Hope', 'Star_Wars:_Episode_IV_–_A_New_Hope'),
        ('Star Wars', None),
        ('Hellraiser 2: Hellbound', None),
        ('Insidious 3', 'Insidious:_Chapter_3'),
        ('Insidious Pt. III', 'Insidious:_Chapter_3'),
        ('Insidious', None),
        ('27', None),
        ('Chapter 27', 'Chapter_27'),
        ('Chapter 27: The Lynching of a Beatle', None),
        ('1. Man on Wire', 'Man_on_Wire'),
        ('12) **Man on Wire** (2008)', 'Man_on_Wire'),
        ('- *Man on Wire*', 'Man_on_Wire'),
        ('## "Man on Wire" (2008) – a documentary', 'Man_on_Wire'),
        ('3. __Man on Wire__', 'Man_on_Wire'),
        ('“Man on Wire,”', 'Man_on_Wire'),
        ('**1. Man on Wire**', None),
        ('', None),
        ('   ', None),
        ('???', None),
        ('1.', None),
        ('(2017)', None),
        ('🎬', None),
        ('the', None),
        ('a' * 10000, None),
        ('花ざかりの君たちへ', None),
    ],
)
def test_title_matches_the_expected_item(title, expected, matcher):
    assert name(matcher.match(title)) == expected


def test_every_name_matches_itself(matcher):
    assert matcher.match_all(NAMES) == list(range(len(NAMES)))


def test_without_a_year_popularity_decides_then_kind_then_position():
    names = ['Up (play)', 'Up (2009)', 'Up (1984)']
    assert TitleMatcher(names).match('up') == 1
    assert TitleMatcher(names, [1, 2, 3]).match('up') == 2
    assert TitleMatcher(names, [3, 2, 1]).match('up') == 0
    assert TitleMatcher(names, [3, 2, 1]).match('up (1984)') == 2


def test_year_that_differs_by_one_is_the_last_choice():
    assert TitleMatcher(['Heat (1996)', 'Heat (1995)']).match('Heat (1995)') == 1
    assert TitleMatcher(['Taxi Driver (1977)', 'Taxi Driver']).match('Taxi Driver (1976)') == 1
    assert TitleMatcher(['Taxi Driver (1977)']).match('Taxi Driver (1976)') == 0
    assert TitleMatcher(['Taxi Driver (1978)']).match('Taxi Driver (1976)') is None


def test_name_with_brackets_matches_with_and_without_them():
    matcher = TitleMatcher(['The Blob (Horror Film) #28', 'The Last Summer (of You and Me)'])
    assert matcher.match_all(['Blob', 'The Last Summer', 'The Last Summer of You and Me']) == [0, 1, 1]


def test_titles_match_the_same_one_by_one_and_repeatedly(matcher):
    titles = ['Se7en', 'It (2017)', 'none such', 'Se7en']
    one_by_one = [TitleMatcher(NAMES).match(title) for title in titles]
    assert matcher.match_all(titles) == one_by_one == matcher.match_all(titles)
    assert matcher.match_all([]) == []


def test_an_empty_catalogue_matches_nothing():
    assert TitleMatcher([]).match_all(['It', 'Se7en (1995)']) == [None, None]
    assert TitleMatcher(['???']).match('???') is None


def test_popularity_of_another_length_is_rejected():
    with pytest.raises(UserError, match='2 names, but 1 values'):
        TitleMatcher(['It', 'Up'], [1])


def test_cache_of_a_matcher_is_bounded():
    matcher = TitleMatcher(['Heat (1995)', 'Alien (1979)'])
    empty = len(pickle.dumps(matcher))
    for part in range(4):
        titles = [f'Nothing {part} {number}' for number in range(MAX_CACHED_TITLES // 2 + 1)]
        assert matcher.match_all([*titles, 'Heat', 'Alien 1979']) == [None] * len(titles) + [0, 1]
        assert matcher.match_all(['Alien', 'Heat', 'Alien']) == [1, 0, 1]
        assert len(pickle.dumps(matcher)) < empty + 30 * MAX_CACHED_TITLES


def test_words_of_a_title_are_normalized():
    assert title_words('Ocean’s 11: Amélie & the S.W.A.T. Æon³') == [
        'oceans',
        '11',
        'amelie',
        'and',
        'the',
        'swat',
        'aeon',
        '3',
    ]
    assert content_words(['the', 'rocky', 'ii', 'vol', 'three']) == ['rocky', '2', '3']
    assert content_words(['chapter', 'two', 'part', 'of']) == ['chapter', '2', 'part', 'of']
    assert content_words(['the']) == ['the']


def test_markup_is_removed():
    assert strip_markup('10. **10 Things I Hate About You (1999)**: a comedy') == '10 Things I Hate About You (1999)'
    assert strip_markup('12 Monkeys') == '12 Monkeys'
    assert strip_markup('(500) Days of Summer') == '(500) Days of Summer'


@pytest.mark.parametrize(
    'a, b, share',
    [
        ('pursuit of happyness', 'pursuit of happiness', 1),
        ('black mask', 'black mass', 0.5),
        ('it', 'it follows', 0.5),
        ('identity thief', 'identity theft', 0.5),
        ('little prince', 'little princess', 0.5),
        ('rocky 2', 'rocky 3', 0),
        ('contact', 'contract', 0),
        ('impossible', 'imposible', 1),
        ('', '', 0),
        ('a b c d e f g h i j', 'a b c d e f g h i k', 0.9),
    ],
)
def test_word_overlap_equals_the_expected_share(a, b, share):
    assert word_overlap(a.split(), b.split()) == word_overlap(b.split(), a.split()) == share


# ---------------------------------------------------------------- real catalogues


@pytest.fixture(scope='module')
def redial(load_real):
    """URIs of the items of ReDial."""
    import tiny

    folder = tiny.real_data() / 'redial' / 'nltk'
    name_of = {number: name for name, number in json.loads((folder / 'entity2id.json').read_text('utf-8')).items()}
    return [name_of[number] for number in json.loads((folder / 'movie_ids.json').read_text('utf-8'))]


def test_nearly_all_real_names_match_themselves_or_an_equal_title(redial):
    matcher = TitleMatcher(redial)
    matches = matcher.match_all(redial)
    assert None not in matches
    for name, other in zip(map(parse_title, redial), matches):
        assert {form.sorted for form in name.forms} & {form.sorted for form in parse_title(redial[other]).forms}
    assert sum(i == j for i, j in enumerate(matches)) > 0.98 * len(redial)


def test_hardly_any_real_names_are_confused(redial):
    """Each name is compared to all names that do not have the same words."""
    matcher = TitleMatcher(redial)
    titles = [parse_title(name) for name in redial]
    similar = [
        (min(redial[i], redial[j]), max(redial[i], redial[j]))
        for i, near in enumerate(matcher._similar(titles))
        for j, ratio in near
        if ratio > -100 and agreement(titles[i], titles[j]) is not None
    ]
    assert len(set(similar)) <= 5
