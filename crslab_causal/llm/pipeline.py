"""Section 3.4: from a conversation and the recommender's list to explanation, ranking and response (Eq 9)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.llm.answer import (
    CausalAnswer,
    RankingAnswer,
    ReasonedTitleAnswer,
    Repairs,
    TitleAnswer,
    repair_ranking,
)
from crslab_causal.llm.backends import Backend, backend_class
from crslab_causal.llm.candidates import (
    rerank_request_seed,
    shuffle_candidates,
    unshuffle,
    with_oracle,
    with_oracle_items,
)
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.client.estimate import Estimate
from crslab_causal.llm.client.result import Completion, Status
from crslab_causal.llm.entity_linking.titles import TitleMatcher
from crslab_causal.llm.examples import Example, select_examples
from crslab_causal.llm.offline.templates import template_response
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.prompting import load_prompt
from crslab_causal.llm.request import Candidate, Probability, RerankRequest, build_rerank_request


class RerankTask(NamedTuple):
    """A request, and the labels that the oracles of the paper use."""

    request: RerankRequest
    label: int | None = None
    """Entity id of the label, for ``oracle: label``."""
    conversation_items: Sequence[int] = ()
    """Entity ids of all items of the whole conversation, including later turns, for ``oracle: conversation``."""
    probabilities: Mapping[int, Probability] = MappingProxyType({})
    """Probabilities of these labels by entity id, which the oracles add to the candidates. Without them the model could
    tell the label from the other candidates."""


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
    """``ok``; ``partial``: the answer was cut off, and the recommender's order or a template response follow; or the
    reason for these alone, see :data:`.Status`."""
    repairs: Repairs
    written: int
    """Number of places of the ranking that the model wrote itself, the first ones. The others have the recommender's
    order. Of titles in free form, those in the catalogue."""
    titles: list[str]
    """Titles written by a model that saw no candidates."""
    unmatched: int
    """Number of titles that are not in the catalogue."""
    cache_key: str | None
    """Key of the request in the store; None for an answer without a language model."""
    input_tokens: int
    output_tokens: int
    latency_s: float
    """Seconds of the call that brought the answer."""
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


class LLMPipeline:
    """Answers tasks by the backend of ``llm.mode``. Use it as a context manager, or call ``close``.

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
        examples: list[Example] = []
        if 'examples' in self.prompt.placeholders:
            examples = select_examples(
                train_samples, options.examples, options.draw_seed, catalogue.names, catalogue.name_of_token
            )
        self._items = frozenset(catalogue.items)
        items = () if self.ranks_candidates else catalogue.items
        self._matcher = TitleMatcher(
            [catalogue.names[item] for item in items], [catalogue.label_count.get(item, 0) for item in items]
        )
        self.backend: Backend = backend_type.build(options, catalogue, self.prompt, examples)

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
            probabilities: probability of each of these, as far as it is known.
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
        orders = [self._display_order(request) for request in requests]
        completions = self.backend.answer(list(map(_reorder, requests, orders)))  # Eq 9: E, I_llm, R from S and I_rec
        for request, order, completion in zip(requests, orders, completions, strict=True):
            yield self._result(request, order, completion)

    def estimate(self, tasks: Sequence[RerankTask]) -> Estimate | None:
        """Estimate what the answers to the tasks will cost; None: nothing."""
        requests = self._requests(tasks)
        return self.backend.estimate([_reorder(request, self._display_order(request)) for request in requests])

    def failed_result(self, request: RerankRequest, detail: str) -> LLMResult:
        """Return the result of a request that cannot be sent: the recommender's order and a template response.

        Args:
            request: the request.
            detail: reason in one line.
        """
        completion = Completion(None, 'error', cost_usd=None, detail=detail)
        return self._result(request, self._display_order(request), completion)

    def close(self) -> None:
        """Close the backend."""
        self.backend.close()

    def __enter__(self) -> LLMPipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_options(self, backend_type: type[Backend]) -> None:
        """Raise a UserError if the prompt or the backend does not support an option."""
        options = self.options
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
        if not self.ranks_candidates and options.shuffle:
            raise UserError(
                f'llm.shuffle: prompt {options.prompt} shows no candidates; '
                'set llm.shuffle to false, or llm.prompt to causal'
            )
        if options.shuffle and not backend_type.uses_prompt:
            raise UserError(
                f"llm.shuffle: the {options.mode} backend relies on the recommender's order; "
                'set llm.shuffle to false, or llm.mode to live or replay'
            )
        if options.dry_run and not backend_type.uses_prompt:
            raise UserError(
                f'llm.dry_run: the {options.mode} backend sends nothing anyway; set llm.dry_run to false, or llm.mode '
                'to live'
            )
        if 'examples' in self.prompt.placeholders and not options.examples:
            raise UserError(f'llm.examples: 0, but prompt {options.prompt} shows examples; set it to 1 or more')

    def _requests(self, tasks: Sequence[RerankTask]) -> list[RerankRequest]:
        """Return the requests of the tasks, with the oracle's items."""
        return [self._add_oracle(task) for task in tasks]

    def _add_oracle(self, task: RerankTask) -> RerankRequest:
        """Return the task's request with the oracle's items among its candidates."""
        request, options = task.request, self.options
        # some labels of the data are no items, and cannot be recommended
        if options.oracle == 'label' and task.label is not None and task.label in self._items:
            (label,) = self.candidates([task.label], task.probabilities)
            request = with_oracle(request, label, options.draw_seed)
        if options.oracle == 'conversation':
            items = [item for item in task.conversation_items if item in self._items]
            request = with_oracle_items(request, self.candidates(items, task.probabilities), options.draw_seed)
        return request

    def _display_order(self, request: RerankRequest) -> list[int]:
        """Return the indices of the candidates in the order in which the backend sees them."""
        if self.ranks_candidates and self.options.shuffle:
            return shuffle_candidates(request, self.options.draw_seed)[1]
        return list(range(len(request.candidates)))

    def _result(self, request: RerankRequest, order: list[int], completion: Completion) -> LLMResult:
        candidates = [candidate.entity for candidate in request.candidates]
        repairs, titles, unmatched, written = Repairs(0, 0, 0), [], 0, 0
        match completion.parsed:
            case CausalAnswer() | RankingAnswer() as answer:
                numbers = unshuffle(answer.ranking, order)
                indices, repairs = repair_ranking(numbers, len(candidates), self.options.ranked)
                written = len(answer.ranking) - repairs.unknown - repairs.duplicate
                explanation, ranking, response = answer.explanation, [candidates[i] for i in indices], answer.response
            case TitleAnswer() | ReasonedTitleAnswer() as title_answer:
                titles = title_answer.titles
                matches = self._matcher.match_all(titles)
                unmatched = matches.count(None)
                ranking = list(dict.fromkeys(self.catalogue.items[i] for i in matches if i is not None))
                written = len(ranking)
                explanation, response = title_answer.reasoning, title_answer.response
            case _:
                explanation, ranking, response = '', candidates, ''
        if not response and ranking:
            response = template_response(self.catalogue.names[ranking[0]], rerank_request_seed(request))
        return LLMResult(
            explanation=explanation,
            ranking=ranking,
            response=response,
            candidates=candidates,
            status=completion.status,
            repairs=repairs,
            written=written,
            titles=titles,
            unmatched=unmatched,
            cache_key=completion.cache_key or None,
            input_tokens=completion.input_tokens,
            output_tokens=completion.output_tokens,
            latency_s=completion.latency_s,
            cost_usd=completion.cost_usd,
            replayed=completion.replayed,
            detail=completion.detail,
        )


def _reorder(request: RerankRequest, order: Sequence[int]) -> RerankRequest:
    return request._replace(candidates=[request.candidates[i] for i in order])
