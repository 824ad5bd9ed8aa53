"""Find wishes that no constraint can express, because the catalogue does not know the property."""

from __future__ import annotations

import re
from typing import NamedTuple


class _Wish(NamedTuple):
    """A kind of wish that changes nothing, and the remark that says so."""

    pattern: re.Pattern[str]
    remark: str
    is_always_wish: bool = False
    """Whether the words are a wish in any message. "It is a French film" is not a wish."""


_TIME = r'(?:an?|one|two|three|ninety|\d+)(?:\s+and\s+a\s+half)?\s*(?:hours?|hrs?|h|minutes?|mins?)\b'
_FILMS = r'(?:movies?|films?|ones?|flicks?|cinema)'
_WISHES = (
    _Wish(
        re.compile(
            rf"""\b(?:not|nothing|n['’]t|less)\s+(?:too|so|very|that|overly)\s+(?:long|short)\b|\bnot\s+long\b
            |\b(?:shorter|longer|less|more|under|within|at\s+most|below|max(?:imum)?)\s+(?:than\s+)?{_TIME}
            |\b(?:short|shorter|long|longer)\s+{_FILMS}\b|\b(?:some|any)thing\s+(?:short|shorter|long|longer)\b
            |^\W*(?:shorter|longer)(?:\s+please)?\W*$""",
            re.IGNORECASE | re.VERBOSE,
        ),
        'I do not know how long films are, so this wish changes nothing.',
    ),
    _Wish(
        re.compile(r'\bon\s+(?:netflix|hulu|amazon|prime|hbo|disney\s?(?:\+|plus)|tv|dvd)(?!\w)', re.IGNORECASE),
        'I do not know where films can be watched, so this wish changes nothing.',
    ),
    _Wish(
        re.compile(
            rf"""\b(?:french|german|spanish|italian|korean|japanese|chinese|indian|russian|swedish|danish|polish|foreign|
            subtitled|dubbed|bollywood|british|non-english)\s+(?:language\s+)?{_FILMS}\b|\b(?:with|without|no)\s+subtitles\b""",
            re.IGNORECASE | re.VERBOSE,
        ),
        'I do not know the language or the country of films, so this wish changes nothing.',
    ),
    _Wish(
        re.compile(
            r"\b(?:not|no|nothing|without|hate|except|n['’]t)\s+(?:\w+\s+){0,3}?(?:slashers?|splatters?|jump\s?scares?)\b",
            re.IGNORECASE,
        ),
        'I do not know which kind of horror a film is, so this wish changes nothing; "no horror" leaves all of it out.',
        is_always_wish=True,
    ),
)


def find_unmet_wishes(text: str, asks_for_films: bool) -> list[str]:
    """Return a remark for each wish of a message that no constraint can express: "not too long", "on Netflix".

    Args:
        text: the message.
        asks_for_films: whether the message may ask for films. If it only states an opinion, it has no such wish.
    """
    return [wish.remark for wish in _WISHES if (asks_for_films or wish.is_always_wish) and wish.pattern.search(text)]
