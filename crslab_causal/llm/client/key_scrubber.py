"""Remove the API key from all texts that a server sends back."""

from __future__ import annotations

import re

REPLACEMENT = '[OPENAI_API_KEY]'

_UNFINISHED_FORM = re.compile(
    r'(?:\\+(?:u[0-9a-f]{0,3}|x[0-9a-f]?)?|%[0-9a-f]?|&(?:\#(?:x[0-9a-f]*|\d*))?)\Z', re.IGNORECASE
)
"""The end of a text that may be the beginning of a character's escape."""

_MAX_FORM = 10
"""Usual length of the longest escape of a character."""

_MIN_LENGTH = 6
"""Minimum length of a key that is removed. A shorter key is a placeholder such as ``none``, which may be a word of an
answer."""


class KeyScrubber:
    """Removes a key from texts, also where its characters are escaped as in JSON, URLs or HTML.

    Args:
        key: the secret; a key of fewer than six characters is a placeholder and is not replaced.
    """

    def __init__(self, key: str):
        forms = [_forms(char) for char in key] if len(key) >= _MIN_LENGTH else []
        self._pattern = re.compile(''.join(forms), re.IGNORECASE) if forms else None
        self._forms = [re.compile(form, re.IGNORECASE) for form in forms]

    def __call__(self, text: str) -> str:
        """Return the text with ``[OPENAI_API_KEY]`` in place of each occurrence of the key."""
        return text if self._pattern is None else self._pattern.sub(REPLACEMENT, text)

    def scrub_beginning(self, text: str) -> str:
        """Return a text that is still being written, without the key, and without an end that may become the key."""
        text = self(text)
        for start in range(max(0, len(text) - _MAX_FORM * len(self._forms)), len(text)):
            if self._may_begin(text, start):
                return text[:start]
        return text

    def _may_begin(self, text: str, start: int) -> bool:
        """Return whether the text from ``start`` to its end may be the beginning of the key."""
        for form in self._forms:
            found = form.match(text, start)
            if found is None:
                return _UNFINISHED_FORM.match(text, start) is not None
            start = found.end()
            if start == len(text):
                return True
        return False


def _forms(char: str) -> str:
    r"""Return a pattern of the forms of a character.

    They are the character itself, ``\u0073`` with any number of ``\``, ``%73`` and ``&#115;``.
    """
    code = ord(char)
    escapes = rf'\\+u{code:04x}|\\+x{code:02x}|%{code:02x}|&\#0*{code};|&\#x0*{code:x};'
    return rf'(?:{re.escape(char)}|{escapes})'
