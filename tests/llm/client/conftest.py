"""The log of a test."""

import pytest
from loguru import logger


@pytest.fixture
def logged():
    lines = []
    sink = logger.add(lambda message: lines.append(str(message)), level='INFO', format='{message}')
    yield lines
    logger.remove(sink)
