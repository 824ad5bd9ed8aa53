"""Find years that a message names by the year of a film: "newer", "older than Heat", "from around that time"."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Callable, Sequence

from crslab_causal.chat.understanding.spans import Span, SpanKind
from crslab_causal.chat.understanding.years.span import Years

_COMPARED = re.compile(r'(?P<later>newer|more\s+(?:recent|modern)|later)|older|earlier', re.IGNORECASE)
_MORE_BEFORE = re.compile(r'\bmore\s+$', re.IGNORECASE)
_THAN = re.compile(r'\s+(?:\w+\s+)?than\s+(?:the\s+)?', re.IGNORECASE)
_SAME_TIME = re.compile(
    r'\b(?:from\s+|of\s+|made\s+|out\s+)?(?:around|about|in|from|of)\s+(?:roughly\s+)?(?:that|the\s+same)\s+'
    r'(?:time|era|period|age|decade)\b',
    re.IGNORECASE,
)
"""Words for the years around those of a film."""
_NOT_AS = re.compile(r"\b(?:not|n['’]t\s+be|less)\s+(?:(?:quite\s+)?as\s+)?(?P<word>old|new|recent)\b", re.IGNORECASE)
"""Words that compare with the age of a film: "like Jaws, but not as old"."""
_NEAR = 5
"""Number of years before and after a film that are "around that time"."""


def relate_years(
    text: str, spans: Sequence[Span], film: int | None, shown: Sequence[int], year_of: Callable[[int], int | None]
) -> list[Span]:
    """Return the spans of a message, in which years are counted from a film if the words compare with one.

    The film is the one that the words compare with; else the last one that the message names before; else that of the
    conversation.

    Args:
        text: the message.
        spans: its spans.
        film: the film that the conversation is about; None if there is none.
        shown: films of the last list.
        year_of: year of a film; None if it is not known.
    """
    films = {span: _film_of(span, shown) for span in spans}

    def base_year(start: int, end: int) -> int | None:
        than = _THAN.match(text, end)
        beside = [span for span in spans if than is not None and films[span] is not None and span.start == than.end()]
        before = [span for span in spans if films[span] is not None and span.end <= start]
        named = beside[0] if beside else before[-1] if before else None
        meant = film if named is None else films[named]
        return None if meant is None else year_of(meant)

    found = [_related(text, span, base_year(span.start, span.end)) for span in spans]
    for match in _NOT_AS.finditer(text) if any(film is not None for film in films.values()) else ():
        year = base_year(*match.span())
        if year is not None:
            years = Years(year + 1, None) if match['word'].lower() == 'old' else Years(None, year - 1)
            found = [span for span in found if span.end <= match.start() or span.start >= match.end()]
            found.append(Span(SpanKind.YEARS, *match.span(), years=years, is_negation_read=True))
    for match in _SAME_TIME.finditer(text):
        year = base_year(*match.span())
        if year is not None and not any(span.start < match.end() and match.start() < span.end for span in spans):
            found.append(Span(SpanKind.YEARS, *match.span(), years=Years(year - _NEAR, year + _NEAR)))
    return found


def _film_of(span: Span, shown: Sequence[int]) -> int | None:
    if span.id is None or span.kind not in (SpanKind.FILM, SpanKind.PLACE):
        return None
    return span.id if span.kind is SpanKind.FILM else shown[span.id - 1]


def _related(text: str, span: Span, year: int | None) -> Span:
    """Return the span with years relative to ``year`` if it has a comparative such as "newer", else unchanged."""
    if span.kind is not SpanKind.YEARS or year is None or re.search(r'\d', text[span.start : span.end]):
        return span
    more = _MORE_BEFORE.search(text, 0, span.start)
    match = _COMPARED.search(text, span.start if more is None else more.start(), span.end)
    if match is None:
        return span
    return replace(span, years=Years(year + 1, None) if match['later'] else Years(None, year - 1))
