"""The frequency of words in spoken English, from the dictionary of the package ``pyspellchecker``."""

from __future__ import annotations

import functools

from spellchecker import SpellChecker

_N_EVERYDAY = 8000
"""Number of the most frequent words that may be everyday words, and no titles or surnames, if written small."""


@functools.cache
def _ranks() -> dict[str, int]:
    """Return the rank of each word, 0 for the most frequent one. The dictionary is read at the first call."""
    counts = SpellChecker(language='en').word_frequency.items()
    ordered = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    return {word.replace("'", ''): rank for rank, (word, _) in reversed(list(enumerate(ordered)))}


def frequency_rank(word: str) -> int | None:
    """Return the rank of a word by its frequency in subtitles, 0 for the most frequent word.

    Args:
        word: word in lower case without apostrophes.

    Returns:
        The rank; None if the dictionary does not have the word. Many names are in it, with high ranks.
    """
    ranks = _ranks()
    return ranks.get(word, ranks.get(_american(word)))


def is_frequent(word: str, n: int) -> bool:
    """Return whether a word is among the ``n`` most frequent ones.

    Args:
        word: word in lower case without apostrophes.
        n: number of words.
    """
    rank = frequency_rank(word)
    return rank is not None and rank < n


def is_everyday(word: str) -> bool:
    """Return whether a word without a capital is rather an everyday word than a title or a surname.

    Args:
        word: word in lower case without apostrophes.
    """
    return is_frequent(word, _N_EVERYDAY)


def frequent_words(n: int) -> list[str]:
    """Return the ``n`` most frequent words, most frequent first."""
    return [word for word, rank in _ranks().items() if rank < n][::-1]


def is_english(word: str) -> bool:
    """Return whether the dictionary has a word, in lower case without apostrophes."""
    return frequency_rank(word) is not None


def _american(word: str) -> str:
    """Return the American spelling of a British word, because the dictionary has no "favourite" and no "apologise"."""
    return word.replace('our', 'or').replace('ise', 'ize')
