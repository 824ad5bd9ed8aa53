"""What a user's files become: items, graph, mentions, splits, and the words of the texts."""

import json
from itertools import chain

import pytest
from own_inputs import ITEMS, Inputs, conversation, turn


@pytest.fixture
def inputs(tmp_path):
    return Inputs(tmp_path)


# ---------------------------------------------------------------- files


def test_byte_order_mark_crlf_and_blank_lines_make_no_difference(inputs):
    inputs.write_graph('m1\tgenre\tHorror\nm2\tgenre\tCrime\nm3\tgenre\tHorror\nm4\tgenre\tHorror\n')
    inputs.prepare()
    files = {path.name: path.read_bytes() for path in (inputs.folder / 'to').rglob('*_data.json')}
    assert len(files) == 3
    for path in (inputs.conversations, inputs.items, inputs.graph):
        path.write_bytes(b'\xef\xbb\xbf\r\n' + path.read_bytes().replace(b'\n', b'\r\n \r\n'))
    inputs.prepare(replace=True)
    assert {path.name: path.read_bytes() for path in (inputs.folder / 'to').rglob('*_data.json')} == files


@pytest.mark.parametrize('suffix, delimiter', [('.csv', ','), ('.TSV', '\t')])
def test_a_table_gives_the_same_items_as_json_lines(suffix, delimiter, inputs):
    inputs.prepare()
    expected = inputs.read('movie_titles.json'), inputs.read('entity2id.json'), inputs.read('dbpedia_subkg.txt')
    rows = [
        'id,Title, year ,GENRES,cast,plot,director',
        'm1,Alien,1979,Horror,,A crew.,Ridley Scott',
        'm2,Heat,1995.0,Crime,Al Pacino; Robert De Niro,,',
        '',
        'm3,It,1990,Horror,,,',
        ' m4 ,It,2017,Horror,,,',
    ]
    inputs.write_table('\n'.join(rows).replace(',', delimiter), suffix)
    inputs.prepare(replace=True)
    assert (
        inputs.read('movie_titles.json'),
        inputs.read('entity2id.json'),
        inputs.read('dbpedia_subkg.txt'),
    ) == expected


# ---------------------------------------------------------------- items


def test_titles_are_written_as_this_package_reads_them(inputs):
    inputs.prepare()
    ids, titles = inputs.read('entity2id.json'), inputs.read('movie_titles.json')
    assert (
        inputs.read('movie_ids.json')
        == [1, 2, 3, 4]
        == [ids[name] for name in ('Alien (1979)', 'Heat (1995)', 'It (1990)', 'It (2017)')]
    )
    assert titles['1'] == {
        'title': 'Alien',
        'year': 1979,
        'genre': ['Horror'],
        'director': ['Ridley Scott'],
        'stars': [],
        'id': 'm1',
        'plot': 'A crew.',
    }
    assert titles['2']['stars'] == ['Al Pacino', 'Robert De Niro'] and 'plot' not in titles['2']


def test_a_year_in_the_title_is_read_where_there_is_no_column(inputs):
    inputs.write_items(
        [
            {'id': 'm1', 'title': 'Alien (1979)', 'genre': 'Horror'},
            {'id': 'm2', 'title': 'Heat (1995)', 'year': 1995},
            {'id': 'm3', 'title': 'Cats (1998)', 'year': 2019},
        ]
    )
    inputs.prepare()
    titles = inputs.read('movie_titles.json').values()
    assert [(t['title'], t['year']) for t in titles] == [('Alien', 1979), ('Heat', 1995), ('Cats (1998)', 2019)]


def test_items_of_one_title_and_year_keep_apart_by_id(inputs):
    inputs.write_items(
        [
            *ITEMS,
            {'id': 'a', 'title': 'alien', 'year': 1979},
            {'id': 'b', 'title': 'Big'},
            {'id': 'c', 'title': 'Big'},
            {'id': 'd', 'title': 'Big (b)'},
        ]
    )
    inputs.write_turns(turn('seeker', 'Hi', items=['a', 'm1', 'c', 'b', 'd'], entities=[]))
    inputs.prepare()
    assert inputs.dialog()[0]['movies'] == ['alien (1979, a)', 'Alien (1979, m1)', 'Big (c)', 'Big (b) (b)', 'Big (b)']
    names = list(inputs.read('entity2id.json'))
    assert len(set(map(str.casefold, names))) == len(names)


