"""Dialogue acts: the purposes of a message, and the phrases that express them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Sequence

from crslab_causal.chat.understanding.phrases import read_phrases


class Act(StrEnum):
    """A dialogue act: the purpose of a message or of a part of it."""

    GREET = 'greet'
    THANK = 'thank'
    LEAVE = 'leave'
    SMALL_TALK = 'small talk'
    WANT = 'want'
    """A request for films, or a constraint on them."""
    LIKE = 'like'
    DISLIKE = 'dislike'
    SEEN = 'seen'
    NOT_SEEN = 'not seen'
    MENTION = 'mention'
    """The name of a film without an opinion or a question."""
    ACCEPT = 'accept'
    REJECT = 'reject'
    MORE = 'more'
    """A request for more films, or for other ones."""
    LIST_AGAIN = 'list again'
    """It asks for the last list."""
    ASK_FILM = 'ask film'
    ASK_PERSON = 'ask person'
    ASK_WHY = 'ask why'
    ASK_HELP = 'ask help'
    FORGET = 'forget'
    """A constraint is taken back."""
    START_OVER = 'start over'
    FOREIGN = 'foreign'
    """The message is not in English."""
    UNKNOWN = 'unknown'
    """The message is not understood."""


ASKS_FOR_FILMS = frozenset((Act.WANT, Act.LIKE, Act.DISLIKE, Act.SEEN, Act.MENTION, Act.REJECT, Act.MORE, Act.FORGET))
"""Acts that are answered with recommendations."""
_WILDCARD = re.compile(
    r'\b(?:surprise me|anything(?: (?:is fine|goes|will do|works|really|you like|you want))?\W*$|whatever|'
    r'whichever|up to you|does not matter|^\W*(?:i do not know|no idea|(?:i am )?not sure)(?: \w+){0,2}\W*$|'
    r'you (?:choose|decide|pick|tell me)|i (?:do not|really do not) (?:mind|care|know what)|no preference|'
    r'your (?:favorite|best)|pick (?:one|something))'
)
_RELATED = re.compile(
    r'\b(?:more|another|others?|something|anything|ones?|movies?)(?: \w+)? (?:like|similar to) '
    r'(?:it|that|this|these|those)\b|\bsimilar (?:movies?|ones?)\b|'
    r'\b(?:something|anything) similar\b(?! to <)|\bwhat (?:else )?is similar\b(?! to <)|'
    r'^\W*(?:a )?similar(?: please)?\W*$|\bmore of (?:that|this|the same)\b'
    r'|\b(?:what|which) (?:else |ones? |movies? )?(?:is|are|would be|is there) (?:like|similar to) '
    r'(?:it|that|this|those|that one|this one)\b(?!\W+(?:about|with))'
    r'|\balong (?:those|these|the same|similar) lines\b(?! of)'
    r'|\bin (?:the|a) (?:same|similar) vein\b(?! (?:as|of|to) <)'
)
_UNSEEN = re.compile(
    r'\b(?:something|anything|movies?|one|ones) (?:that |which )?(?:i|we) (?:have not|never|have never|did not)\b'
)
_BOTH = re.compile(r'\bboth\b')
_ALL = re.compile(
    r'^\W*(?:no |please )*not (?:those|these|them)\b(?! <)|'
    r'\bevery (?:single |last )?one of (?:it|them|those|these|that)\b|'
    r'\b(?:all|both|none|any|most) (?:of )?(?:it|them|those|these|that)\b(?! <)|\b(?:them|those|these) (?:all|both)\b|'
    r'\b(?:seen|watched|saw) (?:both|all|everything|these|those|them|most)\b'
    r'(?!(?: of)?(?: the| those| these| his| her)? <)'
    r'(?! (?:by|with|from|of|in|that|he|she|they|movies|the movies|his|her) )'
)
"""Words about all films of the last list. "I have seen all the <collection0>" is not about the list."""

FEW = 4
"""Largest number of films of a list that words such as "both" and "those" may mean."""
_OF_SHORT_LIST = re.compile(
    r'\b(?:them|those|these|either|neither|both)\b(?! <)'
    r'(?! (?:\w+ )?(?:days|times|people|kids|kinds?|types?|sorts?|guys|actors|directors|suggestions?|recommendations?|'
    r'options|choices|picks|ideas)\b)'
)
"""Words about the films of a short list: "I will check them out", "I have not seen either"."""


_TAKES_BACK = re.compile(
    r'^\W*(?:(?:oh|hm+|um+|uh|well|sorry|but)\W+)*'
    r'(?:(?:no|actually)\W+)*'
    r'(?:wait|actually no|hold on|hang on|on second thoughts?|scratch that|never ?mind|maybe not)'
    r'(?:\W+(?:a|one|wait|no|not|actually|second|sec|minute|moment|please|sorry|(?:that|this) one|it|that))*\W*$'
)
"""A clause that takes back what was said before it: "no wait", "actually no"."""
_NO = re.compile(r'^\W*no(?: thanks?| thank you)?\W*$')


def takes_back(clauses: Sequence[str]) -> bool:
    """Return whether the last words of a message only take back what it has said before: "I'll take it. No wait".

    Args:
        clauses: texts of the clauses of the message.
    """
    said, last = clauses[:-1], clauses[-1]
    if said and _NO.match(last) and _TAKES_BACK.match(said[-1]):
        return True  # "on second thought, no"
    return bool(said) and _TAKES_BACK.match(last) is not None


def find_acts(clause: str) -> list[Act]:
    """Return the acts whose phrases a clause contains, in order of appearance.

    Args:
        clause: a normalized part of a message, with ``<film0>``, ``<genre1>``, ... in place of its spans.
    """
    matches = {name: pattern.search(clause) for name, pattern in read_phrases('acts.txt').items()}
    found = sorted((match.start(), name) for name, match in matches.items() if match)
    return [Act(name) for _, name in found]


def is_wildcard(clause: str) -> bool:
    """Return whether the clause leaves the choice to the recommender, as in "surprise me"."""
    return _WILDCARD.search(clause) is not None


def asks_for_related(clause: str) -> bool:
    """Return whether the clause asks for films like the last one, as in "more like that"."""
    return _RELATED.search(clause) is not None


def asks_for_unseen(clause: str) -> bool:
    """Return whether the clause asks for films that the seeker has not seen: "something that I haven't seen"."""
    return _UNSEEN.search(clause) is not None


def names_all(clause: str, n_shown: int) -> bool:
    """Return whether the clause is about all films of the last list, as in "seen them all".

    If the list is short, words such as "those" are enough: "I will check those out".

    Args:
        clause: a normalized part of a message.
        n_shown: number of films in the last list.
    """
    is_short = 1 < n_shown <= FEW
    return _ALL.search(clause) is not None or (is_short and _OF_SHORT_LIST.search(clause) is not None)


def names_both(clause: str) -> bool:
    """Return whether the clause is about two films, as in "seen both"."""
    return _BOTH.search(clause) is not None
