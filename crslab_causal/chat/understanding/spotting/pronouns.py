"""Find the pronouns that name a person of the conversation as plainly as the name would."""

from __future__ import annotations

import re
from typing import Sequence

from crslab_causal.chat.understanding.spans import Span, SpanKind, free_spans

PRONOUNS = frozenset(('he', 'she', 'him', 'her', 'his', 'hers'))
"""Pronouns that may mean a person whom nobody names in the message."""
NOUNS = frozenset(('guy', 'man', 'dude', 'actor', 'actress', 'woman', 'lady', 'director', 'filmmaker'))
"""Nouns that may mean such a person: "that guy", "this actress"."""
_FEMALE = frozenset(('she', 'her', 'hers', 'actress', 'woman', 'lady'))
_NEUTRAL = frozenset(('actor', 'director', 'filmmaker'))
_POINTS = re.compile(
    rf'\b(?:that|this)\s+(?P<noun>{"|".join(sorted(NOUNS))})\b(?!\s+(?:who|that|from|in|with|of|is|was))|'
    rf'\b(?P<pronoun>{"|".join(sorted(PRONOUNS))})\b',
    re.IGNORECASE,
)
_OF_DIRECTOR = re.compile(
    r"""\b(?:(?:of|by|from)\s+(?:his|hers|him|her)\b(?!\s+\w+['’]s)|(?:his|her)\s+(?:\w+\s+)?(?:movies?|films?|work|stuff)\b
    |(?:he|she)\s+(?:has\s+|also\s+)?(?:makes?|made|directs?|directed)\b|(?:this|that)\s+(?:director|filmmaker)\b)""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words about the films that somebody has made: "others of his"."""
_BESIDE_PERSON = re.compile(r'\b(?P<pronoun>he|she|him|her)\s+and\s+$', re.IGNORECASE)
"""A pronoun before the name of another person: "him and Emma Thompson"."""
_EXCLUDED = re.compile(
    r"""(?:\b(?:not|without|except|enough\s+of|no\s+more(?:\s+of)?|(?:tired|sick|bored)\s+of|
    (?:any|some|every|no)(?:one|body|thing)(?:\s+else)?\s+(?:but|than)|(?:other|rather)\s+than|
    no\s+movies?\s+(?:with|of|by))|(?:\bnot|n['’]t)\s+(?:(?:really|particularly)\s+)?
    (?:want|stand|like|love|enjoy|care\s+for|(?:(?:a|big|huge)\s+)+fan\s+of|keen\s+on))\s+
    (?P<pronoun>him|her)(?=\W*$|\s*[,.;!]|\s+(?:again|please|either|though|in\s+it|any\s?more|this\s+time|at\s+all)\b)""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words that exclude a person: "not him again", "anyone but her", "without him". "Her" may also stand before a noun."""


def find_pronoun(text: str) -> str | None:
    """Return the first word of a text that may mean a person: "he", or "guy" of "that guy"; None if there is none."""
    match = _POINTS.search(text)
    return None if match is None else (match['noun'] or match['pronoun']).lower()


def gender_of_pronoun(word: str) -> str | None:
    """Return ``female`` for "she" and "actress", ``male`` for "he" and "guy", and None for "actor" and "director"."""
    return 'female' if word in _FEMALE else None if word in _NEUTRAL else 'male'


def means_director(text: str) -> bool:
    """Return whether "he" or "she" in a text is rather a director than an actor: "others of his"."""
    return _OF_DIRECTOR.search(text) is not None


def with_pronouns(text: str, spans: Sequence[Span], person: int | None) -> list[Span]:
    """Return the spans of a message with those of pronouns, in order of appearance.

    A pronoun gets a span beside the name of another person, and in a plain exclusion.

    Args:
        text: the message.
        spans: spans of the message.
        person: entity id of the person whom the pronouns mean; None: no person is known.
    """
    if person is None:
        return list(spans)
    found = []
    for span in spans:
        match = _BESIDE_PERSON.search(text, 0, span.start) if span.kind is SpanKind.PERSON else None
        if match is not None:
            found.append(Span(SpanKind.PERSON, *match.span('pronoun'), id=person, negated=span.negated))
    excluded = [
        Span(SpanKind.PERSON, *match.span('pronoun'), id=person, negated=True) for match in _EXCLUDED.finditer(text)
    ]
    found += free_spans(excluded, [*spans, *found])
    return sorted([*spans, *found], key=lambda span: (span.start, span.end))
