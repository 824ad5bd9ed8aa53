"""Facts about films, and the names that people see: from movie_titles.json, and without it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.data.dataset.display_names import display_names, film_name, token_names
from crslab_causal.data.dataset.films import Film, films_from_graph, films_from_titles
from crslab_causal.llm.detokenization import UNNAMED, detokenize
from tiny import ALIEN, BIG, GODFATHER, HEAT, ITEMS, PACINO, STAR_WARS

TITLES = {
    str(ALIEN): {
        'title': 'Alien',
        'year': 1979,
        'genre': ['Horror'],
        'director': ['Ridley Scott'],
        'stars': ['Sigourney Weaver', 'Ian Holm'],
        'redial_ids': ['101', '199'],
    },
    str(HEAT): {'title': 'Heat', 'year': 1995, 'genre': [], 'director': [], 'stars': [], 'redial_ids': ['102']},
    str(BIG): {'title': 'Why Big%3F &amp; Small', 'year': None, 'genre': ['Comedy'], 'director': [], 'stars': []},
}


def load_with_titles(root, titles):
    folder = tiny.write_redial(root)
    (folder / 'movie_titles.json').write_text(json.dumps(titles), 'utf-8')
    return tiny.load('ReDial', root)


def test_titles_and_years_are_the_names_of_films(tmp_path):
    side_data = load_with_titles(tmp_path, TITLES).side_data
    names = side_data['display_names']
    assert [names[item] for item in ITEMS] == [
        'Alien (1979)',
        'Heat (1995)',
        'Why Big? & Small',
        'Star Wars',
        'The Godfather',
    ]
    assert names[PACINO] == 'Al Pacino'
    assert side_data['item_names'] == ['Alien', 'Heat', 'Big', 'Star Wars', 'The Godfather']  # the identity


def test_film_without_a_dbpedia_page_is_named_by_its_redial_id(tmp_path):
    """The text of tiny has @199, which no list of movies resolves."""
    plain = tiny.load('ReDial', tiny.write_redial(tmp_path / 'plain').parents[1])
    titled = load_with_titles(tmp_path / 'titled', TITLES)
    text = next(text for sample in plain.train_data for _, text in sample['context_text'] if '@199' in text)
    assert UNNAMED in detokenize(text, plain.side_data['name_of_token'])
    assert 'Alien (1979)' in detokenize(text, titled.side_data['name_of_token'])
    assert [s['context_mentions'] for s in titled.train_data] == [s['context_mentions'] for s in plain.train_data]


def test_the_graph_adds_the_people_that_the_titles_lack(tmp_path):
    films = load_with_titles(tmp_path, TITLES).side_data['films']
    assert films[ALIEN] == Film(
        'Alien', 1979, ('Horror',), ('Ridley Scott',), ('Sigourney Weaver', 'Ian Holm'), '', ('@101', '@199')
    )
    assert films[GODFATHER] == Film() == films[STAR_WARS]  # relations of ReDial's tiny graph have no names


def test_year_and_people_come_from_the_graph(tmp_path):
    tiny.write_opendialkg(tmp_path)
    side_data = tiny.load('OpenDialKG', tmp_path).side_data
    assert side_data['films'][ALIEN] == Film('', None, ('Science fiction',), ('Ridley Scott',), ())
    assert side_data['films'][HEAT].stars == ('Al Pacino',)
    edges = [(1, 7, 0), (7, 1, 0), (1, 8, 0), (1, 5, 1), (2, 5, 1), (6, 1, 1), (1, 2, 1), (1, 9, 2), (1, 1, 1)]
    films = films_from_graph(
        edges,
        {0: '<http://x/release_year>', 1: 'starring', 2: 'directed_by'},
        {1: 'A', 2: 'B', 5: 'Known', 6: 'Ann', 7: '1999', 8: '1980', 9: 'Dee'},
        [1, 2],
    )
    assert films[1] == Film('', 1980, (), ('Dee',), ('Known', 'Ann'))
    assert display_names({1: 'A', 2: 'B (2001 film)'}, [1, 2], {1: films[1], 2: films[1]}) == {
        1: 'A (1980)',
        2: 'B (2001)',
    }


@pytest.mark.parametrize(
    'uri, name',
    [
        ('<http://dbpedia.org/resource/Up_(film_score)>', 'Up'),
        ('<http://dbpedia.org/resource/Die_Hard_(series)>', 'Die Hard'),
        ('<http://dbpedia.org/resource/Shrek_(franchise)>', 'Shrek'),
        ('<http://dbpedia.org/resource/Jumanji_(2017_sequel)>', 'Jumanji (2017)'),
        ('<http://dbpedia.org/resource/Burlesque_(2010_Australian_film)>', 'Burlesque (2010)'),
        ('<http://dbpedia.org/resource/It_(1990_film)>', 'It (1990)'),
        ('<http://dbpedia.org/resource/Cosmos_(TV_series)>', 'Cosmos (TV series)'),
        ('<http://dbpedia.org/resource/Fargo_(2014_TV_series)>', 'Fargo (2014 TV series)'),
        ('<http://dbpedia.org/resource/Insidious_(Mephisto_Walz_album)>', 'Insidious'),
        ('<http://dbpedia.org/resource/Amélie>', 'Amélie'),
        ('<http://dbpedia.org/resource/Why_Him%3F>', 'Why Him?'),
        ('105300', 'unnamed film 105300'),
        ('300', '300'),
        ('2012', '2012'),
        ('Heat (1995 film)', 'Heat (1995)'),
        ('Precious (Based on the Novel)', 'Precious'),
        ('Birdman (Or Not)', 'Birdman (Or Not)'),
        ('(500) Days of Summer', '(500) Days of Summer'),
    ],
)
def test_name_of_a_film_without_a_title_is_readable(uri, name):
    assert film_name(uri) == name


def test_tokens_of_the_titles_are_exact_and_the_others_learned():
    films = {5: Film('Heat', tokens=('@2',)), 6: Film('Alien')}
    names = {5: 'Heat (1995)', 6: 'Alien'}
    assert token_names({'@1': 6, '@2': 6, '@3': 9}, films, names) == {'@1': 'Alien', '@2': 'Heat (1995)'}


@pytest.mark.parametrize(
    'titles',
    [
        {str(ALIEN): {'title': 'Alien', 'year': 'soon'}},
        {str(ALIEN): {'title': ['Alien']}},
        {str(ALIEN): {'title': 'Alien', 'stars': 'Weaver'}},
        {str(ALIEN): ['Alien']},
        [],
    ],
)
def test_titles_in_another_format_are_reported_in_one_line(tmp_path, titles):
    with pytest.raises(UserError, match='movie_titles.json: ') as error:
        load_with_titles(tmp_path, titles)
    assert '\n' not in str(error.value)


@given(
    st.dictionaries(
        st.integers(0, 5),
        st.fixed_dictionaries(
            {'title': st.text(max_size=8)},
            optional={'year': st.none() | st.integers(1880, 2030), 'stars': st.lists(st.text())},
        ),
    )
)
def test_every_item_has_a_name_that_is_not_a_bare_id(entries):
    items = list(range(6))
    films = films_from_titles({str(item): entry for item, entry in entries.items()}, items)
    names = display_names({item: f'{90_000 + item}' for item in items}, items, films)
    assert all((names[item] and not names[item].isdigit()) or films[item].title == names[item] for item in items)
    assert all(names[item].startswith(films[item].title) for item in films)


@pytest.mark.parametrize('name', ['ReDial', 'OpenDialKG'])
def test_no_turn_of_the_real_data_has_an_unnamed_film(name, load_real):
    dataset = load_real(name)
    tokens, films = dataset.side_data['name_of_token'], dataset.side_data['films']
    texts = {text for sample in (*dataset.valid_data, *dataset.test_data) for _, text in sample['context_text']}
    assert not any(UNNAMED in detokenize(text, tokens) for text in texts)
    known = 'year' if name == 'ReDial' else 'genres'
    assert sum(bool(getattr(film, known)) for film in films.values()) / len(films) > 0.7
