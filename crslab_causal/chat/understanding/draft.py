"""A message on the way from its words to its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from crslab_causal.chat.understanding.acts import names_all
from crslab_causal.chat.understanding.clauses import Clause
from crslab_causal.chat.understanding.meaning import Situation, Understanding
from crslab_causal.chat.understanding.reading.attitudes import is_left_out
from crslab_causal.chat.understanding.spans import Span


@dataclass(frozen=True)
class Draft:
    """A message that is split into clauses and names, with the meaning that was found so far.

    The rules find a first meaning. :class:`.Reviser` returns the final one.
    """

    text: str
    """The message."""
    clauses: Sequence[Clause]
    groups: Sequence[Sequence[Span]]
    """Spans of the message in groups."""
    situation: Situation
    meaning: Understanding
    is_final: bool = False
    """Whether the rules alone decide: the message only corrects a name, or names a place that the list lacks."""

    @property
    def names_all(self) -> bool:
        """Whether the message is about all films of the last list, as in "seen them all"."""
        return any(
            names_all(clause.text, len(self.situation.shown)) or any(is_left_out(clause, n) for n in clause.groups)
            for clause in self.clauses
        )

    def clauses_of(self, group: int) -> list[int]:
        """Return the indices of the clauses with a group of spans."""
        return [n for n, clause in enumerate(self.clauses) if group in clause.places]
