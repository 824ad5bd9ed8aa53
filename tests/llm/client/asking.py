"""Asking through the client, with the retries of a test."""

import pytest

from crslab_causal.base.errors import UserError
from crslab_causal.llm.answer import CausalAnswer
from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.options import LLMOptions

KEY = 'sk-secret-0123456789'


def ask(text='hello'):
    return [{'role': 'system', 'content': 'You recommend.'}, {'role': 'user', 'content': text}], CausalAnswer


def options(base_url, **keys):
    return LLMOptions(**{'mode': 'live', 'base_url': base_url, 'retries': 3, 'timeout_s': 20.0} | keys)


def client(base_url, **keys):
    return LLMClient(options(base_url, **keys), backoff_s=0.002)


def run(base_url, texts=('hello',), **keys):
    """Completions of ``texts``, and the client that got them."""
    with client(base_url, **keys) as asked:
        return list(asked.run([ask(text) for text in texts])), asked


def one(base_url, **keys):
    (completion,), asked = run(base_url, **keys)
    return completion, asked.usage


def complaint(function, *args, **kwargs):
    with pytest.raises(UserError) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert message and '\n' not in message
    return message
