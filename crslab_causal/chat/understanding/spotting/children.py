"""Find the words of a message that ask for films for children or adults: "for my kids", "my son is five"."""

from __future__ import annotations

import re
from typing import Iterator

from crslab_causal.chat.understanding.numbers import CARDINALS
from crslab_causal.chat.understanding.spans import Span, SpanKind

_AGE = rf'(?P<age{{}}>\d{{{{1,2}}}}|{"|".join(CARDINALS)})'
_MAX_AGE = 12
"""Maximum age in years at which a person counts as a child."""
_CHILD = (
    r'(?:(?:grand)?(?:kids?|child(?:ren)?|sons?|daughters?)|boys?|girls?|toddlers?|nieces?|nephews?|little\s+ones?|'
    r'kiddos?|students?|pupils?)'
)
_SIBLING = r'(?:(?:little|younger|baby|kid)\s+)?(?:bro(?:ther)?|sis(?:ter)?|cousin)'
_CHILDREN = re.compile(
    rf"""\b(?:(?:for|with)\s+(?:(?:my|our|the|some|a|an|young|younger|little|small|all|two|three|four)\s+)*
        (?:{_AGE.format(1)}[\s-]*(?:years?|yrs?)?[\s-]*olds?\s+)?{_CHILD}(?:\s+to\s+watch)?
      |(?:kids?|children|childrens?['’]?s?)['’]?\s+(?:movies?|films?|flicks?|stuff)
      |(?:kid|child)[\s-]?friendly
      |(?:suitable|appropriate|good|ok|okay|safe|fun)\s+for\s+(?:kids|children|all\s+ages|the\s+family)
      |(?:for|with)\s+(?:the|my|our)\s+family
      |(?:(?:my|our|the)\s+(?:{_CHILD}|{_SIBLING}|youngest|oldest|eldest|other|little\s+one)|sons?|daughters?)\s+(?:one\s+)?
       (?:is|are|just\s+turned|turns|who\s+is|aged)\s+(?:only\s+|just\s+)?{_AGE.format(2)}\b(?!\s+(?:movies?|films?|of))
      |(?:my|our|the)\s+{_CHILD}\s+(?:will|would|are\s+going\s+to|want\s+to|can)\s+(?:also\s+)?(?:be\s+)?(?:watch|join|see)(?:ing)?
      |(?:my|our|the)\s+(?:\w+\s+)?(?:grand)?(?:kids|children)\s+(?:are|will\s+be)\s+(?:visiting|coming|staying|here|over)\b
      |(?:i\s+am|i['’]?m)\s+(?:only\s+|just\s+)?{_AGE.format(4)}(?=\s*(?:$|[.,!]|(?:years?|yrs?)\b))
      |(?:they\s+are|they['’]?re)\s+(?:only\s+|just\s+)?{_AGE.format(5)}\s+(?:and|&)\s+\d{{1,2}}\b(?!\s+(?:min|hours))
      |(?:{_CHILD}|{_SIBLING})\s*[,(]?\s*(?:of\s+|aged?\s+)?{_AGE.format(6)}
       (?:(?=\s*\)|\s*(?:,|and|&|/)\s*\d{{1,2}}\b)|\s*(?:years?|yrs?|yo|y\.o)(?!\s+(?:ago|later|before|since)))
      |(?:my|our|the)\s+{_CHILD}\s+(?:is|are)\s+(?:\w+\s+)?(?:mad|crazy|nuts|obsessed|keen)\s+(?:about|on|with|for)
      |(?<!\bthan\s)(?<!\bmost\s){_AGE.format(3)}[\s-]*(?:years?|yrs?)[\s-]*olds?)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ADULTS = re.compile(
    r"""\bfor\s+(?:us\s+)?(?:the\s+)?(?:grown[\s-]?ups|adults)\b(?!\s*(?:and|&|as\s+well|too\b|,\s*(?:kids|children)))
    |\b(?:grown[\s-]?up|mature)(?=\s+(?:movies?|films?|flicks?|stuff|ones?|please|than)\b|\W*$)""",
    re.IGNORECASE | re.VERBOSE,
)


def find_children(text: str) -> Iterator[Span]:
    """Yield the spans of a message that say whether children watch, too. "For adults" is negated.

    Args:
        text: the message, with the other spans blanked out.
    """
    for match in _CHILDREN.finditer(text):
        if _is_child(match):
            yield Span(SpanKind.CHILDREN, *match.span())
    for match in _ADULTS.finditer(text):
        yield Span(SpanKind.CHILDREN, *match.span(), negated=True, is_negation_read=True)


def _is_child(match: re.Match[str]) -> bool:
    age = next((match[f'age{n}'] for n in range(1, 7) if match[f'age{n}']), None)
    return age is None or (int(age) if age.isdigit() else CARDINALS[age.lower()]) <= _MAX_AGE
