"""How a process that trains is set up."""

import os
import subprocess
import sys

import pytest
import torch

import tiny
from crslab_causal.base import process_setup

PRODUCT = 'import torch; print(int((torch.full((1_000_000,), 1e-30) * 1e-10 != 0).sum()))'
FLUSH = 'from crslab_causal.base.process_setup import flush_denormals; flush_denormals(); '
LONG = ('rec.epoch=100', 'rec.early_stop=false', 'rec.update_freq=1', 'rec.lr_scheduler.warmup_steps=0')


@pytest.fixture(autouse=True)
def quiet(workplace):
    """In an empty folder."""


@pytest.fixture
def flushing():
    if not torch.set_flush_denormal(True):
        pytest.skip('this CPU cannot flush denormals')
    torch.set_flush_denormal(False)


@pytest.mark.parametrize(
    'threads',
    [
        '1',
        pytest.param('2', marks=pytest.mark.skipif(sys.platform != 'linux', reason='threads inherit it on Linux only')),
    ],
)
def test_denormals_are_zero(flushing, threads):
    """A large product is shared by two threads."""

    def printed(code):
        environment = {**os.environ, 'OMP_NUM_THREADS': threads, 'PYTHONPATH': str(tiny.ROOT)}
        return subprocess.run(
            [sys.executable, '-c', code], env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert printed(PRODUCT) == '1000000\n' and printed(FLUSH + PRODUCT) == '0\n'


def test_only_the_command_line_configures_the_process(flushing, make_config, redial):
    """Who calls from Python has arithmetic of their own."""
    from crslab_causal.command_line.run import main
    from crslab_causal.quick_start import run_crslab

    def flushed():
        return not torch.tensor([1e-30]) * 1e-10

    config = str(make_config(data_path=str(redial)))
    run_crslab(config)
    assert not flushed() and not process_setup.is_configured()
    assert main(['-c', config]) == 0
    assert flushed() and process_setup.is_configured()


def test_run_without_answers_has_the_same_scores_as_with_them(flushing, run, monkeypatch):
    def denormals(folder):
        states = torch.load(folder / 'last.pth', weights_only=False)['optimizer']['state'].values()
        moments = torch.cat([state['exp_avg'].flatten() for state in states]).abs()
        return int(((moments > 0) & (moments < torch.finfo(torch.float32).tiny)).sum())

    found, folder = run(*LONG, 'run_name=flushed', flags=['-ss'])
    assert denormals(folder) == 0
    monkeypatch.setattr('crslab_causal.base.process_setup.flush_denormals', lambda: torch.set_flush_denormal(False))
    kept, folder = run(*LONG, 'run_name=kept', flags=['-ss'])
    assert denormals(folder) > 100  # or this test would say nothing
    assert kept['splits'] == found['splits']
