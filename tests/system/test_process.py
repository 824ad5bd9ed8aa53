"""How a process that trains is set up."""

import os
import subprocess
import sys

import pytest
import tiny
import torch

PRODUCT = 'import torch; print(int((torch.full((1_000_000,), 1e-30) * 1e-10 != 0).sum()))'
FLUSH = 'from crslab_causal.process import flush_denormals; flush_denormals(); '
LONG = ('rec.epoch=50', 'rec.early_stop=false', 'rec.update_freq=1', 'rec.lr_scheduler.warmup_steps=0')


@pytest.fixture
def flushing():
    if not torch.set_flush_denormal(True):
        pytest.skip('this CPU cannot flush denormals')
    torch.set_flush_denormal(False)


def test_denormals_are_zero_in_all_threads(flushing):
    """A large product is shared by two threads."""
    def printed(code):
        environment = {**os.environ, 'OMP_NUM_THREADS': '2', 'PYTHONPATH': str(tiny.ROOT)}
        return subprocess.run([sys.executable, '-c', code], env=environment, capture_output=True, text=True, check=True).stdout

    assert printed(PRODUCT) == '1000000\n' and printed(FLUSH + PRODUCT) == '0\n'


def test_a_run_has_none_and_the_scores_that_it_has_with_them(flushing, run, monkeypatch):
    def denormals(folder):
        states = torch.load(folder / 'last.pth', weights_only=False)['optimizer']['state'].values()
        moments = torch.cat([state['exp_avg'].flatten() for state in states]).abs()
        return int(((moments > 0) & (moments < torch.finfo(torch.float32).tiny)).sum())

    found, folder = run(*LONG, 'run_name=flushed', flags=['-ss'])
    assert denormals(folder) == 0
    monkeypatch.setattr('crslab_causal.process.flush_denormals', lambda: torch.set_flush_denormal(False))
    kept, folder = run(*LONG, 'run_name=kept', flags=['-ss'])
    assert denormals(folder) > 100  # or this test would say nothing
    assert kept['splits'] == found['splits']
