"""A real server on the loopback interface with every fault on demand, and no key in the environment."""

import pytest

import llm_server


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    with llm_server.RunningServer(tmp_path_factory.mktemp('server')) as running:
        yield running


@pytest.fixture(autouse=True)
def environment(no_key):
    """No key in the environment."""
