r"""Read the numbers and titles of an answer that a model did not write as a list.

These forms come from servers that do not enforce the schema: ``"6 > 5 > 4"``, ``["#6", "5."]``, ``[{"number": 6}]``,
``"1. Alien (1979)\n2. Heat"``, ``[{"title": "Alien", "year": 1979}]``.
"""

from __future__ import annotations

import math
import re
from typing import Any

LENIENT_CONTEXT = {'lenient': True}
"""Validation context in which a schema also reads the forms that the head of this module lists."""

_ENTRY = re.compile(r'[^\w-]*(-?\d+)(?:\W*|[.):\]]+\s.*)', re.DOTALL)
"""An entry of a ranking: a number and no word, or a number with a mark before a title. ``12 Angry Men`` is none."""

_LINE_NUMBER = re.compile(r'^\s*(?:\(?\d{1,3}[.):]|[-*•])\s+')
_NUMBER_KEYS = ('number', 'id', 'candidate', 'index', 'no')
_TITLE_KEYS = ('title', 'name', 'movie', 'film', 'item')


def read_numbers(value: Any) -> Any:
    """Return a list of numbers. A value in no known form is returned unchanged."""
    if isinstance(value, str):
        return value if re.search(r'[^\W\d]', value) else [int(found) for found in re.findall(r'\d+', value)]
    if not isinstance(value, list):
        return value
    numbers = [_number(entry) for entry in value]
    return [number for number in numbers if number is not None]


def read_titles(value: Any) -> Any:
    """Return a list of titles. A value in no known form is returned unchanged."""
    if isinstance(value, str):
        lines = [_LINE_NUMBER.sub('', line).strip() for line in value.splitlines()]
        return [line for line in lines if line]
    if not isinstance(value, list):
        return value
    titles = [_title(entry) for entry in value]
    return [title for title in titles if title]


def _number(entry: Any) -> int | None:
    """Return the number that an entry of a ranking names; None if there is none."""
    if isinstance(entry, dict):
        entry = next((entry[key] for key in _NUMBER_KEYS if key in entry), None)
    if isinstance(entry, str):
        found = _ENTRY.fullmatch(entry)
        return int(found[1]) if found else None
    if isinstance(entry, bool) or not isinstance(entry, (int, float)) or not math.isfinite(entry):
        return None
    return int(entry) if entry == int(entry) else None


def _title(entry: Any) -> str:
    """Return the title that an entry names; empty if there is none."""
    if isinstance(entry, dict):
        title = next((entry[key] for key in _TITLE_KEYS if isinstance(entry.get(key), str)), '')
        year = entry.get('year')
        return f'{title} ({year})' if title and isinstance(year, (int, str)) and str(year) not in title else title
    return entry if isinstance(entry, str) else ''
