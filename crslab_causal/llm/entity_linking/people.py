"""Decide by the words around a name whether it means a person of the cinema, or a place or an acquaintance.

"Hanks", "Poland" and "the Rock" are surnames or nicknames of people in films, but also names of other things. In "with
the rock" and "Oldman plays the villain" they mean the person; in "I am from Poland" and "my dog is called Bello" they
mean neither a person nor a film.
"""

from __future__ import annotations

import re

_REACH = 60
"""Number of characters before and after a name that are searched."""
_WITH = re.compile(
    r"""\b(?:(?:with|w/|starring|featuring)\s+(?:[\w.'’-]+\s+){1,3}(?:or|and|\&)|with|w|w/|starring|stars?|starred|featuring|features?|by|actors?|actress(?:es)?|directors?|filmmakers?|
    (?:fans?|works?|films?|movies?|best)\s+of|mr\.?|miss|mrs\.?|young|old|does\s+(?:it|this|that)\s+have|do\s+they\s+have)\s+(?:the\s+)?$""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words before the name of a person."""
_NAMED = re.compile(r'\b(?:(?:what|how)\s+about|not|no|nor|heard\s+of|know)\s+$', re.IGNORECASE)
"""Words before a capitalized surname of somebody who is little known."""
_IS = re.compile(r'(?:^|[.!?,;]\s*|\b(?:and|so)\s+)(?:is|isn[\'’]?t|was)\s+$', re.IGNORECASE)
IN_FILM = re.compile(r'\s+(?:really\s+|also\s+)?(?:in|on)\s+(?:it|this|that|there|here)\b', re.IGNORECASE)
"""Words after the name of an actor: "is Cage in that"."""
_ACTS = re.compile(
    r"""(?:['’]s)?\s+(?:movies?|films?|flicks?|comed(?:y|ies)|thrillers?|westerns?|dramas?)\b
    |\s+(?:plays?|played|acts?|acted|stars?|starred|directs?|directed|wrote|sings)\b
    |\s+(?:is|was|are|were)(?:\s+(?:so|really|also|very|just|always))*\s+(?:in|(?:great|good|amazing|brilliant|awesome|funny|hilarious|fantastic|
       awful|terrible|excellent|perfect)\s+(?:in|as)|an?\s+(?:genius|legend|god|great\s+(?:actor|actress|director)|good\s+(?:actor|actress|director)))\b
    |\s+as\s+[A-Z]""",
    re.VERBOSE,
)
"""Words after the name of a person."""
_NOT_CINEMA = re.compile(
    r"""(?:\b(?:my|his|her|their|our|the)\s+(?:\w+\s+)?names?(?:\s+is|['’]?s)?|\b(?:call\s+me|i\s+am|i['’]?m)
    |\b(?:son|daughter|dog|cat|wife|husband|girlfriend|boyfriend|friend|brother|sister|boss|neighbou?r|bird|hamster)(?:\s+is|['’]s)?(?:\s+(?:called|named))?
    |\b(?:live[sd]?|living|born|raised|based|located|grew\s+up|moved|moving|travell?ed|travell?ing|fly(?:ing)?|going|went|am|i['’]?m|trip|back|
       vacation|holidays?|weather|here|set|takes?\s+place|filmed|we['’]?re)\s+(?:in|to|from|at|near)
    |\b(?:visit(?:ed|ing)?|hello|hi|hey|dear|thanks|bye))\s*,?\s+$""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words before the name of a place, a pet or an acquaintance: "I live in", "my name is"."""


def has_place_of_person(text: str, start: int, end: int) -> bool:
    """Return whether the words around ``text[start:end]`` show that it is the name of a person in films."""
    before = text[max(0, start - _REACH) : start]
    if _WITH.search(before) or _ACTS.match(text, end, end + _REACH):
        return True
    return _IS.search(before) is not None and IN_FILM.match(text, end, end + _REACH) is not None


def may_name_person(text: str, start: int) -> bool:
    """Return whether the words before a capitalized surname may name a person: "not Fellini", "what about Ozu?"."""
    return _NAMED.search(text[max(0, start - _REACH) : start]) is not None


def is_outside_cinema(text: str, start: int) -> bool:
    """Return whether the words before ``start`` show that the next word is a place, a pet or an acquaintance."""
    return _NOT_CINEMA.search(text[max(0, start - _REACH) : start]) is not None
