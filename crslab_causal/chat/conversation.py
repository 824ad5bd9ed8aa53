"""A conversation in the terminal: what is typed is linked, the recommender lists, the language half answers."""

from __future__ import annotations

import io
import re
import sys
from typing import Callable, Iterator, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.llm.offline.opinion_cues import stated
from crslab_causal.llm.entity_linking.linking import Mention, MentionLinker
from crslab_causal.llm.request import Request
from crslab_causal.llm.pipeline import LanguageStage, Outcome, Question
from crslab_causal.chat.recommender import Recommender

SHOWN = 10
"""Items of a list that are shown."""
LONGEST = 10_000
"""Characters of a line that are read; of a longer one the first."""
PATHS = 3
"""Paths of the knowledge graph that ``/why`` shows at most."""
HELP = ('Say which films, people and genres you like or do not like.\n'
        "/why explains the last answer, /mask shows the recommender's list without your last mention,\n"
        '/reset starts anew, /quit ends.')
_WIDTH = 44
_PLACEHOLDER = 'Zzyzx'
_GOES_ON = re.compile(r'\s+(?:is|was|are|were)\b')


class Conversation:
    """What was said so far, and what is answered.

    Nothing that was mentioned, by either side, is recommended again. A mention counts as liked only where the seeker
    says so; one that is turned down is left out of the history.

    Args:
        recommender: of a trained model.
        stage: of the same dataset.
        make_history: history of all mentions so far, see :meth:`.CausalDataLoader.history`.
    """

    def __init__(self, recommender: Recommender, stage: LanguageStage, make_history: Callable[[list[int]], list[int]]):
        self.recommender, self.stage, self._make_history = recommender, stage, make_history
        knowledge = stage.knowledge
        self._linker = MentionLinker({entity: knowledge.names[entity] for entity in recommender.entities},
                                     knowledge.items, knowledge.weight)
        self.reset()

    def reset(self) -> None:
        """Forgets everything."""
        self.context: list[tuple[str, str]] = []
        self.mentions: list[int] = []
        """Of the seeker, in order of appearance."""
        self.proposed: list[int] = []
        """What was recommended, one item an answer."""
        self.outcome: Outcome | None = None
        """The last answer, if it recommended something."""
        self._likes: dict[int, bool | None] = {}

    @property
    def liked(self) -> list[int]:
        """Mentions that the seeker says to like."""
        return [entity for entity, likes in self._likes.items() if likes]

    @property
    def disliked(self) -> list[int]:
        """Mentions that were turned down."""
        return [entity for entity, likes in self._likes.items() if likes is False]

    @property
    def history(self) -> list[int]:
        """What the recommender sees: mentions that were not turned down."""
        return self._make_history([mention for mention in self.mentions if self._likes[mention] is not False])

    def say(self, text: str) -> Iterator[str]:
        """Lines of the answer to what the seeker says."""
        found = self._linker.link(text, prefer=self.mentions)
        self._note(text, found)
        yield 'Heard: ' + (', '.join(('not ' if m.negated else '') + self._name(m.entity) for m in found)
                           or 'no film, person or genre that I know')
        self.outcome = None
        request = self._request()
        if not request.candidates:
            yield 'Everything in the catalogue has been named already; /reset starts anew.'
        elif not self.history and self.stage.client is None:
            yield self._ask_back(request)
        else:
            yield from self._recommend(request)

    def why(self) -> Iterator[str]:
        """Lines that explain the last answer."""
        if self.outcome is None:
            yield 'There is no recommendation to explain.'
            return
        if self.outcome.status != 'ok':
            yield "The last list is the recommender's own order; nobody explains it."
        else:
            yield self.outcome.explanation or 'The answer came without an explanation.'
            yield f'Explained by: {self.stage.backend}'
        offline = self.stage.offline
        paths = offline.paths(self.history, self.outcome.ranking[0])[:PATHS] if self.outcome.ranking else []
        if paths:
            yield 'Paths in the knowledge graph:'
            yield from (f'  {offline.describe(path)}' for path in paths)

    def mask(self) -> Iterator[str]:
        """Lines that show the recommender's list before and after the intervention on a mention (Eq 5)."""
        if not self.history:
            yield 'There is nothing to mask: you have mentioned nothing that you want.'
            return
        before, after = (self._whole_list(masked) for masked in (False, True))
        intervention = self.recommender.model.intervention
        what = {'last': self._name(self.history[-1]), 'random': 'a mention drawn at random',
                'all': 'the whole user vector'}[intervention.position]
        if not after:
            yield 'Everything in the catalogue has been named already; /reset starts anew.'
        elif len(after) > 1 and after[0][1] == after[-1][1]:
            yield f'With {what} masked, nothing is left to go by: all items score the same.'
        elif [item for item, _ in before[:SHOWN]] == [item for item, _ in after[:SHOWN]]:
            yield f"With {what} masked, the recommender's first {len(after[:SHOWN])} items stay as they are."
        else:
            yield f"The recommender's list, and its list with {what} masked (M of Eq 5: {intervention.kind}):"
            places = {item: rank for rank, (item, _) in enumerate(before, start=1)}
            for rank, ((left, _), (right, _)) in enumerate(zip(before[:SHOWN], after), start=1):
                yield f'{rank:3d}. {_cut(self._name(left)):{_WIDTH}} | {_cut(self._name(right))} (was {places[right]})'

    def _note(self, text: str, found: Sequence[Mention]) -> None:
        self.context.append(('Seeker', text))
        for mention, liked in zip(found, _said_to_be_liked(text, found)):
            self.mentions.append(mention.entity)
            earlier = self._likes.pop(mention.entity, None)
            self._likes[mention.entity] = False if mention.negated else True if liked else earlier or None

    def _request(self) -> Request:
        named = {*self.mentions, *self.proposed}
        n = self.stage.options.candidates
        listed = self.recommender.recommend(self.history, n + len(named))
        allowed = [item.entity for item in listed if item.entity not in named][:n]
        # the offline backend would search the text for opinions that are known here already
        context = list(self.context) if self.stage.client is not None else []
        return Request(context, list(self.mentions), self.liked, self.disliked, self.stage.candidates(allowed))

    def _recommend(self, request: Request) -> Iterator[str]:
        outcome = self._answer(request)
        if outcome.status != 'ok':
            yield f'({self.stage.backend} gave no usable answer: {outcome.detail or outcome.status}. ' + (
                "What follows is the recommender's own order.)" if self.history else 'I go on without it.)')
            if not self.history:
                yield self._ask_back(request)
                return
        elif not self.history:
            yield '(The recommender has nothing to go by yet: it would list the same to everybody.)'
        named = {*self.mentions, *self.proposed}
        self.outcome = outcome._replace(ranking=[entity for entity in outcome.ranking if entity not in named])
        yield self.outcome.response
        self.context.append(('Recommender', self.outcome.response))
        if not self.outcome.ranking:
            yield f'(None of the {len(outcome.titles)} titles that the model wrote is both in the catalogue and new.)'
        self.proposed += self.outcome.ranking[:1]
        for rank, entity in enumerate(self.outcome.ranking[:SHOWN], start=1):
            yield f'{rank:3d}. {self._name(entity)}'

    def _answer(self, request: Request) -> Outcome:
        try:
            return next(iter(self.stage.answer([Question(request)])))
        except UserError as error:  # a wrong key, a server that is gone: no reason to lose the conversation
            return self.stage.unanswered(request, str(error))

    def _ask_back(self, request: Request) -> str:
        question = self.stage.offline.answer(request._replace(candidates=[])).response
        self.context.append(('Recommender', question))
        return question

    def _whole_list(self, masked: bool) -> list[tuple[int, float]]:
        """All items that were not mentioned, best first, with their scores."""
        listed = self.recommender.recommend(self.history, self.recommender.model.n_item, masked=masked)
        return [(item.entity, item.score) for item in listed if item.entity not in self.mentions]

    def _name(self, entity: int) -> str:
        return self.recommender.names[entity]


