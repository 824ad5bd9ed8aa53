"""The result of a task: E, I_llm and R of Eq 9, with the status and the costs."""

from __future__ import annotations

from typing import NamedTuple

from crslab_causal.llm.answer import Repairs
from crslab_causal.llm.client.result import Status


class LLMResult(NamedTuple):
    """E, I_llm and R of Eq 9, with the candidates, the status and the costs."""

    explanation: str
    ranking: list[int]
    """Entity ids, best first."""
    response: str
    candidates: list[int]
    """I_rec with the oracle's items, before any shuffling: entity ids, best first. Prompts for titles do not show
    them."""
    status: Status
    """``ok``; ``partial``: the answer was cut off, or some of several answers are missing, and the recommender's order
    or a template response fill the gap; or the reason for these alone, see :data:`.Status`."""
    repairs: Repairs
    written: int
    """Number of places of the ranking that the model wrote itself, the first ones. The others have the recommender's
    order. Of titles in free form, those in the catalogue."""
    titles: list[str]
    """Titles written by a model that saw no candidates."""
    matches: list[int | None]
    """Entity id of each title; None: it is not in the catalogue."""
    copied: int
    """Number of titles that the examples of the prompt have, too."""
    confidence: list[float]
    """For each written place of the ranking, the share of the shuffled orders in which the model put the item there or
    higher; empty with a single order."""
    cache_key: str | None
    """Key of the request in the store; None for an answer without a language model. Of several requests the first."""
    input_tokens: int
    output_tokens: int
    latency_s: float
    """Seconds of the call that brought the answer; of several calls the longest."""
    cost_usd: float | None
    """Cost in USD; None: the model has no price."""
    replayed: bool
    """Whether the answer cost this run nothing, see :attr:`.Completion.replayed`."""
    detail: str
    """Reason for a status other than ``ok``, in one line."""

    @property
    def is_answered(self) -> bool:
        """Whether the ranking comes from the backend, at least its first places."""
        return self.status in ('ok', 'partial')

    @property
    def unmatched(self) -> int:
        """Number of titles that are not in the catalogue."""
        return self.matches.count(None)

    @property
    def places(self) -> list[int | None]:
        """The ranking with its empty places: of titles that are not in the catalogue, and of repeated ones.

        ``ranking`` drops these, so that the items behind them move up.
        """
        if not self.titles:
            return list(self.ranking)
        return [None if item in self.matches[:place] else item for place, item in enumerate(self.matches)]
