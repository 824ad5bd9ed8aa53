"""Decide whether words that match a name are meant as the name, or are ordinary words.

"It", "Get Out" and "300" are titles of films, "Short" and "Poland" are surnames. Such words are a name only with a
mark: capitals, quotes, or a place where a title or a person is expected, see :mod:`.marks` and :mod:`.people`.
"""

from __future__ import annotations

import re
from typing import Collection, Sequence

from crslab_causal.llm.entity_linking.english import is_english, is_everyday, is_frequent
from crslab_causal.llm.entity_linking.links import Link, Place, ReadText
from crslab_causal.llm.entity_linking.marks import (
    follows_title,
    has_capitals,
    has_place_of_title,
    is_quoted,
    starts_item,
)
from crslab_causal.llm.entity_linking.name_index import NameIndex
from crslab_causal.llm.entity_linking.people import has_place_of_person, is_outside_cinema, may_name_person
from crslab_causal.llm.entity_linking.title_parts import Key
from crslab_causal.llm.entity_linking.titles import ARTICLES
from crslab_causal.llm.entity_linking.words import ALWAYS_CAPITALIZED, FILM_WORDS, Word, is_common

_VERBS_OF_IT = frozenset('s is was has had will would looks looked seems seemed sounds made makes kept came'.split())
"""Words after "It" that show that it is a pronoun."""
_BEFORE_TITLE_IT = frozenset(
    'think thought believe said heard say like liked love loved enjoy enjoyed hate hated saw see seen watch watched '
    'and or but about with of than while whether if that because since'.split()
)
"""Words before a capitalized "It" that may be the film although a verb follows: "I think It was scary"."""
_WELL_KNOWN = 20
"""Minimum popularity of a film whose title may follow words such as "like", although it is a common word."""
_OBSCURE = 1
"""Maximum popularity of a film that is so little known that a list with other titles is no mark of its title."""
_MAX_RANK_OF_BASIC = 1500
"""Frequency rank up to which a word without a capital is never a surname."""
_MIN_LETTERS_COINED = 7
"""Minimum number of letters of a word of a title that is in no dictionary, and needs no mark."""
_PLACES_OF_TWO_WORDS = frozenset(
    (('hong', 'kong'), ('los', 'angeles'), ('las', 'vegas'), ('santa', 'monica'), ('st', 'louis'))
)
"""Places of two words, of which one is also a name."""
_ENDS_NAME = re.compile(
    r'\s*(?:[,;.!?)]|$|(?:is|was|or|and|in|please|pls|again|instead|then|tonight)\b)', re.IGNORECASE
)
"""Words after a surname that is an everyday word."""
_COUNTS = re.compile(
    r'\s*(?:(?:or|to|and|-)\s*\d+\s*)?(?:(?:other|more|good|great|different|of|his|her|their|the|my)\s+)*'
    r'(?:movies?|films?|flicks?|times|hours?|minutes?|people|kids|more|others?|ones|years?|days?|weeks?|them|those|these)\b',
    re.IGNORECASE,
)
"""Words after a number that counts: "2 or 3 movies", "300 times"."""
_IN_ORDINARY_PHRASE = re.compile(
    r'\b(?:(?:something|anything|movies?|films?|ones?|suitable|appropriate|ok|fine|good|only|just) for|'
    r'(?:set|happens|happening|takes place|taking place) in|(?:get|gets|got|getting|(?:gives?|gave) (?:me|us)))\s+'
    r'(?:the\s+)?$',
    re.IGNORECASE,
)
"""Words before a title of ordinary words without capitals that make it an ordinary phrase."""
_BEFORE_COMPARISON = frozenset('is are was were be been about just almost'.split())
"""Words before "as good as it gets" that make it no title."""
_BEFORE_TOPICS, _WITH_TOPICS = (
    frozenset(('about', 'from')),
    FILM_WORDS | frozenset('film something anything one story'.split()),
)
"""Words between films and their topic or place: "films about Vietnam"."""
_MAX_RANK_SAID_AGAIN = 1000
"""Rank, by frequency, up to which a word says too little to be the title of a film that was named before."""
_MAX_RANK_WITH_ARTICLE = 300
"""The same rank for a title of "the" and a word: "the game"."""
_DETERMINERS = frozenset(
    'a an any some no this that these those every each more many my your his her our their'.split()
)
"""Words before a noun that is no title."""
_OWNERS = frozenset('my your his her our their'.split())
_MAX_COMMON_WORDS = 3
"""Maximum number of common words of a name that needs a mark of a title. A longer name needs none."""


