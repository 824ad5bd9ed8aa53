"""Answers that are read from the log-probabilities of the first token, not from a text.

A request for such an answer has ``logprobs``, ``top_logprobs`` and ``max_tokens: 1``, and no schema. Its record has the
most probable tokens in the place of a text::

    {"text": "B", "top_logprobs": {"B": -0.31, " B": -2.2, "A": -2.9}}
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from typing import Any, Mapping, Self

from pydantic import BaseModel

N_TOP_TOKENS = 20
"""Number of tokens that are requested. OpenAI and vLLM give no more."""

PARAMETERS = {'logprobs': True, 'top_logprobs': N_TOP_TOKENS}
"""Parameters of a request for such an answer."""


class FirstTokenAnswer(BaseModel, ABC):
    """The base class of answers that are read from the first token."""

    @classmethod
    @abstractmethod
    def from_tokens(cls, log_probabilities: Mapping[str, float]) -> Self | None:
        """Return the answer that the most probable tokens give, None if they give none.

        Args:
            log_probabilities: log-probability of each token.
        """


def top_tokens(body: bytes) -> str | None:
    """Return the content of a record, from the body of an answer; None if the server gives no log-probabilities."""
    try:
        choice = json.loads(body)['choices'][0]
        found = _tokens(choice.get('logprobs') or {})
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None
    if not found:
        return None
    message = choice.get('message')
    text = message.get('content') if isinstance(message, dict) else choice.get('text')
    return json.dumps({'text': text if isinstance(text, str) else '', 'top_logprobs': found})


def read_tokens(content: str) -> dict[str, float]:
    """Return the tokens of an answer and their log-probabilities; empty if ``content`` has none.

    ``content`` is what :func:`top_tokens` returned: JSON with the most probable tokens.
    """
    try:
        found = json.loads(content)['top_logprobs']
        return {token: float(value) for token, value in found.items()}
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return {}


def _tokens(logprobs: dict[str, Any]) -> dict[str, float]:
    """Return the log-probabilities of the first token. The form is that of chat completions or of older completions."""
    if isinstance(logprobs.get('content'), list):
        entries = logprobs['content'][0].get('top_logprobs') or logprobs['content'][:1]
        pairs = [(entry.get('token'), entry.get('logprob')) for entry in entries]
    else:
        pairs = list((logprobs.get('top_logprobs') or [{}])[0].items())
    return {
        token: float(value)
        for token, value in pairs
        if isinstance(token, str) and isinstance(value, (int, float)) and math.isfinite(value)
    }
