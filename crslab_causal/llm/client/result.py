"""The completion of a prompt: the answer, its status and its cost."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import BaseModel

Messages = list[dict[str, str]]
"""Messages ``{'role': ..., 'content': ...}`` of OpenAI's protocol."""

Status = Literal['ok', 'partial', 'refusal', 'length', 'invalid', 'error', 'budget', 'missing']

NOT_SENT: tuple[Status, ...] = ('error', 'budget', 'missing')
"""Statuses of prompts without any answer. A later run may get one."""

UNANSWERED: tuple[Status, ...] = ('length', 'invalid', *NOT_SENT)
"""Statuses of prompts without a usable answer. A refusal is an answer."""

MAX_UNANSWERED = 0.01
"""Maximum share of samples without a usable answer. With more of them, the scores are those of the recommender to a
considerable part, and the run has failed."""


class Completion(NamedTuple):
    """The result of a prompt.

    Tokens, cost and latency are those of the run that paid for the answer, so that a replayed run reports the same.
    ``LLMClient.usage`` reports what the current run spent.
    """

    parsed: BaseModel | None
    """The answer if the status is ``ok`` or ``partial``, else None."""
    status: Status
    """``partial``: cut off at ``max_tokens``, also with more room, but what was written can be used; ``length``: cut
    off before anything could be used; ``refusal``: the model or the server refused; ``invalid``: never matched the
    schema, after all attempts; ``error``: no answer from the server; ``budget``: not sent; ``missing``: replayed,
    but not in the store."""
    cache_key: str = ''
    """Key in the store; empty for an answer without a language model."""
    input_tokens: int = 0
    """Input tokens of all answers to the prompt; estimated if the server did not report them."""
    output_tokens: int = 0
    """Output tokens of all answers to the prompt; estimated if the server did not report them."""
    latency_s: float = 0.0
    """Seconds of the call that brought the last answer."""
    cost_usd: float | None = 0.0
    """Cost in USD; None: the model has no price in ``llm.prices``."""
    attempts: int = 0
    """Number of HTTP requests that this run sent for the prompt."""
    replayed: bool = False
    """Whether the answer came from the store or from an equal prompt in flight, and cost this run nothing."""
    detail: str = ''
    """Reason for a status other than ``ok``, in one line."""
