"""The reply to a message, as an object that the terminal and the web page show."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from crslab_causal.chat.constraints import Constraint
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Heard

_TWO_DOTS = re.compile(r'(?<!\.)\.\.(?!\.)')
"""Two full stops, but not three."""


class DraftLine(str):
    """The text so far of the next line of a reply. The final line follows and may differ."""


class ListedFilm(NamedTuple):
    """A film in a recommendation list."""

    rank: int
    """Rank, from 1."""
    entity: int
    """Entity id."""
    name: str
    """Title, and the year if it is known."""


@dataclass
class Reply:
    """A reply to one message."""

    acts: tuple[Act, ...] = ()
    """Dialogue acts of the message."""
    heard: tuple[Heard, ...] = ()
    """Films, people, genres and other things that the message names."""
    constraints: tuple[Constraint, ...] = ()
    """All binding constraints after the message. The seeker can take each of them back."""
    relaxed: tuple[Constraint, ...] = ()
    """Constraints that the list leaves out, because no film satisfies all of them. A note says so."""
    notes: list[str] = field(default_factory=list)
    """Remarks, for example that a name was not understood or that a constraint was relaxed."""
    sentences: list[str] = field(default_factory=list)
    """Sentences of the answer, without remarks and list."""
    recommendations: list[ListedFilm] = field(default_factory=list)
    """Recommended films, best first; empty if the message asks for none."""
    lines: list[str] = field(default_factory=list)
    """The whole reply as lines of text, in order."""

    def add_line(self, line: str) -> str:
        """Add a line of text and return it."""
        self.lines.append(line)
        return line

    def note(self, text: str) -> str:
        """Add a remark, and return its line."""
        self.notes.append(text)
        return self.add_line(f'({text})')

    def say(self, sentence: str) -> str:
        """Add a sentence of the answer, and return its line. After "Robert Downey Jr." it gets no second full stop."""
        sentence = _TWO_DOTS.sub('.', sentence)
        self.sentences.append(sentence)
        return self.add_line(sentence)

    def recommend(self, film: ListedFilm) -> str:
        """Add a recommended film to the reply, and return the line of text that shows it."""
        self.recommendations.append(film)
        return self.add_line(f'{film.rank:3d}. {film.name}')
