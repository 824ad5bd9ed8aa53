"""Words that judge a film: ``PRAISE``, such as "great", and ``BLAME``, such as "boring"."""

from __future__ import annotations

from pathlib import Path
from typing import Collection


def _read() -> dict[str, frozenset[str]]:
    """Return the words of each section of ``verdicts.txt``."""
    sections: dict[str, set[str]] = {}
    name = ''
    for line in Path(__file__).with_name('verdicts.txt').read_text('utf-8').splitlines():
        if line.startswith('['):
            name = line.strip('[]')
            sections[name] = set()
        elif not line.startswith('#'):
            sections.setdefault(name, set()).update(line.split())
    return {name: frozenset(words) for name, words in sections.items() if words}


_WORDS = _read()
PRAISE, BLAME = _WORDS['praise'], _WORDS['blame']


def any_of(words: Collection[str]) -> str:
    """Return a regular expression that matches each of the words."""
    return '|'.join(sorted(words))
