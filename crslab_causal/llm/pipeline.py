"""Make an explanation, a ranking and a response from a conversation and the recommender's list (Section 3.4, Eq 9)."""

from __future__ import annotations

from itertools import islice
from types import MappingProxyType
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.llm.answer import LABELS
from crslab_causal.llm.backends import Backend, backend_class
from crslab_causal.llm.candidates import shuffle_candidates, with_oracle, with_oracle_items
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.client.estimate import Estimate
from crslab_causal.llm.client.result import Completion
from crslab_causal.llm.examples import ExampleIndex
from crslab_causal.llm.first_token import FirstTokenAnswer
from crslab_causal.llm.llm_result import LLMResult
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.prompting import load_prompt
from crslab_causal.llm.request import Candidate, Probability, RerankRequest, build_rerank_request
from crslab_causal.llm.result_builder import ResultBuilder
from crslab_causal.llm.windows import Windows


class RerankTask(NamedTuple):
    """A request, and the labels that the oracles of the paper need."""

    request: RerankRequest
    label: int | None = None
    """Entity id of the label, for ``oracle: label``."""
    conversation_items: Sequence[int] = ()
    """Entity ids of all items of the whole conversation, including later turns, for ``oracle: conversation``."""
    probabilities: Mapping[int, Probability] = MappingProxyType({})
    """Probabilities of the labels by entity id. The oracles add them to the candidates. Without them the model could
    recognise the label, because it would be the only candidate without a probability."""


