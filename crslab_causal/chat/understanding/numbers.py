"""Numbers in words, and the number of films that a message asks for."""

from __future__ import annotations

import re
from typing import Iterable, Mapping

CARDINALS: Mapping[str, int] = {
    word: number
    for number, word in enumerate('one two three four five six seven eight nine ten eleven twelve'.split(), start=1)
}
"""Number of each word from "one" to "twelve"."""
_ASKED_FILMS = re.compile(
    r'\b(?:give|gimme|show|suggest|recommend|name|find|list|want|need|get|have|know|any|hoping for|looking for)\b'
    rf'(?: (?!than\b)[\w\'-]+){{0,4}}? (?<!the )(?P<n>{"|".join(CARDINALS)}|10|[1-9]) '
    r"(?:[a-z'-]+(?:,| and)? |<\w+\d+> ){0,3}?"
    r'(?:movies?|suggestions?|recommendations?|ideas|options|titles|picks|ones|(?<!one )more$|<genre\d+>)'
)
"""Words that ask for a number of films: "give me three comedies"."""
_MEASURED = re.compile(r'(?:hours?|minutes?|mins?|years?|stars?|times|people|kids|days|weeks|actors?)')
"""Words after a number that counts no films."""


def find_number_of_films(clauses: Iterable[str]) -> int | None:
    """Return the number of films that a message asks for, as in "give me three comedies"; None if it names none.

    Args:
        clauses: normalized clauses with tokens in place of the names that the catalogue knows.
    """
    for clause in clauses:
        match = _ASKED_FILMS.search(clause)
        if match is not None and not _MEASURED.search(match.group()):
            return int(match['n']) if match['n'].isdigit() else CARDINALS[match['n']]
    return None
