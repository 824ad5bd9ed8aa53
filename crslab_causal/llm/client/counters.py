"""Counters of a run: requests, calls, answers and costs."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any


@dataclasses.dataclass
class Usage:
    """The counters of one client.

    Answers from the store cost nothing here, because an earlier run has paid for them.
    """

    requests: int = 0
    """Number of prompts that the client was asked to complete. Each ends in one of ``statuses`` or in an exception."""
    replayed: int = 0
    """Number of prompts that were answered from the store."""
    coalesced: int = 0
    """Number of prompts that were not sent, because an equal prompt was in flight."""
    calls: int = 0
    """Number of HTTP requests that reached the server, including repeated ones."""
    answers: int = 0
    """Number of calls with an answer. Each answer is a line of the store."""
    retries: Counter[str] = dataclasses.field(default_factory=Counter)
    """Repeated calls by cause: ``429``, ``408``, ``409``, ``500`` and other HTTP statuses, ``timeout``,
    ``connection``, ``body`` (status 200 without an answer), ``schema``, ``system``, ``seed`` and other parameters (the
    server refused this part of the request), ``invalid`` (the answer could not be used), ``length`` (the answer was cut
    off)."""
    statuses: Counter[str] = dataclasses.field(default_factory=Counter)
    """Number of completions by status."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    """Cost in USD; 0 if the model has no price."""
    estimated: int = 0
    """Number of answers whose tokens the server did not report, or reported with an impossible number. Their tokens are
    estimated from the length of the text."""
    cut_prompts: int = 0
    """Number of answers to prompts that the server has probably cut, because it has read far fewer tokens than they
    have."""
    schema_fallback: bool = False
    """Whether the prompt asks for JSON because the server does not enforce schemas."""
    omitted: list[str] = dataclasses.field(default_factory=list)
    """Parameters that are no longer sent, because the server refused them."""

    def summary(self) -> dict[str, Any]:
        """Return the counters as a dict for the results file."""
        return dataclasses.asdict(self) | {
            'retries': dict(sorted(self.retries.items())),
            'statuses': dict(sorted(self.statuses.items())),
            'cost_usd': round(self.cost_usd, 6),
        }