def test_a_column_that_is_spelled_nearly_right_is_pointed_out(inputs):
    inputs.write_items([ITEMS[0], ITEMS[1] | {'generes': ['Crime'], 'imdb_url': 'x'}])
    (warning,) = [w for w in inputs.prepare().warnings if 'column' in w]
    assert warning.endswith("items.jsonl: the column 'generes' is not read; did you mean 'genres'?")


@pytest.mark.parametrize(
    'cells, genres',
    [
        (('Horror|Sci-fi, dark', 'Crime'), (['Horror', 'Sci-fi, dark'], ['Crime'])),
        (('Horror; Sci-fi', 'Crime, noir'), (['Horror', 'Sci-fi'], ['Crime, noir'])),
        (('Horror, Sci-fi', ' Crime ,,Crime'), (['Horror', 'Sci-fi'], ['Crime'])),
    ],
)
def test_the_first_separator_of_a_column_divides_its_cells(cells, genres, inputs):
    inputs.write_table(
        'id\ttitle\tgenres\n' + ''.join(f'm{i}\tFilm {i}\t{cell}\n' for i, cell in enumerate(cells, 1)), '.tsv'
    )
    inputs.prepare()
    assert tuple(t['genre'] for t in inputs.read('movie_titles.json').values()) == genres


# ---------------------------------------------------------------- graph


def edges(inputs):
    return [tuple(line.split('\t')) for line in inputs.read('dbpedia_subkg.txt').splitlines()]


def test_columns_become_edges(inputs):
    inputs.write_items(
        [*ITEMS, {'id': 'm5', 'title': 'Big', 'writers': ['G. Ross'], 'studio': 'Gracie', 'Length': 104}]
    )
    inputs.prepare(columns=['studio', 'length'])
    assert edges(inputs) == [
        ('Alien (1979)', 'genre', 'Horror'),
        ('Alien (1979)', 'director', 'Ridley Scott'),
        ('Heat (1995)', 'genre', 'Crime'),
        ('Heat (1995)', 'starring', 'Al Pacino'),
        ('Heat (1995)', 'starring', 'Robert De Niro'),
        ('It (1990)', 'genre', 'Horror'),
        ('It (2017)', 'genre', 'Horror'),
        ('Big', 'writer', 'G. Ross'),
        ('Big', 'studio', 'Gracie'),
        ('Big', 'length', '104'),
    ]


def test_a_genre_is_not_mixed_up_with_a_film_of_this_title(inputs):
    inputs.write_items([*ITEMS, {'id': 'm5', 'title': 'Horror', 'genres': ['Horror']}])
    inputs.write_turns(turn('seeker', 'Hi', items=['Horror'], entities=['Horror']))
    inputs.prepare()
    assert ('Horror', 'genre', 'Horror (genre)') in edges(inputs) and (
        'Alien (1979)',
        'genre',
        'Horror (genre)',
    ) in edges(inputs)
    assert inputs.dialog()[0]['movies'] == ['Horror']
    assert inputs.dialog()[0]['entity'] == ['Horror (genre)']
    assert inputs.read('movie_titles.json')['5']['genre'] == ['Horror']


def test_ends_of_edges_are_items_by_id_or_by_title_with_year(inputs):
    inputs.write_graph(
        'm1\tgenre\tHorror\nheat (1995)\tstarring\tAl Pacino\nAlien\ttopic\tspace\nm4\tremake of\tm3\n'
        'm1\tgenre\tHorror\n m1 \tgenre\t Horror \n'
    )
    warnings = inputs.prepare().warnings
    assert edges(inputs) == [
        ('Alien (1979)', 'genre', 'Horror'),
        ('Heat (1995)', 'starring', 'Al Pacino'),
        ('Alien', 'topic', 'space'),
        ('It (2017)', 'remake of', 'It (1990)'),
    ]
    (warning,) = warnings
    assert warning.endswith(
        "graph.tsv, line 3: 'Alien' is taken for an entity; if the item is meant, write 'Alien (1979)' or its id"
    )


