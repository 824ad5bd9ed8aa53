"""Find spans of years in a text: "from the 90s", "before 1980", "something new"."""

from __future__ import annotations

from crslab_causal.chat.understanding.years.exact import find_exact_years
from crslab_causal.chat.understanding.years.merging import intersected, without_vague
from crslab_causal.chat.understanding.years.span import YearsSpan
from crslab_causal.chat.understanding.years.vague import find_vague_years


def find_years(text: str, latest: int) -> list[YearsSpan]:
    """Return the spans of years in a text, in order of appearance.

    Args:
        text: the text. Years that belong to titles must be removed from it.
        latest: last year of the catalogue, from which "new" and "old" are counted.
    """
    exact = find_exact_years(text, latest)
    vague = [
        span
        for span in find_vague_years(text, latest)
        if not any(other.start < span.end and span.start < other.end for other in exact)
    ]
    return intersected(text, without_vague(text, sorted([*exact, *vague], key=lambda span: span.start)))
