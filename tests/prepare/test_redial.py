"""Both sources of ReDial, from stand-ins in the form of the public files."""

import json

import pytest
import stand_ins

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.prepare.redial import SPLIT_FILE, convert


def read(folder, name):
    return json.loads((folder / name).read_text('utf-8'))


@pytest.mark.parametrize('source', ['crslab', 'official'])
def test_dataset_has_the_items_and_samples_of_the_prepared_folder(prepare, tmp_path, source):
    folder = prepare('redial', tmp_path / 'data', source=source)
    dataset = tiny.load('ReDial', tmp_path / 'data')
    assert folder == tmp_path / 'data' / 'redial' / 'nltk'
    assert (len(dataset.train_data), len(dataset.valid_data), len(dataset.test_data)) == (5, 1, 2)
    assert dataset.side_data['item_entity_ids'] == [1, 2, 5]
    assert dataset.side_data['item_genres'] == [('Horror',), (), ('Comedy',)]
    assert dataset.side_data['item_of_token'] == {'@101': 1, '@102': 2}
    assert dataset.train_data[0]['items'] == [2]


def test_official_conversations_equal_crslabs_files(prepare, tmp_path):
    folder = prepare('redial', tmp_path / 'data', source='official')
    for split, conversations in stand_ins.CRSLAB.items():
        converted = read(folder, f'{split}_data.json')
        for conversation in converted:
            for one in conversation['dialog']:
                for key in ('liked', 'disliked', 'seen'):
                    one.pop(key, None)
        assert converted == conversations


def test_crslabs_files_are_copied_unchanged(prepare, tmp_path):
    folder = prepare('redial', tmp_path / 'data')
    for split in ('train', 'valid', 'test'):
        assert (folder / f'{split}_data.json').read_bytes() == stand_ins.PUBLISHED[f'redial_{split}']
    assert (folder / 'token2id.json').read_bytes() == stand_ins.PUBLISHED['redial_tokens']
    assert read(folder, 'entity2id.json') == stand_ins.REDIAL_ENTITIES


def test_opinions_of_the_seeker_come_with_the_utterance_that_can_know_them(prepare, tmp_path):
    folder = prepare('redial', tmp_path / 'data', source='official')
    first, second = (conversation['dialog'] for conversation in read(folder, 'train_data.json'))
    keys = ('liked', 'disliked', 'seen')
    # named by the seeker: at once, and the seeker's own answer counts
    assert [first[0][key] for key in keys] == [[stand_ins.ALIEN], [], [stand_ins.ALIEN]]
    # named by the recommender: in the seeker's next utterance; "2" is not an answer
    assert not set(keys) & set(first[1])
    assert [first[2][key] for key in keys] == [[], [stand_ins.HEAT], []]
    # without the seeker's answers, the recommender's
    assert not set(keys) & set(second[0])
    assert [second[1][key] for key in keys] == [[stand_ins.ALIEN], [], []]
    dataset = tiny.load('ReDial', tmp_path / 'data')
    assert [sample['context_liked'] for sample in dataset.train_data] == [[1], [1], [1], [], [1]]
    assert [sample['context_disliked'] for sample in dataset.train_data] == [[], [], [2], [], []]


def test_concept_edges_to_unknown_concepts_are_left_out(prepare, tmp_path):
    folder = prepare('redial', tmp_path / 'data')
    assert (folder / 'conceptnet_subkg.txt').read_text('utf-8').splitlines() == [
        'RelatedTo\tlove/v\tfunny',
        'Synonym\twatch/v\tfilms/n',
        'RelatedTo\tfunny\t/fere',
        'RelatedTo\twatch\tfilms',
    ]


def test_titles_join_both_sources(prepare, tmp_path):
    titles = read(prepare('redial', tmp_path / 'data'), 'movie_titles.json')
    assert titles == {
        '1': {
            'title': 'Alien',
            'year': 1979,
            'genre': ['Horror'],
            'director': ['Ridley Scott'],
            'stars': ['Sigourney Weaver'],
            'plot': 'A crew meets a creature.',
            'redial_ids': ['101'],
        },
        '2': {'title': 'Heat', 'year': 1995, 'genre': [], 'director': [], 'stars': [], 'redial_ids': ['102']},
        '5': {
            'title': 'Big?',
            'year': 1988,
            'genre': ['Comedy'],
            'director': ['Penny Marshall'],
            'stars': ['Tom Hanks'],
            'redial_ids': ['103'],
        },
    }


def test_vocabulary_of_the_official_source_has_the_special_tokens_first(prepare, tmp_path):
    tokens = read(prepare('redial', tmp_path / 'data', source='official'), 'token2id.json')
    assert list(tokens)[:4] == ['__pad__', '__start__', '__end__', '__unk__']
    assert sorted(tokens.values()) == list(range(len(tokens)))
    assert '@101' in tokens and 'films' in tokens and 'Hello' not in tokens  # of train alone


def test_shipped_split_has_crslabs_sizes_and_no_overlap():
    split = json.loads(SPLIT_FILE.read_text('utf-8'))
    assert {name: len(set(ids)) for name, ids in split.items()} == {'train': 8104, 'valid': 901}
    assert not set(split['train']) & set(split['valid'])


@pytest.mark.parametrize('questions', [[], {}, None])
def test_conversation_without_answers_has_no_opinions(questions):
    raw = {**stand_ins.RAW['train_data.jsonl'][0], 'initiatorQuestions': questions, 'respondentQuestions': questions}
    dialog = convert(raw, {'101': stand_ins.ALIEN}, {}, {})['dialog']
    assert dialog[0]['liked'] == dialog[0]['disliked'] == dialog[0]['seen'] == []


def test_file_in_another_format_is_reported_in_one_line(prepare, tmp_path, server, monkeypatch):
    """The hash is right, but the zip is not what the converter reads."""
    for name, content in (('no zip', b'PK no zip'), ('empty', stand_ins.zipped({'other.txt': b''}))):
        monkeypatch.setitem(stand_ins.PUBLISHED, 'redial_raw', content)
        server.files.update(stand_ins.served())
        manifest = stand_ins.write_manifest(tmp_path / f'{name}.json')
        with pytest.raises(UserError, match='this version cannot parse them.*use another --source') as error:
            prepare('redial', tmp_path / 'data', source='official', manifest=manifest)
        assert '\n' not in str(error.value)
        assert not (tmp_path / 'data' / 'redial' / 'nltk').exists()