class LLMPipeline:
    """Answers tasks with the backend of ``llm.mode``. Use it as a context manager, or call ``close``.

    Every task gets a result. If the model refuses, is cut off before its ranking, gives no valid answer, or cannot be
    reached, the result has the recommender's order, a template response, and the reason in ``status``.

    Args:
        options: section ``llm`` of the configuration.
        catalogue: facts about the dataset.
        train_samples: training samples of the dataset, for the examples of a prompt that shows some.

    Raises:
        UserError: the prompt does not exist, the key is missing, there is nothing to replay, or the backend or the
            prompt does not support an option.
    """

    def __init__(
        self,
        options: LLMOptions,
        catalogue: CatalogueInfo,
        train_samples: Sequence[Mapping[str, Any]] = (),
    ):
        self.options, self.catalogue = options, catalogue
        self.prompt = load_prompt(options.prompt)
        self.ranks_candidates = self.prompt.ranks_candidates
        backend_type = backend_class(options.mode)
        self._check_options(backend_type)
        examples = None
        if 'examples' in self.prompt.placeholders:
            examples = ExampleIndex(train_samples, catalogue, options.examples, options.titles)
        self._items = frozenset(catalogue.items)
        self._results = ResultBuilder(catalogue, options.ranked, not self.ranks_candidates, examples)
        self.backend: Backend = backend_type.build(options, catalogue, self.prompt, examples)
        self._windows: Windows | None = None
        if (width := self._window_width()) is not None:
            self._windows = Windows(self.backend, self._results, width, min(options.step, width))

    def request(
        self,
        sample: Mapping[str, Any],
        ranked: Iterable[int],
        probabilities: Mapping[int, Probability] = MappingProxyType({}),
        masked: int | None = None,
    ) -> RerankRequest:
        """Return the request for a sample.

        Args:
            sample: a sample of a :class:`.MentionDataset`.
            ranked: entity ids of the recommender's items, best first.
            probabilities: probability of each of these items, if known.
            masked: entity id of the mention that is masked in the probabilities.
        """
        candidates = self.candidates(ranked, probabilities)
        return build_rerank_request(sample, candidates, self.catalogue.name_of_token, masked)

    def candidates(
        self,
        entities: Iterable[int],
        probabilities: Mapping[int, Probability] = MappingProxyType({}),
    ) -> list[Candidate]:
        """Return the entities with their names, facts and probabilities."""
        catalogue = self.catalogue
        return [
            Candidate(entity, catalogue.names[entity], catalogue.facts(entity), probabilities.get(entity))
            for entity in entities
        ]

    def answer(self, tasks: Sequence[RerankTask]) -> Iterator[LLMResult]:
        """Return one result for each task, in the order of the tasks."""
        requests = self._requests(tasks)
        if self._windows is not None:
            yield from self._windows.answer(requests, [self._display_orders(request)[0] for request in requests])
            return
        orders = [self._display_orders(request) for request in requests]
        # Eq 9: E, I_llm, R from S and I_rec
        completions = self.backend.answer(_displayed(requests, orders))
        for request, of_request in zip(requests, orders):
            yield self._results.build(request, of_request, list(islice(completions, len(of_request))))
        next(completions, None)  # lets the backend finish

    def stream(self, task: RerankTask) -> Iterator[str | LLMResult]:
        """Yield the text of the response so far several times a second, and the result at the end.

        The result is that of :meth:`answer`. Several requests for one task are answered without a stream.
        """
        (request,) = self._requests([task])
        orders = self._display_orders(request)
        if self._windows is not None or len(orders) > 1:
            yield from self.answer([task])
            return
        (displayed,) = _displayed([request], [orders])
        for piece in self.backend.stream(displayed):
            yield piece if isinstance(piece, str) else self._results.build(request, orders, [piece])

    def estimate(self, tasks: Sequence[RerankTask]) -> Estimate | None:
        """Estimate the cost of the answers to the tasks; None if they cost nothing."""
        requests = self._requests(tasks)
        orders = [self._display_orders(request) for request in requests]
        if self._windows is not None:
            orders = [self._windows.split(order) for (order,) in orders]
        return self.backend.estimate(_displayed(requests, orders))

    def export(self, tasks: Sequence[RerankTask], path: str) -> dict[str, int]:
        """Write the requests of the tasks without an answer for a Batch API, and return their number in each file.

        Args:
            tasks: the tasks.
            path: file to write, the first one if there are too many requests for one file.
        """
        requests = self._requests(tasks)
        orders = [self._display_orders(request) for request in requests]
        return self.backend.export(_displayed(requests, orders), path)

    def failed_result(self, request: RerankRequest, detail: str) -> LLMResult:
        """Return the result of a request that cannot be sent: the recommender's order and a template response.

        Args:
            request: the request.
            detail: reason in one line.
        """
        completion = Completion(None, 'error', cost_usd=None, detail=detail)
        return self._results.build(request, [range(len(request.candidates))], [completion])

    def close(self, give_up: bool = False) -> None:
        """Close the backend. A second call does nothing.

        Args:
            give_up: cancel requests in flight instead of waiting for their answers.
        """
        self.backend.close(give_up)

    def __enter__(self) -> LLMPipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_options(self, backend_type: type[Backend]) -> None:
        """Raise a UserError if the prompt or the backend does not support an option."""
        options = self.options
        if options.batch is not None and options.mode != 'live':
            raise UserError(
                f'llm.batch: mode {options.mode} sends no requests; remove llm.batch, or set llm.mode to live'
            )
        if not self.ranks_candidates and not backend_type.uses_prompt:
            raise UserError(
                f'llm.prompt: {options.prompt} asks for titles, which needs a language model; '
                'set llm.mode to live or replay'
            )
        if not self.ranks_candidates and options.oracle != 'none':
            raise UserError(
                f'llm.oracle: {options.oracle}, but prompt {options.prompt} shows no candidates; '
                'set llm.oracle to none, or llm.prompt to causal'
            )
        if options.window is not None:
            self._check_window(options.window)
        if self._reads_first_token:
            self._check_labels()
        for name, is_used in (
            ('shuffle', options.shuffle),
            ('permutations', options.permutations > 1),
            ('window', options.window is not None),
        ):
            if not is_used:
                continue
            if not backend_type.uses_prompt:
                raise UserError(
                    f"llm.{name}: the {options.mode} backend relies on the recommender's order; "
                    f'remove llm.{name}, or set llm.mode to live or replay'
                )
            if not self.ranks_candidates:
                raise UserError(
                    f'llm.{name}: prompt {options.prompt} shows no candidates; remove llm.{name}, or set llm.prompt to '
                    'causal'
                )
        if options.dry_run and not backend_type.uses_prompt:
            raise UserError(
                f'llm.dry_run: the {options.mode} backend sends nothing anyway; set llm.dry_run to false, or llm.mode '
                'to live'
            )
        if 'examples' in self.prompt.placeholders and not options.examples:
            raise UserError(f'llm.examples: 0, but prompt {options.prompt} shows examples; set it to 1 or more')

    @property
    def _reads_first_token(self) -> bool:
        return issubclass(self.prompt.answer, FirstTokenAnswer)

    def _window_width(self) -> int | None:
        """Return the number of candidates in one request; None: all are in one."""
        if self.options.window is None and self._reads_first_token and self.options.permutations == 1:
            return len(LABELS)
        return self.options.window

    def _check_labels(self) -> None:
        """Raise a UserError if an option cannot be combined with labels that are read from the first token."""
        options, n = self.options, len(LABELS)
        if options.window is not None and options.window > n:
            raise UserError(f'llm.window: {options.window}, but prompt {options.prompt} has {n} letters; lower it')
        if options.permutations > 1 and options.candidates > n:
            raise UserError(
                f'llm.permutations: needs all candidates in one request, but prompt {options.prompt} has {n} letters; '
                f'set llm.permutations to 1, or llm.candidates to at most {n}'
            )
        if options.batch is not None:
            raise UserError(
                'llm.batch: `crslab-causal batch` does not import log-probabilities, which prompt '
                f'{options.prompt} needs; remove llm.batch, or choose another prompt'
            )

    def _check_window(self, width: int) -> None:
        """Raise a UserError if an option cannot be combined with windows."""
        options = self.options
        if options.step > width:
            raise UserError(
                f'llm.step: {options.step} is more than the width of the window, {width}, so that candidates between '
                'two windows are never seen; lower it'
            )
        for name, is_used in (('permutations', options.permutations > 1), ('batch', options.batch is not None)):
            if is_used:
                raise UserError(
                    f'llm.{name}: does not go together with llm.window, whose requests depend on earlier answers; '
                    'remove one of them'
                )

    def _requests(self, tasks: Sequence[RerankTask]) -> list[RerankRequest]:
        """Return the requests of the tasks, with the oracle's items."""
        return [self._add_oracle(task) for task in tasks]

    def _add_oracle(self, task: RerankTask) -> RerankRequest:
        """Return the task's request with the oracle's items among its candidates."""
        request, options = task.request, self.options
        # labels that are not items cannot be recommended
        if options.oracle == 'label' and task.label is not None and task.label in self._items:
            (label,) = self.candidates([task.label], task.probabilities)
            request = with_oracle(request, label, options.draw_seed)
        if options.oracle == 'conversation':
            items = [item for item in task.conversation_items if item in self._items]
            request = with_oracle_items(request, self.candidates(items, task.probabilities), options.draw_seed)
        return request

    def _display_orders(self, request: RerankRequest) -> list[list[int]]:
        """Return the indices of the candidates in each order in which the backend sees them."""
        options = self.options
        if options.permutations > 1 or options.shuffle:
            seeds = range(options.draw_seed, options.draw_seed + options.permutations)
            return [shuffle_candidates(request, seed)[1] for seed in seeds]
        return [list(range(len(request.candidates)))]


def _displayed(requests: Sequence[RerankRequest], orders: Sequence[Sequence[Sequence[int]]]) -> list[RerankRequest]:
    """Return each request once for each of its orders, with its candidates in that order."""
    return [
        request._replace(candidates=[request.candidates[i] for i in order])
        for request, of_request in zip(requests, orders, strict=True)
        for order in of_request
    ]
