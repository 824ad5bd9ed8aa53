"""Runs that were killed, or interrupted, end as unbroken ones."""

import os
import signal

import pytest
import torch
from folders import outcome, the_run

import forked
from crslab_causal import register
from crslab_causal.command_line.run import RESUME_HINT, main
from crslab_causal.system import checkpoint

LONG = {
    'seed': 2,
    'embedding_dropout': 0.3,
    'intervention': 'noise',
    'rec': {
        'epoch': 5,
        'batch_size': 2,
        'update_freq': 2,
        'early_stop': False,
        'metric': 'mrr',
        'optimizer': {'lr': 0.05},
        'lr_scheduler': {'name': 'TransformersPolynomialDecayLR', 'warmup_steps': 2},
    },
}


def train_until_killed(arguments):
    """Run the command line, and kill this process after an epoch."""
    save = checkpoint.save

    def save_and_die(path, content):
        save(path, content)
        if path.name == 'last.pth' and content.progress.epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    register()
    torch.set_num_threads(1)
    checkpoint.save = save_and_die
    return main(arguments)


@pytest.fixture
def restored(run, workplace):
    """Continues the run in ``broken``, and compares it with an unbroken one."""

    def restored():
        assert run('--restore_system', '--set', 'save_path=broken', **LONG) == 0
        assert run('--save_system', '--set', 'save_path=whole', **LONG) == 0
        broken, whole = (outcome(the_run(workplace, name, seed=2)) for name in ('broken', 'whole'))
        assert whole[0]['epochs'] == 5
        assert broken == whole

    return restored


def test_killed_and_restored_run_ends_like_an_uninterrupted_one(restored, make_config, redial, workplace, tmp_path):
    config = make_config(run_name='mine', **LONG)
    arguments = ['--config', str(config), '--data_path', str(redial), '--save_system', '--set', 'save_path=broken']
    output = tmp_path / 'output'
    killed = forked.start(train_until_killed, arguments, output=output, folder=workplace)
    killed.join(120)
    assert killed.exitcode == -signal.SIGKILL, output.read_text('utf-8')
    left = {path.name for path in the_run(workplace, 'broken', seed=2).iterdir()}
    assert left == {'run.log', 'best.pth', 'last.pth'}
    restored()


@pytest.mark.parametrize('epoch', [2, 3, 5])
@pytest.mark.parametrize('files', [('best.pth', 'last.pth'), ('last.pth',)], ids=['before best', 'before last'])
def test_interrupted_and_restored_run_ends_like_an_uninterrupted_one(files, epoch, run, restored, monkeypatch, capsys):
    """Interrupted after the training of an epoch and before one of its files is written."""
    from crslab_causal.system import checkpoint

    save = checkpoint.save

    def interrupted(path, content):
        if path.name in files and content.progress.epoch == epoch:
            raise KeyboardInterrupt
        save(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, 'save', interrupted)
        assert run('--save_system', '--set', 'save_path=broken', **LONG) == 130
    assert capsys.readouterr().err.splitlines()[-1] == RESUME_HINT
    restored()


def test_restoring_a_finished_run_changes_no_score(run, workplace):
    assert run('--save_system', **LONG) == 0
    before = outcome(the_run(workplace, seed=2))
    assert run('--restore_system', **LONG) == 0
    assert outcome(the_run(workplace, seed=2)) == before


@pytest.mark.parametrize('model', ['KBRDRepaired', 'TransitionCounts', 'Popularity'])
def test_other_models_are_saved_and_restored_too(model, run, workplace):
    keys = {'model': model, 'rec': {'epoch': 3, 'batch_size': 2}}
    assert run('--save_system', **keys) == 0
    before = outcome(the_run(workplace, model=model))
    assert before[2].keys() == {'best.pth', 'last.pth'}
    assert run('--restore_system', **keys) == 0
    assert outcome(the_run(workplace, model=model)) == before


def test_a_checkpoint_with_the_old_name_of_a_key_is_read(run, workplace):
    assert run('--save_system', **LONG) == 0
    before = outcome(the_run(workplace, seed=2))
    for name in ('best.pth', 'last.pth'):
        path = the_run(workplace, seed=2) / name
        content = torch.load(path, weights_only=True)
        assert 'sparse_rgcn' in content['opt']
        torch.save({**content, 'opt': content['opt'].replace('sparse_rgcn', 'mend_rgcn')}, path)
    assert run('--restore_system', **LONG) == 0
    assert outcome(the_run(workplace, seed=2)) == before


def test_training_can_be_longer_where_the_learning_rate_allows_it(run, workplace, capsys):
    keys = {'seed': 2, 'embedding_dropout': 0.3, 'run_name': 'longer'}
    short = {'epoch': 2, 'batch_size': 2, 'early_stop': False}
    assert run('--save_system', rec=short | {'epoch': 4}, **(keys | {'run_name': 'whole'})) == 0
    assert run('--save_system', rec=short, **keys) == 0
    assert run('--restore_system', rec=short | {'epoch': 4}, **keys) == 0
    parts, whole = (workplace / 'save' / 'ReDial_CausalKBRD' / f'{name}_seed2' for name in ('longer', 'whole'))
    assert outcome(parts)[:2] == outcome(whole)[:2]

    decays = {**short, 'lr_scheduler': {'name': 'TransformersPolynomialDecayLR'}}
    assert run('--save_system', rec=decays, **keys) == 0
    capsys.readouterr()
    assert run('--restore_system', rec={**decays, 'epoch': 4}, **keys) == 2
    line = capsys.readouterr().err
    assert 'rec.epoch is 2 there and 4 here, and the decay of the learning rate depends on it' in line
    assert '{' not in line


def test_two_runs_do_not_write_one_folder(run, workplace, capsys):
    from filelock import FileLock

    folder = workplace / 'save' / 'ReDial_CausalKBRD'
    folder.mkdir(parents=True)
    with FileLock(folder / '.mine_seed2.lock'):  # as another process holds it
        assert run(**LONG) == 2
    assert 'another process uses it' in capsys.readouterr().err
    assert not (folder / 'mine_seed2').exists()
    assert run(**LONG) == 0