def _said_to_be_liked(text: str, found: Sequence[Mention]) -> list[bool]:
    """Of each mention in ``text``, whether words around it say so.

    Names are taken out first, because they have such words too (Love Actually), and so is all up to what is turned
    down ("I hated this and loved that"). What comes behind a name is often about the next one, unless there is none,
    or it goes on with "is" or "was".
    """
    result: list[bool] = []
    before = ''
    for mention, following in zip(found, [*found[1:], None]):
        start = found[len(result) - 1].end if result else 0
        before += text[start:mention.start]
        if mention.negated:
            before = ''
            result.append(False)
            continue
        behind = text[mention.end:following.start if following else None]
        if following and not _GOES_ON.match(behind):
            behind = ''
        liked, _ = stated([('Seeker', f'{before}{_PLACEHOLDER}{behind}')], [0], {0: _PLACEHOLDER})
        result.append(bool(liked))
        before += 'that'
    return result


def chat(conversation: Conversation) -> None:
    """Reads lines and answers them until ``/quit``, the end of the input, or Ctrl-C."""
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='replace')  # no text, however it is encoded, ends the conversation
    print(HELP)
    print(f'Answers by: {conversation.stage.backend}')
    try:
        while True:
            text = input('> ').strip()
            if text.lower() == '/quit':
                return
            for line in _answer(conversation, text):
                print(_printable(line))
    except (EOFError, KeyboardInterrupt):
        print()


def _answer(conversation: Conversation, text: str) -> Iterator[str]:
    command = text.partition(' ')[0].lower()
    if not text:
        return
    if command == '/reset':
        conversation.reset()
        yield 'Let us start anew.'
    elif command == '/why':
        yield from conversation.why()
    elif command == '/mask':
        yield from conversation.mask()
    elif command.startswith('/'):
        yield HELP if command == '/help' else f'There is no command {command[:20]}. {HELP}'
    else:
        if len(text) > LONGEST:
            yield f'(I read the first {LONGEST:,} characters only.)'
        yield from conversation.say(text[:LONGEST])


def _cut(name: str) -> str:
    return name if len(name) <= _WIDTH else f'{name[:_WIDTH - 1]}…'


def _printable(line: str) -> str:
    """Without what would command the terminal: a model may write anything."""
    return ''.join(char if char.isprintable() or char == '\n' else ' ' for char in line)
