"""Decide whether a message is in English."""

from __future__ import annotations

import functools
import re
import unicodedata

from crslab_causal.chat.understanding.phrases import read_sections
from crslab_causal.llm.entity_linking.english import frequency_rank, is_frequent

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_MAX_ENGLISH_RANK = 5000
"""Largest rank, by frequency, at which a word surely is English. Function words of other languages have such ranks,
too."""
_MAX_EVERYDAY_RANK = 2000
"""Largest rank, by frequency, at which a single word is no sign of another language."""
_ENGLISH_INTERJECTIONS = frozenset('yo hi hey bye ok no na ja ha oh ah lo me he'.split())
"""Single words that are English messages, although other languages have them, too."""
_SHARED = frozenset('film of for me no in is an a to do will on was as le or yo ty ya'.split())
"""Words of other languages that are also English words."""


def is_foreign(text: str) -> bool:
    """Return whether a text is in another language than English.

    A text in another script is foreign. Otherwise the text is foreign if it has more function words of another language
    than English words.

    Args:
        text: the text, without titles and names.
    """
    letters = [char for char in text if char.isalpha()]
    n_latin = sum(unicodedata.name(char, '').startswith('LATIN') for char in letters)
    if letters and n_latin <= len(letters) // 2:
        return True
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) == 1 and words[0] in _ENGLISH_INTERJECTIONS:
        return False
    n_foreign = max(
        (sum(word in known and word not in _SHARED for word in words) for known in _function_words().values()),
        default=0,
    )
    n_english = sum(_is_english(word) for word in words)
    return (
        n_foreign >= 1
        and n_foreign + sum(not word.isascii() for word in words) >= n_english
        and (n_foreign >= 2 or not any(map(_is_everyday_english, words)))
    )


def is_gibberish(text: str) -> bool:
    """Return whether no word of a text is English.

    Args:
        text: the text, without titles and names.
    """
    return not any(frequency_rank(word.lower().replace("'", '')) is not None for word in _WORD.findall(text))


@functools.cache
def _function_words() -> dict[str, frozenset[str]]:
    """Return frequent words of other languages by language."""
    return {language: frozenset(' '.join(lines).split()) for language, lines in read_sections('languages.txt').items()}


def _is_everyday_english(word: str) -> bool:
    return is_frequent(word, _MAX_EVERYDAY_RANK) and word not in _SHARED


def _is_english(word: str) -> bool:
    rank = frequency_rank(word.replace("'", '').replace('’', ''))
    is_foreign_word = any(word in known for known in _function_words().values()) and word not in _SHARED
    return rank is not None and rank < _MAX_ENGLISH_RANK and (not is_foreign_word or rank < 100)
