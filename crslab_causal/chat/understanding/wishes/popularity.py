"""Constraints to well-known and to little-known films: "something popular", "a hidden gem"."""

from __future__ import annotations

import re
from itertools import accumulate

from crslab_causal.chat.constraints import Constraint, Kind
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Understanding

WELL_KNOWN, LITTLE_KNOWN = 'well-known films', 'little-known films'

_ASK = frozenset((Act.WANT, Act.MORE, Act.REJECT, Act.UNKNOWN))
"""Acts of a message that may ask for films."""
_WELL_KNOWN_SHARE = 0.5
"""Share of all labels of the training data that the well-known films have."""
_LITTLE_KNOWN_SHARE = 0.1
"""Share of all labels of the training data that the little-known films have."""
_FILMS = r'(?:movies?|films?|flicks?|ones?|things?|stuff|titles?|picks?)'
_GENRES = (
    r'(?:comed(?:y|ies)|dramas?|horrors?|thrillers?|romances?|rom-?coms?|action|musicals?|documentar(?:y|ies)|westerns?|'
    r'classics?|mystery|mysteries|crime|sci-?fi|fantasy|animations?|animated|family|kids|war)'
)
_DEGREE = r'(?:(?:that|which|is|are|a\s+(?:bit|little)|more|really|very|quite|somewhat|pretty|kind\s+of)\s+)*'
_KNOWN = r'(?:well[ -]?known|known|popular|famous|mainstream|obvious)'
_OBSCURE = r'(?:obscure|under-?rated|overlooked|(?:little|less|lesser|least|un)[ -]?known|under\s+the\s+radar)'
_LITTLE = re.compile(
    rf"""\bhidden\s+(?:gems?|treasures?)\b|\boff\s+the\s+beaten\s+(?:track|path)\b|\bunder\s+the\s+radar\b
    |\b(?:less|nothing|(?<!was\ )(?<!were\ )not|(?<!was)n['’]t)\s+
     (?:(?:so|too|that|very|as|all|the|most|really|particularly|overly)\s+)*{_KNOWN}\b
    |\b(?:no|without|not\s+another)\s+(?:more\s+)?
     (?:(?:mainstream|popular|famous|well[ -]known)\s+{_FILMS}|blockbusters?)\b
    |\b(?:{_FILMS}|(?:some|any)thing|{_GENRES}|more|an?|some|any|and|but)\s+{_DEGREE}(?<!is\ )(?<!are\ ){_OBSCURE}\b
    |\b(?:{_FILMS}|(?:some|any)thing)\s+(?:that|which)\s+(?:is|are)\s+(?:(?:more|really|very)\s+)*{_OBSCURE}\b
    |^\W*(?:(?:more|maybe|perhaps|but|ok)\s+)*{_OBSCURE}\b|\b{_OBSCURE}\s+{_FILMS}\b
    |\b(?:no\s*(?:body|\s+one)|few\s+people|not\s+(?:everyone|everybody|many\s+people))\s+(?:else\s+)?
     (?:knows?|ha(?:s|ve)\s+(?:seen|heard))\b
    |\btoo\s+(?:mainstream|popular|famous|well[ -]known|obvious)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_COMPLAINT = re.compile(rf'\btoo\s+(?:{_KNOWN}|{_OBSCURE})\b', re.IGNORECASE)
"""Words that turn films down and ask for others: "these are too obscure"."""
_NOT_OBSCURE = re.compile(
    rf"\b(?:less|not|nothing|too|n['’]t)\s+(?:(?:so|too|that|very|as|all|really|overly)\s+)*{_OBSCURE}\b", re.IGNORECASE
)
_WELL = re.compile(
    rf"""\bblockbusters?\b|\bbox[ -]office\s+hits?\b
    |\b(?:{_FILMS}|(?:some|any)thing)\s+{_DEGREE}(?:well[ -]?known|popular|famous|mainstream)\b
    |\b(?:well[ -]?known|popular|famous|mainstream)\s+(?:\w+\s+)?(?:{_FILMS}|{_GENRES})\b
    |^\W*(?:more\s+)?(?:well[ -]?known|popular|famous|mainstream)(?:\s+(?:please|ones?))*\W*$
    |\b(?:everyone|everybody)\s+(?:knows|has\s+(?:seen|heard))\b""",
    re.IGNORECASE | re.VERBOSE,
)


def constraint_by_popularity(text: str, meaning: Understanding, facts: FilmFacts) -> Constraint | None:
    """Return the constraint to well-known or to little-known films that a message states; None if it states none.

    The popularity of a film is the number of its labels in the training data. Well-known are the most popular films
    that have half of all labels, and little-known are the films that share the last tenth.

    Args:
        text: the message.
        meaning: its meaning.
        facts: facts about the films.
    """
    if meaning.questions or meaning.unknown or not (_ASK & {*meaning.acts} or _COMPLAINT.search(text)):
        return None
    is_not_obscure = _NOT_OBSCURE.search(text) is not None
    is_little_known = not is_not_obscure and _LITTLE.search(text) is not None
    if not is_not_obscure and not is_little_known and not _WELL.search(text):
        return None
    ordered = sorted(facts.films, key=lambda film: (-facts.popularity.get(film, 0.0), film))
    counts = [facts.popularity.get(film, 0.0) for film in ordered]
    before = [0.0, *accumulate(counts)][:-1]
    total = sum(counts)
    if is_little_known:
        films = [film for film, n in zip(ordered, before) if n >= (1 - _LITTLE_KNOWN_SHARE) * total]
    else:
        films = [film for film, n in zip(ordered, before) if n < _WELL_KNOWN_SHARE * total]
    if not films:
        return None
    return Constraint(Kind.POPULARITY, LITTLE_KNOWN if is_little_known else WELL_KNOWN, frozenset(films))
