"""A small generated corpus in ReDial's place, and runs on it in this process."""

import json
from pathlib import Path

import pytest
import yaml

from crslab_causal.data.demo.corpus import write_corpus
from crslab_causal.quick_start import main

SETTINGS = {'dataset': 'ReDial', 'model': 'CausalKBRD', 'kg_edge_threshold': 0, 'kg_emb_dim': 16, 'cutoffs': [1, 10],
            'rec': {'epoch': 3, 'batch_size': 8, 'update_freq': 4, 'optimizer': {'name': 'Adam', 'lr': 0.01}}}


@pytest.fixture(scope='session')
def data_path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('data')
    write_corpus(path / 'redial' / 'nltk', seed=7, strength=0.8, n_train=120, n_valid=30, n_test=30, n_interventional=5)
    return path


@pytest.fixture
def run(data_path, tmp_path, monkeypatch):
    """``run('alpha=0', flags=['-ss'])`` runs the command line, and gives results.json and the run's folder."""
    monkeypatch.chdir(tmp_path)

    def run_with(*settings: str, flags: tuple[str, ...] = (), seed: int = 1) -> tuple[dict, Path]:
        config = tmp_path / 'small.yaml'
        config.write_text(yaml.safe_dump(SETTINGS), 'utf-8')
        arguments = ['-c', str(config), '--data_path', str(data_path), '--seed', str(seed), *flags]
        for setting in settings:
            arguments += ['--set', setting]
        assert main(arguments) == 0
        newest = max(tmp_path.glob('save/*/*/results.json'), key=lambda path: path.stat().st_mtime_ns)
        return json.loads(newest.read_text('utf-8')), newest.parent

    return run_with
