"""Decide whether a phrase of common words in running text is a title, by marks of a title.

A name of at most three words that are all common needs one of these marks:

- quotes, asterisks or underscores around it;
- its year after it;
- capitals: all words except small ones are capitalized. The capital at the start of a sentence does not count. Neither
  do capitals in a text without lower case, nor those of words that are always capitalized ("American", "Halloween");
- the whole text is the name;
- a position where a title is expected: after "I saw", "loved", "similar to" or another title and "and", and before the
  end of the clause ("have you seen taken?", but not "I have taken a day off");
- a verdict after it: "Seven was great".

The position is not a mark for the most frequent words ("it", "up").
"""

from __future__ import annotations

import re
from typing import Collection, Sequence

from crslab_causal.llm.entity_linking.english import frequency_rank
from crslab_causal.llm.entity_linking.titles import ARTICLES
from crslab_causal.llm.entity_linking.words import ALWAYS_CAPITALIZED, CHAT_WORDS, SMALL_WORDS, Word

_QUOTES = tuple('"“”„«»\'‘’*_`')
_MAX_FREQUENT_RANK = 150
"""Rank, by frequency, below which the position of a word never marks it as a title."""
_BEFORE = frozenset(
    """called enjoyed hated include includes liked loved named recommend recommended remember rewatch rewatched saw see
    seen titled watch watched watching""".split()
)
"""Words before a title."""
_BEFORE_LONGER = frozenset('about as ever even enjoy hate in like likes love loves of out than try'.split())
"""Words before a title of several words."""
_BEFORE_KNOWN = frozenset('enjoy hate like likes love loves try'.split())
"""Words before a well-known title of one word."""
_BEFORE_PAIRS = frozenset(
    """similar to|fan of|check out|checking out|movie called|film called|also like|something like|anything like|
    movies like|films like|movie like|film like|one like|ones like|stuff like|more like|nothing like""".replace(
        '\n    ', ''
    ).split('|')
)
_AFTER = frozenset(
    """again alot already also although and are because before but but i is last lol or recently since so though today
    tonight too was were when which while who with yesterday yet""".split()
)
"""Words after a title."""
_AFTER_LONGER = frozenset('any as did do have he i it its like she suspenseful they you'.split())
"""Words after a title of several words."""
_SERIES = frozenset('franchise saga sequel sequels series trilogy'.split())
"""Words that mark the name before them."""
_VERDICT = frozenset(('is', 'was', 'were'))
"""Words after the title at the start of a verdict, such as "was"."""
_JUDGEMENT = frozenset(
    'a amazing awesome excellent fantastic good great hilarious my one pretty really so such the'.split()
)
"""Words after "is" in a verdict."""
_MAX_SPOKEN_RANK = 300
"""Rank, by frequency, below which a word followed by "is" is not a title: "Life is good"."""
_CLAUSE_END = re.compile(r'[.!?;:,…\n)]')
_BETWEEN_TITLES = re.compile(r'\W*(?:,|\b(?:and|or)\b|&|/)\W*(?:(?:and|or|the|an?|also|even|maybe)\W+)*', re.IGNORECASE)


def is_quoted(text: str, start: int, end: int) -> bool:
    """Return whether quotes or asterisks surround ``text[start:end]``."""
    return (
        (text.endswith(_QUOTES, max(0, start - 1), start) or text.endswith('`` ', 0, start))
        and text[end : end + 4].lstrip('.,!? ').startswith(_QUOTES)
        and not text[end : end + 2].startswith(' "')
    )


def has_capitals(words: Sequence[Word]) -> bool:
    """Return whether the words are capitalized like a title, in a text that also has lower case."""
    return (
        words[0].lower not in SMALL_WORDS
        and (len(words) > 1 or len(words[0].lower) > 1)
        and any(word.is_capitalized and not word.starts_sentence for word in words)
        and all(word.is_capitalized or word.lower in SMALL_WORDS or word.normalized.isdigit() for word in words)
        and any(word.lower not in ALWAYS_CAPITALIZED for word in words)
    )


def follows_title(text: str, end_of_title: int, start: int) -> bool:
    """Return whether only "and", "or" or a comma is between a title and ``start``."""
    return end_of_title <= start and _BETWEEN_TITLES.fullmatch(text, end_of_title, start) is not None


def has_place_of_title(
    text: str, words: Sequence[Word], first: int, end: int, is_listed: bool = False, is_known: bool = False
) -> bool:
    """Return whether ``words[first:end]`` is at a position where a title is expected.

    Args:
        text: the text.
        words: words of the text.
        first: index of the first word.
        end: index after the last word.
        is_listed: whether another title and "and" precede it.
        is_known: whether a name of one word is well known, or only a part of a name.
    """
    content = [word for word in words[first:end] if word.lower not in ARTICLES]
    is_longer = len(content) > 1
    is_described = first > 0 and words[first - 1].lower in ('a', 'an')  # "a scary movie"
    if len(content) == sum(word.lower not in ARTICLES for word in words):
        return not is_described and _stands_alone(content)
    if not is_longer and (_is_below(content[0], _MAX_FREQUENT_RANK) or content[0].lower in CHAT_WORDS):
        return False
    if end < len(words) and words[end].lower in _SERIES:
        return True
    if content[-1].normalized == 'film' or is_described:
        return False
    longer = _BEFORE_LONGER if is_longer else _BEFORE_KNOWN if is_known else frozenset()
    if is_listed or _is_before(words, first, longer):
        return _ends_clause(text, words, end, is_longer)
    return _starts_verdict(words, first, end, is_longer)


def _stands_alone(content: Sequence[Word]) -> bool:
    """Return whether a message that consists of these words alone is a title."""
    if all(word.lower in CHAT_WORDS or (word.lower.isdigit() and len(word.lower) < 3) for word in content):
        return False
    if content[-1].normalized == 'film':
        return all(word.is_capitalized for word in content)
    return content[0].is_capitalized or len(content) > 1 or not _is_below(content[0], _MAX_FREQUENT_RANK)


def _is_before(words: Sequence[Word], first: int, more: Collection[str]) -> bool:
    """Return whether the words before a position are words that usually precede a title, or words of ``more``."""
    before = [word.lower for word in words[max(0, first - 3) : first] if word.lower not in ARTICLES]
    if not before or words[first].starts_sentence:
        return False
    return (
        before[-1] in _BEFORE
        or before[-1] in more
        or ' '.join(before[-2:]) in _BEFORE_PAIRS
        or before == ['like']
        or (before[-1] in ('movie', 'film') and words[first - 2].lower == 'the')
    )


def _ends_clause(text: str, words: Sequence[Word], end: int, is_longer: bool) -> bool:
    return (
        end == len(words)
        or _CLAUSE_END.search(text, words[end - 1].end, words[end].start) is not None
        or words[end].lower in _AFTER
        or (is_longer and words[end].lower in _AFTER_LONGER)
    )


def _starts_verdict(words: Sequence[Word], first: int, end: int, is_longer: bool) -> bool:
    """Return whether a sentence starts with a name and a verdict. In "Life is good" the single word is not a name."""
    if not words[first].starts_sentence or end == len(words) or words[end].lower not in _VERDICT:
        return False
    if is_longer or words[end].lower == 'was':
        return is_longer or words[first].is_capitalized
    return (
        words[first].is_capitalized
        and end + 1 < len(words)
        and words[end + 1].lower in _JUDGEMENT
        and not _is_below(words[end - 1], _MAX_SPOKEN_RANK)
    )


def _is_below(word: Word, limit: int) -> bool:
    rank = frequency_rank(word.lower)
    return rank is not None and rank < limit
