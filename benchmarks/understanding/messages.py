"""Tables of labelled messages: acts, names with attitudes, constraints and questions.

GUIDELINES.md defines the labels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Sequence

from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.state import DialogueState
from crslab_causal.chat.understanding.draft import Draft
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.meaning import Attitude, Understanding
from crslab_causal.chat.understanding.phrases import normalize
from crslab_causal.chat.understanding.wishes.relations import replaced_by

FOLDER = Path(__file__).parent
TRANSCRIPTS = FOLDER.parents[1] / 'tests' / 'chat' / 'transcripts.tsv'
MARK_MEANINGS = {
    '+': Attitude.LIKED,
    '-': Attitude.DISLIKED,
    '~': Attitude.SEEN,
    '!': Attitude.NOT_SEEN,
    '?': Attitude.ASKED,
    '=': Attitude.ACCEPTED,
    '%': Attitude.SIMILAR,
}
MARKS = ''.join(MARK_MEANINGS)
"""Marks of the attitudes before a name."""
_MARK_OF = {attitude: mark for mark, attitude in MARK_MEANINGS.items()} | {Attitude.REJECTED: '-'}

_RECOMMENDER = '# Recommender:'
_YEAR = re.compile(r' \(\d{4}\)$')
"""The year after a title. The catalogue has some titles without it."""


@dataclass
class Message:
    """A message, the last list before it, and its labels."""

    text: str
    acts: list[str]
    names: list[str]
    constraints: list[str]
    questions: list[str]
    starts: bool
    """Whether it is the first message of a conversation."""
    shown: list[str] = field(default_factory=list)
    """Names of the films that the recommender named last."""
    is_list_new: bool = False
    """Whether the recommender named them since the message before."""
    said: str = ''
    """What the recommender said since the message before."""


def read_messages(path: Path) -> list[Message]:
    """Return the messages of a table.

    A line has a message, its acts, names, constraints and questions, separated by tabs. The labels of a cell are
    separated by "; ". An empty line starts a new conversation. ``@shown`` is followed by the films of the last list.
    ``# Recommender:`` is followed by what the recommender said. Other lines with ``#`` are comments.

    Raises:
        ValueError: a line has another number of cells; the message names it.
    """
    messages: list[Message] = []
    shown: list[str] = []
    said: list[str] = []
    starts, is_list_new = True, False
    for number, line in enumerate(path.read_text('utf-8').split('\n'), 1):
        if not line.strip():
            starts, shown, said, is_list_new = True, [], [], False
        elif line.startswith('@shown'):
            shown, is_list_new = line.split('\t')[1:], True
        elif line.startswith(_RECOMMENDER):
            said.append(line.removeprefix(_RECOMMENDER).strip())
        elif not line.startswith('#'):
            text, *cells = line.split('\t')
            if len(cells) != 4:
                raise ValueError(f'{path}, line {number}: {len(cells) + 1} cells instead of 5')
            acts, names, constraints, questions = ([part for part in cell.split('; ') if part] for cell in cells)
            messages.append(
                Message(text, acts, names, constraints, questions, starts, shown, is_list_new, ' '.join(said))
            )
            starts, said, is_list_new = False, [], False
    return messages


def understand_all(
    interpreter: Interpreter, facts: FilmFacts, messages: Sequence[Message], repeats_list: bool = False
) -> Iterator[tuple[Message, Understanding]]:
    """Yield each message with what the interpreter understands, in the state of its conversation.

    Args:
        interpreter: the interpreter.
        facts: facts about the films.
        messages: the messages.
        repeats_list: whether the last list is shown again before every message.
    """
    for message, draft in understand_drafts(interpreter, facts, messages, repeats_list):
        yield message, draft.meaning


def understand_drafts(
    interpreter: Interpreter, facts: FilmFacts, messages: Sequence[Message], repeats_list: bool = False
) -> Iterator[tuple[Message, Draft]]:
    """Yield each message with its draft, which has the meaning that the interpreter understands.

    The arguments are those of :func:`understand_all`.
    """
    entity_of = {film.name: facts.undated_copies.get(film.entity, film.entity) for film in facts.films.values()}
    state = DialogueState()
    for message in messages:
        if message.starts:
            state = DialogueState()
        if message.is_list_new or message.starts or repeats_list:
            shown = (entity_of.get(name, entity_of.get(_YEAR.sub('', name))) for name in message.shown)
            state.shown = tuple(film for film in shown if film is not None)
            state.film = state.shown[0] if state.shown else None
            state.recommended += [film for film in reversed(state.shown) if film not in state.recommended]
        if message.said:
            state.context.append(('Recommender', message.said))
        draft = interpreter.read(message.text, state.situation)
        meaning = draft.meaning
        meaning.replaced = replaced_by(meaning.constraints, normalize(message.text), state.constraints)
        state.hear(message.text, meaning)
        for question in meaning.questions:
            state.person = question.person if question.person is not None else state.person
        yield message, draft


def names_of(meaning: Understanding) -> list[str]:
    """Return the names of a message with marks of the attitudes, as the tables write them."""
    return [f'{_MARK_OF.get(heard.attitude, "")}{heard.name}' for heard in meaning.heard]


def constraints_of(meaning: Understanding) -> list[str]:
    """Return the constraints of a message as the tables write them."""
    stated = [constraint.name if constraint.binding else f'~{constraint.name}' for constraint in meaning.constraints]
    return stated + [f'forget {constraint.name}' for constraint in meaning.withdrawn]
