"""The table of labelled messages, ``transcripts.tsv``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.state import DialogueState
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.meaning import Attitude, Heard, Understanding
from crslab_causal.chat.understanding.phrases import normalize
from crslab_causal.chat.understanding.wishes import replaced_by

_MARKS = {
    '+': Attitude.LIKED,
    '-': Attitude.DISLIKED,
    '~': Attitude.SEEN,
    '!': Attitude.NOT_SEEN,
    '?': Attitude.ASKED,
    '=': Attitude.ACCEPTED,
    '%': Attitude.SIMILAR,
}
_MARK_OF = {attitude: mark for mark, attitude in _MARKS.items()} | {Attitude.REJECTED: '-'}


@dataclass
class Labelled:
    """A message, the last list before it, and what it means."""

    text: str
    acts: list[str]
    names: list[str]
    constraints: list[str]
    questions: list[str]
    starts: bool
    """Whether it is the first message of a conversation."""
    shown: list[str] = field(default_factory=list)


def read_transcripts() -> list[Labelled]:
    """Return the messages of the table."""
    rows: list[Labelled] = []
    shown: list[str] = []
    starts = True
    for line in Path(__file__).with_name('transcripts.tsv').read_text('utf-8').splitlines():
        if not line:
            starts, shown = True, []
        elif line.startswith('@shown'):
            shown = line.split('\t')[1:]
        elif not line.startswith('#'):
            text, *cells = line.split('\t')
            acts, names, constraints, questions = ([part for part in cell.split('; ') if part] for cell in cells)
            rows.append(Labelled(text, acts, names, constraints, questions, starts, shown))
            starts = False
    return rows


def understand_all(interpreter: Interpreter, facts: FilmFacts) -> Iterator[tuple[Labelled, Understanding]]:
    """Yield each message with what the interpreter understands, in the state of its conversation."""
    entity_of = {film.name: film.entity for film in facts.films.values()}
    state = DialogueState()
    for row in read_transcripts():
        if row.starts:
            state = DialogueState()
        state.shown = tuple(entity_of[name] for name in row.shown if name in entity_of)
        state.film = state.shown[0] if state.shown else None
        meaning = interpreter.understand(row.text, state.situation)
        state.hear(row.text, meaning, replaced_by(meaning.constraints, normalize(row.text), state.constraints))
        for question in meaning.questions:
            state.person = question.person if question.person is not None else state.person
        yield row, meaning


def names_of(meaning: Understanding) -> list[str]:
    """Return the names of a message with marks of the attitudes, as the table writes them."""
    return [f'{_MARK_OF.get(heard.attitude, "")}{heard.name}' for heard in meaning.heard]


def constraints_of(meaning: Understanding) -> list[str]:
    """Return the constraints of a message as the table writes them."""
    stated = [constraint.name if constraint.binding else f'~{constraint.name}' for constraint in meaning.constraints]
    return stated + [f'forget {constraint.name}' for constraint in meaning.forgotten]


def is_film(heard: Heard) -> bool:
    """Return whether a name is that of a film."""
    return heard.kind == 'film'
