"""Remove the API key from all texts that a server sends back."""

from __future__ import annotations

import re

REPLACEMENT = '[OPENAI_API_KEY]'

_MIN_LENGTH = 6
"""Minimum length of a key that is removed. A shorter key is a placeholder such as ``none``, which may be a word of an
answer."""


class KeyScrubber:
    """Removes a key from texts, also where its characters are escaped as in JSON, URLs or HTML.

    Args:
        key: the secret; a key of fewer than six characters is a placeholder and is not replaced.
    """

    def __init__(self, key: str):
        self._pattern = re.compile(''.join(map(_forms, key)), re.IGNORECASE) if len(key) >= _MIN_LENGTH else None

    def __call__(self, text: str) -> str:
        """Return the text with ``[OPENAI_API_KEY]`` in place of each occurrence of the key."""
        return text if self._pattern is None else self._pattern.sub(REPLACEMENT, text)


def _forms(char: str) -> str:
    r"""Return a pattern of the forms of a character.

    They are the character itself, ``\u0073`` with any number of ``\``, ``%73`` and ``&#115;``.
    """
    code = ord(char)
    escapes = rf'\\+u{code:04x}|\\+x{code:02x}|%{code:02x}|&\#0*{code};|&\#x0*{code:x};'
    return rf'(?:{re.escape(char)}|{escapes})'
