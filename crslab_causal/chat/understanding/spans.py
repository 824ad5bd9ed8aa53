"""A part of a message that names something: a film, a person, a genre, years, a franchise, a place in a list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Sequence

from crslab_causal.chat.films.collections import Collection
from crslab_causal.chat.understanding.years.span import Years


class SpanKind(StrEnum):
    """The kind of thing that a span names."""

    FILM = 'film'
    PERSON = 'person'
    SUBJECT = 'subject'
    GENRE = 'genre'
    YEARS = 'years'
    COLLECTION = 'collection'
    CHILDREN = 'children'
    PLACE = 'place'
    """A position in the list that was shown, as in "number 3"."""
    UNKNOWN = 'unknown'
    """A title or a name that is not in the catalogue."""


@dataclass(frozen=True)
class Span:
    """A part of a message that names something."""

    kind: SpanKind
    start: int
    end: int
    id: int | None = None
    """Id of a film, person or subject; or position in a list, from 1."""
    genre: str = ''
    second_genre: str = ''
    """Genre that a film must have beside :attr:`genre`: "no romantic comedies"."""
    is_subgenre: bool = False
    """Whether the words mean only a part of the genre: "spaghetti westerns"."""
    years: Years | None = None
    collection: Collection | None = None
    negated: bool = False
    """Whether the message rejects it."""
    is_wish: bool = True
    """Whether the span may ask for films. "Funny" in "it was funny" does not."""
    is_negation_read: bool = False
    """Whether the span already takes a negation into account: "nothing after 2000"."""


def free_spans(new: Sequence[Span], old: Sequence[Span]) -> list[Span]:
    """Return the new spans that do not overlap an old one."""
    return [span for span in new if not any(span.start < other.end and other.start < span.end for other in old)]


def blank_spans(text: str, spans: Sequence[Span]) -> str:
    """Replace each span of a text by ``<xxx>`` of equal length, so that positions do not change."""
    characters = list(text)
    for span in spans:
        n = span.end - span.start
        characters[span.start : span.end] = '<' + 'x' * (n - 2) + '>' if n > 1 else 'x' * n
    return ''.join(characters)
