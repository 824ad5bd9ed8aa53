"""A real server on the loopback interface with every fault on demand, and no key in the environment."""

import pytest


@pytest.fixture(scope='session')
def server(llm_server):
    """The server of ``small_runs``, under the short name that these tests use."""
    return llm_server


@pytest.fixture(autouse=True)
def environment(no_key):
    """No key in the environment."""
