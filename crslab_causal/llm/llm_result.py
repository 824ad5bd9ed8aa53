"""The result of a request: explanation E, ranking I_llm and response R of Eq 9, with the status and the costs."""

from __future__ import annotations

from typing import NamedTuple

from crslab_causal.llm.answer import Repairs
from crslab_causal.llm.client.result import Status


class LLMResult(NamedTuple):
    """An explanation E, a ranking I_llm and a response R (Eq 9), with the candidates, the status and the costs."""

    explanation: str
    ranking: list[int]
    """Entity ids, best first."""
    response: str
    candidates: list[int]
    """The list I_rec with the oracle's items, before any shuffling: entity ids, best first. Prompts for titles do not
    show them."""
    status: Status
    """Status of the answer. ``ok``: complete. ``partial``: the answer was cut off, or some of several answers are
    missing, and the recommender's order or a template response fills the gap. Other values say why the whole result
    comes from the recommender and a template, see :data:`.Status`."""
    repairs: Repairs
    """Numbers of repaired entries, in the answers to all requests."""
    written: int
    """Number of entries at the start of the ranking that the model wrote itself. The other entries are in the
    recommender's order, or in the order that the earlier windows made. For titles in free form: the number of titles in
    the catalogue."""
    titles: list[str]
    """Titles that a model without candidates wrote."""
    matches: list[int | None]
    """Entity id of each title; None if it is not in the catalogue."""
    copied: int
    """Number of titles that are also in the examples of the prompt."""
    confidence: list[float]
    """Confidence in each written entry of the ranking: the share of the shuffled orders in which the model put the item
    there or higher. Empty if there is only one order."""
    cache_keys: list[str]
    """Key of each request in the store, in the order of the requests: one for each shuffled order or window. Empty for
    an answer without a language model."""
    input_tokens: int
    output_tokens: int
    latency_s: float
    """Seconds of the call that brought the answer. If there are several calls, it is that of the longest one, but the
    sum for windows, whose calls follow each other."""
    cost_usd: float | None
    """Cost in USD; None if the model has no price."""
    replayed: bool
    """Whether the answer cost this run nothing, see :attr:`.Completion.replayed`."""
    detail: str
    """Reason for a status other than ``ok``, in one line."""

    @property
    def is_answered(self) -> bool:
        """Whether the backend has ranked at least the top of the list.

        The recommender's order fills the other places.
        """
        return self.status in ('ok', 'partial')

    @property
    def unmatched(self) -> int:
        """Number of titles that are not in the catalogue."""
        return self.matches.count(None)

    @property
    def places(self) -> list[int | None]:
        """The ranking, in which None replaces each repeated title and each title that the catalogue does not have.

        The attribute ``ranking`` leaves such titles out, so that the items behind them move up.
        """
        if not self.titles:
            return list(self.ranking)
        return [None if item in self.matches[:place] else item for place, item in enumerate(self.matches)]
