"""What a caller gets for a request."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from crslab_causal.llm.client.record import Response

Messages = list[dict[str, str]]
"""``{'role': ..., 'content': ...}``, as servers want them."""

Status = Literal['ok', 'refusal', 'length', 'invalid', 'error', 'budget', 'missing']

UNANSWERED: tuple[Status, ...] = ('error', 'budget', 'missing')
"""Of requests that have no answer yet: asked again, they may get one."""

_CHARACTERS = 4
"""Of a token, about, in English."""


class Completion(NamedTuple):
    """What became of a request.

    Tokens, cost and latency are those of when it was paid for, so that a replayed run reports the same; what this run
    itself spent stands in ``LLMClient.usage``.
    """

    parsed: BaseModel | None
    """The answer, if status is ``ok``."""
    status: Status
    """``length``: cut off at ``max_tokens``; ``invalid``: not of the schema, however often it was asked for; ``error``:
    no answer from the server; ``budget``: not sent; ``missing``: replayed, and not in the store."""
    prompt_hash: str
    """Key in the store."""
    input_tokens: int
    """Of all answers to this request; estimated where the server did not say."""
    output_tokens: int
    latency_s: float
    """Seconds of the call that brought the last answer."""
    cost_usd: float | None
    """None: the model has no price in ``llm.prices``."""
    attempts: int
    """HTTP requests that this run has sent for it."""
    replayed: bool
    """Answered from the store, or by an equal request that was on its way: not paid for by this one."""
    detail: str
    """Why it is not ok, in one line."""


def count_tokens(request: dict[str, Any], response: Response) -> tuple[int, int]:
    """Tokens of input and output, as the server says, else as their text lets expect."""
    read, written = response.input_tokens, response.output_tokens
    if read is None or written is None:
        text = sum(len(str(message.get('content'))) for message in request['messages'])
        return math.ceil(text / _CHARACTERS), math.ceil(len(response.content) / _CHARACTERS)
    return read, written
