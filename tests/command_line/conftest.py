"""The command line, in this process or another, on a tiny corpus and without a network."""

import os
import subprocess
import sys

import pytest
from folders import contents

import tiny
from crslab_causal import register

NOWHERE = 'http://127.0.0.1:9/data.zip'
"""Refuses every connection."""


@pytest.fixture(autouse=True)
def offline(workplace, monkeypatch):
    register()
    from crslab_causal.crslab_compat import CRSLAB_RESOURCES

    for resources in CRSLAB_RESOURCES.values():
        for resource in resources.values():
            monkeypatch.setattr(resource['file'], 'url', NOWHERE)


@pytest.fixture
def data(redial):
    return redial / 'redial' / 'nltk'


@pytest.fixture
def run(redial, make_config):
    """Runs the command line in this process; keyword arguments are keys of the configuration."""
    from crslab_causal.command_line.run import main

    def run(*arguments, data_path=redial, **settings):
        config = make_config(**{'run_name': 'mine', **settings})
        return main(['--config', str(config), '--data_path', str(data_path), *arguments])

    return run


@pytest.fixture
def refused(run, tmp_path, capsys):
    """The line about a mistake, after a look at what the run left behind."""

    def refused(*arguments, **settings):
        before = contents(tmp_path)
        capsys.readouterr()
        status = run(*arguments, **settings)
        output = capsys.readouterr()
        assert status == 2
        lines = output.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith('error: ')
        assert 'Traceback' not in output.out
        assert contents(tmp_path) == before
        return lines[0].removeprefix('error: ')

    return refused


@pytest.fixture
def shell():
    """Starts Python in another process, with one thread."""
    started = []
    environment = {
        **os.environ,
        'OMP_NUM_THREADS': '1',
        'NO_PROXY': '*',
        'PYTHONPATH': os.pathsep.join([str(tiny.ROOT), os.environ.get('PYTHONPATH', '')]),
    }

    def shell(*arguments):
        started.append(
            subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
            )
        )
        return started[-1]

    yield shell
    for process in started:
        process.kill()
        process.communicate()
