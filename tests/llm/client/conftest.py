"""A real server on the loopback, with every fault on demand."""

import pytest
import llm_server as faulty
from loguru import logger


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    with faulty.Running(tmp_path_factory.mktemp('server')) as running:
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ('OPENAI_API_KEY', 'OPENAI_BASE_URL'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('NO_PROXY', '*')


@pytest.fixture
def logged():
    lines = []
    sink = logger.add(lambda message: lines.append(str(message)), level='INFO', format='{message}')
    yield lines
    logger.remove(sink)
