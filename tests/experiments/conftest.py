"""Suites over the tiny corpora, and runs of a moment."""

import pytest
import yaml

import forked
import tiny
from crslab_causal.experiments.analysis.scorers import EXTRA_SCORERS
from crslab_causal.experiments.runner import execution
from crslab_causal.experiments.runner.execution import Executor
from crslab_causal.experiments.runner.paths import RunPaths
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import read_suite

SMALL = {'rec': {'epoch': 2, 'batch_size': 4}, 'kg_emb_dim': 8, 'cutoffs': [1, 3], 'kg_edge_threshold': 0}


@pytest.fixture(autouse=True)
def forked_workers(monkeypatch):
    """Workers that import nothing anew. The commands that tests start in other processes have the usual workers."""
    monkeypatch.setattr(execution, 'START_METHOD', forked.METHOD)


@pytest.fixture
def write_suite(tmp_path):
    """Write a suite and the configuration ``small`` (CausalKBRD on ReDial), and read it; keywords are those of
    ``read_suite``."""
    folder = tmp_path / 'config'
    folder.mkdir()
    tiny.write_yaml(folder / 'small.yaml', dataset='ReDial', model='CausalKBRD', **SMALL)

    def write_suite(tables, seeds=(1, 2), quick_options=None, figures=(), cases=(), **keywords):
        content = {
            'title': 'Small',
            'seeds': list(seeds),
            'tables': tables,
            'figures': list(figures),
            'cases': list(cases),
        }
        content |= {'quick': quick_options} if quick_options else {}
        path = tmp_path / 'suite.yaml'
        path.write_text(yaml.safe_dump(content), 'utf-8')
        return read_suite(path, folder, **keywords)

    return write_suite


@pytest.fixture
def table():
    """Options of a table over ``small``; keywords are added."""
    return lambda **more: {
        'name': 'main',
        'title': 'Main',
        'config': 'small',
        'metrics': ['recall@1', 'recall@3'],
        **more,
    }


@pytest.fixture
def paths(redial, tmp_path):
    """Folders of the data and of the runs."""
    return RunPaths(redial, tmp_path / 'work')


@pytest.fixture
def store(paths):
    """The runs below the folder ``work``."""
    return RunStore(paths)


@pytest.fixture
def execute(store):
    """Execute a run in this process, and return its seconds; ``into`` is another store."""
    return lambda run, into=store: Executor(into, EXTRA_SCORERS).execute(run)
