"""Counters of a run: requests, calls, answers and costs."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any


@dataclasses.dataclass
class Usage:
    """Counters of one client. Answers from the store cost nothing here, because an earlier run has paid for them."""

    requests: int = 0
    """Prompts given to the client. Each ends in one of ``statuses`` or in an exception."""
    replayed: int = 0
    """Prompts answered from the store alone."""
    coalesced: int = 0
    """Prompts that joined an equal prompt in flight and were not sent themselves."""
    calls: int = 0
    """HTTP requests that reached the server, including repeated ones."""
    answers: int = 0
    """Calls that brought an answer. Each is a line of the store."""
    retries: Counter[str] = dataclasses.field(default_factory=Counter)
    """Repeated calls by cause: ``429``, ``408``, ``409``, ``500`` and other HTTP statuses, ``timeout``,
    ``connection``, ``body`` (status 200 without an answer), ``schema``, ``system``, ``seed`` and other parameters (the
    server refused this part of the request), ``invalid`` (the answer could not be used), ``length`` (the answer was cut
    off)."""
    statuses: Counter[str] = dataclasses.field(default_factory=Counter)
    """Completions by status."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    """Cost in USD; 0 if the model has no price."""
    estimated: int = 0
    """Answers whose tokens the server did not report, or reported with an impossible number. They are estimated from
    the length of the text."""
    cut_prompts: int = 0
    """Answers to prompts that the server seems to have cut: it has read far fewer tokens than they have."""
    schema_fallback: bool = False
    """Whether the prompt asks for JSON because the server does not enforce schemas."""
    omitted: list[str] = dataclasses.field(default_factory=list)
    """Parameters that were not sent any more, because the server refused them."""

    def summary(self) -> dict[str, Any]:
        """Return the counters for a results file."""
        return dataclasses.asdict(self) | {
            'retries': dict(sorted(self.retries.items())),
            'statuses': dict(sorted(self.statuses.items())),
            'cost_usd': round(self.cost_usd, 6),
        }
