"""Find films that a message names by their number in a series: "the second one", "the first two", "the 2nd and 3rd"."""

from __future__ import annotations

import re
from typing import Sequence

from crslab_causal.chat.films.collections import Collections
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.numbers import CARDINALS
from crslab_causal.chat.understanding.spans import Span, SpanKind
from crslab_causal.chat.understanding.spotting.series_parts import ASKS_WHICH
from crslab_causal.llm.entity_linking.numbering import ORDINALS

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


def _number(word: str) -> int:
    return int(word) if word.isdigit() else CARDINALS[word.lower()]