def test_vertices_without_edges_get_a_self_loop_and_are_reported(inputs):
    inputs.write_graph('m1\tgenre\tHorror\n')
    inputs.write_turns(
        turn('seeker', 'Horor, please', items=[], entities=['Horor']), turn('seeker', 'Yes', entities=['Horor'])
    )
    entity, items = inputs.prepare().warnings
    assert edges(inputs) == [
        ('Alien (1979)', 'genre', 'Horror'),
        *((name, 'SELF_LOOP', name) for name in ('Heat (1995)', 'It (1990)', 'It (2017)', 'Horor')),
    ]
    assert entity.endswith(
        "talks.jsonl, line 1, turn 1: the entity 'Horor' is in no edge of the graph, here and 1 times more; "
        "it gets no neighbours; did you mean 'Horror'?"
    )
    assert items.endswith("items without an edge of the graph: 3 of 4, the first 'Heat (1995)' (id m2)")


def test_years_that_are_also_ids_are_pointed_out(inputs):
    inputs.write_items([{'id': 1979, 'title': 'Up'}, {'id': 'm2', 'title': 'Heat'}, {'id': 'm1', 'title': 'Alien'}])
    inputs.write_graph('m1\tyear\t1979\nm2\tyear\t1995\nm2\tyear\t1996\n1979\tgenre\tDrama\n')
    (warning,) = inputs.prepare().warnings
    assert "of the tails of 'year', 1 are ids of items and 2 are not" in warning


def test_genres_come_from_the_graph_where_the_items_have_none(inputs):
    inputs.write_items([{'id': 'm1', 'title': 'Alien'}, {'id': 'm2', 'title': 'Heat', 'genres': ['Crime']}])
    inputs.write_graph('m1\t<http://x.org/genre>\t<http://x.org/Horror_film>\nm2\tgenre\tDrama\n')
    inputs.prepare()
    assert [t['genre'] for t in inputs.read('movie_titles.json').values()] == [['Horror film'], ['Crime']]


# ---------------------------------------------------------------- mentions


def test_titles_and_names_are_found_in_turns_that_give_none(inputs):
    inputs.write_turns(
        turn('Seeker', 'Al Pacino was good in Heat (1995). Heat (1995)! Not It (2017).'),
        turn('assistant', 'Watch Alien', items=[]),
        turn('user', 'Al Pacino in Alien', entities=[]),
    )
    inputs.prepare()
    dialog = inputs.dialog()
    assert [(u['role'], u['movies'], u['entity']) for u in dialog[:3]] == [
        ('Seeker', ['Heat (1995)', 'It (2017)'], ['Al Pacino']),
        ('Recommender', [], []),
        ('Seeker', ['Alien (1979)'], []),
    ]


def test_most_frequent_entity_of_a_shared_name_is_linked(inputs):
    for given, found in (('m3', 'It (1990)'), ('m4', 'It (2017)')):
        inputs.write_turns(
            turn('seeker', 'I saw "It"', entities=[]), turn('seeker', 'That', items=[given, given], entities=[])
        )
        inputs.prepare(replace=True)
        assert inputs.dialog()[0]['movies'] == [found]


def test_nothing_is_found_in_the_text_without_linking(inputs):
    inputs.write_turns(turn('seeker', 'Al Pacino was good in Heat (1995)'))
    prepared = inputs.prepare(link=False)
    assert inputs.dialog()[0]['movies'] == inputs.dialog()[0]['entity'] == []
    assert (prepared.counts['items_linked'], prepared.counts['entities_linked']) == (0, 0)
    assert (prepared.counts['items_given'], prepared.counts['entities_given']) == (3, 0)


def test_items_are_named_by_id_title_or_title_with_year(inputs):
    inputs.write_turns(turn('seeker', 'Hi', items=['m1', 'ALIEN', ' heat  (1995)', 'It (2017)', 'm1'], entities=[]))
    inputs.prepare()
    assert inputs.dialog()[0]['movies'] == ['Alien (1979)', 'Alien (1979)', 'Heat (1995)', 'It (2017)', 'Alien (1979)']


def test_entities_are_named_as_people_write_them(inputs):
    inputs.write_graph('m1\tstarring\t<http://dbpedia.org/resource/Tom_Hanks>\n')
    inputs.write_turns(
        turn('seeker', 'Hi', items=[], entities=['tom hanks', 'm2'], liked=['Tom Hanks', 'm3'], disliked=['Heat'])
    )
    inputs.prepare()
    said = inputs.dialog()[0]
    assert said['entity'] == ['<http://dbpedia.org/resource/Tom_Hanks>', 'Heat (1995)']
    assert said['liked'] == ['<http://dbpedia.org/resource/Tom_Hanks>', 'It (1990)'] and said['disliked'] == [
        'Heat (1995)'
    ]


