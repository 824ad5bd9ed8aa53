"""Count the tokens of an answer: the numbers that the server reports if they are possible, else an estimate."""

from __future__ import annotations

import math
from typing import NamedTuple

from crslab_causal.llm.client.record import Payload, Response

_CHARACTERS_PER_TOKEN = 4
"""Approximate length of a token in English."""

_MAX_CHARACTERS_PER_TOKEN = 16
"""Maximum average length of a token. A reported number that implies longer tokens is impossible."""

_MAX_TOKENS_PER_CHARACTER = 4
"""Maximum number of tokens per character, because a character has at most four bytes. A larger number is impossible."""

_MAX_ADDED_TOKENS = 8000
"""Maximum number of tokens that a server adds to a prompt, for its template and the schema."""

_CUT_CHARACTERS_PER_TOKEN = 6
"""Average length of a token from which a prompt was probably cut. Prompts of this package have 3 to 4.5."""


class TokenCounts(NamedTuple):
    """The numbers of tokens of an answer."""

    input: int
    output: int
    is_estimated: bool
    """Whether the server reports no tokens, or numbers that are impossible for the texts."""


def count_tokens(payload: Payload, response: Response) -> TokenCounts:
    """Return the tokens of an answer, either reported or estimated from the length of the texts.

    A reported number is used only if it is possible. Otherwise a server that reports 0 tokens would never use up a
    budget.
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
    """Return whether the server has probably cut the prompt: it has read far fewer tokens than the prompt has."""
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
