"""INSPIRED, from stand-ins in the form of the public files."""

import json

import tiny


def read(folder, name):
    return json.loads((folder / name).read_text('utf-8'))


def test_dataset_has_the_items_and_samples_of_the_prepared_folder(prepare, tmp_path):
    prepare('inspired', tmp_path / 'data')
    dataset = tiny.load('Inspired', tmp_path / 'data')
    assert [sample['items'] for sample in dataset.train_data] == [[1], [2]]
    assert [sample['items'] for sample in dataset.test_data] == [[4, 1]]
    assert dataset.side_data['item_entity_ids'] == [1, 2, 4]  # 0 pads
    assert dataset.side_data['item_genres'] == [(), ('Horror',), ()]


def test_links_outside_the_graph_are_dropped(prepare, tmp_path):
    folder = prepare('inspired', tmp_path / 'data')
    assert read(folder, 'train_data.json')[0]['dialog'][0]['entity'] == []
    assert read(folder, 'test_data.json')[0]['dialog'][0]['movies'] == []


def test_conversations_have_roles_and_ids_of_crslab(prepare, tmp_path):
    folder = prepare('inspired', tmp_path / 'data')
    data = {split: read(folder, f'{split}_data.json') for split in ('train', 'valid', 'test')}
    assert {
        split: [conversation['conv_id'] for conversation in conversations] for split, conversations in data.items()
    } == {'train': ['0'], 'valid': ['1'], 'test': ['2']}
    assert [one['role'] for one in data['train'][0]['dialog']] == ['Recommender', 'Seeker', 'Recommender']
    assert data['train'][0]['dialog'][0]['text'] == ['Hello', ',', 'do', 'you', 'love', 'films', '?']
    assert data['train'][0]['dialog'][0]['word'] == ['love', 'films']


def test_graph_leaves_the_self_loops_to_crslab(prepare, tmp_path):
    graph = (prepare('inspired', tmp_path / 'data') / 'dbpedia_subkg.txt').read_text('utf-8').splitlines()
    assert graph == [
        '<http://dbpedia.org/resource/Heat_(1995_film)>\tstarring\t<http://dbpedia.org/resource/Tom_Hanks>',
        '<http://dbpedia.org/resource/Coco_(2017_film)>\tgenre\t<http://dbpedia.org/resource/Comedy_film>',
        '<http://dbpedia.org/resource/Alien_(film)>\tgenre\t<http://dbpedia.org/resource/Comedy_film>',
    ]


def test_titles_come_from_redials_films_else_from_the_name(prepare, tmp_path):
    titles = read(prepare('inspired', tmp_path / 'data'), 'movie_titles.json')
    assert titles['2'] == {
        'title': 'Alien',
        'year': 1979,
        'genre': ['Horror'],
        'director': ['Ridley Scott'],
        'stars': ['Sigourney Weaver'],
        'plot': 'A crew meets a creature.',
    }
    assert titles['4'] == {'title': 'Coco', 'year': 2017, 'genre': [], 'director': [], 'stars': []}
