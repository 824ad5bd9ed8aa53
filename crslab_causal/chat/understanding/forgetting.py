"""Find the constraints that a message takes back: "forget the 90s", "any genre is fine", "horror is ok after all"."""

from __future__ import annotations

import re
from typing import NamedTuple, Sequence

from crslab_causal.chat.constraints import Constraint, ConstraintSet, Kind
from crslab_causal.chat.understanding.clauses import Clause
from crslab_causal.chat.understanding.phrases import read_phrases
from crslab_causal.chat.understanding.properties import Properties
from crslab_causal.chat.understanding.spans import Span, SpanKind

_KINDS = {
    Kind.GENRE: r'genres?|kind|type',
    Kind.YEARS: r'years?|decades?|time|era|old|age',
    Kind.PERSON: r'actors?|actress(?:es)?|directors?|person|people',
    Kind.FRANCHISE: r'franchises?|series',
    Kind.CHILDREN: r'kids|children',
}
_WORDS = {kind: re.compile(rf'\b(?:{words})\b') for kind, words in _KINDS.items()}
_ALL = re.compile(r'\b(?:constraints?|filters?|restrictions?|conditions?|everything|all)\b')


class Forgotten(NamedTuple):
    """The constraints that a clause takes back."""

    constraints: list[Constraint]
    """Earlier constraints that are taken back. May be empty."""


def find_forgotten(
    clause: Clause, groups: Sequence[Sequence[Span]], properties: Properties, earlier: ConstraintSet
) -> Forgotten | None:
    """Return the constraints that a clause takes back; None if it is not about taking constraints back.

    Args:
        clause: the clause.
        groups: groups of the spans of the message.
        properties: constraints of spans.
        earlier: constraints of the conversation so far.
    """
    phrases = read_phrases('forget.txt')
    forgets = phrases['forget'].search(clause.text)
    match = forgets or phrases['allow'].search(clause.text)
    if match is None:
        return None
    spans = [span for group in clause.groups for span in groups[group]]
    named = {(c.kind, c.label) for span in spans if (c := properties.of_span(span)) is not None}
    named |= {
        (Kind.SIMILAR, properties.similar(span.id).label) for span in spans if span.kind is SpanKind.FILM and span.id
    }
    kinds = {kind for kind, pattern in _WORDS.items() if pattern.search(match.group())}
    forgotten = [c for c in earlier if (c.kind, c.label) in named or (c.kind in kinds and not named)]
    if not forgotten and not named and _ALL.search(match.group()):
        forgotten = earlier.binding
    if not forgotten and not forgets:
        return None  # "drama is fine" is a wish
    return Forgotten(forgotten)
