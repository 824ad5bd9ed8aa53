"""Recommendation lists that respect the constraints of a conversation, ranked and worded by the LLM pipeline."""

from __future__ import annotations

from typing import Callable, Iterator, Mapping, NamedTuple, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.chat.constraints import Constraint
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.live_context import Turns
from crslab_causal.chat.reasons import Reasons
from crslab_causal.chat.recommenders.base import Contribution, ListRecommender, Recommendation
from crslab_causal.chat.reply import DraftLine
from crslab_causal.chat.state import DialogueState, prompt_note
from crslab_causal.llm.candidates import rerank_request_seed
from crslab_causal.llm.entity_linking.linking import MentionLinker
from crslab_causal.llm.offline.templates import template_offer, template_response
from crslab_causal.llm.pipeline import LLMPipeline, LLMResult, RerankTask
from crslab_causal.llm.request import Probability, RerankRequest

_TOP = 10
"""Number of candidates with a preferred property from which on all other candidates are left out."""
_COSTS = ('input_tokens', 'output_tokens', 'latency_s', 'cost_usd', 'replayed', 'cache_keys')


class Prepared(NamedTuple):
    """A request for a recommendation, and the effect of the constraints on its candidates."""

    request: RerankRequest
    relaxed: list[Constraint]
    """Constraints that were relaxed, because no film satisfies all of them."""
    is_exhausted: bool
    """Whether all films that satisfy the constraints were named before."""


