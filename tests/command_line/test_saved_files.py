"""What was saved and does not fit, or is damaged, is refused in one line."""

import os
import shutil

import pytest
import torch
from folders import edit, the_run


@pytest.mark.parametrize(
    'flag, missing',
    [('--restore_system', 'last.pth'), ('--interact', 'best.pth'), ('--restore_data', 'redial_nltk.pkl')],
)
def test_restoring_without_a_checkpoint_is_a_mistake(flag, missing, refused):
    assert f'{missing} does not exist; ' in refused(flag)


def test_checkpoint_of_another_configuration_is_refused(run, refused):
    assert run('--save_system') == 0
    message = refused('--restore_system', alpha=0.25)
    assert 'last.pth: the checkpoint is of another run: alpha is 2.0 there and 0.25 here' in message
    assert 'another run: seed is' not in message


def test_checkpoint_of_another_model_is_refused(run, refused, workplace):
    assert run('--save_system') == 0
    shutil.copytree(the_run(workplace), the_run(workplace, model='KBRDRepaired'))
    assert 'last.pth: the checkpoint is of another run' in refused('--restore_system', model='KBRDRepaired')


@pytest.mark.parametrize(
    'damage', [lambda b: b[: len(b) // 2], lambda b: b'not a checkpoint', lambda b: b''], ids=['half', 'text', 'empty']
)
@pytest.mark.parametrize(
    'file, flag', [('last.pth', '--restore_system'), ('best.pth', '--restore_system'), ('best.pth', '--interact')]
)
def test_broken_checkpoint_is_refused(damage, file, flag, run, refused, workplace):
    assert run('--save_system') == 0
    path = the_run(workplace) / file
    path.write_bytes(damage(path.read_bytes()))
    assert f'{file}: no checkpoint of crslab_causal, or a broken one' in refused(flag)


class Payload:
    """Runs code where a file is unpickled."""

    def __reduce__(self):
        return os.mkdir, ('unpickled',)


def test_a_checkpoint_cannot_run_code(run, refused, workplace):
    assert run('--save_system') == 0
    torch.save({'model': Payload()}, the_run(workplace) / 'last.pth')
    assert 'no checkpoint of crslab_causal' in refused('--restore_system')
    assert not (workplace / 'unpickled').exists()


def test_a_restored_dataset_must_be_of_these_data(run, refused, data):
    assert run('--save_data') == 0
    os.utime(data / 'train_data.json', (0, 0))
    assert 'was made from other data or settings' in refused('--restore_data')


@pytest.mark.parametrize('flag', ['--restore_system', '--interact'])
def test_a_checkpoint_of_other_data_is_refused(flag, data, run, refused):
    assert run('--save_system') == 0
    edit(data / 'movie_ids.json', lambda items: items.reverse())
    assert 'the checkpoint is of another run: data (fingerprint)' in refused(flag)


def test_a_damaged_checkpoint_is_refused(run, refused, workplace):
    assert run('--save_system') == 0
    path = the_run(workplace) / 'last.pth'
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(255 - b for b in content[middle : middle + 64])
    path.write_bytes(content)
    assert 'last.pth: no checkpoint of crslab_causal, or a broken one' in refused('--restore_system')


def test_a_damaged_dataset_is_refused(run, refused, workplace):
    assert run('--save_data') == 0
    path = workplace / 'save' / 'data' / 'redial_nltk.pkl'
    path.write_bytes(path.read_bytes()[:-100])
    assert 'redial_nltk.pkl is broken' in refused('--restore_data')
