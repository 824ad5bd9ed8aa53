"""Merge spans of years of one text: "older, from the 90s" and "from the 80s before 1985" are one span each."""

from __future__ import annotations

import re

from crslab_causal.chat.understanding.years.exact import DECADE_WORDS
from crslab_causal.chat.understanding.years.span import REACH, Years, YearsSpan

_JUDGES_FILM = re.compile(
    r"(?:^|[.!?,]\s*|\b(?:it|that|this|hm+|no|bit|way|one|movie|film)(?:['’]?s)?\s+"
    r'(?:is\s+|was\s+|looks\s+|(?:a\s+(?:bit|little)|way|far|much)\s+)*)too\s+$',
    re.IGNORECASE,
)
"""Words before an "old" that judges a film: "it is too old", but not "not too old"."""
_EXACT = re.compile(rf'\d|{"|".join(DECADE_WORDS)}|\b(?:last|past)\s+(?:\w+\s+)?(?:years|decade)', re.IGNORECASE)
_SIDE_BY_SIDE = re.compile(
    r'\s*(?:,\s*)?(?:(?:and|but|that\s+(?:is|are|was)|made|released|movies?|films?|ones?|only|preferably|also|from)\s+)*',
    re.IGNORECASE,
)
"""Words between two spans of years that both limit the films."""
_NEAR = 3
"""Number of spans of years before and after a word such as "old" that may make it exact."""
_SEPARATES = re.compile(r'[.!?;]|\b(?:or|but|and)\b', re.IGNORECASE)
"""Words between two spans of years that are both meant."""
_EXAMPLE = re.compile(r'\b(?:like|say|meaning|so|i\.?e|as in|such as|anything|nothing)\s*,?\s*$', re.IGNORECASE)
"""Words between rejected years such as "old" and the number that says how old."""


def without_vague(text: str, spans: list[YearsSpan]) -> list[YearsSpan]:
    """Return spans without words such as "old" that numbers in the same sentence make exact: "older, from the 90s"."""
    kept: list[YearsSpan] = []
    rejected: set[YearsSpan] = set()
    for n, span in enumerate(spans):
        near = spans[max(0, n - _NEAR) : n + _NEAR + 1]
        others = [other for other in near if _is_exact(text, other) and not _are_separate(text, span, other)]
        if not _is_exact(text, span) and span.is_excess and any(_are_instead(text, span, other) for other in near):
            continue  # "it is too old, something after 2005"
        if _is_exact(text, span) or not others:
            kept.append(span)
        elif span.is_excess:
            # "no old movies, like before 2000" rejects the years; "not old, like 2015 or later" wants them
            examples = {
                other
                for other in others
                if not other.is_negation_read and _EXAMPLE.search(text[span.end : max(span.end, other.start)])
            }
            rejected |= examples
            kept += [] if examples else [span]
    return [span._replace(is_excess=True, is_negation_read=True) if span in rejected else span for span in kept]


def intersected(text: str, spans: list[YearsSpan]) -> list[YearsSpan]:
    """Return spans in which those that stand side by side are one: "from the 80s before 1985" is 1980 to 1984."""
    found: list[YearsSpan] = []
    for span in spans:
        last = found[-1] if found else None
        if last is None or last.is_excess or span.is_excess or not _SIDE_BY_SIDE.fullmatch(text, last.end, span.start):
            found.append(span)
            continue
        firsts = [years.first for years in (last.years, span.years) if years.first is not None]
        lasts = [years.last for years in (last.years, span.years) if years.last is not None]
        both = Years(max(firsts, default=None), min(lasts, default=None))
        if both.first is not None and both.last is not None and both.first > both.last:
            found.append(span)  # no year is in both
        else:
            is_read = last.is_negation_read or span.is_negation_read
            found[-1] = YearsSpan(both, last.start, span.end, is_negation_read=is_read)
    return found


def _are_instead(text: str, vague: YearsSpan, other: YearsSpan) -> bool:
    """Return whether exact years after rejected ones are wanted, and are none of them: "too old, after 2005"."""
    if other.start < vague.end or other.is_excess or not _is_exact(text, other):
        return False
    if not _JUDGES_FILM.search(text, 0, vague.start):
        return False
    if vague.years.first is None:
        return other.years.first is not None and other.years.first > (vague.years.last or 0)
    return other.years.last is not None and other.years.last < vague.years.first


def _is_exact(text: str, span: YearsSpan) -> bool:
    """Return whether a span has numbers: "the 90s", but not "old"."""
    return _EXACT.search(text, span.start, span.end) is not None


def _are_separate(text: str, one: YearsSpan, other: YearsSpan) -> bool:
    """Return whether two spans are in different sentences, or both meant: "old, or from the 90s"."""
    first, second = sorted((one, other), key=lambda span: span.start)
    between = text[first.end : second.start]
    return len(between) > REACH or _SEPARATES.search(between) is not None
