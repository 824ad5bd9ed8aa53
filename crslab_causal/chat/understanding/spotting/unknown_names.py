"""Find titles and names of people in a message that the catalogue does not have."""

from __future__ import annotations

import re

from crslab_causal.chat.understanding.spans import Span, SpanKind, free_spans
from crslab_causal.llm.entity_linking.english import is_english, is_frequent
from crslab_causal.llm.entity_linking.verdicts import BLAME, PRAISE, any_of
from crslab_causal.llm.entity_linking.words import ALWAYS_CAPITALIZED

_QUOTED = re.compile(r'["“«]([^"”»\n]{2,80})["”»]')
_SMALL = '(?:of|the|and|in|de|la|le|du|von|van|del|to|a|for|with|on|at|from|my)'
_CAPITAL = r"(?:(?:Dr|Mr|Mrs|Ms|St|Jr)\.|(?:[A-Z]\.)+|(?!I\b)[A-Z0-9][\w'’-]*)"
_NAME = rf'(?!\d){_CAPITAL}(?:\s+(?:{_SMALL}\s+){{0,2}}{_CAPITAL})*'
_UNKNOWN = re.compile(
    rf"""\b(?i:(?P<with>with|starring|featuring|by|about|of)|saw|seen|watch|watched|rewatched|love|loved|adore|adored|warmed\s+to|like|liked|enjoyed|hated|hate|
    know|recommend|not|no|nor|(?:movie|film|one)\s+called)\s+(?P<name>(?:(?:The|An?)\s+)?{_NAME})""",
    re.VERBOSE,
)
"""A capitalized name where a title or a person is expected. After "with" it has at least two words."""
_SHORT_UNKNOWN = re.compile(
    r'\b(?:seen|saw|watched|rewatched|loved|liked|enjoyed|hated|disliked)\s+(?P<name>[A-Z][a-z]{1,14})'
    r'(?=\s*(?:[,.;!?]|$|(?:too|also|already|as well|before|and|but|yesterday|last|recently|twice)\b))'
)
"""A capitalized word after a verb of watching or liking in the past. It is a title, even if it is a frequent word."""
_NO_TITLES = frozenset(
    'Action Comedy Comedies Drama Dramas Horror Romance Thriller Thrillers Christmas Halloween Netflix Hulu Amazon '
    'Disney English French Spanish German Japanese Korean Monday Tuesday Wednesday Thursday Friday Saturday Sunday '
    'That This It Them Those These All Both Most None One Some Everything Nothing Everyone Him Her'.split()
)
_PLAIN_UNKNOWN = re.compile(
    r'\b(?:seen|saw|watched|rewatched|loved|hated|disliked|enjoyed|(?P<interested>interested\s+in))\s+'
    r'(?P<name>(?!the\b|it\b|that\b|this\b|my\b|his\b|her\b|your\b|how\b|when\b|what\b|all\b|every)'
    r"[a-z][a-z'-]*(?:\s+(?!and\b|but\b|or\b|too\b|also\b|already\b|before\b|as\b|with\b|in\b|on\b|at\b|when\b|"
    r"because\b|so\b)[a-z][a-z'-]*){1,3})(?=\s*(?:[,.;!?]|$|(?:and|but|too|also|already|before|as well)\b))"
)
"""Two to four words in small letters after such a verb. One of them must not be frequent."""
_NO_TITLE_WORDS = frozenset(
    'it them those these that this one ones both either me us him movie movies film films'.split()
)
"""Words that point to a film, or name none."""
_MAX_PLAIN_RANK = 8000
"""Largest rank, by frequency, of the words that are no title in small letters."""
_ASKED_UNKNOWN = re.compile(
    r"""\b(?:who\s+(?:is|was)(?:\s+in)?|who\s+(?:directed|wrote|made)|who\s+(?:stars?|plays?|played|acts?)\s+in|(?:cast|director|plot|story|ending|year|genre|summary|synopsis|end)\s+of|
    (?:do|did)\s+you\s+know|have\s+you\s+(?:ever\s+)?(?:seen|heard\s+of)|tell\s+me\s+about|heard\s+of|sequels?\s+(?:to|of)|how\s+about|what\s+about|
    what\s+is)\s+(?P<name>[^\W\d_][\w'’ -]{2,40}?)(?=\s*(?:[?.!]|$|\babout\b))""",
    re.IGNORECASE | re.VERBOSE,
)
"""A name that a question asks about. It has a capital, or one of its words is not in the dictionary."""
_WITH_UNKNOWN = re.compile(
    r"\b(?:with|starring|featuring|by)\s+(?P<name>[a-z]['’a-z-]{2,}(?:\s+['’a-z-]{4,})?)(?=\s*(?:[?.!,]|$))",
    re.IGNORECASE,
)
"""One or two words before a comma or an end that may be a person. One of them must not be in the dictionary."""
_JUDGED_UNKNOWN = re.compile(
    r"(?:^|[.!?]\s+)(?P<name>[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+)+)\s+(?:is|was|were)\s+(?:\w+\s+){0,2}?"
    rf'(?:{any_of(PRAISE | BLAME)}|disturbing|scary|sad|slow|long|weird|ok|okay|fine|my\s+cup|my\s+thing|for\s+me)\b'
)
"""A capitalized name of at least two words at the start of a sentence, and a verdict."""
_ASKED_FIRST = re.compile(
    rf'^\W*(?P<name>{_NAME})\s*[,:-]\s*(?:is|was|who|what|when|how|does|did|has|have you)\b|'
    rf'\b(?i:when|where|how\s+long\s+ago)\s+(?:was|were|did|is)\s+(?P<made>{_NAME})\s+(?:made|released|shot|filmed|come|from)\b'
)
"""A capitalized name before a question about it: "My Sassy Girl, is that good?", "when was Persona made?"."""
_INTERJECTION = re.compile(
    r'(?:h+m+|m+h*m+|[aeou]+h+m*|h[aeu]h+|u+m+|e+r+m*|wow|lol|ha(?:ha)+|yikes|ugh|meh|whoa|omg|tbh|btw)(?:\s+\w+)?',
    re.IGNORECASE,
)
"""Words before a question that are no name: "Hmm, what is it about?"."""
_LISTED_UNKNOWN = re.compile(rf'<x+>\s*(?:,|,?\s*\b(?:and|or)\b)\s+(?P<name>{_NAME})')
"""A capitalized name after a known one in a list."""
_MAX_EVERYDAY_RANK = 5000
"""Largest rank, by frequency, at which a single capitalized word is not taken for an unknown name."""
_MAX_BASIC_RANK = 300
"""Largest rank, by frequency, of words that are together no name, such as "Yes It"."""


