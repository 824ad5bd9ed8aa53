"""Read opinions in shorthand, which have no verb of liking: "👎 Twilight", "10/10 Alien", "Up gets two stars"."""

from __future__ import annotations

import re

_GOOD = '😍🥰😻❤💕💖💯👍🔥🤩👏🙌'
_BAD = '👎🤮🤢💩😡😠😴🥱🙄😒🗑'
_NUMBER = {'zero': 0, 'one': 1, 'two': 2, 'three': 3, 'four': 4, 'five': 5}
_VALUE = rf'(?:\d{{1,2}}(?:[.,]\d)?|{"|".join(_NUMBER)})'
_RATING = re.compile(
    rf'(?P<value>{_VALUE})(?:\s*(?:/|out\s+of)\s*(?P<of>10|100|5|ten|five)\b|[\s-]*stars?\b(?:\s+out\s+of\s+(?:5|five))?)',
    re.IGNORECASE,
)
_OPINION = re.compile(rf'[{_GOOD}{_BAD}]|{_RATING.pattern.replace("?P<value>", "?:").replace("?P<of>", "?:")}', re.I)
_FILLERS = re.compile(
    r'\b(?:i|we|and|would|give|gives|gave|gets?|got|rate|rated|it|a|an|solid|is|was|of|from|by|me|us|for|the|movie|film|'
    r'easily|definitely|only|just)\b',
    re.IGNORECASE,
)
"""Words around an opinion in shorthand that say nothing else."""
_LEAST_LIKED, _MOST_DISLIKED = 0.7, 0.4
"""Share of the best rating from which a film is liked, and up to which it is disliked."""


def opinion_in_shorthand(words: str) -> bool | None:
    """Return whether a message likes what it names by emoji or a rating. None: it has other words, or no opinion.

    Args:
        words: the message without the names.
    """
    rest = _FILLERS.sub('', _OPINION.sub('', words))
    if re.search(r'\w', rest):
        return None
    opinions = {each for each in (_emoji(words), _rating(words)) if each is not None}
    return opinions.pop() if len(opinions) == 1 else None


def _emoji(words: str) -> bool | None:
    good, bad = (any(character in words for character in group) for group in (_GOOD, _BAD))
    return None if good == bad else good


def _rating(words: str) -> bool | None:
    match = _RATING.search(words)
    if match is None:
        return None
    value = _NUMBER.get(match['value'].lower())
    number = float(match['value'].replace(',', '.')) if value is None else float(value)
    best = {None: 5.0, 'five': 5.0, 'ten': 10.0}.get(match['of'].lower() if match['of'] else None)
    share = number / (best or float(match['of']))
    return True if _LEAST_LIKED <= share <= 1 else False if share <= _MOST_DISLIKED else None
