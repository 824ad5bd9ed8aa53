"""Build the result of a request from its completions: repair, undo the shuffling, match titles, aggregate."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from crslab_causal.llm.answer import (
    CausalAnswer,
    ChatAnswer,
    LabelAnswer,
    RankingAnswer,
    ReasonedTitleAnswer,
    Repairs,
    TitleAnswer,
    repair_ranking,
)
from crslab_causal.llm.candidates import rerank_request_seed, unshuffle
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.client.result import Completion, Status
from crslab_causal.llm.entity_linking.titles import TitleMatcher
from crslab_causal.llm.examples import ExampleIndex
from crslab_causal.llm.llm_result import LLMResult
from crslab_causal.llm.offline.templates import template_response
from crslab_causal.llm.permutations import aggregate_rankings, closest_ranking
from crslab_causal.llm.request import RerankRequest


class _Content(NamedTuple):
    """The content of answers, with entity ids in the place of titles."""

    explanation: str = ''
    ranking: list[int] = []
    written: int = 0
    response: str = ''
    repairs: Repairs = Repairs(0, 0, 0)
    titles: list[str] = []
    matches: list[int | None] = []
    confidence: list[float] = []


class ResultBuilder:
    """Makes the results of requests from their completions."""

    def __init__(
        self,
        catalogue: CatalogueInfo,
        n_ranked: int | None,
        matches_titles: bool,
        examples: ExampleIndex | None = None,
    ):
        self._catalogue, self._n_ranked, self._examples = catalogue, n_ranked, examples
        items = catalogue.items if matches_titles else ()
        self._matcher = TitleMatcher(
            [catalogue.names[item] for item in items], [catalogue.label_count.get(item, 0) for item in items]
        )

    def build(
        self,
        request: RerankRequest,
        orders: Sequence[Sequence[int]],
        completions: Sequence[Completion],
    ) -> LLMResult:
        """Return the result of a request.

        Args:
            request: the request. Its candidates are in the recommender's order.
            orders: orders in which the model saw the candidates, from :func:`.shuffle_candidates`.
            completions: completion for each order.
        """
        candidates = [candidate.entity for candidate in request.candidates]
        contents = [
            self._content(completion, order, candidates)
            for completion, order in zip(completions, orders, strict=True)
            if completion.parsed is not None
        ]
        if not contents:
            content = _Content(ranking=candidates)
        elif len(orders) == 1:
            (content,) = contents
        else:
            content = self._aggregate(contents, candidates)
        response = content.response
        if not response.strip() and content.ranking:
            name = self._catalogue.names[content.ranking[0]]
            response = template_response(name, rerank_request_seed(request))
        costs = [completion.cost_usd for completion in completions]
        return LLMResult(
            explanation=content.explanation,
            ranking=content.ranking,
            response=response,
            candidates=candidates,
            status=common_status(completions),
            repairs=content.repairs,
            written=content.written,
            titles=content.titles,
            matches=content.matches,
            copied=self._count_copied(request, content.matches),
            confidence=content.confidence,
            cache_keys=[completion.cache_key for completion in completions if completion.cache_key],
            input_tokens=sum(completion.input_tokens for completion in completions),
            output_tokens=sum(completion.output_tokens for completion in completions),
            latency_s=max(completion.latency_s for completion in completions),
            cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
            replayed=all(completion.replayed for completion in completions),
            detail=next((completion.detail for completion in completions if completion.detail), ''),
        )

    def _content(self, completion: Completion, order: Sequence[int], candidates: list[int]) -> _Content:
        match completion.parsed:
            case CausalAnswer() | ChatAnswer() | RankingAnswer() | LabelAnswer() as answer:
                numbers = unshuffle(answer.ranking, order)
                indices, repairs = repair_ranking(numbers, len(candidates), self._n_ranked)
                return _Content(
                    answer.explanation,
                    [candidates[i] for i in indices],
                    len(numbers) - repairs.unknown - repairs.duplicate,
                    answer.response,
                    repairs,
                )
            case TitleAnswer() | ReasonedTitleAnswer() as answer:
                matches = [
                    None if i is None else self._catalogue.items[i] for i in self._matcher.match_all(answer.titles)
                ]
                ranking = list(dict.fromkeys(item for item in matches if item is not None))
                return _Content(
                    answer.reasoning,
                    ranking,
                    len(ranking),
                    answer.response,
                    titles=answer.titles,
                    matches=matches,
                )
        raise TypeError(f'{type(completion.parsed).__name__} is not an answer of a prompt')

    def _count_copied(self, request: RerankRequest, matches: Sequence[int | None]) -> int:
        """Return how many of the matched titles are also in the examples of the prompt."""
        if self._examples is None or not matches:
            return 0
        shown = {item for example in self._examples.similar(request) for item in example.items}
        return sum(item in shown for item in matches)

    def _aggregate(self, contents: Sequence[_Content], candidates: list[int]) -> _Content:
        """Return the aggregate of the rankings, with the texts of the answer that is closest to it.

        If no answer has the same first item as the aggregate, the response is left out, because it recommends another
        item.
        """
        index_of = {entity: i for i, entity in enumerate(candidates)}
        written = [[index_of[entity] for entity in content.ranking[: content.written]] for content in contents]
        n_ranked = min(self._n_ranked or len(candidates), len(candidates))
        ranked, confidence = aggregate_rankings(written, n_ranked)
        closest = closest_ranking(written, ranked)
        others = [i for i in range(len(candidates)) if i not in set(ranked)]
        is_same_first = written[closest][:1] == ranked[:1]
        return _Content(
            contents[closest].explanation,
            [candidates[i] for i in (*ranked, *others)],
            len(ranked),
            contents[closest].response if is_same_first else '',
            Repairs(*map(sum, zip(*(content.repairs for content in contents)))),
            confidence=confidence,
        )


def common_status(completions: Sequence[Completion]) -> Status:
    """Return the status of a result with several completions.

    It is ``ok`` if all completions are ok, ``partial`` if some can be used, else the status of the first completion.
    """
    if all(completion.status == 'ok' for completion in completions):
        return 'ok'
    if any(completion.parsed is not None for completion in completions):
        return 'partial'
    return completions[0].status
