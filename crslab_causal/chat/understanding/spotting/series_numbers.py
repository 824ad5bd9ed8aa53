"""Find films that a message names by their number in a series: "the second one", "the first two", "the 2nd and 3rd"."""

from __future__ import annotations

import re
from typing import Sequence

from crslab_causal.chat.films.collections import Collection, Collections
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.numbers import CARDINALS
from crslab_causal.chat.understanding.spans import Span, SpanKind
from crslab_causal.chat.understanding.spotting.series_parts import ASKS_WHICH
from crslab_causal.llm.entity_linking.numbering import ORDINALS
from crslab_causal.llm.entity_linking.titles import content_words, title_words

_ORDINAL = f'(?:{"|".join(ORDINALS)})'
_NUMBERED = re.compile(
    rf"""\bthe\s+(?P<ordinals>{_ORDINAL}(?:\s*(?:,|,?\s*and|,?\s*or|&)\s*(?:the\s+)?{_ORDINAL})*)
    (?:\s+(?P<count>two|three|four|[2-4]))?
    (?:\s+(?:one|movie|film|flick|part|instal+ment)s?\b|(?=\s*(?:[.,;:!?)]|$))
    |(?=\s+(?:is|are|was|were|had|has|but|yet|too|though|already|got|better)\b))
    (?!\s+(?:you|of\s+the|from\s+the|on\s+the)\b)""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words for films of a series. "The first one you mentioned" means a film of the conversation."""
_PART_WORDS = frozenset('part parts pt episode chapter volume vol number no movie film'.split())
"""Words between the name of a series and a number."""
_MIN_SHARE_OF_SERIES = 0.1
"""Minimum popularity of a film that an ordinal counts, as a share of that of the best-known film of the series."""
_ASKS_FOR = re.compile(rf'\b(?:{ASKS_WHICH})\s+$', re.IGNORECASE)


def name_by_number(
    text: str,
    spans: Sequence[Span],
    facts: FilmFacts,
    collections: Collections,
    film: int | None,
    shown: Sequence[int] = (),
) -> list[Span]:
    """Return the spans of a message with the films that it names by their number in a series.

    The films of "the first two" have spans at one place. In a list of several films, "the first one" is a place of the
    list, and no film of a series.

    Args:
        text: the message, with the spans blanked out.
        spans: spans of the films, people and collections.
        facts: facts about the films.
        collections: the series.
        film: the film that the conversation is about; None if there is none.
        shown: films of the last list.
    """
    found = list(spans)
    for match in _NUMBERED.finditer(text):
        if _ASKS_FOR.search(text, 0, match.start()):
            continue
        before = [span.id for span in spans if span.kind is SpanKind.FILM and span.end <= match.start()]
        if len({*shown}) > 1 and not before:
            continue
        base = before[-1] if before else film
        series = collections.series_of(base) if base in facts.films else []
        numbers = [ORDINALS[word.lower()] for word in re.findall(_ORDINAL, match['ordinals'], re.IGNORECASE)]
        if match['count'] is not None and numbers[-1] == 1:
            numbers = list(range(1, 1 + _number(match['count'])))
        if numbers[-1] <= len(series):
            found += [Span(SpanKind.FILM, *match.span(), id=series[number - 1]) for number in numbers]
    return sorted(found, key=lambda each: (each.start, each.end))


def name_numbered(text: str, span: Span, collections: Collections) -> Span:
    """Return the span of the film that a number behind the name of a series means: "Harry Potter 3".

    The series are those whose films ``collections.json`` numbers. Any other span is returned as it is.

    Args:
        text: the message.
        span: an unknown name.
        collections: the series.
    """
    *name, number = content_words(title_words(text[span.start : span.end])) or ['']
    while name and name[-1] in _PART_WORDS:
        name.pop()
    if not number.isdigit() or not int(number):
        return span
    episodes, index = collections.episodes.get(tuple(name), []), int(number) - 1
    film = episodes[index] if index < len(episodes) else None
    return span if film is None else Span(SpanKind.FILM, span.start, span.end, id=film)


def film_of_ordinal(
    collection: Collection, key: tuple[str, ...], index: int, collections: Collections, facts: FilmFacts
) -> int | None:
    """Return the entity id of a film of a series; None if the series has no such film.

    If ``collections.json`` does not number the films of the series, they are those whose titles start with its name, by
    year.

    Args:
        collection: the series.
        key: the words of its name.
        index: index of the film, from 0; -1 is the last one.
        collections: all series.
        facts: facts about the films.
    """
    episodes = collections.episodes.get(key, [])
    years = [facts.films[film].year or 0 for film in episodes if film is not None]
    is_by_year = bool(episodes) and episodes[0] is not None and years == sorted(years)
    if is_by_year and index >= 0:  # "the first Star Wars" is not Episode I
        return episodes[index] if index < len(episodes) else None
    dated = [film for film in (facts.films[film] for film in collection.films) if film.year]
    titled = [film for film in dated if tuple(content_words(title_words(film.title)))[: len(key)] == key]
    if titled or not collection.is_listed:  # the titles of James Bond's films do not start with his name
        dated = titled
    popularity = {film.entity: facts.popularity.get(film.entity, 0) for film in dated}
    least = _MIN_SHARE_OF_SERIES * max(popularity.values(), default=0)
    known = [film for film in dated if popularity[film.entity] >= least]
    known.sort(key=lambda film: (popularity[film.entity], -film.entity))
    of_year = {film.year: film.entity for film in known}  # of the films of one year, the best-known one counts
    ordered = [of_year[year] for year in sorted(of_year, key=lambda year: year or 0)]
    return ordered[index] if index < len(ordered) and len(ordered) > 1 else None


def _number(word: str) -> int:
    return int(word) if word.isdigit() else CARDINALS[word.lower()]