def test_a_key_that_is_spelled_nearly_right_is_pointed_out(inputs):
    inputs.write_turns(turn('seeker', 'Hi', item=['m1'], mood='good'), turn('seeker', 'Hi', item=['m1']))
    (warning,) = [w for w in inputs.prepare().warnings if 'key' in w]
    assert warning.endswith(
        "talks.jsonl, line 1, turn 1: the key 'item' is not read, here and 1 times more; did you mean 'items'?"
    )


def test_a_conversation_without_an_id_is_named_by_its_line(inputs):
    inputs.conversations.write_text(
        '\n'
        + json.dumps({'turns': conversation(0)['turns']})
        + '\n'
        + ''.join(json.dumps(conversation(i)) + '\n' for i in (1, 2)),
        'utf-8',
    )
    inputs.prepare()
    assert len(inputs.dialog('line-2')) == 2


# ---------------------------------------------------------------- splits


def split_ids(inputs):
    return [[c['conv_id'] for c in inputs.read(f'{split}_data.json')] for split in ('train', 'valid', 'test')]


def test_the_last_conversations_are_for_test(inputs):
    times = ['2024-01-05T12:00:00+02:00', '2024-01-05T10:30:00', 1704445200, '2023-01-01', '2024-01-05T09:30:00Z']
    inputs.write_conversations([conversation(i, time=time) for i, time in enumerate(times)])  # 2: 2024-01-05 09:00 UTC
    inputs.prepare(split='time', valid=0.2, test=0.4)
    assert split_ids(inputs) == [['c3', 'c2'], ['c4'], ['c0', 'c1']]


def test_a_random_split_depends_on_the_seed_only(inputs):
    inputs.write_conversations([conversation(i) for i in range(30)])
    found = []
    for seed in (1, 1, 2):
        inputs.prepare(seed=seed, valid=0.2, test=0.1, replace=True)
        found.append(split_ids(inputs))
    assert found[0] == found[1] != found[2]
    assert list(map(len, found[0])) == [21, 6, 3]
    assert sorted(chain.from_iterable(found[0])) == sorted(f'c{i}' for i in range(30))


# ---------------------------------------------------------------- words


def test_the_vocabulary_has_the_special_tokens_first(inputs):
    inputs.write_turns(
        turn('seeker', '__pad__ is not a word. zebra zebra zebra zebra zebra zebra zebra', items=[], entities=[])
    )
    inputs.prepare()
    ids = inputs.read('token2id.json')
    assert list(ids)[:5] == ['__pad__', '__start__', '__end__', '__unk__', 'zebra']
    assert list(ids.values()) == list(range(len(ids)))
    assert inputs.dialog()[0]['text'][:2] == ['pad', 'is']


def test_words_that_occur_together_are_learned_from_the_training_split(inputs):
    talks = [conversation(i, time=i) for i in range(8)]
    for i, talk in enumerate(talks):
        text = 'red herring' if i < 6 else 'unseen pair'
        talk['turns'][0] |= {'text': f'{text} , one two three four five six', 'items': [], 'entities': []}
    inputs.write_conversations(talks)
    inputs.prepare(split='time', valid=0.1, test=0.1)
    pairs = [line.split('\t') for line in inputs.read('concept_subkg.txt').splitlines()]
    assert ['herring', 'cooccur', 'red'] in pairs
    words = {word for a, _, b in pairs for word in (a, b)}
    assert not words & {'unseen', 'pair'} and words < set(inputs.read('word2id.json'))
    assert ['red', 'cooccur', 'six'] not in pairs and ['six', 'cooccur', 'red'] not in pairs  # too far apart
    assert {'unseen', 'pair'} < set(inputs.read('word2id.json'))


def test_texts_without_any_word_still_make_a_dataset(inputs):
    inputs.write_conversations(
        [{'turns': [turn('seeker', '1 ?'), turn('recommender', '!', items=['m1'])]} for _ in range(3)]
    )
    inputs.prepare()
    assert inputs.read('word2id.json') == {'word': 1} and inputs.read('concept_subkg.txt') == ''
