"""What the seekers of ReDial liked and had seen is kept beside the data, from stand-ins of the public files."""

import json

import pytest
import stand_ins

from crslab_causal.base.errors import UserError
from crslab_causal.data.seeker_answers import ANSWERS_FILE
from crslab_causal.prepare.seeker_answers import seeker_answers

VALID = {'messages': 2, 'liked': [stand_ins.HEAT], 'seen': [stand_ins.HEAT]}
TEST = {'messages': 3, 'liked': [], 'seen': []}  # "2" is not an answer


def read(folder):
    return json.loads((folder / ANSWERS_FILE).read_text('utf-8'))


def test_crslabs_files_get_the_answers_of_valid_and_test(prepare, tmp_path):
    assert read(prepare('redial', tmp_path / 'data')) == {stand_ins.VALID_ID: VALID, '20001': TEST}


def test_official_files_have_the_answers_of_all_conversations(prepare, tmp_path):
    answers = read(prepare('redial', tmp_path / 'data', source='official'))
    assert (answers[stand_ins.VALID_ID], answers['20001']) == (VALID, TEST)
    # the seeker's own answers alone, and no film without a URI
    assert answers[stand_ins.TRAIN_IDS[0]] == {'messages': 5, 'liked': [stand_ins.ALIEN], 'seen': [stand_ins.ALIEN]}
    assert answers[stand_ins.TRAIN_IDS[1]] == {'messages': 3, 'liked': [], 'seen': []}


def test_a_folder_is_complete_without_the_answers(prepare, tmp_path, server):
    server.files = {path: content for path, content in server.files.items() if not path.endswith('redial_raw_test')}
    folder = prepare('redial', tmp_path / 'data')
    assert not (folder / ANSWERS_FILE).exists() and (folder / 'test_data.json').is_file()
    assert any('without seeker_answers.json' in line for line in prepare.said)


def test_answers_can_be_added_to_data_from_elsewhere(prepare, tmp_path):
    folder = tmp_path / 'data' / 'redial' / 'nltk'
    folder.mkdir(parents=True)
    (folder / 'train_data.json').write_text('mine', 'utf-8')
    assert prepare('redial', tmp_path / 'data', answers_only=True) == folder
    assert read(folder)['20001'] == TEST
    assert {path.name for path in folder.iterdir()} == {'train_data.json', ANSWERS_FILE}
    assert (folder / 'train_data.json').read_text('utf-8') == 'mine'


def test_adding_answers_needs_an_existing_dataset(prepare, tmp_path):
    with pytest.raises(UserError, match='holds no data to add answers to; leave out --answers-only'):
        prepare('redial', tmp_path / 'data', answers_only=True)


def test_a_conversation_without_messages_has_no_entry():
    raw = {'conversationId': 7, 'messages': [], 'initiatorQuestions': []}
    assert seeker_answers([raw], {}) == {}
