"""Split a message into clauses, with a token such as ``<film0>`` in the place of each name."""

from __future__ import annotations

import re
from typing import NamedTuple, Sequence

from crslab_causal.chat.understanding.phrases import normalize
from crslab_causal.chat.understanding.spans import Span

_STARTERS = (
    r'(?:so|i|we|my|she|he|can|could|do|does|did|what|who|any|something|anything|how|maybe|please|give|show|recommend|suggest|'
    r"thanks?|bye|goodbye|hello|hi|hey|is|are|which|when|why|that|that's|it|it's|i'm|i'd|i've|i'll|im|let's|have|another|"
    r'more|next|no|nope|not|yes|looking|you|but|(?:just|now|only|rather)\s(?:a|an|some|something|anything|give|show|i))'
)
_TAGS = r'(?:no|yes|right|is\s+it|is\s+he|is\s+she|does\s+it)\s*\?'
"""Short questions that belong to the clause before them: "it has Tom Hanks in it, right?"."""
_BORDER = re.compile(
    rf"""[.!?;\n]+(?=\s|$|["”')])["”')]*\s* | ,?\s+(?:but|however|although|though)\s+ | ,\s*(?!{_TAGS})(?={_STARTERS}\b)
    | ,\s*(?=<place\d+>\s(?:no|yes|not|i|we|is|was|looks|sounds)\b)
    | \s+[-–—]+\s+ | \s+:?[)(]+\s+ | \s+(?:and|so|then|because)\s+(?={_STARTERS}\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_REACH = 300
"""Number of characters before and after a name that are searched for cues."""
_TOKEN = re.compile(r'<[a-z]+(\d+)>')


class Clause(NamedTuple):
    """A clause of a message, which is understood without the other clauses."""

    text: str
    """Normalized text with tokens, and with its question mark."""
    places: dict[int, tuple[int, int]]
    """Start and end of the token of each group of spans, by the index of the group, in order of appearance."""

    @property
    def groups(self) -> list[int]:
        """Indices of the span groups that the placeholder tokens replace, in order of appearance."""
        return list(self.places)

    def before(self, group: int) -> str:
        """Return the text before the token of a group, up to a fixed length."""
        start, _ = self.places[group]
        return self.text[max(0, start - _REACH) : start]

    def after(self, group: int) -> str:
        """Return the text after the token of a group, up to a fixed length."""
        _, end = self.places[group]
        return self.text[end : end + _REACH]


def group_spans(spans: Sequence[Span]) -> list[list[Span]]:
    """Return the spans in groups. Spans that overlap are in one group, because a word may name two genres."""
    groups: list[list[Span]] = []
    for span in spans:
        if groups and span.start < max(other.end for other in groups[-1]):
            groups[-1].append(span)
        else:
            groups.append([span])
    return groups


def split_clauses(text: str, groups: Sequence[Sequence[Span]]) -> list[Clause]:
    """Return the clauses of a message.

    Args:
        text: the message.
        groups: its spans, from :func:`group_spans`.
    """
    parts: list[str] = []
    position = 0
    for number, group in enumerate(groups):
        parts += [_plain(text[position : group[0].start]), f'<{group[0].kind}{number}>']
        position = max(span.end for span in group)
    masked = ''.join([*parts, _plain(text[position:])])
    clauses: list[Clause] = []
    start = 0
    for border in [*_BORDER.finditer(masked), None]:
        end = border.start() if border else len(masked)
        is_question = border is not None and '?' in border.group()
        part = normalize(masked[start:end].replace('"', ' ')) + (' ?' if is_question else '')
        if part.strip(' ?,'):
            clauses.append(Clause(part, {int(token[1]): token.span() for token in _TOKEN.finditer(part)}))
        start = border.end() if border else end
    return clauses


def _plain(text: str) -> str:
    """Return a text with single spaces, and without signs that could be taken for tokens."""
    return re.sub(r'[<>\s]+', lambda match: '\n' if '\n' in match.group() else ' ', text)
