"""Find the number of a film: "Back to the Future 2", "The Godfather II", "Kill Bill, part two", "the second Shrek"."""

from __future__ import annotations

import re
from typing import NamedTuple

from crslab_causal.llm.entity_linking.titles import content_words, title_words
from crslab_causal.llm.entity_linking.words import is_common

_PART = r'(?:part|pt\.?|volume|vol\.?|chapter|episode)'
_NUMERAL = re.compile(
    rf"""(?:[\s\-–]*|[\s\-–:,]*(?i:{_PART})\s*) # behind the title
    (?P<numeral>
      \d{{1,3}}(?![\w/%]|[.:,]\d)               # 2, but not 2nd, 2/10, 2.5 or 2:30
      |[IVX]{{2,}}\b|[VX]\b|(?:i{{2,3}}|iv|vi{{1,3}}|ix)\b
      |(?<=\s)(?i:two|three|four|five|six|seven)\b(?=\W*(?:$|\b(?:was|is|and|or|but|too|please|yet)\b))
      |(?<=[Pp]art\ )(?:I|[Oo]ne|[Tt]wo|[Tt]hree|[Ff]our|[Ff]ive|[Ss]ix)\b
    )""",
    re.VERBOSE,
)
_NEXT_NUMERAL = re.compile(r'\s*(?:,|(?:,\s*)?(?:and|or|&))\s*(?P<numeral>\d{1,2}(?![\w/%]|[.:,]\d)|[IVX]{2,}\b)')
_COUNTED = re.compile(
    r'\s*(?:times?|days?|films?|percent|and\s+a\s+half|of|out|more|people|am|pm|children|'
    r'(?!(?:always|as|has|his|is|its|plus|thanks|this|unless|us|was|yes)\b)[a-z]{3,}s)\b',
    re.IGNORECASE,
)
"""Words after a number that counts something: "Titanic 3 times"."""
_SUBTITLE = re.compile(r'\s*:\s+(?=["“]?\w)|\s+[-–—]\s+(?=\w)')
_SUBTITLE_WORD = re.compile(r"""["“]?[\w'’.\-]+["”]?""")
ORDINALS = {
    word: n
    for n, words in enumerate(('first 1st', 'second 2nd', 'third 3rd', 'fourth 4th', 'fifth 5th', 'sixth 6th'), 1)
    for word in words.split()
}
"""Number of each ordinal."""
_ORDINAL = re.compile(
    rf'\b(?:the|in|of|that|this|my|his|her)\s+(?P<ordinal>{"|".join(ORDINALS)})\s+(?:the\s+)?$', re.IGNORECASE
)
_SMALL_WORDS = frozenset('a an as at by for from in of on the to with'.split())
_END_OF_SUBTITLE = frozenset(('and', 'or', 'but'))
_REMARK = frozenset(
    """amazing awesome bad best boring excellent fantastic funny good great hated horrible i is it its liked love loved
    my not ok okay seen terrible that this very was what wonderful""".split()
)
"""Words that start a remark about a title. They are not a subtitle."""


class Numeral(NamedTuple):
    """A number behind a title."""

    value: str
    """The number in digits."""
    end: int
    """End of the number in the text, in characters."""


def numeral_after(text: str, end: int) -> Numeral | None:
    """Return the number that belongs to the title before ``text[end:]``; None if there is none.

    A number that counts something ("I saw Titanic 3 times") does not belong to the title.
    """
    return _numeral(_NUMERAL, text, end)


def ordinal_before(text: str, start: int) -> tuple[int, int] | None:
    """Return the number and the start of the ordinal before a title, as in "the second Shrek"; None: there is none."""
    match = _ORDINAL.search(text, max(0, start - 30), start)
    return (ORDINALS[match['ordinal'].lower()], match.start('ordinal')) if match else None


def next_numeral(text: str, end: int) -> Numeral | None:
    """Return the number of the next film in a list such as "Toy Story 1, 2 and 3"; None if there is none."""
    return _numeral(_NEXT_NUMERAL, text, end)


def subtitle_span(text: str, end: int) -> tuple[int, int] | None:
    """Return start and end of the words behind a colon or a dash that belong to a title; None if there are none.

    The words must be capitalized. If the text has no capitals at all, they must not be everyday words. A remark ("Jaws:
    Great") is not a subtitle.
    """
    match = _SUBTITLE.match(text, end)
    if match is None:
        return None
    is_lower = text.lower() == text
    start = stop = position = match.end()
    while word := _SUBTITLE_WORD.match(text, position):
        bare = word.group().strip('"“”.-').lower()
        is_small = bare in _SMALL_WORDS
        if bare in _END_OF_SUBTITLE or (position == start and bare in _REMARK):
            break
        if is_lower and position == start and not is_small and is_common(bare):
            break
        if not (is_lower or is_small or word.group().lstrip('"“')[:1].isupper() or bare.isdigit()):
            break
        if not is_small:
            stop = word.end()
        if text[word.end() : word.end() + 1] != ' ':
            break
        position = word.end() + 1
    return (start, stop) if stop > start else None


def _numeral(pattern: re.Pattern[str], text: str, end: int) -> Numeral | None:
    match = pattern.match(text, end)
    if match is None or _COUNTED.match(text, match.end()):
        return None
    return Numeral(content_words(title_words(match['numeral']))[0], match.end())
