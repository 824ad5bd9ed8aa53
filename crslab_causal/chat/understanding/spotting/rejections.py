"""Decide which of the names in a message the message rejects: "no horror", "swap horror for comedy"."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Mapping, Sequence

from crslab_causal.chat.understanding.spans import Span, SpanKind
from crslab_causal.llm.entity_linking.negation import negated_spans

_NONE_OF_THOSE = re.compile(
    r"""(?:\s+(?:movies?|films?|flicks?|stuff|ones?))?(?:\s+(?:lately|recently|already|before))?
    \s*[,.;]?\s*(?:so|and|but|therefore)?\s*(?:please,?\s+)?
    (?:(?:none|no\s+more|nothing|not|skip|leave\s+out|exclude|avoid)\s+(?:any\s+|more\s+)?(?:of\s+|from\s+|like\s+)?
    |(?:i|we)\s+(?:do\s+not|don['’]?t)\s+(?:want|need)\s+(?:any\s+|more\s+)*(?:of\s+|from\s+)?
    |(?:(?:i|we)(?:['’]?d|\s+would)?\s+)?(?:rather|prefer(?:ably)?\s+to|like\s+to|want\s+to)\s+(?:avoid|skip|not\s+(?:have|see|watch|do))\s+)
    (?:those|these|them|(?<=of\ |ke\ )that|(?<=avoid\ |.skip\ |.have\ )(?:that|it))
    (?:\s+(?:please|thanks|either|anymore|again|now|tonight|today))*\s*(?:[,.;!?]|$)""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words after a property that reject it: "I have seen every Marvel movie, so none of those"."""
_LEAVE_BEFORE = re.compile(
    r'^\W*(?:(?:ok|then|and|no|please|just)\W+)*(?:leave|drop|lose|remove|scrap)\s+(?:out\s+)?$', re.I
)
"""Words before a film of the list that reject it: "leave the second one"."""
_NO_AFTER = re.compile(
    r'\s*(?:[-–—:=]+|\.\.+)\s*(?:no|nope|nah|never|hard pass|no thanks?)\s*(?:[,.;!?]|$)|'
    r'\s+is\s+an?\s+(?:hard\s+)?no\b',
    re.IGNORECASE,
)
"""Words after a name that reject it: "Mel Gibson - no", "anything with Cruise is a no"."""
_REJECTED_BEFORE = re.compile(
    r"""\b(?:had\s+it\s+(?:up\s+to\s+here\s+)?with
    |unless\s+(?:(?:it|that|this|they|there)(?:['’]?s|['’]?re|\s+(?:is|are|has|have|stars?|involves?|features?)))
    |(?:avoid|hate|dislike|refuse|loathe|detest|can(?:['’]?t|not)\s+stand)(?:\s+(?:the\s+)?most)?[\s,:]+
     (?:(?:it|that)(?:['’]?s|\s+is)|is|would\s+be))
    \s+(?:(?:an?|any|all|the|these|those|with|by|from)\s+)*$""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words before a name that reject it: "the one genre I avoid is horror", "unless it's a musical"."""
_IS_NOT_IN_IT = re.compile(
    r"""\s*(?:(?:is|are|was)(?:\s?n['’]?t|\s+not)\s+(?:in\s+(?:it|them)|directing|starring|involved|acting|playing)
    |(?:does|do)(?:\s?n['’]?t|\s+not)\s+(?:star|play|act|appear|feature|direct|show\s+up))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ON_CONDITION = re.compile(
    r'\b(?:(?:as|so)\s+long\s+as|where|in\s+which|that|which|if|provided(?:\s+that)?)\s+$', re.IGNORECASE
)
"""Words around a person who must not be in a film: "anything, as long as Tom Hanks isn't in it"."""
_NOT_REFUSED = re.compile(
    r"""\b(?:(?:would|will|wo|could|can|ca)(?:\s?n['’]?t|not|\s+(?:not|never))|never)\s+(?:ever\s+)?
    (?:say|said)\s+no\s+to\s+(?:(?:an?|any|some|another|the)\s+)*(?:\w+\s+)?$""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words before a wish in spite of their "no": "I wouldn't say no to a comedy"."""
_TELLS_AGE = re.compile(r"\b(?:is|are|turned|turns|aged|i['’]?m|they['’]?re)\b", re.IGNORECASE)
"""Words of a span about children that tell their age, and so are never negated."""
_SWAP_BEFORE = re.compile(r'\b(?:swap|trade|replace|exchange|switch)\b[^.!?,;]*$', re.IGNORECASE)
_SWAP_AFTER = re.compile(r'[^.!?,;]*?\s(?:for|with|by|to)\b', re.IGNORECASE)
"""Words before and after a name that another one replaces: "swap horror for comedy"."""
_INSTEAD = re.compile(r'\s+(?:movies?\s+|films?\s+)?instead\b(?!\s+of)', re.IGNORECASE)
"""Words after a name that is wanted, unless a "not" stands directly before it."""
_NOT_BEFORE = re.compile(r"\b(?:not|no|never|\w+n['’]t(?:\s+want)?)\s+(?:an?\s+|any\s+|the\s+)?$", re.IGNORECASE)
_NO_COMMA = re.compile(
    r"""^\W*(?:(?:oh|wait|um|uh|hm+|sorry|ah|well)\b\W*)*(?:(?:no|nope)\s*(?:[,.;:!…—–-]|wait\b|(?=\s(?:the|that)\s+(?:one|movie|film)\s+(?:with|by|from|where|about)\b))|not\s+(?:him|her|them|it|that(?:\s+one)?|this(?:\s+one)?)\s*[,.;:!—–-])\W*
    (?:(?:wait|sorry|no|rather|i\s+said|make\s+it|i\s+want(?:ed)?|the|one|with|by|from)\b\W*)*$""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words before a name that reject something else: "no, the 80s", but not "no horror"."""
_NOT_TOO = re.compile(r"\b(?:not|n['’]t)\s+(?:be\s+)?(?:too|so|that|very)\s+$", re.IGNORECASE)
"""Words before a genre that only limit the same wish: "scary but not too scary"."""
_NOT_OLD_BEFORE = re.compile(
    r"\b(?:not|n['’]t)\s+(?:that|too|so|very|really|as)\s+(?:old|new|recent|ancient)\b[^.!?]{0,20}[,;]\s*(?:\w+\s+)?$",
    re.IGNORECASE,
)
"""Words before years that reject others: "not that old, 90s or later"."""
_COMMA = re.compile(r'\s*,\s*(?:(?:the|but|rather)\s+)*')
"""Text before years or a place that continues no list: "nothing with Tom Cruise, 70s if possible" wants the 70s."""


def with_negation(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return the spans of a message, of which those that the message rejects are negated.

    Args:
        text: the message.
        spans: its spans, in order of appearance.
    """
    distinct = dict.fromkeys((span.start, span.end) for span in spans)
    ordered: list[tuple[int, int]] = []
    for start, end in distinct:
        if not ordered or start >= ordered[-1][1]:
            ordered.append((start, end))
    rejected = dict(zip(ordered, negated_spans(text, ordered)))
    found: list[Span] = []
    for span in spans:
        is_new = span.kind is SpanKind.YEARS and bool(found) and found[-1].kind is not SpanKind.YEARS
        is_last_place = span.kind is SpanKind.PLACE and span == spans[-1] and bool(found) and found[-1].negated
        follows_comma = bool(found) and _COMMA.fullmatch(text, found[-1].end, span.start) is not None
        starts_anew = (is_new or is_last_place) and follows_comma  # "not the first one, the second one"
        is_rejected = not starts_anew and _is_rejected(text, span, rejected)
        found.append(replace(span, negated=span.negated or is_rejected))
    found = _joined(text, found)
    wanted = {span.genre for span in found if span.genre and not span.negated}
    limits = [span.negated and span.genre in wanted and _NOT_TOO.search(text, 0, span.start) for span in found]
    return [span for span, limit in zip(found, limits) if not limit]


def _joined(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return the spans with one for two rejected genres that describe the same films: "no romantic comedies"."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last and last.genre and span.genre and last.negated and span.negated and not last.second_genre:
            is_same = (last.start, last.end) == (span.start, span.end)  # "rom-coms"
            overlaps = span.start < last.end  # "period dramas"
            if is_same or overlaps or text[last.end : span.start] == ' ':
                first, second = (span, last) if is_same and span.genre == 'romance' else (last, span)
                start, end = min(last.start, span.start), max(last.end, span.end)
                joined[-1] = replace(first, start=start, end=end, second_genre=second.genre)
                continue
        joined.append(span)
    return joined


def _is_rejected(text: str, span: Span, rejected: Mapping[tuple[int, int], bool]) -> bool:
    """Return whether a text rejects a span.

    Args:
        text: the text.
        span: the span.
        rejected: whether the words around a part of the text reject it.
    """
    if span.kind is SpanKind.CHILDREN and _TELLS_AGE.search(text, span.start, span.end):
        return False  # "nothing too scary, my son is five"
    if span.kind is SpanKind.YEARS and _NOT_OLD_BEFORE.search(text, 0, span.start):
        return False
    if span.is_negation_read or _NO_COMMA.match(text, 0, span.start):
        return False
    if _SWAP_BEFORE.search(text, 0, span.start):
        return _SWAP_AFTER.match(text, span.end) is not None  # "swap horror for comedy"
    if _INSTEAD.match(text, span.end) and not _NOT_BEFORE.search(text, 0, span.start):
        return False  # "not horror tonight, comedy instead"
    if span.kind not in (SpanKind.FILM, SpanKind.UNKNOWN) and _NONE_OF_THOSE.match(text, span.end):
        return True
    if _NOT_REFUSED.search(text, 0, span.start):
        return False
    if _REJECTED_BEFORE.search(text, 0, span.start):
        return True
    if (
        span.kind is SpanKind.PERSON
        and _ON_CONDITION.search(text, 0, span.start)
        and _IS_NOT_IN_IT.match(text, span.end)
    ):
        return True
    if span.kind is SpanKind.PLACE and _LEAVE_BEFORE.match(text[: span.start]):
        return True
    if _NO_AFTER.match(text, span.end):
        return True
    if (span.start, span.end) in rejected:
        return rejected[span.start, span.end]
    around = (part for part in rejected if part[0] <= span.start and span.end <= part[1])  # "dramas" in "period dramas"
    return any(rejected[part] for part in around)
