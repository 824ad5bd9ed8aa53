"""A conversation with one seeker: understand a message, answer questions, and recommend films."""

from __future__ import annotations

import copy
from typing import Callable, Iterator, NamedTuple

from crslab_causal.chat.answers import Answerer
from crslab_causal.chat.constraints import describe, describe_withdrawn
from crslab_causal.chat.decisions import (
    STATES_WISH,
    asks_for_films,
    asks_only_for_others,
    find_unclear_question,
    is_answered_by_lines,
)
from crslab_causal.chat.films.collections import Collections
from crslab_causal.chat.films.facts import FilmFacts, build_film_facts
from crslab_causal.chat.films.nearest import NearestNames
from crslab_causal.chat.inspection import (
    NOTHING_LEFT,
    TOP_SHOWN,
    compare_masked,
    compare_without,
    explain,
    plain_reason,
)
from crslab_causal.chat.memory import describe_memory, list_wishes, take_back
from crslab_causal.chat.pleasantries import HOW_TO_SAVE, HOW_TO_UNDO, NOT_UNDERSTOOD, greet, say_first, say_last
from crslab_causal.chat.recommendation_source import Prepared, RecommendationSource
from crslab_causal.chat.recommenders.base import Contribution, ListRecommender
from crslab_causal.chat.reply import DraftLine, ListedFilm, Reply
from crslab_causal.chat.state import DialogueState
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.meaning import Attitude, Heard, Understanding
from crslab_causal.chat.understanding.models.encoder import packaged_encoder
from crslab_causal.chat.understanding.questions import INQUIRIES, Aspect, answered_film, answered_person
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.llm.candidates import rerank_request_seed
from crslab_causal.llm.knowledge_graph import Path
from crslab_causal.llm.offline.templates import template_question
from crslab_causal.llm.pipeline import LLMPipeline, LLMResult
from crslab_causal.llm.request import Probability, RerankRequest

_N_EXAMPLES = 3
"""Number of popular films that the chat names as examples if it does not know the film of a message."""
_SHOWN = frozenset((Attitude.SEEN, Attitude.NOT_SEEN))
"""Attitudes to a film that the reply repeats, beside "liked" and "not"."""


class Snapshot(NamedTuple):
    """The state of a conversation at one moment, see :meth:`Conversation.snapshot`."""

    state: DialogueState
    result: LLMResult | None
    reply: Reply


