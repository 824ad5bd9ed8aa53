"""Find longer titles around words that match the name of a film: "Wild Strawberries" around "Wild"."""

from __future__ import annotations

import re

from crslab_causal.llm.entity_linking.english import is_frequent
from crslab_causal.llm.entity_linking.links import Place, ReadText
from crslab_causal.llm.entity_linking.name_index import NameIndex
from crslab_causal.llm.entity_linking.title_parts import Key
from crslab_causal.llm.entity_linking.words import ALWAYS_CAPITALIZED, FILM_TALK, FILM_WORDS

_CONTINUES = re.compile(r"(?P<of> of(?: the)?)? (?P<word>[A-Z][a-z][\w'’-]*)(?: [A-Z][a-z][\w'’-]*)*")
"""The next words of a longer title. A word of one letter, such as "I", is none of them."""
_PRECEDES = re.compile(r"(?P<the>(?:The|An?|the|an?)\s+)?\b(?P<word>[A-Z][\w'’-]+)\s+of\s+(?:(?:[Tt]he|[Aa]n?)\s+)?$")
"""Words before the name of a film that may belong to a longer title: "The Night of the Hunter"."""
_PART_OF_FILM = frozenset(
    'all any beginning best both copy end ending fans half kind lot lots most name none one part plot rest some sort '
    'story title type version world year'.split()
)
"""Words before "of" and the name of a film that belong to no title, although some write them with a capital."""
_PARTICLES = frozenset('out up down away back off over in on'.split())
"""Small words that continue a title if a verb follows: "Blow Out is excellent"."""
_VERB_OF_TITLE = re.compile(r'\s+(?:is|was|has|had)\b')
_NOT_IN_TITLES = frozenset('part vol volume chapter episode trilogy saga franchise ii iii iv and or with it'.split())
_MAX_RANK_OF_TITLE_WORD = 4000
"""Rank, by frequency, below which a capitalized word behind a name is rather the start of a sentence."""


class LongerTitles:
    """Finds titles of one text that no entity has, and that contain the name of a film.

    Args:
        index: the names.
        read: the text.
    """

    def __init__(self, index: NameIndex, read: ReadText):
        self.index, self.text, self.words, self.content = index, read.text, read.words, read.content
        self.ignores_capitals = read.ignores_capitals

    def end_after(self, place: Place, key: Key) -> int | None:
        """Return the end of a longer title that starts with the name of a film: "Wild" in "Wild Strawberries".

        Capitals show it: the name has one, and so has the next word, which is neither common nor a name of its own.

        Args:
            place: position of the words of the name.
            key: the name that they match.

        Returns:
            The position after the longer title; None if the name does not continue.
        """
        if self.ignores_capitals or not self.content[place.end - 1].is_capitalized or place.end == len(self.content):
            return None
        match = _CONTINUES.match(self.text, place.end_character)
        if match is None:
            return None
        following = next(word for word in self.content[place.end :] if word.start >= match.start('word'))
        word = following.normalized
        if (
            word in ALWAYS_CAPITALIZED
            or word in FILM_TALK
            or word in FILM_WORDS
            or match['word'].lower() in _NOT_IN_TITLES
        ):
            is_ordinary = match['of'] is None
        else:
            is_particle = word in _PARTICLES and self._is_judged_after(match.end())
            is_first_name = word in self.index.first_names
            is_ordinary = match['of'] is None and (is_first_name or is_frequent(word, _MAX_RANK_OF_TITLE_WORD))
            is_ordinary = is_ordinary and not is_particle
        is_name = match['of'] is None and not self.index.is_partial(key) and self._is_known((word,))
        return None if is_ordinary or is_name else match.end()

    def start_before(self, place: Place) -> int | None:
        """Return the start of a longer title that ends with the name of a film: "The Night of the Hunter".

        Capitals show it: the name has one, and so has the word before the "of", inside of a sentence.

        Args:
            place: position of the words of the name.

        Returns:
            The position of the longer title; None if no other words belong to the title.
        """
        if self.ignores_capitals or not self.content[place.first].is_capitalized:
            return None
        match = _PRECEDES.search(self.text, 0, self.content[place.first].start)
        if match is None:
            return None
        before = next(word for word in self.words if word.start >= match.start('word'))
        is_ordinary = before.normalized in FILM_TALK | FILM_WORDS | _PART_OF_FILM
        return None if is_ordinary or (before.starts_sentence and match['the'] is None) else match.start()

    def _is_judged_after(self, end: int) -> bool:
        """Return whether a verb follows a position, as in "Blow Out is excellent"."""
        return _VERB_OF_TITLE.match(self.text, end) is not None

    def _is_known(self, key: Key) -> bool:
        """Return whether a name is a title, or that of a person who is not obscure."""
        return any(not self.index.is_obscure_person(entity) for entity in self.index.entities(key))
