"""Recommendation lists that respect the constraints of a conversation, ranked and worded by the LLM pipeline."""

from __future__ import annotations

from typing import Callable, Iterator, NamedTuple

from crslab_causal.base.errors import UserError
from crslab_causal.chat.constraints import Constraint
from crslab_causal.chat.recommender import Recommender
from crslab_causal.chat.reply import Draft
from crslab_causal.chat.state import DialogueState, prompt_note
from crslab_causal.llm.candidates import rerank_request_seed
from crslab_causal.llm.offline.templates import template_response
from crslab_causal.llm.pipeline import LLMPipeline, LLMResult, RerankTask
from crslab_causal.llm.request import RerankRequest

_TOP = 10
"""Number of candidates with a preferred property from which on all other candidates are left out."""


class Prepared(NamedTuple):
    """A request for a recommendation, and the effect of the constraints on its candidates."""

    request: RerankRequest
    relaxed: list[Constraint]
    """Constraints that were dropped, because no film satisfies all of them."""
    is_exhausted: bool
    """Whether all films that satisfy the constraints were named before."""


class RecommendationSource:
    """Makes recommendation lists for the state of a conversation.

    Args:
        recommender: recommender of a trained model.
        pipeline: LLM pipeline for the same dataset.
        make_history: returns the history of all mentions so far, see :meth:`.CausalDataLoader.history`.
    """

    def __init__(self, recommender: Recommender, pipeline: LLMPipeline, make_history: Callable[[list[int]], list[int]]):
        self.recommender, self.pipeline, self._make_history = recommender, pipeline, make_history

    def history(self, state: DialogueState) -> list[int]:
        """Return the input of the recommender: the mentions that were not rejected."""
        return self._make_history([mention for mention in state.mentions if state.opinions.get(mention) is not False])

    def prepare(self, state: DialogueState) -> Prepared:
        """Return the request for a state of the conversation. It has no candidates if no film is left."""
        n = self.pipeline.options.candidates
        listed = self.recommender.recommend(self.history(state), self.recommender.model.n_item)
        never_again = state.never_again
        films = [item.entity for item in listed]
        new_films = [film for film in films if film not in never_again]
        selection = state.constraints.select(new_films)
        candidates = selection.films[:n]
        preferred = state.constraints.n_preferred(candidates)
        if preferred >= _TOP:
            candidates = candidates[:preferred]
        is_exhausted = bool(selection.relaxed) and not state.constraints.select(films).relaxed
        uses_prompt = self.pipeline.backend.uses_prompt
        # a backend without a prompt would search the context for opinions; they are already known here
        context = list(state.context) if uses_prompt else []
        if uses_prompt and (note := prompt_note(state, self.pipeline.catalogue.names)):
            context.append(('Note', note))
        history = self.history(state)
        request = RerankRequest(
            context,
            list(state.mentions),
            state.liked,
            state.disliked,
            self.pipeline.candidates(candidates, self.recommender.probabilities(history)),
            self.recommender.masked_mention(history),
        )
        return Prepared(request, selection.relaxed, is_exhausted)

    def answer(self, request: RerankRequest, state: DialogueState) -> LLMResult:
        """Return the pipeline's result, without films that must not be recommended.

        A response that recommends such a film is replaced by a template. An error of the language model becomes a
        result with a message, because a wrong key or a lost server must not end the conversation.
        """
        try:
            result = next(iter(self.pipeline.answer([RerankTask(request)])))
        except UserError as error:
            result = self.pipeline.failed_result(request, str(error))
        return self._permitted(result, request, state)

    def stream(self, request: RerankRequest, state: DialogueState) -> Iterator[Draft | LLMResult]:
        """Yield the text of the response so far several times a second, and then the result of ``answer``."""
        try:
            for piece in self.pipeline.stream(RerankTask(request)):
                yield Draft(piece) if isinstance(piece, str) else self._permitted(piece, request, state)
        except UserError as error:
            yield self._permitted(self.pipeline.failed_result(request, str(error)), request, state)

    def _permitted(self, result: LLMResult, request: RerankRequest, state: DialogueState) -> LLMResult:
        """Return the result without the films that must not be recommended."""
        never_again = state.never_again
        ranking = state.constraints.select([film for film in result.ranking if film not in never_again]).films
        response = result.response
        if ranking and ranking[0] != result.ranking[0]:
            response = template_response(self.pipeline.catalogue.names[ranking[0]], rerank_request_seed(request))
        return result._replace(ranking=ranking, response=response)