class Conversation:
    """The dialogue so far, and the replies to it.

    A film is not recommended if the seeker or the recommender has named it, or if the seeker has seen or rejected it. A
    mention counts as liked only if the seeker says so. Rejected mentions are not part of the history. Constraints last
    until the seeker takes them back.

    Args:
        recommender: recommender of a trained model.
        pipeline: LLM pipeline for the same dataset.
        make_history: returns the history of all mentions so far, see :meth:`.CausalDataLoader.history`.
        facts: facts about the films; None: the facts that the knowledge graph has.
    """

    def __init__(
        self,
        recommender: ListRecommender,
        pipeline: LLMPipeline,
        make_history: Callable[[list[int]], list[int]],
        facts: FilmFacts | None = None,
    ):
        self.recommender, self.pipeline = recommender, pipeline
        catalogue, entities = pipeline.catalogue, recommender.entities
        self.facts = facts or build_film_facts(catalogue, entities)
        collections = Collections(self.facts, {entity: catalogue.names[entity] for entity in entities})
        self.interpreter = Interpreter(self.facts, collections, encoder=packaged_encoder(self.facts))
        """Understands the messages."""
        self._answerer = Answerer(self.facts, collections, self.interpreter.properties)
        self._nearest = NearestNames(self.facts)
        self._source = RecommendationSource(recommender, pipeline, make_history, self.facts)
        self.reset()

    def reset(self) -> None:
        """Start a new conversation."""
        self.state = DialogueState()
        self.result: LLMResult | None = None
        """Result of the last reply that recommended something; None if the last reply did not."""
        self.last_reply = Reply()
        """Last reply. It is complete when :meth:`respond` has yielded all lines."""

    def another(self) -> Conversation:
        """Return a new, empty conversation with the same model and the same films."""
        other = copy.copy(self)
        other.reset()
        return other

    def snapshot(self) -> Snapshot:
        """Return the state of the conversation, for :meth:`restore`."""
        return Snapshot(self.state.copy(), self.result, self.last_reply)

    def restore(self, snapshot: Snapshot) -> None:
        """Return to the state of a snapshot. A snapshot can be restored once."""
        self.state, self.result, self.last_reply = snapshot

    @property
    def liked(self) -> list[int]:
        """Entity ids of the mentions that the seeker likes or wants."""
        return self.state.liked

    @property
    def disliked(self) -> list[int]:
        """Entity ids of the mentions that the seeker rejects."""
        return self.state.disliked

    @property
    def history(self) -> list[int]:
        """Entity ids of the mentions that were not rejected, which are the input of the recommender."""
        return self._source.history(self.state)

    def probabilities(self, masked: int | None = None) -> dict[int, Probability]:
        """Return the recommender's probabilities now, see :meth:`.ListRecommender.probabilities`."""
        return self._source.probabilities(self.state, masked)

    def films_by_score(self) -> list[int]:
        """Return the films that can be listed now, best first, see :meth:`.RecommendationSource.films_by_score`."""
        return self._source.films_by_score(self.state)

    def list_without(self, masked: int | None = None) -> list[int]:
        """Return the list of now, perhaps with a mention masked, see :meth:`.RecommendationSource.list_without`."""
        return self._source.list_without(self.state, masked)

    def contributions(self, film: int) -> list[Contribution] | None:
        """Return what each part of the model adds to the score of a film now; None if the model has no parts."""
        return self._source.contributions(self.state, film)

    def reply(self, text: str) -> Reply:
        """Return the reply to a message of the seeker."""
        for _ in self.respond(text):
            pass
        return self.last_reply

    def respond(self, text: str, *, drafts: bool = False) -> Iterator[str]:
        """Yield the lines of the reply to a message, each as soon as it is complete.

        Args:
            text: the message.
            drafts: whether a :class:`.DraftLine` of the response is yielded several times a second while it is written.
        """
        chosen = {*self.state.chosen}
        meaning = self.interpreter.understand(text, self.state.situation)
        if Act.START_OVER in meaning.acts:
            self.reset()
        known = {entity for entity in meaning.forgotten_names if self.drop_mention(entity)}
        meaning.forgotten_names = [entity for entity in meaning.forgotten_names if entity in known]
        self.state.hear(text, meaning)
        people = [heard.name for heard in meaning.heard if heard.kind is SpanKind.PERSON]
        if people and people[-1] in self.facts.person_called:
            self.state.person = self.facts.person_called[people[-1]]
        reply = self.last_reply = Reply(
            tuple(meaning.acts), tuple(meaning.heard), tuple(self.state.constraints.binding)
        )
        if Act.START_OVER in meaning.acts:
            yield reply.say('Let us start over.')
        yield from greet(meaning, reply)
        if meaning.heard:
            yield reply.add_line('Heard: ' + ', '.join(map(_describe_heard, meaning.heard)))
        for remark in meaning.remarks:
            yield reply.note(remark)
        if replaced := describe(constraint for constraint in meaning.replaced if constraint.binding):
            yield reply.note(f'This replaces: {replaced}.')
        said = {*meaning.acts}
        if Act.FORGET in said:
            yield self._note_forgotten(meaning, reply)
        yield from say_first(meaning, reply, chosen)
        wants_films = asks_for_films(meaning, self.pipeline.backend.uses_prompt)
        if not wants_films and not meaning.questions:
            yield from self._describe_not_seen(meaning, reply)
        first = next(iter(self.state.shown), None)
        yield from say_last(
            meaning,
            reply,
            asks_for_films=wants_films,
            uses_prompt=self.pipeline.backend.uses_prompt,
            offered=None if first is None else self.recommender.names[first],
            is_decided=first in self.state.named_films,
            has_chosen=bool(self.state.chosen),
        )
        yield from self._answer_questions(meaning, reply)
        if meaning.only_limits and self._may_stay(meaning):
            if meaning.constraints:
                yield reply.add_line(list_wishes(self.state))
            yield reply.say(self._last_suggestion())
        elif wants_films:
            yield from self._recommend(meaning, reply, drafts)
        is_told = bool(meaning.withdrawn) or Act.FORGET in said
        if not reply.sentences and not reply.recommendations and not is_told and not is_answered_by_lines(meaning):
            yield reply.say(self._after_unknown(meaning) if meaning.unknown else NOT_UNDERSTOOD)
        self.state.context += [('Recommender', sentence) for sentence in [' '.join(reply.sentences)] if sentence]

    def forget(self, text: str) -> Iterator[str]:
        """Take constraints or a mention back, and yield the lines that say so; see :func:`.take_back`."""
        return take_back(self.state, self.recommender.names, text)

    def drop_mention(self, entity: int) -> bool:
        """Forget a film, a person or a genre, as if the seeker had never named it; see :class:`.DialogueState`."""
        return self.state.drop_mention(entity)

    def list_anew(self) -> Iterator[str]:
        """Recompute the last list with the current constraints. Yield its lines, or nothing if no list was shown."""
        if self.state.shown:
            reply = self.last_reply = Reply(constraints=tuple(self.state.constraints.binding))
            yield from self._recommend(Understanding(acts=[Act.FORGET]), reply, drafts=False)

    def why(self) -> Iterator[str]:
        """Return the lines that explain the last recommendation."""
        return explain(self._source, self.state, self.result)

    def plain_reason(self, film: int) -> str:
        """Return why a film is recommended now, in short sentences."""
        return plain_reason(self._source, self.state, film)

    def paths(self, film: int) -> list[Path]:
        """Return the paths of the knowledge graph from the mentions to a film, best reason first."""
        return self._source.reasons(self.state).paths(film)

    def mask(self, entity: int | None = None) -> Iterator[str]:
        """Return the lines that compare the recommender's list before and after the intervention (Eq 5).

        Args:
            entity: entity id of the mention that is masked; None: what the model masks, usually the last mention.
        """
        if entity is None:
            return compare_masked(self._source, self.state, self.recommender.names)
        return compare_without(self._source, self.state, self.recommender.names, entity)

    def list_again(self) -> Iterator[str]:
        """Yield the lines of the last list, with the probability that the recommender gives each film now."""
        if not self.state.shown:
            yield 'There is no list yet.'
        probabilities = self.probabilities()
        for rank, entity in enumerate(self.state.shown, start=1):
            yield f'{rank:3d}. {self.recommender.names[entity]} ({probabilities[entity].observed:.1%})'

    # ------------------------------------------------------------ parts of a reply

    def _describe_not_seen(self, meaning: Understanding, reply: Reply) -> Iterator[str]:
        """Describe the films that the seeker has not seen."""
        for heard in meaning.heard:
            if heard.attitude is Attitude.NOT_SEEN and heard.entity is not None:
                yield reply.say(self._answerer.describe(heard.entity))

    def _answer_questions(self, meaning: Understanding, reply: Reply) -> Iterator[str]:
        self.state.question = None
        for question in meaning.questions or find_unclear_question(meaning, self.facts.films):
            if question.aspect is Aspect.SAVE:
                yield reply.say(HOW_TO_SAVE)
                continue
            if question.aspect is Aspect.UNDO:
                yield reply.say(HOW_TO_UNDO)
                continue
            if question.aspect is Aspect.REMEMBERED:
                yield reply.say(describe_memory(self.state, self.recommender.names))
                continue
            if question.aspect is Aspect.WITHOUT:
                for line in self.mask(next(iter(question.named), None)):
                    yield reply.add_line(line)
                continue
            if (
                meaning.unknown
                and question.film is None
                and not question.is_about_person
                and question.aspect not in INQUIRIES
            ):
                continue  # the reply already says that the title is unknown
            yield reply.say(self._answerer.answer(question))
            self.state.question = question
            film = answered_film(question, self.facts)
            if film is not None or question.aspect is Aspect.NAME_OF:
                self.state.film = film
            new_person = answered_person(question, self.facts)
            if question.person is not None or new_person is not None:
                self.state.person = question.person if question.is_about_person else new_person or question.person
        if Act.ASK_WHY in meaning.acts:
            for line in self.why():
                yield reply.add_line(line)
            self.state.film = next(iter(self.state.shown), self.state.film)
        if Act.LIST_AGAIN in meaning.acts:
            for line in self.list_again():
                yield reply.add_line(line)

    def _note_forgotten(self, meaning: Understanding, reply: Reply) -> str:
        """Add the remark about what a message takes back, and return its line. Without it, there is no new list."""
        constraints = [c for c in meaning.withdrawn if c.entity is None or c.entity not in meaning.forgotten_names]
        forgotten = ', '.join(dict.fromkeys(self.recommender.names.get(each, '') for each in meaning.forgotten_names))
        if not constraints and not forgotten:
            meaning.acts = [act for act in meaning.acts if act is not Act.FORGET]
            return reply.note('There was nothing of that to take back.')
        parts = [describe_withdrawn(constraints), f'Forgotten: {forgotten}.' if forgotten else '']
        return reply.note(' '.join(filter(None, parts)))

    def _recommend(self, meaning: Understanding, reply: Reply, drafts: bool) -> Iterator[str]:
        self.result = None
        only_new = asks_only_for_others(meaning)
        prepared = self._source.prepare(self.state, only_new)
        if only_new and self.state.listed and (prepared.relaxed or not prepared.request.candidates):
            again = self._source.prepare(self.state)
            if again.request.candidates and not again.relaxed:
                yield reply.note('I have shown you every film that fits. These are left of them.')
                prepared = again
        request = prepared.request
        has_asked, self.state.has_asked = self.state.has_asked, False
        if not request.candidates:
            yield reply.say(NOTHING_LEFT if not self.state.constraints.binding else self._nothing_fits())
            return
        if not self.pipeline.backend.uses_prompt and self._knows_nothing(meaning, has_asked):
            yield reply.say(self._question(request))
            return
        if wishes := list_wishes(self.state):
            yield reply.add_line(wishes)
        if prepared.relaxed:
            reply.relaxed = tuple(prepared.relaxed)
            yield reply.note(_relaxation(prepared))
        yield from self._list(prepared, reply, drafts, min(meaning.n_films or TOP_SHOWN, TOP_SHOWN))

    def _list(self, prepared: Prepared, reply: Reply, drafts: bool, n_films: int) -> Iterator[str]:
        if drafts:
            for piece in self._source.stream(prepared, self.state):
                if isinstance(piece, DraftLine):
                    yield piece
                else:
                    result = piece
        else:
            result = self._source.answer(prepared, self.state)
        if not result.is_answered:
            yield reply.note(
                f'{self.pipeline.backend.name} gave no usable answer: {result.detail or result.status}. '
                + ("What follows is the recommender's own order." if self.history else 'I go on without it.')
            )
            if not self.history and not self.state.constraints.binding:
                yield reply.say(self._question(prepared.request))
                return
        elif not self.history:
            yield reply.note('The recommender knows nothing about you yet: its list is the same for everybody.')
        self.result = result
        yield reply.say(result.response)
        self.state.recommended.append(result.ranking[0])
        self.state.shown = tuple(result.ranking[:n_films])
        self.state.listed.update(self.state.shown)
        self.state.film = result.ranking[0]
        for rank, entity in enumerate(self.state.shown, start=1):
            yield reply.recommend(ListedFilm(rank, entity, self.recommender.names[entity]))

    def _knows_nothing(self, meaning: Understanding, has_asked: bool) -> bool:
        """Return whether the chat knows nothing about the seeker's taste, so that a question is better than a list."""
        if self.history or meaning.is_wildcard or (has_asked and STATES_WISH & {*meaning.acts}):
            return False
        if any(constraint.wanted for constraint in (*self.state.constraints.binding, *meaning.constraints)):
            return False
        return not (self.state.constraints.binding and Act.WANT in meaning.acts)

    def _question(self, request: RerankRequest) -> str:
        """Return a question about the seeker's taste."""
        self.state.has_asked = True
        return template_question(rerank_request_seed(request._replace(candidates=[])))

    def _may_stay(self, meaning: Understanding) -> bool:
        """Return whether the last suggestion fits a message, and the seeker has said nothing about it.

        A language model answers such a message itself.
        """
        first = next(iter(self.state.shown), None)
        if first is None or first in self.state.named_films or self.pipeline.backend.uses_prompt:
            return False
        return all(constraint.allows(first) for constraint in meaning.constraints)

    def _last_suggestion(self) -> str:
        return f'My suggestion stays {self.recommender.names[self.state.shown[0]]}.'

    def _after_unknown(self, meaning: Understanding) -> str:
        """Return what follows after an unknown name: the known names that are nearest, or a request for another film.

        If the seeker has seen the unknown film, the last suggestion stays. Popular films are the examples of a request.
        """
        popularity = self.facts.popularity
        if near := self._nearest.find(meaning.unknown):
            return f'Did you mean {" or ".join(near)}?'
        if Act.SEEN in meaning.acts and self.state.shown:
            return self._last_suggestion()
        popular = sorted(self.facts.films, key=lambda film: (-popularity.get(film, 0), film))[:_N_EXAMPLES]
        examples = ', '.join(self.facts.names[film] for film in popular)
        return f'Name another film, a person or a genre. Some films that I know: {examples}.'

    def _nothing_fits(self) -> str:
        return (
            f'No film is left that respects: {describe(self.state.constraints.binding)}. /forget takes something back.'
        )


def _relaxation(prepared: Prepared) -> str:
    """Return the remark that says which constraints were relaxed."""
    start = 'I have shown you every film that fits' if prepared.is_exhausted else 'No film that I know fits'
    return f'{start} all of this. I left out: {describe(prepared.relaxed)}.'


def _describe_heard(heard: Heard) -> str:
    """Return a name and the attitude to it, as in ``not Scream (1996)``."""
    if heard.attitude in (Attitude.DISLIKED, Attitude.REJECTED):
        return f'not {heard.name}'
    if heard.attitude is Attitude.LIKED or (heard.kind is SpanKind.FILM and heard.attitude in _SHOWN):
        return f'{heard.name} ({heard.attitude})'
    return f'for {heard.name}' if heard.kind is SpanKind.CHILDREN else heard.name
