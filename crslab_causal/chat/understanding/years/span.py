"""Spans of years, and the parts of a text that name them."""

from __future__ import annotations

import re
from typing import NamedTuple

REACH = 80
"""Number of characters before a year that are searched for its context, and between words for the same years."""


class Years(NamedTuple):
    """A span of years. None stands for no limit on that side."""

    first: int | None
    last: int | None

    def __contains__(self, year: object) -> bool:
        return isinstance(year, int) and (self.first or 0) <= year <= (self.last or 9999)

    @property
    def label(self) -> str:
        """The span in words, such as ``1990–1999`` or ``before 1980``."""
        if self.first is None:
            return f'before {(self.last or 0) + 1}'
        if self.last is None:
            return f'{self.first} or later'
        return str(self.first) if self.first == self.last else f'{self.first}–{self.last}'


class YearsSpan(NamedTuple):
    """A part of a text that names a span of years."""

    years: Years
    start: int
    end: int
    is_excess: bool = False
    """Whether the text rejects these years, as in "not too old"."""
    is_negation_read: bool = False
    """Whether the years already take a negation into account: "nothing after 2000"."""


def text_before(text: str, match: re.Match[str]) -> str:
    """Return the end of the text before a match."""
    return text[max(0, match.start() - REACH) : match.start()]
