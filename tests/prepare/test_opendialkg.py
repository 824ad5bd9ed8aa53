"""OpenDialKG by dialogue and by turn, from stand-ins in the form of the public files."""

import json

import pytest
import stand_ins

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.prepare.opendialkg import by_dialogue


def read(folder, name):
    return json.loads((folder / name).read_text('utf-8'))


def recommended(folder, split):
    """(conversation, utterance, items) of each recommendation."""
    return [
        (conversation['conv_id'], one['utt_id'], one['item'])
        for conversation in read(folder, f'{split}_data.json')
        for one in conversation['dialog']
        if one['role'] == 'Recommender' and one['item']
    ]


def test_split_by_dialogue_scores_only_official_test_turns(prepare, tmp_path):
    folder = prepare('opendialkg', tmp_path / 'data')
    ids = {
        split: [conversation['conv_id'] for conversation in read(folder, f'{split}_data.json')]
        for split in ('train', 'valid', 'test')
    }
    assert ids == {'train': ['2'], 'valid': ['1'], 'test': ['0', '3']}
    assert recommended(folder, 'test') == [('0', 1, ['Heat']), ('3', 3, ['Alien', 'Heat'])]
    assert recommended(folder, 'valid') == [('1', 2, ['Heat']), ('1', 4, ['Alien'])]
    assert recommended(folder, 'train') == [('2', 1, ['Heat'])]


def test_items_of_turns_that_are_not_scored_stay_entities_of_the_context(prepare, tmp_path):
    dialog = read(prepare('opendialkg', tmp_path / 'data'), 'test_data.json')[0]['dialog']
    assert dialog[3]['item'] == [] and dialog[3]['entity'] == ['The Godfather']
    assert dialog[0]['item'] == ['Alien']  # the seeker's are kept
    assert [one.get('official_split') for one in dialog] == [None, 'test', None, 'train']


def test_split_by_turn_is_the_published_one_and_says_that_it_leaks(prepare, tmp_path):
    folder = prepare('opendialkg', tmp_path / 'data', split='turn')
    assert recommended(folder, 'train') == [('0', 3, ['The Godfather']), ('1', 2, ['Heat']), ('2', 1, ['Heat'])]
    assert recommended(folder, 'valid') == [('1', 4, ['Alien']), ('3', 1, ['Dune'])]
    assert recommended(folder, 'test') == [('0', 1, ['Heat']), ('3', 3, ['Alien', 'Heat'])]
    assert any('turns of one dialogue are in train, valid and test' in line for line in prepare.said)


def test_dataset_has_the_items_and_samples_of_the_prepared_folder(prepare, tmp_path):
    prepare('opendialkg', tmp_path / 'data')
    dataset = tiny.load('OpenDialKG', tmp_path / 'data')
    assert [sample['items'] for sample in dataset.test_data if sample['role'] == 'Recommender'] == [[2], [], [], [1, 2]]
    assert dataset.side_data['item_entity_ids'] == [1, 2, 3]  # 0 pads
    assert dataset.side_data['item_names'] == ['Alien', 'Heat', 'The Godfather']
    assert dataset.side_data['item_genres'] == [('Horror',), (), ()]
    assert dataset.test_data[-1]['context_mentions'] == []  # Dune is not an entity


def test_graph_has_each_edge_once_in_both_directions(prepare, tmp_path):
    graph = (prepare('opendialkg', tmp_path / 'data') / 'opendialkg_subkg.txt').read_text('utf-8').splitlines()
    assert graph == [
        'Alien\tgenre\tHorror',
        'Horror\tgenre\tAlien',
        'Heat\tactor\tAl Pacino',
        'Al Pacino\tactor\tHeat',
        'Heat\tyear\t1995',
        '1995\tyear\tHeat',
        'The Godfather\tactor\tAl Pacino',
        'Al Pacino\tactor\tThe Godfather',
    ]


def test_concepts_are_those_of_the_training_text(prepare, tmp_path):
    folder = prepare('opendialkg', tmp_path / 'data', split='turn')
    assert read(folder, 'word2id.json') == {'love': 1, 'films': 2, 'funny': 3}
    assert (folder / 'concept_subkg.txt').read_text('utf-8') == 'love\tRelatedTo\tfunny\n'


def test_titles_have_the_plot_where_title_and_year_agree(prepare, tmp_path):
    titles = read(prepare('opendialkg', tmp_path / 'data'), 'movie_titles.json')
    assert titles == {
        '1': {
            'title': 'Alien',
            'year': 1979,
            'genre': ['Horror'],
            'director': [],
            'stars': [],
            'plot': 'A crew meets a creature.',
        },
        '2': {'title': 'Heat', 'year': 1995, 'genre': [], 'director': [], 'stars': ['Al Pacino']},
        '3': {'title': 'The Godfather', 'year': None, 'genre': [], 'director': [], 'stars': ['Al Pacino']},
    }


def test_turn_list_that_does_not_fit_the_dialogues_stops_the_conversion(prepare, tmp_path, server, monkeypatch):
    monkeypatch.setitem(stand_ins.PUBLISHED, 'opendialkg_test_turns', stand_ins.dumped(['0_1', '3_4']))
    server.files.update(stand_ins.served())
    with pytest.raises(UserError, match='1 turns of the official split recommend nothing, 3_4 among them'):
        prepare('opendialkg', tmp_path / 'data', manifest=stand_ins.write_manifest(tmp_path / 'other.json'))


def test_no_dialogue_is_in_two_splits():
    official = {turn: split for split, turns in stand_ins.TURNS.items() for turn in turns}
    data = by_dialogue(stand_ins.DIALOGUES, official, {})
    ids = [conversation['conv_id'] for conversations in data.values() for conversation in conversations]
    assert sorted(ids) == ['0', '1', '2', '3']
