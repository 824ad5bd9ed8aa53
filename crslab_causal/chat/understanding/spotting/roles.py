"""Find people that a message names by their role in a film: "the director of Inception", "another director"."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Sequence

from crslab_causal.chat.films.facts import CAST, COMPOSER, DIRECTOR, WRITER, FilmFacts
from crslab_causal.chat.understanding.spans import Span, SpanKind

_NOUNS = {
    DIRECTOR: r'(?:director|film-?maker)',
    WRITER: r'(?:writer|screenwriter|author)',
    COMPOSER: r'composer',
    CAST: r'(?:star|lead(?:\s+actor)?|main\s+actor|actors?|cast|leading\s+man)',
}
_VERBS = {DIRECTOR: r'(?:directed|made)', WRITER: 'wrote', COMPOSER: 'scored', CAST: r'(?:starred\s+in|starring\s+in)'}
_PERSON = r'(?:guy|man|woman|lady|person|people|one)'
# A question such as "who is the director of Inception?" asks for the name, and names nobody.
_STATES = (
    r'(?:by|from|with|starring|of|like|likes|liked|love|loves|loved|adore|hate|hated|enjoy|enjoyed|than|and|or|not|no)'
)
_SAME = r'(?:the\s+same|that|this|same)'
_OTHER = r'(?:another|an?\s+different|some\s+other|different)'


def _patterns(role: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of a role before a film, and of a role without a film.

    In the second pattern the group ``other`` matches the words that exclude a person, as in "another director".
    """
    noun, verb = _NOUNS[role], _VERBS[role]
    of_film = rf'(?:the\s+)?(?:{noun}\s+(?:of|from|in|behind)|(?:{_PERSON}\s+(?:who|that)|who(?:m)?ever)\s+{verb})\s+$'
    same_as = rf'(?:the\s+)?same\s+{noun}\s+(?:as\s+(?:in\s+)?|of\s+|from\s+|(?:who|that)\s+(?:did|{verb})\s+)$'
    return (
        re.compile(rf'\b{_STATES}\s+(?P<role>{of_film}|{same_as})', re.IGNORECASE),
        re.compile(
            rf'\b(?:by|from|with|starring|of|has|have)\s+(?P<role>(?:{_SAME}|(?P<other>{_OTHER}))\s+{noun})\b'
            r'(?!\s+(?:as|of|from|who|that)\b)',
            re.IGNORECASE,
        ),
    )


_PATTERNS = {role: _patterns(role) for role in _NOUNS}
_REACH = 80
"""Number of characters before a film that are searched for a role."""


def name_by_role(text: str, spans: Sequence[Span], facts: FilmFacts, film: int | None) -> list[Span]:
    """Return the spans of a message with the people whom it names by their role in a film.

    Args:
        text: the message.
        spans: spans of the films, people and collections. The film of a role gives way to the person.
        facts: facts about the films.
        film: the film that the conversation is about, for roles without a film; None if there is none.
    """
    found = []
    for span in sorted(spans, key=lambda each: each.start):
        person = _of_film(text, span, facts) if span.kind is SpanKind.FILM else None
        found.append(person or span)
    for role, (_, without_film) in _PATTERNS.items():
        for match in without_film.finditer(text):
            start, end = match.span('role')
            if any(span.start < end and start < span.end for span in found):
                continue
            before = [span.id for span in found if span.kind is SpanKind.FILM and span.end <= start]
            people = _people(facts, before[-1] if before else film, role)
            if people:
                found.append(Span(SpanKind.PERSON, start, end, id=people[0], negated=match['other'] is not None))
    return sorted(found, key=lambda each: each.start)


def _of_film(text: str, span: Span, facts: FilmFacts) -> Span | None:
    """Return the span of the person whose role the words before a film name; None if they name none."""
    for role, (of_film, _) in _PATTERNS.items():
        match = of_film.search(text, max(0, span.start - _REACH), span.start)
        people = _people(facts, span.id, role) if match else ()
        if match and people:
            return replace(span, kind=SpanKind.PERSON, start=match.start('role'), id=people[0])
    return None


def _people(facts: FilmFacts, film: int | None, role: str) -> Sequence[int]:
    return facts.films[film].people.get(role, ()) if film in facts.films else ()