class Recognizer:
    """Decides which parts of one text are names.

    Args:
        index: the names.
        read: the text.
        prefer: entity ids that are preferred among entities of one name.
    """

    def __init__(self, index: NameIndex, read: ReadText, prefer: Collection[int]):
        self.index, self.prefer = index, prefer
        self.text, self.words, self.content = read.text, read.words, read.content
        self.ignores_capitals = read.ignores_capitals

    def is_name(self, place: Place, key: Key, entity: int | None, links: Sequence[Link]) -> bool:
        """Return whether words are meant as a name. The name itself shows it, or a mark of a title or of a person.

        Args:
            place: position of the words.
            key: the name that they match.
            entity: entity of this name; None if no entity fits.
            links: links of the text so far.
        """
        if self._is_ordinary_phrase(place, key):
            return False
        decided = None
        if entity is not None and len(key) == 1:
            decided = self._decide_person(place, key, entity, links)
        if entity is not None and decided is None:
            decided = self._decide_everyday_word(place, key, entity, links)
        return self._has_mark(place, key, entity, links) if decided is None else decided

    def _is_ordinary_phrase(self, place: Place, key: Key) -> bool:
        """Return whether the words around a name make it an ordinary phrase."""
        content, start = self.content[place.first : place.end], self.words[place.first_word].start
        is_alone, is_small = len(content) == 1, not content[0].is_capitalized
        previous = self.words[place.first_word - 1].lower if place.first_word else ''
        is_small_english = all(not word.is_capitalized and is_english(word.normalized) for word in content)
        before = self.content[place.first - 1].normalized if place.first else ''
        return bool(
            (is_alone and is_outside_cinema(self.text, start))
            or (is_alone and (before, key[0]) in _PLACES_OF_TWO_WORDS)  # "Kong" in "Hong Kong"
            or (
                is_alone and key[0].isdigit() and _COUNTS.match(self.text, place.end_character)
            )  # "I saw 2 or 3 movies"
            or (is_small_english and _IN_ORDINARY_PHRASE.search(self.text, 0, start))  # "set in modern times"
            or (is_small and key[0] == 'as' and previous in _BEFORE_COMPARISON)  # "the show is as good as it gets"
            or (is_alone and is_small and previous in _OWNERS and is_english(key[0]))  # "my jaws hurt"
        )

    def _decide_person(self, place: Place, key: Key, entity: int, links: Sequence[Link]) -> bool | None:
        """Return whether a word that is the name of a person means this person; None: marks of a title decide."""
        index, word, start = self.index, self.content[place.first], self.words[place.first_word].start
        is_expected = has_place_of_person(self.text, start, place.end_character)
        if entity in index.bearers(key, True):
            if self._follows_other_first_name(place.first, entity, links):
                return False  # "Freddy Krueger" is not Diane Kruger
            if self._starts_longer_name(place.end):
                return False  # "Harry" in "Harry Potters"
            if is_expected and self.may_be_surname(word, key):
                return True
            if index.is_obscure_person(entity) and not self._is_named_as_person(place, links):
                return False  # "Poland" is a surname, too
            if is_frequent(key[0], _MAX_RANK_OF_BASIC) and not word.is_capitalized:
                return False  # "I love music"
        is_obscure = entity in index.people and index.is_obscure_person(entity)
        if is_obscure and not word.is_capitalized and not is_expected:
            return False  # "stuck on mars"
        if index.is_item(entity) and self._follows_first_name(place.first):
            return False  # "Charlie Parker" is not the film "Parker"
        return None

    def _decide_everyday_word(self, place: Place, key: Key, entity: int, links: Sequence[Link]) -> bool | None:
        """Return whether an everyday word means a film of the conversation or a little-known one; None for others."""
        index, word = self.index, self.content[place.first]
        if entity in self.prefer and index.is_item(entity) and self._is_said_again(place):
            return True
        if len(key) > 1:
            return None
        is_listed = self._is_listed(place, entity in index.people, links)
        if self._is_everyday_and_obscure(key[0], entity, word):
            is_listed = is_listed and index.popularity.get(entity, 0) > _OBSCURE
            return has_place_of_title(self.text, self.words, place.first_word, place.end_word, is_listed)
        if self._is_first_name_of_other(word, entity):
            return is_quoted(self.text, self.words[place.first_word].start, place.end_character) or has_place_of_title(
                self.text, self.words, place.first_word, place.end_word, is_listed
            )
        if index.is_partial(key) and entity not in self.prefer and self._is_topic(place.first_word):
            return False  # "films about Vietnam" are not like "Good Morning, Vietnam"
        return None

    def _has_mark(self, place: Place, key: Key, entity: int | None, links: Sequence[Link]) -> bool:
        """Return whether words need no mark of a title, or have one."""
        first, end, first_word, end_word, end_character = place
        index, content = self.index, self.content[first:end]
        is_partial = index.is_partial(key)
        is_weak, in_phrase = key in index.weak and is_partial, len(key) > 1 and not is_partial
        if not is_weak and (
            len(key) > _MAX_COMMON_WORDS
            or key in index.unambiguous
            or not all(is_common(word, in_phrase) for word in key)
            or any(word.is_stylized for word in content)
        ):
            return True
        if is_weak and entity is not None and len(key) == 1 and self._is_coined(content[0], key[0], entity):
            return True
        if is_quoted(self.text, self.words[first_word].start, end_character):
            return True
        if not self.ignores_capitals and has_capitals(content) and not self._is_pronoun(first_word, end_word, links):
            return True
        is_person = entity is not None and entity in index.people
        is_listed = self._is_listed(place, is_person, links)
        is_named = any(entity in self.prefer for entity in index.entities(key))
        is_known = is_weak or any(index.popularity.get(entity, 0) >= _WELL_KNOWN for entity in index.entities(key))
        return has_place_of_title(self.text, self.words, first_word, end_word, is_listed, is_known, is_named)

    def _is_named_as_person(self, place: Place, links: Sequence[Link]) -> bool:
        """Return whether the words beside the surname of a little-known person show that it is one."""
        word, start = self.content[place.first], self.words[place.first_word].start
        if has_capitals([word]) and not is_english(word.normalized) and may_name_person(self.text, start):
            return True
        return any(
            link.entity in self.index.people
            and (
                follows_title(self.text, link.end, start)
                or (word.is_capitalized and follows_title(self.text, place.end_character, link.start))
            )
            for link in links
        )

    def _is_listed(self, place: Place, is_person: bool, links: Sequence[Link]) -> bool:
        """Return whether only a comma or "and" is between a name and a link to an entity of the same kind."""
        start = self.words[place.first_word].start
        starts_list = starts_item(self.text, start)
        return any(
            follows_title(self.text, link.end, start)
            if link.end_word <= place.first_word
            else starts_list
            and link.first_word >= place.end_word
            and follows_title(self.text, place.end_character, link.start)
            for link in links
            if (link.entity in self.index.people) == is_person  # "DiCaprio and the bear" names no second film
        )

    def _is_said_again(self, place: Place) -> bool:
        """Return whether the title of a film of the conversation stands where it may be this film: "raid it is".

        The words must be rarer than those of everyday language, and must not be described: "an enemy", "board games".
        """
        content = self.content[place.first : place.end]
        before = self.words[place.first_word - 1].lower if place.first_word else ''
        has_article = self.words[place.first_word].lower == 'the'
        max_rank = _MAX_RANK_WITH_ARTICLE if has_article else _MAX_RANK_SAID_AGAIN
        return before not in _DETERMINERS and not all(is_frequent(word.lower, max_rank) for word in content)

    def _is_pronoun(self, first_word: int, end_word: int, links: Sequence[Link]) -> bool:
        """Return whether a capitalized "It" starts a sentence: "I loved Logan, It was great", "Yes I have It was"."""
        if end_word - first_word > 1 or self.words[first_word].lower != 'it' or end_word == len(self.words):
            return False
        if self.words[end_word].lower not in _VERBS_OF_IT or not first_word:
            return False
        start = self.words[first_word].start
        follows = any(link.end <= start and not self.text[link.end : start].strip(' ,') for link in links)
        before = self.words[first_word - 1]
        return follows or (self.text[before.end : start].isspace() and before.lower not in _BEFORE_TITLE_IT)

    def _is_topic(self, first_word: int) -> bool:
        """Return whether a name is the topic or the place of films: "films about", "something from"."""
        before = [word for word in self.words[max(0, first_word - 3) : first_word] if word.lower not in ARTICLES][-2:]
        return len(before) == 2 and before[1].lower in _BEFORE_TOPICS and before[0].normalized in _WITH_TOPICS

    def _is_everyday_and_obscure(self, word: str, entity: int, written: Word) -> bool:
        """Return whether a word of everyday language without a capital is the title of a little-known film: "toys"."""
        return (
            is_everyday(word)
            and self.index.is_item(entity)
            and bool(self.index.popularity)
            and self.index.popularity.get(entity, 0) < _WELL_KNOWN
            and not written.is_capitalized
            and not is_common(word)
        )

    def _is_first_name_of_other(self, written: Word, entity: int) -> bool:
        """Return whether a word rather names a friend than a little-known film: "ben's bored"."""
        is_first_name = written.normalized.removesuffix('s') in self.index.first_names and (
            written.is_possessive or not written.is_capitalized
        )
        return (
            is_first_name
            and self.index.is_item(entity)
            and bool(self.index.popularity)
            and self.index.popularity.get(entity, 0) < _WELL_KNOWN
            and entity not in self.prefer
        )

    def _is_coined(self, written: Word, word: str, entity: int) -> bool:
        """Return whether a word is in no dictionary and no name of a person, but in a title: "ragnarok"."""
        is_exact = written.normalized == word and len(word) >= _MIN_LETTERS_COINED and not is_english(word)
        return is_exact and self.index.is_item(entity) and word not in self.index.first_names

    def may_be_surname(self, written: Word, key: Key) -> bool:
        """Return whether a word between "with" and "movies" may be a surname: "hanks", "Short", but not "short".

        The everyday word "cruise" may be one where a name ends: "anything with cruise?", but not "with cruise ships".
        """
        if self.index.is_nickname(key) or (self.index.names_star(key) and _ENDS_NAME.match(self.text, written.end)):
            return True
        may_be_everyday = is_common(key[0]) or is_everyday(key[0])
        return not may_be_everyday or (not self.ignores_capitals and has_capitals([written]))

    def _follows_other_first_name(self, first: int, person: int, links: Sequence[Link]) -> bool:
        """Return whether the first name of somebody else stands directly before a surname."""
        before = self._capital_before(first) or self._first_name_before(first)
        return (
            before is not None
            and not is_common(before.normalized)
            and before.normalized not in ALWAYS_CAPITALIZED
            and not is_frequent(before.normalized, _MAX_RANK_OF_BASIC)
            and before.normalized not in {each for form in self.index.titles[person].forms for each in form.content}
            and not self.index.bearers((before.normalized,), True)
            and not any(link.start <= before.start < link.end for link in links)
        )

    def _first_name_before(self, first: int) -> Word | None:
        """Return the word directly before a word if people of the catalogue have it as their first name."""
        before = self.content[first - 1] if first else None
        if before is None or self.text[before.end : self.content[first].start] != ' ':
            return None
        return before if before.normalized in self.index.first_names else None

    def _follows_first_name(self, first: int) -> bool:
        """Return whether a capitalized first name stands directly before a capitalized word."""
        before = self._capital_before(first)
        return (
            before is not None
            and self.content[first].is_capitalized
            and before.normalized in self.index.first_names
            and not is_frequent(before.normalized, _MAX_RANK_OF_BASIC)
        )

    def _capital_before(self, first: int) -> Word | None:
        """Return the word directly before a word, if its capital does not come from the start of a sentence."""
        if not first or self.ignores_capitals:
            return None
        before, word = self.content[first - 1], self.content[first]
        is_direct = self.text[before.end : word.start] == ' '
        return before if is_direct and before.is_capitalized and not before.starts_sentence else None

    def _starts_longer_name(self, end: int) -> bool:
        """Return whether a word follows directly that may be the surname after a first name."""
        if end == len(self.content) or self.text[self.content[end - 1].end : self.content[end].start] != ' ':
            return False
        following = self.content[end]
        if (self.content[end - 1].normalized, following.normalized) in _PLACES_OF_TWO_WORDS:
            return True
        if (following.normalized,) in self.index:
            return False
        is_name = following.is_capitalized and not self.ignores_capitals
        return is_name or (
            following.normalized.isalpha()
            and not is_english(following.lower.removesuffix('s'))
            and len(following.lower) > 4
        )
