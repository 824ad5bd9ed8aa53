"""Helpers for tests of the client."""

import pytest

from crslab_causal.base.errors import UserError
from crslab_causal.llm.answer import CausalAnswer
from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.options import LLMOptions

KEY = 'sk-secret-0123456789'


def prompt(text='hello'):
    return [{'role': 'system', 'content': 'You recommend.'}, {'role': 'user', 'content': text}], CausalAnswer


def options(base_url, **keys):
    return LLMOptions(**{'mode': 'live', 'base_url': base_url, 'retries': 3, 'timeout_s': 20.0} | keys)


def make_client(base_url, **keys):
    return LLMClient(options(base_url, **keys), backoff_s=0.002)


def run(base_url, texts=('hello',), **keys):
    """Return the completions of ``texts``, and the closed client."""
    with make_client(base_url, **keys) as client:
        return list(client.run([prompt(text) for text in texts])), client


def run_one(base_url, **keys):
    """Return the completion of one prompt, and the usage of the client."""
    (completion,), client = run(base_url, **keys)
    return completion, client.usage


def error_message(function, *args, **kwargs):
    """Call a function that must raise a ``UserError`` of one line, and return its message."""
    with pytest.raises(UserError) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert message and '\n' not in message
    return message
