"""A text as the linker reads it, and the links between its parts and entities."""

from __future__ import annotations

from typing import NamedTuple

from crslab_causal.llm.entity_linking.titles import ARTICLES, PART_WORDS
from crslab_causal.llm.entity_linking.words import Word, read_words

_MAX_TITLE_CASE = 8
"""Maximum number of words of a text whose words are all capitalized and whose capitals still mark titles."""


class Mention(NamedTuple):
    """A mention of an entity in a text. It is ``text[start:end]``, including a year after the name."""

    entity: int
    """Entity id."""
    start: int
    end: int
    negated: bool
    """Whether the text rejects the entity."""


class Link(NamedTuple):
    """A part of a text that is linked to an entity, with its position in words and in characters."""

    first_word: int
    """Index of the first word."""
    end_word: int
    """Index after the last word."""
    entity: int
    start: int
    """Start in the text, in characters."""
    end: int
    """End in the text, in characters, with a year or a number after the name."""


class Place(NamedTuple):
    """Position of a part of a text that matches a name."""

    first: int
    """Index of the first content word, see :attr:`.ReadText.content`."""
    end: int
    """Index after the last content word."""
    first_word: int
    """Index of the first word, with an article that belongs to the name."""
    end_word: int
    """Index after the last word."""
    end_character: int


class LinkedText(NamedTuple):
    """A text with its links."""

    words: list[Word]
    """Words of the text."""
    links: list[Link]
    """Links in order of appearance."""
    unknown: list[tuple[int, int]]
    """Start and end, in characters, of titles with a number or a year that match no entity."""


class ReadText:
    """The words of a text, which are compared with names.

    Args:
        text: the text.
    """

    def __init__(self, text: str):
        self.text = text
        self.words = read_words(text)
        self.content_indices = _content_indices(self.words)
        """Indices of the words that names are made of: articles, and words such as "part" in "Part 2", are left out."""
        self.content = [self.words[i] for i in self.content_indices]
        """The words that names are made of."""
        is_title_case = not any(text[word.start].islower() for word in self.words)
        self.ignores_capitals = text.upper() == text or (is_title_case and len(self.words) > _MAX_TITLE_CASE)
        """Whether capitals say nothing, because all letters or all words have one."""


def _content_indices(words: list[Word]) -> list[int]:
    """Return the indices of the words that are compared with names, see :func:`.content_words`."""
    indices = [i for i, word in enumerate(words) if word.normalized not in ARTICLES]
    following = [words[i].normalized for i in indices[1:]] + ['']
    return [
        i
        for n, (i, after) in enumerate(zip(indices, following))
        if not (n and words[i].normalized in PART_WORDS and after.isdigit())
    ]
