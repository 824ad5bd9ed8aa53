"""Rank a long list in windows that move from its end to its start.

Small models rank lists of fifty titles badly. With a window of 20 that moves by 10, the best of the lower candidates
can climb to the top of the list, 10 positions at a time (https://arxiv.org/abs/2304.09542).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Sequence

from crslab_causal.llm.answer import Ranking, repair_ranking
from crslab_causal.llm.client.result import Completion
from crslab_causal.llm.llm_result import LLMResult
from crslab_causal.llm.request import RerankRequest
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
        current = [list(order) for order in orders]
        before_last: list[list[int]] = [[] for _ in requests]
        completions: list[list[Completion]] = [[] for _ in requests]
        starts = [self.starts(len(order)) for order in orders]
        for number in range(max(map(len, starts), default=0)):
            active = [i for i, of_request in enumerate(starts) if number < len(of_request)]
            places = {i: slice(starts[i][number], starts[i][number] + self._width) for i in active}
            shown = [_with_order(requests[i], current[i][places[i]]) for i in active]
            for i, completion in zip(active, self._backend.answer(shown), strict=True):
                completions[i].append(completion)
                before_last[i] = list(current[i])
                current[i][places[i]] = _reorder(current[i][places[i]], completion)
        for request, order, of_request in zip(requests, before_last, completions, strict=True):
            yield self._result(request, order, of_request)

    def _result(self, request: RerankRequest, order: Sequence[int], completions: Sequence[Completion]) -> LLMResult:
        """Return the result of the last window, with the costs of all windows.

        Args:
            request: the request. Its candidates are in the recommender's order.
            order: order of the candidates before the last window.
            completions: completion of each window.
        """
        first_places = range(min(self._width, len(order)))
        result = self._results.build(_with_order(request, order), [first_places], completions[-1:])
        costs = [completion.cost_usd for completion in completions]
        return result._replace(
            candidates=[candidate.entity for candidate in request.candidates],
            status=common_status(completions),
            input_tokens=sum(completion.input_tokens for completion in completions),
            output_tokens=sum(completion.output_tokens for completion in completions),
            latency_s=sum(completion.latency_s for completion in completions),
            cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
            replayed=all(completion.replayed for completion in completions),
            detail=next((completion.detail for completion in completions if completion.detail), ''),
        )


def _with_order(request: RerankRequest, order: Sequence[int]) -> RerankRequest:
    """Return the request with these candidates in this order."""
    return request._replace(candidates=[request.candidates[i] for i in order])


def _reorder(window: list[int], completion: Completion) -> list[int]:
    """Sort the candidates of a window as its answer ranks them. Without an answer their order stays."""
    match completion.parsed:
        case Ranking() as answer:
            return [window[i] for i in repair_ranking(answer.ranking, len(window))[0]]
    return window
