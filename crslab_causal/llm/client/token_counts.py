"""The tokens of an answer, as the server reports them if that is possible, else estimated."""

from __future__ import annotations

import math
from typing import NamedTuple

from crslab_causal.llm.client.record import Payload, Response

_CHARACTERS_PER_TOKEN = 4
"""Approximate length of a token in English."""

_MAX_CHARACTERS_PER_TOKEN = 16
"""No tokenizer has longer tokens on average: fewer tokens than this are no count."""

_MAX_TOKENS_PER_CHARACTER = 4
"""A character has at most four bytes, and a token at least one: more tokens than this are no count."""

_MAX_ADDED_TOKENS = 8000
"""Maximum number of tokens that a server adds to a prompt: its template, and the schema."""

_CUT_CHARACTERS_PER_TOKEN = 6
"""A prompt with longer tokens on average was probably cut. Prompts of this package have 3 to 4.5."""


class TokenCounts(NamedTuple):
    """Tokens of an answer."""

    input: int
    output: int
    is_estimated: bool
    """Whether the server reports no tokens, or numbers that are impossible for the texts."""


def count_tokens(payload: Payload, response: Response) -> TokenCounts:
    """Return the tokens of an answer, as reported, or estimated from the length of the texts.

    A count is used only if it is possible: else a server that reports 0 tokens would empty no budget.
    """
    n_input, n_output = _prompt_length(payload), len(response.content)
    if 'logprobs' in payload['parameters']:
        n_output = 1  # the content is a list of tokens, of which one was written
    max_output = payload['parameters'].get('max_tokens')
    read, written = response.input_tokens, response.output_tokens
    if (
        read is None
        or written is None
        or not _minimum(n_input) <= read <= n_input * _MAX_TOKENS_PER_CHARACTER + _MAX_ADDED_TOKENS
        or not _minimum(n_output) <= written
        # a model's thoughts are output tokens, too; not every server counts them for the maximum
        or (max_output is not None and written > n_output * _MAX_TOKENS_PER_CHARACTER + 10 * max_output)
    ):
        return TokenCounts(_estimate(n_input), _estimate(n_output), True)
    return TokenCounts(read, written, False)


def is_prompt_cut(payload: Payload, response: Response) -> bool:
    """Return whether the server has read far fewer tokens than the prompt has, as if it had cut the prompt."""
    read = response.input_tokens
    return read is not None and 0 < read * _CUT_CHARACTERS_PER_TOKEN < _prompt_length(payload)


def estimate_input_tokens(payload: Payload) -> int:
    """Return the approximate number of tokens of a prompt."""
    return _estimate(_prompt_length(payload))


def _prompt_length(payload: Payload) -> int:
    return sum(len(str(message.get('content'))) for message in payload['messages'])


def _minimum(n_characters: int) -> int:
    return math.ceil(n_characters / _MAX_CHARACTERS_PER_TOKEN)


def _estimate(n_characters: int) -> int:
    return math.ceil(n_characters / _CHARACTERS_PER_TOKEN)
