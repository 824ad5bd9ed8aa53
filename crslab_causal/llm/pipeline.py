"""Section 3.4: from a conversation and the recommender's list to explanation, ranking and response (Eq 9)."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.llm.answer import CausalAnswer, Repairs, repair_ranking
from crslab_causal.llm.candidates import request_hash, shuffle_candidates, unshuffle, with_oracle, with_oracle_items
from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.client.result import Completion
from crslab_causal.llm.examples import Example, request_of, select_examples
from crslab_causal.llm.offline.graph import KnowledgeGraph
from crslab_causal.llm.offline.backend import OfflineBackend, template_response
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.prompting import load_prompt
from crslab_causal.llm.request import Candidate, Request
from crslab_causal.llm.entity_linking.titles import TitleMatcher


class Knowledge(NamedTuple):
    """What the language half knows of a dataset."""

    names: Mapping[int, str]
    """Name of each entity, with the year where it is known."""
    items: Sequence[int]
    """Entity ids of the catalogue."""
    weight: Mapping[int, float]
    """How often an item is a label in the training data; decides between namesakes."""
    graph: KnowledgeGraph
    name_of_token: Mapping[str, str]
    """Name of the item that an ``@`` token of the text stands for."""


class Question(NamedTuple):
    """A request, and what the oracles of the paper may see of the answer."""

    request: Request
    label: int | None = None
    """Entity id."""
    conversation_items: Sequence[int] = ()
    """Entity ids of all items of the whole conversation, the part to come included."""


class Outcome(NamedTuple):
    """E, I_llm and R of Eq 9, and how they came about."""

    explanation: str
    ranking: list[int]
    """Entity ids, best first."""
    response: str
    candidates: list[int]
    """I_rec with the oracle's items, before any shuffling: entity ids, best first. A prompt for titles shows none."""
    status: str
    """``ok``, or why the recommender's own order and a template stand here; see :data:`.Status`."""
    repairs: Repairs
    titles: list[str]
    """What a model wrote that saw no candidates."""
    unmatched: int
    """How many of these are not in the catalogue."""
    prompt_hash: str | None
    input_tokens: int
    output_tokens: int
    latency_s: float
    cost_usd: float | None
    replayed: bool
    detail: str


