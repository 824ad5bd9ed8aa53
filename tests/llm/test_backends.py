"""The table of backends, and a backend that is added to it."""

import subprocess
import sys

import pytest
from pipeline_helpers import CATALOGUE, NAMES, make_pipeline, make_task

from crslab_causal.base.errors import UserError
from crslab_causal.llm.answer import CausalAnswer
from crslab_causal.llm.backends import BACKENDS, Backend, backend_class
from crslab_causal.llm.client.result import Completion
from crslab_causal.llm.options import LLMOptions
from tiny import ITEMS


class ReversingBackend(Backend):
    """Ranks the candidates in reverse order."""

    uses_prompt = False
    name = 'reversing'

    def __init__(self, catalogue):
        self.catalogue = catalogue
        self.is_closed = False

    @classmethod
    def build(cls, options, catalogue, prompt, examples):
        return cls(catalogue)

    def answer(self, requests):
        for request in requests:
            numbers = list(range(len(request.candidates), 0, -1))
            yield Completion(CausalAnswer(explanation='reversed', ranking=numbers, response='Hm.'), 'ok')

    def summary(self):
        return {'requests': 1}

    def close(self, give_up=False):
        self.is_closed = True


@pytest.fixture
def reversing(monkeypatch):
    monkeypatch.setitem(BACKENDS, 'reversing', f'{__name__}:ReversingBackend')


def test_every_entry_of_the_table_is_a_backend():
    for mode in BACKENDS:
        assert {'uses_prompt', 'build', 'name', 'answer', 'summary', 'close'} <= vars(backend_class(mode)).keys()
    assert [mode for mode in BACKENDS if not backend_class(mode).uses_prompt] == ['offline']


def test_backend_needs_only_a_class_and_an_entry_in_the_table(reversing):
    with make_pipeline(mode='reversing') as pipeline:
        (result,) = pipeline.answer([make_task()])
        backend = pipeline.backend
        assert (backend.name, backend.summary(), backend.catalogue) == ('reversing', {'requests': 1}, CATALOGUE)
        assert not backend.is_closed
    assert backend.is_closed
    assert (result.ranking, result.explanation, result.status) == (list(ITEMS)[::-1], 'reversed', 'ok')
    assert result.candidates == list(ITEMS) and NAMES[result.ranking[0]] == 'The Godfather'


def test_backend_without_a_prompt_supports_neither_titles_nor_shuffling(reversing):
    with pytest.raises(UserError, match='vanilla asks for titles'):
        make_pipeline(mode='reversing', prompt='vanilla')
    with pytest.raises(UserError, match='the reversing backend relies on'):
        make_pipeline(mode='reversing', shuffle=True)


def test_options_do_not_load_the_client():
    """The configuration is checked before heavy packages are imported."""
    code = 'import sys, crslab_causal.llm.options; print("openai" in sys.modules, "aiohttp" in sys.modules)'
    result = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True, env={'PYTHONPATH': ':'.join(sys.path)}
    )
    assert result.stdout.split() == ['False', 'False']
    assert LLMOptions().mode == 'offline'
