"""Several processes: the scores of one process, one log, one checkpoint."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

import forked
from crslab_causal.command_line.run import main
from small_runs import SETTINGS

ROOT = Path(__file__).parents[2]


def by_torchrun(folder, n_process, arguments):
    """Runs the command line in several processes that torchrun starts, and gives the output."""
    script = [str(ROOT / 'run_crslab.py'), *arguments]
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', str(n_process)]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)}
    done = subprocess.run([*command, *script], cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def by_forks(folder, n_process, arguments):
    """As ``by_torchrun``, with processes that get torchrun's variables but import nothing anew."""
    meeting_point = torch.distributed.TCPStore('127.0.0.1', 0, is_master=True, wait_for_workers=False)
    common = {
        'MASTER_ADDR': '127.0.0.1',
        'MASTER_PORT': str(meeting_point.port),
        'TORCHELASTIC_USE_AGENT_STORE': 'True',
        'WORLD_SIZE': str(n_process),
        'LOCAL_WORLD_SIZE': str(n_process),
    }
    output = folder / 'output'
    processes = [
        forked.start(main, arguments, output=output, folder=folder, **common, RANK=str(rank), LOCAL_RANK=str(rank))
        for rank in range(n_process)
    ]
    for process in processes:
        process.join(240)
    assert [process.exitcode for process in processes] == [0] * n_process, output.read_text('utf-8')
    return output.read_text('utf-8')


def start(start_processes, folder, data_path, n_process, *settings):
    """Runs the command line in several processes, and gives results.json, the run's folder and the output."""
    folder.mkdir()
    config = folder / 'small.yaml'
    config.write_text(yaml.safe_dump(SETTINGS), 'utf-8')
    arguments = [
        '-c',
        str(config),
        '--data_path',
        str(data_path),
        '--seed',
        '1',
        '-ss',
        '-tb',
        *(word for setting in settings for word in ('--set', setting)),
    ]
    output = start_processes(folder, n_process, arguments)
    (path,) = folder.glob('save/*/*_seed1/results.json')
    return json.loads(path.read_text('utf-8')), path.parent, output


def numbers(scores):
    """All numbers of nested scores, in order."""
    if isinstance(scores, (dict, list)):
        values = scores.values() if isinstance(scores, dict) else scores
        return [n for value in values for n in numbers(value)]
    return [scores]


def first_loss(folder):
    """Training losses of the first epoch in a run's log."""
    log = (folder / 'run.log').read_text('utf-8')
    return [float(loss) for loss in re.findall(r'\[train, epoch 0\] .*?rec_loss (\S+?),', log)]


@pytest.mark.parametrize(
    'start_processes, n_process, settings',
    [
        (by_torchrun, 2, ['item_bias=true', 'adjustment=genre', 'counts_weight=null']),
        # batches of 7, of which the last of an epoch has fewer samples than there are processes
        (
            by_forks,
            3,
            ['rec.batch_size=7', 'rec.update_freq=1', 'rec.epoch=2', 'alpha=0', 'beta=0', 'intervention=learned'],
        ),
        (by_forks, 2, ['model=KBRDRepaired', 'num_bases=2', 'rec.epoch=2']),
        (by_forks, 2, ['model=CTACRS', 'num_bases=2', 'dropout=0', 'rec.epoch=2']),
        # batches of responses of 7, too
        (
            by_forks,
            3,
            [
                'model=Seq2Seq',
                'token_emb_dim=16',
                'context_truncate=16',
                'dropout=0',
                'rec.epoch=1',
                'conv.epoch=1',
                'conv.batch_size=7',
            ],
        ),
    ],
)
def test_two_processes_give_the_scores_of_one_with_one_log_and_one_checkpoint(
    run, data_path, tmp_path, start_processes, n_process, settings
):
    one, folder_of_one = run(*settings, flags=('-ss',))
    several, folder, output = start(start_processes, tmp_path / 'several', data_path, n_process, *settings)

    assert several['splits'].keys() == one['splits'].keys()
    for split, scores in one['splits'].items():
        assert several['splits'][split]['samples'] == scores['samples']
        assert numbers(several['splits'][split]) == pytest.approx(numbers(scores), abs=1e-3, nan_ok=True)
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in folder_of_one.iterdir())
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert len(list((tmp_path / 'several' / 'runs').glob('*/events*'))) == 1
    assert output.count('[Epoch 0:') == 1
    (loss,) = first_loss(folder)
    assert loss == pytest.approx(first_loss(folder_of_one)[0], abs=2e-3)
    if 'model=Seq2Seq' in settings:
        own, expected = (
            json.loads((path / 'generation_results.json').read_text('utf-8'))['splits']
            for path in (folder, folder_of_one)
        )
        for split in expected:
            assert own[split]['perplexity'] == pytest.approx(expected[split]['perplexity'], rel=1e-3)
    names = torch.load(folder / 'best.pth', weights_only=True)['model']
    assert names.keys() == torch.load(folder_of_one / 'best.pth', weights_only=True)['model'].keys()