def find_unknown_names(masked: str) -> list[Span]:
    """Return names that the catalogue does not have: titles in quotes, capitalized names, unusual words in questions.

    Args:
        masked: the message, in which :func:`.blank_spans` has replaced all known names.
    """
    spans = [Span(SpanKind.UNKNOWN, *match.span(1)) for match in _QUOTED.finditer(masked) if '<x' not in match.group(1)]
    for match in _UNKNOWN.finditer(masked):
        words = match['name'].split()
        is_single = len(words) == 1
        if not is_single or not (match['with'] or is_frequent(words[0].lower().strip(".,'’-"), _MAX_EVERYDAY_RANK)):
            spans.append(Span(SpanKind.UNKNOWN, *match.span('name')))
    others = [word for word in masked.split() if word != 'I']
    is_titled = sum(word[:1].isupper() for word in others) > 0.6 * len(others)
    for match in _SHORT_UNKNOWN.finditer(masked):
        if not is_titled and match['name'] not in _NO_TITLES:
            spans.append(Span(SpanKind.UNKNOWN, *match.span('name')))
    for match in _PLAIN_UNKNOWN.finditer(masked):
        words = match['name'].split()
        if _NO_TITLE_WORDS.isdisjoint(words) and any(
            len(word) > 4 and not is_frequent(word, _MAX_PLAIN_RANK) for word in words
        ):
            spans.append(Span(SpanKind.UNKNOWN, *match.span('name')))
    for match in (*_ASKED_UNKNOWN.finditer(masked), *_WITH_UNKNOWN.finditer(masked)):
        words = [word.strip("'’-") for word in match['name'].split()]
        is_strange = any(len(word) > 3 and word.isalpha() and not is_english(word.lower()) for word in words)
        if '<' not in match['name'] and (is_strange or _is_capitalized(match['name'], masked)):
            spans.append(Span(SpanKind.UNKNOWN, *match.span('name')))
    for match in _JUDGED_UNKNOWN.finditer(masked):
        if not all(is_frequent(word.lower(), _MAX_BASIC_RANK) for word in match['name'].split()):  # "Yes It is great"
            spans.append(Span(SpanKind.UNKNOWN, *match.span('name')))
    for match in _ASKED_FIRST.finditer(masked):
        group = 'name' if match['name'] else 'made'
        words = match[group].split()
        if _INTERJECTION.fullmatch(match[group]):
            continue
        if len(words) > 1 or not is_frequent(words[0].lower(), _MAX_EVERYDAY_RANK):
            spans.append(Span(SpanKind.UNKNOWN, *match.span(group)))
    for match in _LISTED_UNKNOWN.finditer(masked):
        if len(match['name'].split()) > 1:
            spans.append(Span(SpanKind.UNKNOWN, *match.span('name')))
    kept: list[Span] = []
    for span in spans:
        kept += free_spans([span], kept)
    return kept


def _is_capitalized(name: str, text: str) -> bool:
    """Return whether a name is written with a capital in a text that also has words without one."""
    first = name.split()[0]
    has_lower = any(word.islower() and len(word) > 2 for word in text.split())
    return has_lower and first[0].isupper() and len(first) > 1 and first.lower().strip("'’") not in ALWAYS_CAPITALIZED
