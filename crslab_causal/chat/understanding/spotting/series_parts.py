"""Find films that a message names by their part in a series: "the sequels", "the original", "the remake of Carrie"."""

from __future__ import annotations

import re
from typing import Sequence

from crslab_causal.chat.films.collections import FRANCHISE, Collection, Collections
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.acts import FEW
from crslab_causal.chat.understanding.spans import Span, SpanKind

_NOUN = r'(?:one|movie|film|flick|version)'
_PART = re.compile(
    rf"""\bthe\s+(?:
      (?P<later>sequels|second\s+and\s+third\s+(?:ones?|movies?|films?|parts?)|later\s+(?:ones|movies|films|parts))
    | (?P<next>sequel)
    | (?P<first>original)(?:\s+{_NOUN}\b|(?=\s*(?:[.,;:!?]|$))
      |(?=\s+(?:is|was|had|has|not|and|but|or|better|more|instead|please|too|though|again|first|yet|already)\b))
    | (?P<remake>remake|reboot|new\s+version)
    | (?P<trilogy>(?:original|first)\s+trilogy)
    | (?P<newer>(?:new|newer|newest|latest|recent|more\s+recent)\s+one) | (?P<older>(?:old|older|earlier)\s+one))
    (?P<of>\s+(?:to|of|for)\s+(?:the\s+)?(?=<))?(?!\s+(?:to|of|trilogy|version|language|series|score)\b)(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words for a part of a series. "The original idea" names none."""
ASKS_WHICH = r"what(?:['’]?s|\s+(?:is|was))|which\s+is|is\s+(?:it|this|that)|name\s+of|called"
"""Words before a film of a series that ask which film it is."""
_ASKS_FOR = re.compile(rf'\b(?:(?:what|how)\s+about|{ASKS_WHICH})\s+$', re.IGNORECASE)
"""Words before a part that ask which film it is. The answer names the series."""
_IN_TRILOGY = 3
_MIN_SHARE = 0.1
"""Minimum popularity of a remake, a sequel or an original, as a share of that of the best-known film it may be."""


def name_by_part(
    text: str,
    spans: Sequence[Span],
    facts: FilmFacts,
    collections: Collections,
    film: int | None,
    shown: Sequence[int] = (),
) -> list[Span]:
    """Return the spans of a message with the films that it names by their part in a series.

    Several films become a collection. A part that the catalogue does not have is an unknown name.

    Args:
        text: the message, with the spans blanked out.
        spans: spans of the films, people and collections. The film of "the sequel to Alien" gives way to the part.
        facts: facts about the films.
        collections: the series.
        film: the film that the conversation is about, for parts without a film; None if there is none.
        shown: films of the last list. "The new one" may be a film of a short list.
    """
    found = list(spans)
    for match in _PART.finditer(text):
        start, end = match.span()
        if _ASKS_FOR.search(text, 0, start):
            continue
        owner = None
        if match['of']:
            owner = next((span for span in found if span.start == end and span.kind is SpanKind.FILM), None)
            if owner is None:
                continue
            end = owner.end
        before = [span.id for span in found if span.kind is SpanKind.FILM and span.end <= start]
        base = owner.id if owner is not None else before[-1] if before else film
        if base not in facts.films:
            continue
        if match['newer'] or match['older']:
            if len({*shown}) > 1 and len(shown) <= FEW and not before and owner is None:
                continue
            relative = _relative(base, facts, collections, is_newer=match['newer'] is not None)
            if relative is not None:
                found.append(Span(SpanKind.FILM, start, end, id=relative))
            continue
        span = _part(match, (start, end), facts, collections, base)
        found = [each for each in found if each is not owner] + [span]
    return sorted(found, key=lambda each: each.start)


def _part(match: re.Match[str], place: tuple[int, int], facts: FilmFacts, collections: Collections, film: int) -> Span:
    """Return the span of the part of a series that a film belongs to.

    Args:
        match: the words for the part.
        place: start and end of the span.
        facts: facts about the films.
        collections: the series.
        film: the film.
    """
    series, versions = collections.series_of(film), collections.versions_of(film)
    known = _well_known(versions, facts)
    if match['first']:
        first = known[0] if len(known) > 1 else series[0] if series else film
        return Span(SpanKind.FILM, *place, id=first)
    if match['remake']:
        found = versions[versions.index(known[0]) + 1 :] if known else []
    elif match['trilogy']:
        found = series[:_IN_TRILOGY] if len(series) >= _IN_TRILOGY else []
    else:
        found = series[series.index(film) + 1 :] if film in series else []
    if not found:
        return Span(SpanKind.UNKNOWN, *place)
    if match['remake'] or match['next'] or (match['later'] and len(found) == 1):
        return Span(SpanKind.FILM, *place, id=_well_known(found, facts)[0])
    title = facts.films[series[0]].title
    name = f'the first {title} trilogy' if match['trilogy'] else f'sequels of {facts.names[film]}'
    return Span(SpanKind.COLLECTION, *place, collection=Collection(name, FRANCHISE, frozenset(found), None, True))


def _relative(film: int, facts: FilmFacts, collections: Collections, is_newer: bool) -> int | None:
    """Return the newest or the oldest other film of the series, or of the title, of a film; None if there is none."""
    year = facts.films[film].year
    others = {*collections.series_of(film), *collections.versions_of(film)} - {film} - facts.undated_copies.keys()
    dated = {other: found for other in others if (found := facts.films[other].year) is not None and year is not None}
    if is_newer:
        return max((each for each in dated if dated[each] > (year or 0)), key=lambda each: dated[each], default=None)
    return min((each for each in dated if dated[each] < (year or 0)), key=lambda each: dated[each], default=None)


def _well_known(films: Sequence[int], facts: FilmFacts) -> list[int]:
    """Return the films without those that are hardly known beside the best-known one."""
    popularity = [facts.popularity.get(film, 0.0) for film in films]
    least = _MIN_SHARE * max(popularity, default=0.0)
    return [film for film, value in zip(films, popularity, strict=True) if value >= least]
