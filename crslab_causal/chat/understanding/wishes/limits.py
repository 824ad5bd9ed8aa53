"""Find messages that only limit the films: "English only, please", "no musicals"."""

from __future__ import annotations

import re

from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Attitude, Understanding
from crslab_causal.chat.understanding.spans import SpanKind

_ASKS_FOR_OTHER = re.compile(
    r'\b(?:(?:some|any)(?:thing|one)?|another|others?|more|instead|movies?|films?|ones?|recommend|suggest|have|got|show|'
    r'give|find|(?!never|ever|over|under|after|her|rather|whether|either)\w+er)\b',
    re.IGNORECASE,
)
"""Words of a message that asks for another film."""
_ONLY = re.compile(r'\bonly\b', re.IGNORECASE)
"""Words of a message that states a condition, although it names films: "French films only"."""


def only_limits(text: str, meaning: Understanding) -> bool:
    """Return whether a message only limits the films, and asks for no other one.

    Args:
        text: the message.
        meaning: its meaning, with its constraints and remarks.
    """
    asks_for_other = _ASKS_FOR_OTHER.search(text) is not None
    if meaning.withdrawn or meaning.unknown or meaning.is_wildcard:
        return False
    if not meaning.constraints and not meaning.heard:
        is_limit = not asks_for_other or _ONLY.search(text) is not None  # "something shorter" asks for another film
        return is_limit and bool(meaning.remarks) and _acts(meaning) == {Act.WANT}
    return not asks_for_other and _only_excludes(meaning)


def _only_excludes(meaning: Understanding) -> bool:
    """Return whether a message only excludes films: "no musicals"."""
    return (
        bool(meaning.constraints)
        and not any(constraint.wanted for constraint in meaning.constraints)
        and all(heard.attitude is Attitude.DISLIKED and heard.kind is not SpanKind.FILM for heard in meaning.heard)
        and _acts(meaning) <= {Act.WANT, Act.DISLIKE}
        and not meaning.questions
    )


def _acts(meaning: Understanding) -> set[Act]:
    return {*meaning.acts} - {Act.THANK, Act.SMALL_TALK}
