"""Words that judge a film: ``PRAISE``, such as "great", and ``BLAME``, such as "boring"."""

from __future__ import annotations

from pathlib import Path
from typing import Collection

from crslab_causal.base.word_lists import read_sections

_WORDS = {
    name: frozenset(word for line in lines for word in line.split())
    for name, lines in read_sections(Path(__file__).with_name('verdicts.txt')).items()
}
PRAISE, BLAME = _WORDS['praise'], _WORDS['blame']


def any_of(words: Collection[str]) -> str:
    """Return a regular expression that matches each of the words."""
    return '|'.join(sorted(words))
