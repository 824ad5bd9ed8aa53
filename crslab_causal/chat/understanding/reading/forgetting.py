"""Find what a message takes back: "forget the 90s", "any genre is fine", "drop all my wishes", "forget Tom Hanks"."""

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
    Kind.YEARS: r'years?|decades?|(?<!this )(?<!next )(?<!last )time|era|old|age',
    Kind.PERSON: r'actors?|actress(?:es)?|directors?|person|people',
    Kind.FRANCHISE: r'franchises?|series',
    Kind.CHILDREN: r'kids|children',
    Kind.TOPIC: r'topics?|subjects?',
    Kind.TITLE: r'topics?|subjects?|titles?',
    Kind.POPULARITY: r'popularity|popular|(?:well|little)[ -]known',
    Kind.SIMILAR: r'similar|similarity|likeness',
}
_WORDS = {kind: re.compile(rf'\b(?:{words})\b') for kind, words in _KINDS.items()}
_ALL = re.compile(
    r'\b(?:constraints?|filters?|restrictions?|conditions?|everything|all|wish|wishes|requests?|requirements?|criteria|'
    r'preferences?|demands?|limits?|limitations?)\b'
)
_NOT_AN_ORDER = re.compile(
    r'\b(?:drop|remove) (?:me|us)\b|^\W*(?:i|you) (?:forget|drop|ignore|always|never)\b|\bi can not\b|'
    r'\b(?:do|can|will|should|must) not (?:\w+ )?(?:forget|drop|remove|clear|ignore|cancel|delete|undo|lift)\b'
)


class Forgotten(NamedTuple):
    """The constraints and mentions that a clause takes back."""

    constraints: list[Constraint]
    """Earlier constraints that are taken back. May be empty."""
    entities: list[int]
    """Entity ids of the names that the clause tells to forget, whether or not they were mentioned before."""


class _Named(NamedTuple):
    """The constraints, mentions and kinds that a part of a clause names."""

    labels: set[tuple[Kind, str]]
    """Kind and label of each constraint."""
    kinds: set[Kind]
    """Kinds that are named in general words, as in "the decade"."""
    entities: list[int]

    def has(self, constraint: Constraint) -> bool:
        """Return whether a constraint is named; general words count only if no name of their kind is given."""
        named = {kind for kind, _ in self.labels}
        key = constraint.kind, constraint.label
        return key in self.labels or (constraint.kind in self.kinds and constraint.kind not in named)


def find_forgotten(
    clause: Clause, groups: Sequence[Sequence[Span]], properties: Properties, earlier: ConstraintSet
) -> Forgotten | None:
    """Return what a clause takes back; None if it is not about taking something back.

    Args:
        clause: the clause.
        groups: groups of the spans of the message.
        properties: constraints of spans.
        earlier: constraints of the conversation so far.
    """
    phrases = read_phrases('forget.txt')
    forgets = None if _NOT_AN_ORDER.search(clause.text) else phrases['forget'].search(clause.text)
    match = forgets or phrases['allow'].search(clause.text)
    if match is None:
        return None
    exception = phrases['except'].search(clause.text) if forgets else None
    end = exception.start() if exception else len(clause.text)
    named = _named(clause, groups, properties, 0, end, match.group()[: max(0, end - match.start())])
    forgotten = [c for c in earlier if named.has(c)]
    if not forgotten and not named.labels and not named.kinds and _ALL.search(match.group()):
        forgotten = earlier.binding
    if not forgotten and not forgets:
        return None  # "drama is fine" is a wish
    if exception:
        kept = _named(clause, groups, properties, end, len(clause.text), exception.group())
        forgotten = [c for c in forgotten if not kept.has(c)]
    return Forgotten(forgotten, named.entities if forgets else [])


def find_kept(
    clause: Clause,
    groups: Sequence[Sequence[Span]],
    properties: Properties,
    forgotten: Forgotten,
) -> Forgotten | None:
    """Return what is still taken back after a clause that names exceptions: "drop all my wishes, but keep horror".

    Args:
        clause: a clause after one that takes something back.
        groups: groups of the spans of the message.
        properties: constraints of spans.
        forgotten: what the clauses before take back.

    Returns:
        None if the clause names no exceptions.
    """
    phrases = read_phrases('forget.txt')
    is_rest = len(forgotten.constraints) > 1 and phrases['rest'].search(clause.text)
    if not phrases['keep'].search(clause.text) and not is_rest:
        return None
    kept = _named(clause, groups, properties, 0, len(clause.text), clause.text)
    return Forgotten(
        [c for c in forgotten.constraints if not kept.has(c)],
        [entity for entity in forgotten.entities if entity not in kept.entities],
    )


def _named(
    clause: Clause, groups: Sequence[Sequence[Span]], properties: Properties, start: int, end: int, words: str
) -> _Named:
    """Return the constraints, mentions and kinds that a part of a clause names.

    Args:
        clause: the clause.
        groups: groups of the spans of the message.
        properties: constraints of spans.
        start: start of the part, in characters.
        end: its end.
        words: words that may name kinds of constraints.
    """
    labels: set[tuple[Kind, str]] = set()
    entities: list[int] = []
    for group, (at, _) in clause.places.items():
        for span in groups[group] if start <= at < end else ():
            entity = properties.entity_of(span)
            constraint = properties.of_span(span)
            if span.kind is SpanKind.FILM and span.id is not None:
                constraint = properties.similar(span.id)
                labels |= properties.franchises_of(span.id)
            if constraint is not None:
                labels.add((constraint.kind, constraint.label))
            if entity is not None:
                entities.append(entity)
    kinds = {kind for kind, pattern in _WORDS.items() if pattern.search(words)}
    return _Named(labels, kinds, list(dict.fromkeys(entities)))
