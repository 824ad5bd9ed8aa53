"""The backend without a language model: it explains by paths in the knowledge graph and responds by templates."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Iterator, Mapping, NamedTuple, Self, Sequence

from crslab_causal.llm.answer import CausalAnswer
from crslab_causal.llm.backends import Backend
from crslab_causal.llm.candidates import rerank_request_seed
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.client.result import Completion
from crslab_causal.llm.examples import ExampleIndex
from crslab_causal.llm.knowledge_graph import KnowledgeGraph, Path
from crslab_causal.llm.offline.opinion_cues import extract_opinions
from crslab_causal.llm.offline.paths import describe_path, entity_name, is_reason, order_of_reasons
from crslab_causal.llm.offline.templates import template_question, template_response
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.prompting import Prompt
from crslab_causal.llm.request import Candidate, RerankRequest

MAX_RANK_SHIFT = 10
"""Maximum number of ranks by which evidence moves a candidate."""
NEUTRAL_WEIGHT = 0.5
"""Weight of a mention that is neither liked nor disliked. A liked mention has weight 1, a disliked one -1."""

_MAX_NAMES = 5
"""Maximum number of names in a list."""
YOUR, SEEKERS = 'your', "the seeker's"
"""Possessives of the seeker in the response and in the explanation."""


class Opinions(NamedTuple):
    """The opinions about the mentions of a request. Each mention is in one of the lists."""

    liked: list[int]
    disliked: list[int]
    neutral: list[int]

    def weights(self) -> dict[int, float]:
        """Return the weight of each mention."""
        return {
            **dict.fromkeys(self.neutral, NEUTRAL_WEIGHT),
            **dict.fromkeys(self.liked, 1.0),
            **dict.fromkeys(self.disliked, -1.0),
        }


class OfflineBackend(Backend):
    """A backend without a language model, network or key. It always gives equal answers to equal requests.

    The candidates are sorted by this score in ascending order, where i is a candidate's index in the recommender's
    list, counted from 0::

        i - MAX_RANK_SHIFT (tanh(p) - tanh(q)) + penalty

    p sums the weights of the paths to the candidate from liked and neutral mentions, each times the mention's weight. q
    is the same sum over disliked mentions (:meth:`.KnowledgeGraph.evidence`). The penalty is MAX_RANK_SHIFT if the
    candidate itself is disliked, ``repeat_penalty`` if it was mentioned, else 0. Candidates with equal scores stay in
    the recommender's order. The opinions are those of the request. If it has none, they are extracted from the text
    (:func:`.extract_opinions`). Nothing else in the text moves a candidate.

    Args:
        graph: knowledge graph with the entity ids of the requests.
        names: name of each entity id, for explanations and for finding mentions in the text.
        repeat_penalty: number of ranks that a mentioned candidate loses. 0 suits data in which such labels count (37 %
            of OpenDialKG's labels, 9 % of ReDial's). A chat needs a penalty.
    """

    uses_prompt: ClassVar[bool] = False
    name = 'offline (knowledge-graph paths and templates; no language model)'

    def __init__(self, graph: KnowledgeGraph, names: Mapping[int, str], repeat_penalty: float = 0.0):
        self._graph, self._names, self._repeat_penalty = graph, names, repeat_penalty

    @classmethod
    def build(
        cls,
        options: LLMOptions,
        catalogue: CatalogueInfo,
        prompt: Prompt,
        examples: ExampleIndex | None,
    ) -> Self:
        """Make the backend from the catalogue. The options, the prompt and the examples are not used."""
        return cls(catalogue.graph, catalogue.names)

    def answer(self, requests: Sequence[RerankRequest]) -> Iterator[Completion]:
        """Return one completion for each request, in the order of the requests."""
        for request in requests:
            yield Completion(self.rerank(request), 'ok')

    def summary(self) -> dict[str, Any]:
        """Return an empty dict, because answers cost nothing."""
        return {}

    def close(self, give_up: bool = False) -> None:
        """Do nothing, because there is nothing to release."""

    def rerank(self, request: RerankRequest) -> CausalAnswer:
        """Return the explanation E, the ranking I_llm and the response R of Eq 9.

        Without candidates the ranking is empty, and the response is a question.
        """
        seed = rerank_request_seed(request)
        if not request.candidates:
            return CausalAnswer(
                explanation='There are no candidates to explain.', ranking=[], response=template_question(seed)
            )
        opinions = self.opinions(request)
        ranking = self._rank(request, opinions)
        best = request.candidates[ranking[0] - 1]
        wanted = [entity for entity in request.mentions if entity in {*opinions.liked, *opinions.neutral}]
        wanted += [entity for entity in opinions.liked if entity not in wanted]
        path = self._first_reason(wanted, opinions.liked, best)
        reason = None if path is None else self._reason(path, opinions, YOUR)
        return CausalAnswer(
            explanation=self._explain(request, opinions, ranking, path),
            ranking=ranking,
            response=template_response(best.name, seed, reason),
        )

    def opinions(self, request: RerankRequest) -> Opinions:
        """Return the liked, disliked and neutral mentions. A mention that is both liked and disliked is disliked."""
        liked, disliked = request.liked, request.disliked
        if not liked and not disliked:
            liked, disliked = extract_opinions(request.context, dict.fromkeys(request.mentions), self._names)
        disliked = list(dict.fromkeys(disliked))
        liked = [entity for entity in dict.fromkeys(liked) if entity not in set(disliked)]
        neutral = [entity for entity in dict.fromkeys(request.mentions) if entity not in {*liked, *disliked}]
        return Opinions(liked, disliked, neutral)

    def _rank(self, request: RerankRequest, opinions: Opinions) -> list[int]:
        """Return the candidates' numbers, counted from 1, best first."""
        penalty = {
            **dict.fromkeys([*opinions.neutral, *opinions.liked], self._repeat_penalty),
            **dict.fromkeys(opinions.disliked, float(MAX_RANK_SHIFT)),
        }
        evidence = self._graph.evidence(opinions.weights(), [candidate.entity for candidate in request.candidates])
        scores = [
            index - MAX_RANK_SHIFT * (math.tanh(positive) - math.tanh(-negative)) + penalty.get(candidate.entity, 0.0)
            for index, (candidate, (positive, negative)) in enumerate(zip(request.candidates, evidence))
        ]
        return [index + 1 for index in sorted(range(len(scores)), key=scores.__getitem__)]

    def _first_reason(self, mentions: Sequence[int], liked: Sequence[int], candidate: Candidate) -> Path | None:
        """Return the path that a person would name first as a reason; None if no path is one."""
        paths = [path for path in self._graph.paths(mentions, candidate.entity) if is_reason(path)]
        return min(paths, key=lambda path: order_of_reasons(path, mentions, liked), default=None)

    def _explain(
        self,
        request: RerankRequest,
        opinions: Opinions,
        ranking: Sequence[int],
        path: Path | None,
    ) -> str:
        """Return the explanation E of Eq 9: the opinions, and why the best candidate replaces the recommender's first.

        Args:
            request: the request.
            opinions: opinions about its mentions.
            ranking: numbers of its candidates, counted from 1, best first.
            path: the reason for the best candidate; None: there is none.
        """
        sentences = [
            f'{title}: {self._list_names(entities)}.'
            for title, entities in (
                ('Liked', opinions.liked),
                ('Disliked', opinions.disliked),
                ('Only mentioned', opinions.neutral),
            )
            if entities
        ]
        best = request.candidates[ranking[0] - 1]
        if path is None:
            is_linked = bool(self._graph.paths(opinions.liked + opinions.neutral, best.entity))
            sentences.append(
                f'{best.name} is first, number {ranking[0]} of the candidates; only minor facts link it to what is '
                'wanted.'
                if is_linked
                else f'{best.name} is first by the place that the recommender gave it; no path leads there from what '
                'is wanted.'
            )
        else:
            sentences.append(
                f'{best.name} is first, number {ranking[0]} of the candidates: {self._reason(path, opinions, SEEKERS)}.'
            )
        first = request.candidates[0]
        if first != best:
            negative_path = self._first_reason(opinions.disliked, opinions.disliked, first)
            if negative_path is not None:
                sentences.append(f'{first.name} falls behind: {self._reason(negative_path, opinions, SEEKERS)}.')
            elif first.entity in opinions.disliked:
                sentences.append(f'{first.name} falls behind: it is disliked itself.')
            elif self._repeat_penalty and first.entity in opinions.liked + opinions.neutral:
                sentences.append(f'{first.name} falls behind: it was mentioned already.')
        return ' '.join(sentences)

    def _reason(self, path: Path, opinions: Opinions, possessor: str) -> str:
        """Return the path in words, with a remark such as "one of your likes" about the mention."""
        mention = path.entities[0]
        opinion = 'likes' if mention in opinions.liked else 'dislikes' if mention in opinions.disliked else ''
        return describe_path(path, self._names, 'it', f'one of {possessor} {opinion}' if opinion else '')

    def _list_names(self, entities: Sequence[int]) -> str:
        named = ', '.join(entity_name(entity, self._names) for entity in entities[-_MAX_NAMES:])
        n_more = len(entities) - _MAX_NAMES
        return f'{named} and {n_more} before' if n_more > 0 else named