class RecommendationSource:
    """Makes recommendation lists for the state of a conversation.

    If the catalogue has a film twice, with and without its year, only the entry with the year is listed.

    Args:
        recommender: recommender of a trained model.
        pipeline: LLM pipeline for the same dataset.
        make_history: returns the history of all mentions so far, see :meth:`.CausalDataLoader.history`.
        facts: facts about the films.
    """

    def __init__(
        self,
        recommender: ListRecommender,
        pipeline: LLMPipeline,
        make_history: Callable[[list[int]], list[int]],
        facts: FilmFacts,
    ):
        self.recommender, self.pipeline, self._make_history = recommender, pipeline, make_history
        self._facts = facts

    def history(self, state: DialogueState) -> list[int]:
        """Return the input of the recommender: the mentions that were not rejected."""
        return self._make_history([mention for mention in state.mentions if state.opinions.get(mention) is not False])

    @staticmethod
    def turns(state: DialogueState) -> Turns:
        """Return what was said before the last list: the turns up to the seeker's last message."""
        n = max((i for i, (role, _) in enumerate(state.context, start=1) if role == 'Seeker'), default=0)
        return state.context[:n]

    def probabilities(self, state: DialogueState, masked: int | None = None) -> dict[int, Probability]:
        """Return the probabilities of all items, see :meth:`.ListRecommender.probabilities`."""
        return self.recommender.probabilities(self.history(state), masked, self.turns(state))

    def full_list(self, state: DialogueState, masked: bool = False) -> list[Recommendation]:
        """Return all items but those of the history, best first, see :meth:`.ListRecommender.recommend`."""
        return self.recommender.recommend(self.history(state), self.recommender.n_item, masked, self.turns(state))

    def contributions(self, state: DialogueState, film: int) -> list[Contribution] | None:
        """Return what each part of the model adds to the score of a film; None if the model has no parts."""
        return self.recommender.contributions(self.history(state), film, self.turns(state))

    def reasons(self, state: DialogueState) -> Reasons:
        """Return the reasons for films in a state of the conversation."""
        return Reasons(self.pipeline.catalogue, self._facts, state, self.history(state))

    def first_reason(self, state: DialogueState, film: int) -> str | None:
        """Return the reason for a film that a person would give first, in words; None if there is none."""
        return self.reasons(state).first(film, self.contributions(state, film))

    def prepare(self, state: DialogueState, only_new: bool = False) -> Prepared:
        """Return the request for a state of the conversation. It has no candidates if no film is left.

        Args:
            state: the state.
            only_new: whether films that any list has shown are left out, too.
        """
        probabilities = self.probabilities(state)  # before the list, whose scores it computes too
        listed = self.full_list(state)
        never_again = state.never_again | (state.listed if only_new else set())
        films = [item.entity for item in listed if item.entity not in self._facts.undated_copies]
        new_films = [film for film in films if film not in never_again]
        selection = state.constraints.select(new_films)
        candidates = self._candidates(state, selection.films)
        is_exhausted = bool(selection.relaxed) and not state.constraints.select(films).relaxed
        uses_prompt = self.pipeline.backend.uses_prompt
        # a backend without a prompt would search the context for opinions; they are already known here
        context = list(state.context) if uses_prompt else []
        if uses_prompt and (note := prompt_note(state, self.pipeline.catalogue.names)):
            context.append(('Note', note))
        request = RerankRequest(
            context,
            list(state.mentions),
            state.liked,
            state.disliked,
            self.pipeline.candidates(candidates, probabilities),
            self.recommender.masked_mention(self.history(state)),
        )
        return Prepared(request, selection.relaxed, is_exhausted)

    def films_by_score(self, state: DialogueState, masked: int | None = None) -> list[int]:
        """Return the films that satisfy the constraints and can be listed now, in the order of the recommender.

        Films that the seeker has named cannot be listed, nor can earlier recommendations that are not in the last list.

        Args:
            state: the state.
            masked: index of the mention of the history that is masked; None: no mention is.
        """
        found = self.probabilities(state, masked)
        score = {film: p.observed if masked is None else p.masked or 0.0 for film, p in found.items()}
        gone = {*state.named_films, *self.history(state), *(set(state.recommended) - set(state.shown))}
        gone |= self._facts.undated_copies.keys()
        films = sorted(score.keys() - gone, key=lambda film: (-score[film], film))
        return state.constraints.select(films).films

    def list_without(self, state: DialogueState, masked: int | None = None) -> list[int]:
        """Return the films in the order of the list that the seeker gets now if a mention is masked.

        A backend without a prompt orders them as it orders every list. A language model is not asked again: the order
        is that of the recommender.

        Args:
            state: the state.
            masked: index of the mention of the history that is masked; None: no mention is.
        """
        films = self.films_by_score(state, masked)
        if self.pipeline.backend.uses_prompt or not films:
            return films
        mention = None if masked is None else self.history(state)[masked]
        mentions, liked, disliked = (
            [entity for entity in entities if entity != mention]
            for entities in (state.mentions, state.liked, state.disliked)
        )
        candidates = self.pipeline.candidates(self._candidates(state, films))
        request = RerankRequest([], mentions, liked, disliked, candidates)
        ranking = next(iter(self.pipeline.answer([RerankTask(request)]))).ranking
        return state.constraints.select(ranking).films

    def _candidates(self, state: DialogueState, films: Sequence[int]) -> list[int]:
        """Return the first films, and of them only those with a preferred property if there are enough."""
        candidates = list(films[: self.pipeline.options.candidates])
        preferred = state.constraints.n_preferred(candidates)
        return candidates[:preferred] if preferred >= _TOP else candidates

    def answer(self, prepared: Prepared, state: DialogueState) -> LLMResult:
        """Return the pipeline's result, without films that must not be recommended.

        A film must satisfy all constraints but those that were relaxed for the request.

        A response that recommends such a film is replaced by a template. Without a language model the response gives
        the reason that a person would give first, see :class:`.Reasons`. An error of the
        language model is a result, too: a wrong key or a lost server must not end the conversation.
        """
        try:
            result = next(iter(self.pipeline.answer([RerankTask(prepared.request)])))
        except UserError as error:
            result = self.pipeline.failed_result(prepared.request, str(error))
        return self._permitted(result, prepared, state)

    def stream(self, prepared: Prepared, state: DialogueState) -> Iterator[DraftLine | LLMResult]:
        """Yield the text of the response so far several times a second, and then the result of ``answer``."""
        try:
            for piece in self.pipeline.stream(RerankTask(prepared.request)):
                yield DraftLine(piece) if isinstance(piece, str) else self._permitted(piece, prepared, state)
        except UserError as error:
            yield self._permitted(self.pipeline.failed_result(prepared.request, str(error)), prepared, state)

    def _permitted(self, result: LLMResult, prepared: Prepared, state: DialogueState) -> LLMResult:
        """Return the result without the films that must not be recommended."""
        new_films = [film for film in result.ranking if film not in state.never_again]
        ranking = state.constraints.satisfying(new_films, prepared.relaxed)
        if result.titles and not ranking:
            detail = f'none of its {len(result.titles)} titles is in the catalogue, new, and what you asked for'
            costs = {name: getattr(result, name) for name in _COSTS}
            result = self.pipeline.failed_result(prepared.request, detail)._replace(**costs)
            ranking = result.ranking
        response = result.response
        reason = self.first_reason(state, ranking[0]) if ranking and not self.pipeline.backend.uses_prompt else None
        knows_nothing = not self.pipeline.backend.uses_prompt and not reason and not self.history(state)
        if ranking and (ranking[0] != result.ranking[0] or reason or knows_nothing):
            name, seed = self.pipeline.catalogue.names[ranking[0]], rerank_request_seed(prepared.request)
            response = template_offer(name, seed) if knows_nothing else template_response(name, seed, reason)
        elif result.is_answered:
            ranking = _named_first(response, ranking, self.pipeline.catalogue.names)
        return result._replace(ranking=ranking, response=response)


def _named_first(response: str, ranking: list[int], names: Mapping[int, str]) -> list[int]:
    """Return the ranking with the film first that the response recommends.

    A model may write a response that does not fit its ranking, and "it" is then the film that the seeker read about.
    Titles of one word count only in quotes, because many are words of any sentence.
    """
    titles = {film: names[film] for film in ranking}
    named = [
        mention.entity
        for mention in MentionLinker(titles, titles).link(response)
        if not mention.negated
        and (' ' in response[mention.start : mention.end] or response[: mention.start].endswith(('"', '“', '*')))
    ]
    if not named or ranking[0] in named:
        return ranking
    return [named[0], *(film for film in ranking if film != named[0])]
