"""Counters of a run: what was asked, sent, answered and paid."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any


@dataclasses.dataclass
class Usage:
    """What one client did; answers from the store cost nothing here, an earlier run has paid for them."""

    requests: int = 0
    """Questions put to the client; each ends in one of ``statuses``, or in an exception."""
    replayed: int = 0
    """Requests answered from the store alone."""
    coalesced: int = 0
    """Requests that were on their way already, and were not sent a second time."""
    calls: int = 0
    """HTTP requests that reached the server: first ones and repeated ones."""
    answers: int = 0
    """Calls that brought an answer; each is a line of the store."""
    retries: Counter[str] = dataclasses.field(default_factory=Counter)
    """Requests sent again, by cause: ``429``, ``408``, ``409``, ``500`` and the like, ``timeout``, ``connection``,
    ``body`` (the server's 200 held no answer), ``schema`` and ``max_tokens`` (it does not know this parameter),
    ``invalid`` (the answer could not be used)."""
    statuses: Counter[str] = dataclasses.field(default_factory=Counter)
    """Completions by status."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    """0 without a price for the model."""
    estimated: int = 0
    """Answers whose tokens the server did not say; they are estimated from the length of the text."""
    schema_fallback: bool = False
    """The server does not enforce schemas, and was asked for JSON in the prompt instead."""

    def summary(self) -> dict[str, Any]:
        """For a results file."""
        return dataclasses.asdict(self) | {'retries': dict(sorted(self.retries.items())),
                                           'statuses': dict(sorted(self.statuses.items())),
                                           'cost_usd': round(self.cost_usd, 6)}
