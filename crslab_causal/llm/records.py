"""Schema of a line of ``llm_<split>.jsonl``: the answer to one sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from crslab_causal.base.options import Options
from crslab_causal.llm.client.result import Status

if TYPE_CHECKING:
    from crslab_causal.llm.llm_result import LLMResult


class RepairCounts(Options):
    """The numbers of repaired entries of a ranking, see :class:`.Repairs`."""

    unknown: int
    duplicate: int
    missing: int


class LLMRecord(Options):
    """A line of ``llm_<split>.jsonl``: the answer to one sample. The keys of the line are the fields in their order."""

    conversation: str
    turn: int
    label: int
    """Entity id of the label."""
    backend: str
    """Name of the backend that gave the answer."""
    status: Status
    """Status of the answer: ``ok``, ``partial``, or the reason why the result comes from the recommender and a
    template; see :data:`.Status`."""
    detail: str
    """Details of a status other than ``ok``, in one line."""
    prompt_hash: str | None
    """Cache key of the request in the store; None for an answer without a language model. If there are several
    requests, it is that of the first one."""
    explanation: str
    candidates: list[int]
    """Entity ids of the candidates with the oracle's items, before any shuffling, best first."""
    ranking: list[int]
    """Entity ids of the re-ranked items, best first."""
    response: str
    rank_before: int | None
    """Rank of the label among the recommender's candidates, counted from 1; None if it is not a candidate."""
    rank_after: int | None
    """Rank of the label in ``ranking``, counted from 1; None if it is not in ``ranking``."""
    repairs: RepairCounts
    written: int
    """Number of entries at the start of ``ranking`` that the model wrote itself, with windows in the last one."""
    titles: list[str]
    """Titles in free form, if the prompt asks for titles."""
    matches: list[int | None]
    """Entity id of each title; None if it is not in the catalogue."""
    unmatched: int
    """Number of titles that are not in the catalogue."""
    copied: int
    """Number of titles that are also in the examples of the prompt."""
    confidence: list[float]
    """Confidence in each written entry: the share of the shuffled orders in which the model put the item there or
    higher. Empty if there is only one order."""
    input_tokens: int
    output_tokens: int
    latency_s: float
    """Seconds of the call that brought the answer, see :attr:`.LLMResult.latency_s`."""
    cost_usd: float | None
    """USD paid for all answers to the sample's requests; None if the model has no price."""
    replayed: bool
    """Whether the answer came from the store or from an equal request in flight. It then cost this run nothing."""

    @classmethod
    def from_result(cls, sample: Mapping[str, Any], listed: list[int], result: LLMResult, backend: str) -> LLMRecord:
        """Build the line of ``llm_<split>.jsonl`` about a sample from the answer to the sample.

        Args:
            sample: sample of a :class:`.CausalDataLoader`.
            listed: entity ids of the recommender's candidates, best first, without the oracle's items.
            result: the answer.
            backend: name of the backend.
        """
        label = sample['item']
        return cls(
            conversation=sample['conv_id'],
            turn=sample['turn'],
            label=label,
            backend=backend,
            status=result.status,
            detail=result.detail,
            prompt_hash=result.cache_keys[0] if result.cache_keys else None,
            explanation=result.explanation,
            candidates=result.candidates,
            ranking=result.ranking,
            response=result.response,
            rank_before=_rank(label, listed),
            rank_after=_rank(label, result.ranking),
            repairs=RepairCounts(**result.repairs._asdict()),
            written=result.written,
            titles=result.titles,
            matches=result.matches,
            unmatched=result.unmatched,
            copied=result.copied,
            confidence=[round(share, 4) for share in result.confidence],
            input_tokens=result.input_tokens,
            output_tokens=result.output_tokens,
            latency_s=result.latency_s,
            cost_usd=result.cost_usd,
            replayed=result.replayed,
        )


def _rank(item: int, ranking: list[int]) -> int | None:
    """Return the rank of an item, counted from 1; None if the ranking does not contain it."""
    return ranking.index(item) + 1 if item in ranking else None
