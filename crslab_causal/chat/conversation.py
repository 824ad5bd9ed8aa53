"""A conversation with one seeker: link the mentions, list recommendations, and let the LLM pipeline answer."""

from __future__ import annotations

from typing import Callable, Iterator, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.chat.opinions import liked_mentions
from crslab_causal.chat.recommender import Recommender
from crslab_causal.llm.candidates import rerank_request_seed
from crslab_causal.llm.entity_linking.linking import Mention, MentionLinker
from crslab_causal.llm.offline.paths import describe_path
from crslab_causal.llm.offline.templates import template_question
from crslab_causal.llm.pipeline import LLMPipeline, LLMResult, RerankTask
from crslab_causal.llm.request import RerankRequest

TOP_SHOWN = 10
"""Number of items shown of a list."""
MAX_PATHS = 3
"""Maximum number of paths of the knowledge graph that :meth:`Conversation.why` shows."""
_MAX_NAME_WIDTH = 44
"""Maximum width of a name in a table, in characters."""
_NOTHING_LEFT = 'Everything in the catalogue has been named already; /reset starts over.'


class Conversation:
    """The dialogue so far, and the answers to it.

    An item that either side has mentioned is not recommended again. A mention counts as liked only if the seeker says
    so. Negated mentions are not part of the history.

    Args:
        recommender: recommender of a trained model.
        pipeline: LLM pipeline for the same dataset.
        make_history: returns the history of all mentions so far, see :meth:`.CausalDataLoader.history`.
    """

    def __init__(
        self,
        recommender: Recommender,
        pipeline: LLMPipeline,
        make_history: Callable[[list[int]], list[int]],
    ):
        self.recommender, self.pipeline, self._make_history = recommender, pipeline, make_history
        catalogue = pipeline.catalogue
        self._linker = MentionLinker(
            {entity: catalogue.names[entity] for entity in recommender.entities}, catalogue.items, catalogue.label_count
        )
        self.reset()

    def reset(self) -> None:
        """Start a new conversation."""
        self.context: list[tuple[str, str]] = []
        """(role, text) of the turns."""
        self.mentions: list[int] = []
        """Entity ids that the seeker has mentioned, in order of mention."""
        self.recommended: list[int] = []
        """Entity ids of the first item of each recommendation list."""
        self.result: LLMResult | None = None
        """Last result, if it recommended something."""
        self._opinions: dict[int, bool | None] = {}
        """Whether each mention is liked, in order of the last opinions; None: no opinion."""

    @property
    def liked(self) -> list[int]:
        """Mentions that the seeker says to like."""
        return [entity for entity, is_liked in self._opinions.items() if is_liked]

    @property
    def disliked(self) -> list[int]:
        """Mentions that the seeker has negated."""
        return [entity for entity, is_liked in self._opinions.items() if is_liked is False]

    @property
    def history(self) -> list[int]:
        """Input of the recommender: the mentions that were not negated."""
        return self._make_history([mention for mention in self.mentions if self._opinions[mention] is not False])

    def respond(self, text: str) -> Iterator[str]:
        """Return the lines of the answer to a message of the seeker."""
        mentions = self._linker.link(text, prefer=self.mentions)
        self._add_message(text, mentions)
        yield 'Heard: ' + (
            ', '.join(('not ' if mention.negated else '') + self._name(mention.entity) for mention in mentions)
            or 'no film, person or genre that I know'
        )
        self.result = None
        request = self._request()
        if not request.candidates:
            yield _NOTHING_LEFT
        elif not self.history and not self.pipeline.backend.uses_prompt:
            yield self._ask(request)
        else:
            yield from self._recommend(request)

    def why(self) -> Iterator[str]:
        """Return the lines that explain the last answer."""
        if self.result is None:
            yield 'There is no recommendation to explain.'
            return
        if not self.result.is_answered:
            yield "The last list has the recommender's own order; there is no explanation of it."
        else:
            yield self.result.explanation or 'The answer came without an explanation.'
            yield f'Explained by: {self.pipeline.backend.name}'
        catalogue = self.pipeline.catalogue
        paths = catalogue.graph.paths(self.history, self.result.ranking[0])[:MAX_PATHS] if self.result.ranking else []
        if paths:
            yield 'Paths in the knowledge graph:'
            yield from (f'  {describe_path(path, catalogue.names)}' for path in paths)

    def mask(self) -> Iterator[str]:
        """Return the lines that compare the recommender's list before and after the intervention (Eq 5)."""
        if not self.history:
            yield 'There is nothing to mask: you have mentioned nothing that you want.'
            return
        before, after = (self._full_list(masked) for masked in (False, True))
        intervention = self.recommender.model.intervention
        masked_part = {
            'last': self._name(self.history[-1]),
            'random': 'a mention drawn at random',
            'all': 'the whole user vector',
        }[intervention.position]
        if not after:
            yield _NOTHING_LEFT
        elif len(after) > 1 and after[0][1] == after[-1][1]:
            yield f'With {masked_part} masked, no information is left: all items have the same score.'
        elif [item for item, _ in before[:TOP_SHOWN]] == [item for item, _ in after[:TOP_SHOWN]]:
            yield (f"With {masked_part} masked, the recommender's first {len(after[:TOP_SHOWN])} items do not change.")
        else:
            yield f"The recommender's list, and its list with {masked_part} masked (M of Eq 5: {intervention.kind}):"
            rank_before = {item: rank for rank, (item, _) in enumerate(before, start=1)}
            for rank, ((left, _), (right, _)) in enumerate(zip(before[:TOP_SHOWN], after), start=1):
                yield (
                    f'{rank:3d}. {_shorten(self._name(left)):{_MAX_NAME_WIDTH}} | {_shorten(self._name(right))} '
                    f'(was {rank_before[right]})'
                )

    def _add_message(self, text: str, mentions: Sequence[Mention]) -> None:
        self.context.append(('Seeker', text))
        for mention, is_liked in zip(mentions, liked_mentions(text, mentions)):
            self.mentions.append(mention.entity)
            previous = self._opinions.pop(mention.entity, None)
            # without a new opinion, an earlier like remains, but an earlier dislike does not
            self._opinions[mention.entity] = False if mention.negated else True if is_liked else previous or None

    def _request(self) -> RerankRequest:
        named = {*self.mentions, *self.recommended}
        n = self.pipeline.options.candidates
        listed = self.recommender.recommend(self.history, n + len(named))
        candidates = [item.entity for item in listed if item.entity not in named][:n]
        # without a prompt, a backend would search the context for opinions, which are known here
        context = list(self.context) if self.pipeline.backend.uses_prompt else []
        probabilities = self.recommender.probabilities(self.history)
        return RerankRequest(
            context,
            list(self.mentions),
            self.liked,
            self.disliked,
            self.pipeline.candidates(candidates, probabilities),
            self.recommender.masked_mention(self.history),
        )

    def _recommend(self, request: RerankRequest) -> Iterator[str]:
        result = self._answer(request)
        if not result.is_answered:
            yield f'({self.pipeline.backend.name} gave no usable answer: {result.detail or result.status}. ' + (
                "What follows is the recommender's own order.)" if self.history else 'I go on without it.)'
            )
            if not self.history:
                yield self._ask(request)
                return
        elif not self.history:
            yield '(The recommender knows nothing about you yet: its list is the same for everybody.)'
        named = {*self.mentions, *self.recommended}
        self.result = result._replace(ranking=[entity for entity in result.ranking if entity not in named])
        yield self.result.response
        self.context.append(('Recommender', self.result.response))
        if not self.result.ranking:
            yield f'(None of the {len(result.titles)} titles that the model wrote is both in the catalogue and new.)'
        self.recommended += self.result.ranking[:1]
        for rank, entity in enumerate(self.result.ranking[:TOP_SHOWN], start=1):
            yield f'{rank:3d}. {self._name(entity)}'

    def _answer(self, request: RerankRequest) -> LLMResult:
        try:
            return next(iter(self.pipeline.answer([RerankTask(request)])))
        except UserError as error:  # a wrong key or a lost server must not end the conversation
            return self.pipeline.failed_result(request, str(error))

    def _ask(self, request: RerankRequest) -> str:
        """Return a question about the seeker's taste, and add it to the context."""
        question = template_question(rerank_request_seed(request._replace(candidates=[])))
        self.context.append(('Recommender', question))
        return question

    def _full_list(self, masked: bool) -> list[tuple[int, float]]:
        """Return (entity id, score) of all items that the seeker has not mentioned, best first."""
        listed = self.recommender.recommend(self.history, self.recommender.model.n_item, masked=masked)
        return [(item.entity, item.score) for item in listed if item.entity not in self.mentions]

    def _name(self, entity: int) -> str:
        return self.recommender.names[entity]


def _shorten(name: str) -> str:
    return name if len(name) <= _MAX_NAME_WIDTH else f'{name[: _MAX_NAME_WIDTH - 1]}…'
