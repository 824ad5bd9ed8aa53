"""Rank a long list in windows that move from its end to its start.

Small models rank lists of fifty titles badly. With a window of 20 that moves by 10, the best of the lower candidates
can climb to the top of the list, 10 positions at a time (https://arxiv.org/abs/2304.09542).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Sequence

from crslab_causal.llm.answer import Repairs
from crslab_causal.llm.client.result import Completion
from crslab_causal.llm.llm_result import LLMResult
from crslab_causal.llm.request import Candidate, RerankRequest
from crslab_causal.llm.result_builder import ResultBuilder, common_status

if TYPE_CHECKING:
    from crslab_causal.llm.backends import Backend


class Windows:
    """Ranks the candidates of requests in windows.

    All requests are answered for one window before the next one. As many requests are then in flight as without
    windows.

    Args:
        backend: backend that ranks the candidates of a window.
        results: makes the results.
        width: number of candidates of a window.
        step: number of candidates by which the window moves.
    """

    def __init__(self, backend: Backend, results: ResultBuilder, width: int, step: int):
        self._backend, self._results, self._width, self._step = backend, results, width, step

    def starts(self, n: int) -> list[int]:
        """Return the index of the first candidate of each window, in the order of the requests.

        Args:
            n: number of candidates of the list.
        """
        starts = list(range(n - self._width, 0, -self._step))
        return [*starts, 0]

    def split(self, order: Sequence[int]) -> list[list[int]]:
        """Return the candidates that each window would contain if no window changed the order."""
        return [list(order[start : start + self._width]) for start in self.starts(len(order))]

    def answer(self, requests: Sequence[RerankRequest], orders: Sequence[Sequence[int]]) -> Iterator[LLMResult]:
        """Return one result for each request, in their order.

        Args:
            requests: requests with their candidates in the recommender's order.
            orders: for each request, the indices of its candidates in the order in which the first windows show them.
        """
        lists = [[request.candidates[i] for i in order] for request, order in zip(requests, orders, strict=True)]
        completions: list[list[Completion]] = [[] for _ in requests]
        results: list[list[LLMResult]] = [[] for _ in requests]
        starts = [self.starts(len(candidates)) for candidates in lists]
        for number in range(max(map(len, starts), default=0)):
            active = [i for i, of_request in enumerate(starts) if number < len(of_request)]
            places = {i: slice(starts[i][number], starts[i][number] + self._width) for i in active}
            shown = [requests[i]._replace(candidates=lists[i][places[i]]) for i in active]
            for i, window, completion in zip(active, shown, self._backend.answer(shown), strict=True):
                # the answer is read with the candidates of the window alone: it can rank no other one
                result = self._results.build(window, [range(len(window.candidates))], [completion])
                completions[i].append(completion)
                results[i].append(result)
                lists[i][places[i]] = _in_order(window.candidates, result.ranking)
        for request, candidates, of_request, parts in zip(requests, lists, completions, results, strict=True):
            yield _combine(request, candidates, of_request, parts)


def _in_order(candidates: Sequence[Candidate], ranking: Sequence[int]) -> list[Candidate]:
    """Return the candidates in the order of a ranking of their entity ids."""
    by_entity = {candidate.entity: candidate for candidate in candidates}
    return [by_entity[entity] for entity in ranking]


def _combine(
    request: RerankRequest,
    ranked: Sequence[Candidate],
    completions: Sequence[Completion],
    results: Sequence[LLMResult],
) -> LLMResult:
    """Return the result of a request: the texts of the last window, with the requests and the costs of all windows.

    Args:
        request: the request. Its candidates are in the recommender's order.
        ranked: the candidates in the order that the windows made, best first.
        completions: completion of each window.
        results: result of each window.
    """
    costs = [result.cost_usd for result in results]
    return results[-1]._replace(
        ranking=[candidate.entity for candidate in ranked],
        candidates=[candidate.entity for candidate in request.candidates],
        status=common_status(completions),
        repairs=Repairs(*map(sum, zip(*(result.repairs for result in results)))),
        cache_keys=[key for result in results for key in result.cache_keys],
        input_tokens=sum(result.input_tokens for result in results),
        output_tokens=sum(result.output_tokens for result in results),
        latency_s=sum(result.latency_s for result in results),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        replayed=all(result.replayed for result in results),
        detail=next((result.detail for result in results if result.detail), ''),
    )