class LanguageStage:
    """Answers questions by the backend of ``llm.mode``; to be closed, best with ``with``.

    No question is lost: where the model refuses, is cut off, answers nothing that can be read, or is not reached, the
    outcome has the recommender's order and a response from a template, and says so in ``status``.

    Args:
        options: the section ``llm``.
        knowledge: of the dataset.
        train_samples: of the dataset, for the examples of a prompt that shows some.

    Raises:
        UserError: no such prompt, no key, nothing to replay, a prompt that needs a language model without one, or a
            control that this prompt or backend takes no notice of.
    """

    def __init__(self, options: LLMOptions, knowledge: Knowledge, train_samples: Sequence[Mapping[str, Any]] = ()):
        self.options, self.knowledge = options, knowledge
        self.prompt = load_prompt(options.prompt)
        self.chooses = self.prompt.answer is CausalAnswer
        """Whether the model orders candidates; else it writes titles in free form."""
        self._check()
        self.examples: list[Example] = []
        if 'examples' in self.prompt.placeholders:
            self.examples = select_examples(train_samples, options.examples, options.seed, knowledge.names,
                                            knowledge.name_of_token)
        self.offline = OfflineBackend(knowledge.graph, knowledge.names)
        self._matcher = None if self.chooses else TitleMatcher([knowledge.names[item] for item in knowledge.items],
                                                               [knowledge.weight.get(i, 0) for i in knowledge.items])
        self._catalogue = frozenset(knowledge.items)
        self.client = None if options.mode == 'offline' else LLMClient(options)

    @property
    def backend(self) -> str:
        """What gives the answers, for whoever reads them."""
        if self.client is None:
            return self.offline.name
        replay = ', replayed' if self.options.mode == 'replay' else ''
        return f'{self.options.model} at {self.options.base_url or "api.openai.com"}{replay}'

    def request(self, sample: Mapping[str, Any], ranked: Iterable[int]) -> Request:
        """What is known before a turn, and the first of the recommender's items."""
        return request_of(sample, self.candidates(ranked), self.knowledge.name_of_token)

    def candidates(self, entities: Iterable[int]) -> list[Candidate]:
        """Entities with their names."""
        return [Candidate(entity, self.knowledge.names[entity]) for entity in entities]

    def answer(self, questions: Sequence[Question]) -> Iterator[Outcome]:
        """Outcomes in the order of the questions."""
        shown = [self._show(question) for question in questions]
        if self.client is None:
            for request, _ in shown:
                answer = self.offline.answer(request)
                yield self._outcome(request, None, Completion(answer, 'ok', '', 0, 0, 0.0, 0.0, 0, False, ''))
            return
        n_titles = self.options.titles
        asked = [(self.prompt.messages(_reordered(request, order), examples=self.examples, n_titles=n_titles),
                  self.prompt.answer) for request, order in shown]
        for (request, order), completion in zip(shown, self.client.run(asked, 'LLM'), strict=True):
            yield self._outcome(request, order, completion)

    def unanswered(self, request: Request, detail: str) -> Outcome:
        """The outcome of a request that no answer can be got for, and why."""
        return self._outcome(request, None, Completion(None, 'error', '', 0, 0, 0.0, None, 0, False, detail))

    def close(self) -> None:
        """Closes the connections and the store."""
        if self.client is not None:
            self.client.close()

    def __enter__(self) -> LanguageStage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self) -> None:
        options = self.options
        if not self.chooses and options.mode == 'offline':
            raise UserError(f'llm.prompt: {options.prompt} asks for titles, which needs a language model; '
                            'set llm.mode to live or replay')
        if not self.chooses and options.oracle != 'none':
            raise UserError(f'llm.oracle: {options.oracle}, but prompt {options.prompt} shows no candidates; '
                            'set llm.oracle to none, or llm.prompt to causal')
        if not self.chooses and options.shuffle:
            raise UserError(f'llm.shuffle: prompt {options.prompt} shows no candidates; '
                            'set llm.shuffle to false, or llm.prompt to causal')
        if options.shuffle and options.mode == 'offline':
            raise UserError("llm.shuffle: the offline backend builds on the recommender's order, and would explain a "
                            'shuffled one wrongly; set llm.mode to live or replay')
        if 'examples' in self.prompt.placeholders and not options.examples:
            raise UserError(f'llm.examples: 0, but prompt {options.prompt} shows examples; ask for 1 at least')

    def _show(self, question: Question) -> tuple[Request, list[int] | None]:
        """The request with the oracle's candidates, and the order in which they are shown, if it is another."""
        request, options = question.request, self.options
        # some labels of the data are no items: what is not in the catalogue cannot be recommended
        if options.oracle == 'label' and question.label in self._catalogue:
            request = with_oracle(request, *self.candidates([question.label]), options.seed)
        if options.oracle == 'conversation':
            inside = [item for item in question.conversation_items if item in self._catalogue]
            request = with_oracle_items(request, self.candidates(inside), options.seed)
        if not self.chooses:
            return request, None
        return request, shuffle_candidates(request, options.seed)[1] if options.shuffle else None

    def _outcome(self, request: Request, order: list[int] | None, completion: Completion) -> Outcome:
        candidates = [candidate.entity for candidate in request.candidates]
        repairs, titles, unmatched = Repairs(0, 0, 0), [], 0
        parsed = completion.parsed
        if parsed is None:
            explanation, ranking = '', candidates
            first = request.candidates[0].name if request.candidates else ''
            response = template_response(first, request_hash(request)) if first else ''
        elif self.chooses:
            numbers = parsed.ranking if order is None else unshuffle(parsed.ranking, order)
            places, repairs = repair_ranking(numbers, len(candidates))
            explanation, ranking, response = parsed.explanation, [candidates[i] for i in places], parsed.response
        else:
            titles = parsed.titles
            found = self._matcher.match_all(titles)
            unmatched = found.count(None)
            ranking = list(dict.fromkeys(self.knowledge.items[i] for i in found if i is not None))
            explanation, response = parsed.reasoning, parsed.response
        return Outcome(explanation, ranking, response, candidates, completion.status, repairs, titles, unmatched,
                       completion.prompt_hash or None, completion.input_tokens, completion.output_tokens,
                       completion.latency_s, completion.cost_usd, completion.replayed, completion.detail)


def _reordered(request: Request, order: Sequence[int] | None) -> Request:
    return request if order is None else request._replace(candidates=[request.candidates[i] for i in order])

CatalogueInfo, LLMPipeline = Knowledge, LanguageStage
Knowledge.label_count = property(lambda self: self.weight)
