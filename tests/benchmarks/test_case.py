"""The case of the README: one conversation with the output of every part of the system."""

import pytest

from benchmarks.case import case
from crslab_causal.base.errors import UserError


@pytest.fixture
def settings(run, data_path):
    """Settings that load a saved run."""
    run(flags=['-ss'])
    return [f'data_path={data_path}', 'seed=1']


def test_the_case_has_a_row_for_every_part_of_the_system(settings, load, tmp_path):
    sample = load().valid_dataloader.samples[0]
    block = case(str(tmp_path / 'small.yaml'), settings, sample['conv_id'], sample['turn'])
    lines = block.splitlines()
    assert lines[0].startswith(
        f'Conversation {sample["conv_id"]} of the validation split, turn {sample["turn"]}. Backend: **offline'
    )
    rows = [line.split(' | ') for line in lines if line.startswith('| ') and line.endswith(' |')]
    titles = [row[0].removeprefix('| ') for row in rows[1:]]
    assert titles[:2] == ['mentioned', "recommender's list"] and titles[3:] == [
        'explanation',
        're-ranked',
        'response',
        'what the recommender really said',
    ]
    assert titles[2].startswith('the same')
    assert all(len(row) == 2 and row[1] != '|' for row in rows[1:])
    assert [rows[i][1].count('. ') >= 5 for i in (2, 3, 5)] == [True] * 3  # lists of five items


def test_an_unknown_turn_is_reported_with_known_conversations(settings, load, tmp_path):
    known = sorted({sample['conv_id'] for sample in load().valid_dataloader.samples})[0]
    with pytest.raises(UserError, match=f'no turn of the valid split recommends an item there; .*{known}'):
        case(str(tmp_path / 'small.yaml'), settings, 'none', 0)
