"""Find the targets of the attitudes in a message: the films, people and properties that it names or points to.

"I loved it" and "I like him" point to a film and to a person without a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator

from crslab_causal.chat.constraints import Constraint
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.draft import Draft
from crslab_causal.chat.understanding.meaning import Attitude, Situation
from crslab_causal.chat.understanding.models.features import Text, means_person
from crslab_causal.chat.understanding.properties import Properties
from crslab_causal.chat.understanding.spans import Span, SpanKind

_BETWEEN_FILMS = re.compile(r'\s*(?:,|&|/|\band\b|,\s*and\b)\s*(?:the\s+)?', re.IGNORECASE)
"""Text between two films of a list."""
NO_ATTITUDE = ''
"""Answer of the model for a name that the message does not have, or a film that it does not mean."""
N_EARLIER = 2
"""Most films that the seeker named before, and that "both" or "it" may mean, beside the last list."""
N_RECOMMENDED = 3
"""The same for films that were recommended before the last list."""
_MEANS_SEVERAL = re.compile(
    r'\b(?:they|them|those|these|both|(?<!after )(?<!at )(?<!of )all(?! (?:right|that|the time)\b)|either|neither|any|'
    r'none|ones|others|rest|suggestions|recommendations)\b'
    r'(?! (?:\w+ )?(?:lines|kinds?|sorts?|types?|days|times|nights|people)\b)'
)
"""Words that may mean several films of a list."""
_NAMES = frozenset(SpanKind) - {SpanKind.YEARS, SpanKind.PLACE, SpanKind.UNKNOWN}
_COMPANION = re.compile(
    r'\b(?:he|she|they) (?:\w+ )?(?:likes?|liked|loves?|loved|hates?|hated|enjoys?|enjoyed|wants?|wanted|'
    r'prefers?|preferred|saw|watched|(?:has|have) (?:already )?(?:seen|watched))\b'
)
"""Words about somebody who watches with the seeker."""


@dataclass(frozen=True)
class Named:
    """A film or a property that a message names."""

    group: int
    """Index of the group of spans."""
    span: Span
    name: str
    entity: int | None
    constraint: Constraint | None
    """Constraint for the property; None for a film."""
    is_repeated: bool = False
    """Whether the message names it more than once."""

    @property
    def key(self) -> tuple[SpanKind, str]:
        """Kind and name, which tell one named thing from another."""
        return self.span.kind, self.name


def names_in(draft: Draft, facts: FilmFacts, properties: Properties) -> Iterator[Named]:
    """Yield the films and properties that a message names, each once, at its last place."""
    found: dict[tuple[SpanKind, str], Named] = {}
    in_clauses = {group for clause in draft.clauses for group in clause.places}
    for number, group in enumerate(draft.groups):
        for span in group:
            if span.kind not in _NAMES or number not in in_clauses:
                continue
            constraint = None if span.kind is SpanKind.FILM else properties.of_span(span)
            entity = span.id if constraint is None else constraint.entity
            label = constraint.label if constraint is not None else ''
            name = facts.names.get(entity, label) if entity is not None else label
            key = span.kind, name
            found[key] = Named(number, span, name, entity, constraint, is_repeated=key in found)
    yield from found.values()


def film_lists(draft: Draft) -> Iterator[list[int]]:
    """Yield the films of each list in a message, as in "Heat, Speed and Jaws"."""
    spans = [span for group in draft.groups for span in group]
    listed: list[int] = []
    for number, span in enumerate(spans):
        follows = number > 0 and _BETWEEN_FILMS.fullmatch(draft.text, spans[number - 1].end, span.start) is not None
        if not follows:
            if len(listed) > 1:
                yield listed
            listed = []
        if span.kind is SpanKind.FILM and span.id is not None:
            listed.append(span.id)
    if len(listed) > 1:
        yield listed


def meant_films(draft: Draft, facts: FilmFacts) -> list[int]:
    """Return the films that a message may mean without a name.

    They are the film of the conversation, the last list, and the last films that the seeker named or the recommender
    recommended before. The chat only speaks of the first film of a list. So "seen it" means none of the others.
    """
    situation = draft.situation
    left_out = {span.id for group in draft.groups for span in group if span.kind is SpanKind.FILM}
    placed = any(span.kind is SpanKind.PLACE for group in draft.groups for span in group)
    if not any(_MEANS_SEVERAL.search(clause.text) for clause in draft.clauses):
        said = situation.said.lower()
        spoken_of = {situation.film, *situation.recommended}
        left_out |= {film for film in situation.shown if facts.films[film].title.lower() not in said} - spoken_of
    return [] if placed else [film for film in known_films(situation, facts) if film not in left_out]


def known_films(situation: Situation, facts: FilmFacts) -> list[int]:
    """Return the films that a message can point to, each once."""
    earlier = [entity for entity in dict.fromkeys(reversed(situation.mentioned)) if entity in facts.films]
    recommended = [film for film in reversed(situation.recommended) if film not in situation.shown]
    films = (situation.film, *situation.shown, *earlier[:N_EARLIER], *recommended[:N_RECOMMENDED])
    return list(dict.fromkeys(film for film in films if film is not None))


def meant_person(draft: Draft, text: Text, facts: FilmFacts) -> int | None:
    """Return the person whom a message means by "he" or "she"; None if there is none, or if it names a person."""
    person = draft.situation.person
    if any(_COMPANION.search(clause.text) for clause in draft.clauses):
        return None  # "we have seen it, she liked it very much"
    named = any(span.kind is SpanKind.PERSON for group in draft.groups for span in group)
    return person if person in facts.people and not named and means_person(text) else None


def rule_attitude(draft: Draft, key: tuple[SpanKind, str]) -> str:
    """Return the attitude to a name that the rules find; empty if they find none."""
    found = next((each.attitude for each in draft.meaning.heard if (each.kind, each.name) == key), NO_ATTITUDE)
    return Attitude.DISLIKED if found == Attitude.REJECTED else found
