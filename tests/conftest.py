"""What several tests share: quiet, isolated runs on corpora of a few conversations."""

from __future__ import annotations

import functools
import gc
import os
import random
import sys

import pytest

import forked  # noqa: F401  before any process is forked
import tiny

pytest_plugins = ['small_runs']

# before PyTorch is loaded: on several threads tensors this small take many times as long
os.environ.setdefault('OMP_NUM_THREADS', '1')

# While the tests are collected, Python imports all modules and frees almost nothing. A search for cycles in between
# looks at millions of objects in vain.
gc.disable()


def pytest_collection_finish(session):
    """Search for cycles again, but not among what the imports made."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def redial(tmp_path):
    """Data folder that holds ReDial's tiny corpus."""
    tiny.write_redial(tmp_path / 'data')
    return tmp_path / 'data'


@pytest.fixture(params=sorted(tiny.WRITERS))
def corpus(request, tmp_path):
    """Name of a dataset, and a data folder that holds its tiny corpus; once for each dataset."""
    tiny.WRITERS[request.param](tmp_path / 'data')
    return request.param, tmp_path / 'data'


@pytest.fixture
def make_config(tmp_path):
    """Writes a configuration that trains for a moment; keyword arguments are keys."""
    numbers = iter(range(1000))
    return lambda **settings: tiny.write_yaml(tmp_path / f'config{next(numbers)}.yaml', **settings)


@pytest.fixture(scope='session')
def load_real():
    """Reads the real ReDial or OpenDialKG, each once. Not to be changed."""
    root = tiny.real_data()
    if root is None:
        pytest.skip('no real data: put them into ../shared/data, or name their folder in CRSLAB_CAUSAL_DATA')

    @functools.lru_cache
    def load_real(name):
        dataset = tiny.load(name, root, kg_edge_threshold=None)
        gc.freeze()  # else every search for cycles looks at its millions of objects
        return dataset

    return load_real


@pytest.fixture
def real_data(load_real):
    """Folder of the real ReDial and OpenDialKG."""
    return tiny.real_data()


@pytest.fixture
def crslab_directories():
    """Puts CRSLab's paths back, wherever a test pointed them."""
    import crslab_causal.crslab_compat  # noqa: F401  makes CRSLab importable

    names = ('SAVE_PATH', 'DATA_PATH', 'DATASET_PATH', 'MODEL_PATH', 'PRETRAIN_PATH', 'EMBEDDING_PATH')
    before = [
        (module, name, vars(module)[name])
        for key, module in list(sys.modules.items())
        if key.partition('.')[0] == 'crslab'
        for name in names
        if name in vars(module)
    ]
    yield
    for module, name, value in before:
        setattr(module, name, value)


@pytest.fixture(autouse=True)
def process_given_back():
    """A command line in this process takes it over; the next test finds it as it was."""
    yield
    setup = sys.modules.get('crslab_causal.base.process_setup')
    if setup is not None:
        setup._configured = False
        setup.torch.set_flush_denormal(False)


@pytest.fixture
def workplace(tmp_path, monkeypatch, crslab_directories):
    """An empty working directory, and nothing left behind in the process by a run in it."""
    import numpy as np
    import torch
    from loguru import logger

    folder = tmp_path / 'work'
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', os.environ.get('CUDA_VISIBLE_DEVICES', ''))
    monkeypatch.setenv('NO_PROXY', '*')
    states = random.getstate(), np.random.get_state(), torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(1)
    yield folder
    logger.remove()
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
    torch.set_num_threads(states[3])
