"""Several processes, started by torchrun: the scores of one process, one log, one checkpoint."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from tests.system.conftest import SETTINGS

ROOT = Path(__file__).parents[2]


def start(folder, data_path, n_process, *settings, flags=('-ss', '-tb')):
    """Runs the command line in ``n_process`` processes, and gives results.json, the run's folder and the output."""
    folder.mkdir(exist_ok=True)
    config = folder / 'small.yaml'
    config.write_text(yaml.safe_dump(SETTINGS), 'utf-8')
    launcher = [sys.executable]
    if n_process > 1:
        launcher += ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', str(n_process)]
    command = launcher + [str(ROOT / 'run_crslab.py'), '-c', str(config), '--data_path', str(data_path), '--seed', '1',
                          *flags, *(word for setting in settings for word in ('--set', setting))]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob('save/*/*_seed1/results.json')
    return json.loads(path.read_text('utf-8')), path.parent, done.stdout + done.stderr


def numbers(scores):
    """All numbers of nested scores, in order."""
    if isinstance(scores, (dict, list)):
        values = scores.values() if isinstance(scores, dict) else scores
        return [n for value in values for n in numbers(value)]
    return [scores]


# batches of 7 leave one sample for three processes at the end of an epoch
@pytest.mark.parametrize('n_process, settings', [
    (2, ['item_bias=true']),
    (3, ['rec.batch_size=7', 'rec.update_freq=1', 'rec.epoch=2', 'alpha=0', 'beta=0', 'intervention=learned'])])
def test_scores_of_one_process_one_log_one_checkpoint(data_path, tmp_path, n_process, settings):
    one, _, _ = start(tmp_path / 'one', data_path, 1, *settings)
    several, folder, output = start(tmp_path / 'several', data_path, n_process, *settings)

    assert several['splits'].keys() == one['splits'].keys()
    for split, scores in one['splits'].items():
        assert several['splits'][split]['samples'] == scores['samples']
        assert numbers(several['splits'][split]) == pytest.approx(numbers(scores), abs=1e-3, nan_ok=True)
    assert sorted(path.name for path in folder.iterdir()) == [
        'best.pth', 'last.pth', 'ranks_test.jsonl', 'ranks_valid.jsonl', 'results.json', 'results.md', 'run.log']
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert len(list((tmp_path / 'several' / 'runs').glob('*/events*'))) == 1
    losses = {name: re.findall(r'\[train, epoch 0\] .*?rec_loss (\S+?),', (tmp_path / name / path).read_text('utf-8'))
              for name, path in (('one', folder.relative_to(tmp_path / 'several') / 'run.log'),
                                 ('several', folder.relative_to(tmp_path / 'several') / 'run.log'))}
    assert len(losses['several']) == 1  # one log
    assert float(losses['several'][0]) == pytest.approx(float(losses['one'][0]), abs=2e-3)
    assert output.count('[Epoch 0:') == 1
    assert not any(name.startswith('module.') for name in torch.load(folder / 'best.pth', weights_only=True)['model'])


def test_a_model_of_crslab_and_a_counting_one(data_path, tmp_path):
    for model, options in (('KBRDRepaired', ['num_bases=2', 'rec.epoch=2']), ('TransitionCounts', [])):
        one, _, _ = start(tmp_path / model, data_path, 1, f'model={model}', *options, flags=())
        several, _, _ = start(tmp_path / f'{model}2', data_path, 2, f'model={model}', *options, flags=())
        assert numbers(several['splits']) == pytest.approx(numbers(one['splits']), abs=1e-3, nan_ok=True)
