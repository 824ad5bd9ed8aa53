"""The completion of a prompt: the answer, its status and its cost."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import BaseModel

Messages = list[dict[str, str]]
"""Messages of a prompt in OpenAI's protocol: ``{'role': ..., 'content': ...}``."""

Status = Literal['ok', 'partial', 'refusal', 'length', 'invalid', 'error', 'budget', 'missing']

NOT_SENT: tuple[Status, ...] = ('error', 'budget', 'missing')
"""Statuses of prompts that got no answer. A later run may get one."""

UNANSWERED: tuple[Status, ...] = ('length', 'invalid', *NOT_SENT)
"""Statuses of prompts without a usable answer. A refusal is an answer."""

MAX_UNANSWERED = 0.01
"""Maximum share of samples without a usable answer. With a larger share, many scores would be those of the recommender,
and the run counts as failed."""


class Completion(NamedTuple):
    """The answer to a prompt with its status and its cost.

    Tokens, cost and latency are those of the run that paid for the answer, so a replayed run reports the same numbers.
    ``LLMClient.usage`` reports the cost of the current run.
    """

    parsed: BaseModel | None
    """The parsed answer if the status is ``ok`` or ``partial``, else None."""
    status: Status
    """Status of the answer. ``ok``: complete. ``partial``: cut off at ``max_tokens``, also with more tokens, but
    usable. ``length``: cut off before it could be used. ``refusal``: the model or the server refused. ``invalid``: no
    attempt matched the schema. ``error``: no answer from the server. ``budget``: not sent. ``missing``: replayed, but
    not in the store."""
    cache_key: str = ''
    """Key in the store; empty for an answer without a language model."""
    input_tokens: int = 0
    """Input tokens of all answers to the prompt; estimated if the server did not report them."""
    output_tokens: int = 0
    """Output tokens of all answers to the prompt; estimated if the server did not report them."""
    latency_s: float = 0.0
    """Seconds of the HTTP request that brought the last answer."""
    cost_usd: float | None = 0.0
    """Cost in USD; None if the model has no price in ``llm.prices``."""
    attempts: int = 0
    """Number of HTTP requests that this run sent for the prompt."""
    replayed: bool = False
    """Whether the answer came from the store or from an equal prompt in flight. It then cost this run nothing."""
    detail: str = ''
    """Reason for a status other than ``ok``, in one line."""
