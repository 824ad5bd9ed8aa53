"""Genres of the items, from the file of titles or from the graph."""

import json

import pytest

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.data.dataset.genres import genres_from_graph, genres_from_titles
from tiny import ALIEN, BIG, ITEMS, STAR_WARS


def genres(dataset):
    return dict(zip(dataset.side_data['item_entity_ids'], dataset.side_data['item_genres'], strict=True))


@pytest.mark.parametrize('name', ['OpenDialKG', 'Inspired'])
def test_genres_come_from_the_relation_genre(name, tmp_path):
    tiny.WRITERS[name](tmp_path)
    assert genres(tiny.load(name, tmp_path)) == dict.fromkeys(ITEMS, ()) | {
        ALIEN: ('Science fiction',),
        STAR_WARS: ('Science fiction',),
        BIG: ('Comedy film',),
    }


def test_genres_come_from_the_file_of_titles(redial):
    assert not any(genres(tiny.load('ReDial', redial)).values())  # its relations are numbers without names
    titles = {
        str(ALIEN): {'title': 'Alien', 'genre': ['Horror', 'Sci-Fi', 'Horror']},
        str(BIG): {'genre': []},
        str(STAR_WARS): {'title': 'Star Wars'},
        '999': {'genre': ['Drama']},
    }
    (redial / 'redial' / 'nltk' / 'movie_titles.json').write_text(json.dumps(titles), 'utf-8')

    assert genres(tiny.load('ReDial', redial)) == dict.fromkeys(ITEMS, ()) | {ALIEN: ('Horror', 'Sci-Fi')}


@pytest.mark.parametrize('content', ['[1, 2]', '{"1": 3}', '{"1": {"genre": "Drama"}}', '{'])
def test_a_file_of_titles_in_another_format_is_an_error_of_one_line(content, redial):
    (redial / 'redial' / 'nltk' / 'movie_titles.json').write_text(content, 'utf-8')
    with pytest.raises(UserError, match='movie_titles.json: not ') as error:
        tiny.load('ReDial', redial)
    assert '\n' not in str(error.value)


def test_edges_may_have_either_direction_and_relations_may_be_uris():
    names = {1: 'one', 2: 'two', 8: 'Drama', 9: 'Horror', 7: 'Ann'}
    edges = [(1, 9, 0), (8, 1, 0), (8, 1, 0), (2, 2, 0), (1, 2, 0), (2, 7, 1)]
    for relation in ('genre', 'has_genre', '<http://dbpedia.org/ontology/genre>'):
        assert genres_from_graph(edges, {0: relation, 1: 'actor'}, names, [1, 2]) == [('Drama', 'Horror'), ()]
    assert genres_from_graph(edges, {1: 'actor'}, names, [1, 2]) == [(), ()]


def test_items_without_a_title_have_no_genres():
    assert genres_from_titles({}, [1, 2]) == [(), ()]


@pytest.mark.parametrize('name, known', [('ReDial', 0.85), ('OpenDialKG', 0.7)])
def test_most_items_of_the_real_data_have_genres(name, known, load_real):
    listed = load_real(name).side_data['item_genres']
    assert sum(map(bool, listed)) / len(listed) > known
