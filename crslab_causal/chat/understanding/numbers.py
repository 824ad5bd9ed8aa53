"""Numbers in words."""

from __future__ import annotations

from typing import Mapping

CARDINALS: Mapping[str, int] = {
    word: number
    for number, word in enumerate('one two three four five six seven eight nine ten eleven twelve'.split(), start=1)
}
"""Number of each word from "one" to "twelve"."""
