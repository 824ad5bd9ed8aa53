"""Find the pronouns that name a person of the conversation as plainly as the name would."""

from __future__ import annotations

import re
from typing import Sequence

from crslab_causal.chat.understanding.spans import Span, SpanKind, free_spans

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


def gender_of_pronoun(pronoun: str) -> str:
    """Return ``female`` for "she", "her" and "hers", and ``male`` for "he", "him" and "his"."""
    return 'female' if pronoun.lower() in ('she', 'her', 'hers') else 'male'


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
