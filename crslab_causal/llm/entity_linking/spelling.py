"""Compare misspelled words with the words that they may mean."""

from __future__ import annotations

import functools
import re
from typing import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from crslab_causal.llm.entity_linking.english import frequency_rank, frequent_words

_SAME_SOUND = (
    (re.compile(r'ck|q(?!u)|k+'), 'k'),
    (re.compile(r'ph'), 'f'),
    (re.compile(r'ei'), 'ie'),
    (re.compile(r'(.)\1'), r'\1'),
)
_MIN_LETTERS = 5
"""Minimum number of letters of a word that may be misspelled."""
_MAX_RANK = 5000
"""Rank, by frequency, below which a word of everyday language is what a misspelled word means."""


def sound_of(word: str) -> str:
    """Return a word with one spelling for letters that are often confused: doubled letters, "ck", "ph" and "ei"."""
    for pattern, letters in _SAME_SOUND:
        word = pattern.sub(letters, word)
    return word


def count_edits(written: str, word: str) -> int:
    """Return the number of wrong letters of a written word. Letters that are often confused count once in total."""
    edits = int(OSA.distance(written, word))
    return 1 if edits > 1 and sound_of(written) == sound_of(word) else edits


@functools.cache
def _everyday_words() -> list[str]:
    return [word for word in frequent_words(_MAX_RANK) if len(word) >= _MIN_LETTERS - 1]


@functools.lru_cache(maxsize=10_000)
def means_everyday_word(written: str, other_than: str) -> bool:
    """Return whether one wrong letter makes a written word of a word of everyday language.

    Args:
        written: word that is not in the dictionary.
        other_than: word that does not count.
    """
    found = process.extract(written, _everyday_words(), scorer=OSA.distance, score_cutoff=1, limit=3)
    return any(word != other_than for word, _, _ in found)


def correct(written: str, words: Iterable[str]) -> str:
    """Return the word that a misspelled word means; the written word if it is in the dictionary or means none of them.

    Args:
        written: word in lower case without apostrophes.
        words: words that it may mean.
    """
    if len(written) < _MIN_LETTERS or not written.isalpha() or frequency_rank(written) is not None:
        return written
    close = [word for word in words if word[0] == written[0] and abs(len(word) - len(written)) < 3]
    edits = [
        (count_edits(written, word), frequency_rank(word) or 0, word) for word in close if len(word) >= _MIN_LETTERS
    ]
    n, _, best = min(edits, default=(2, 0, ''))
    return best if n <= 1 else written
