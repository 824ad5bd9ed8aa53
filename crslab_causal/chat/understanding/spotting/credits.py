"""Find films that a message names by a person: "Bird by Clint Eastwood", "the one with Clint Eastwood"."""

from __future__ import annotations

import re
from typing import Iterator, Sequence

from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.spans import Span, SpanKind, free_spans
from crslab_causal.llm.entity_linking.titles import content_words, parse_title, title_words

_CREDIT = re.compile(r'\W*\b(?:by|from|with|starring|directed\s+by)\s+(?:the\s+)?$', re.IGNORECASE)
"""Words between a title and a person."""
_ONE_WITH = re.compile(
    r'(?<!\bis that )(?<!\bis this )(?<!\bis it )(?<!\bwas that )(?<!\bwas it )\b(?:the|that)\s+(?:one|movie|film)\s+'
    r'(?:with|by|from|starring)\s+$',
    re.IGNORECASE,
)
"""Words before a person that mean a film of the conversation. "Is that the one with" asks whether it is."""
_ONE_THAT_WAS_SAID = re.compile(
    r"""(?:['’]s)?\s+(?:one|movie|film)(?:\s+(?:(?:that|which)\s+)?you\s+(?:\w+\s+)?
    (?:suggested|gave(?:\s+me)?|recommended|named|mentioned|picked|said|told\s+me(?:\s+about)?)(?:\s+(?:earlier|before|first))?\b
    |(?=\s*(?:[.,;!?]|$)|\s+(?:sounds?|looks?|please|then|is|was|too|instead|tonight)\b))""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words after a person that mean a film of the conversation: "the Tom Hanks one you mentioned", "the Tom Hanks one"."""
_THE_BEFORE = re.compile(
    r'(?<!\bis that )(?<!\bis this )(?<!\bis it )(?<!\bwas that )(?<!\bwas it )\b(?:the|that|your)\s+$', re.IGNORECASE
)
_DESCRIBED_AFTER = re.compile(r'\s+(?:where|in\s+which|as|about|who|when|on|in|and)\b', re.IGNORECASE)
"""Words after a person that describe a film that need not be one of the conversation."""
_OWNER = re.compile(r"(?:['’]s?|(?<=['’]s))\s+")
_WORD = re.compile(r"[\w'’]+")
_MAX_WORDS = 8
"""Most words of a title that are read."""


def name_by_credit(text: str, spans: Sequence[Span], facts: FilmFacts) -> list[Span]:
    """Return the spans of a message, with one for a title and the person that stands beside it.

    The person decides between films of one title, and shows that an ordinary word is a title.

    Args:
        text: the message.
        spans: spans of the films and people.
        facts: facts about the films.
    """
    found = list(spans)
    for person in spans:
        if person.kind is not SpanKind.PERSON or person.id not in facts.people or person not in found:
            continue
        film = next(_films_beside(text, person, facts), None)
        if film is not None:
            found = [span for span in found if span.end <= film.start or span.start >= film.end] + [film]
    return sorted(found, key=lambda span: (span.start, span.end))


def name_by_person(text: str, spans: Sequence[Span], facts: FilmFacts, recommended: Sequence[int]) -> list[Span]:
    """Return the spans of a message, with one for each film that was recommended and that a person tells apart.

    In "the one with Adam Sandler sounded fine", this is the last film with the person.

    Args:
        text: the message.
        spans: spans of the films and people.
        facts: facts about the films.
        recommended: films that were recommended, the last one at the end.
    """
    found = list(spans)
    for person in spans:
        if person.kind is not SpanKind.PERSON or person.id not in facts.people:
            continue
        place, tail = None, _ONE_THAT_WAS_SAID.match(text, person.end)
        if lead := _ONE_WITH.search(text, 0, person.start):
            place = lead.start(), len(text[: person.start].rstrip())  # the person is named beside the film
        elif (the := _THE_BEFORE.search(text, 0, person.start)) and (
            tail := _ONE_THAT_WAS_SAID.match(text, person.end)
        ):
            place = the.start(), tail.end()
        films = {*facts.films_of(person.id)}
        film = next((each for each in reversed(recommended) if each in films), None)
        if place is None or film is None or _DESCRIBED_AFTER.match(text, max(person.end, place[1])):
            continue
        named = Span(SpanKind.FILM, *place, id=film)
        found = [*free_spans(found, [named]), named]
    return sorted(found, key=lambda span: (span.start, span.end))


def _films_beside(text: str, person: Span, facts: FilmFacts) -> Iterator[Span]:
    """Yield the spans of a film whose title stands beside the name of a person of the film, longest title first.

    The span includes a name before the title: "Clint Eastwood's Bird".
    """
    assert person.id is not None
    films: dict[tuple[str, ...], int] = {}
    for film in facts.films_of(person.id):
        for form in parse_title(facts.films[film].title).forms:
            films.setdefault(form.content, film)
    if credit := _CREDIT.search(text, 0, person.start):
        for start in [match.start() for match in _WORD.finditer(text, 0, credit.start())][-_MAX_WORDS:]:
            key = _key(text[start : credit.start()])
            if key in films:
                yield Span(SpanKind.FILM, start, credit.start(), id=films[key])
    if owner := _OWNER.match(text, person.end):
        for end in reversed([match.end() for match in _WORD.finditer(text, owner.end())][:_MAX_WORDS]):
            title = text[owner.end() : end]
            if (' ' in title or title[0].isupper()) and _key(title) in films:
                yield Span(SpanKind.FILM, person.start, end, id=films[_key(title)])


def _key(title: str) -> tuple[str, ...]:
    return tuple(content_words(title_words(title)))
