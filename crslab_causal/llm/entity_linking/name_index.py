"""An index of names by their words: full names, parts of film titles, and surnames.

**Parts of titles** stand for a film if no entity has them as its name: each side of a colon, a dash or an "and"
("Kill Bill", "Fury Road", "Temple of Doom"), the first words, if only one title starts with them ("Eternal
Sunshine"), and a single rare word that no other name has ("Shawshank"). The last two kinds need a popular film. A part
that several films share stands for the earliest one ("Harry Potter"). If that is far more popular than a film of
exactly this name, it takes the name.

**Surnames** stand for the person who is by far the most popular one of that name ("DiCaprio"). ``nicknames.txt`` lists
nicknames and common misspellings ("Leo", "the Rock").
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Collection, Iterator, Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

from crslab_causal.llm.entity_linking.english import is_english, is_frequent
from crslab_causal.llm.entity_linking.spelling import count_edits, means_everyday_word
from crslab_causal.llm.entity_linking.titles import PART_WORDS, Title, parse_title
from crslab_causal.llm.entity_linking.words import (
    COMMON_WORDS,
    FILM_TALK,
    FILM_WORDS,
    SENTENCE_END,
    SMALL_WORDS,
    Word,
    is_common,
)

Key = tuple[str, ...]
"""The normalized words of a name."""

_GENRES = frozenset(
    'comedy horror thriller drama romance mystery documentary western musical fantasy adventure action '
    'animation superhero science fiction'.split()
)
_MIN_LETTERS = 5
"""Minimum number of letters of a word that may have one wrong letter."""
_MIN_LETTERS_TWO_EDITS = 8
"""Minimum number of letters of a word that may have two wrong letters."""
_MIN_LETTERS_ALONE = 8
"""Minimum number of letters of a misspelled word that is a whole name, whatever else it may mean."""
_WELL_KNOWN, _OBSCURE = 20, 1
"""Minimum popularity of a well-known film, and maximum popularity of an obscure one."""
_MIN_LETTERS_OF_NAME, _MIN_LETTERS_OF_LONG_NAME = 10, 15
"""Minimum number of letters of a full name that may have two wrong ones, and three."""
_MIN_LETTERS_RARE = 6
"""Minimum number of letters of a single word that stands for a title."""
_MIN_RANK_RARE = 10_000
"""Minimum rank, by frequency, of a word that is called rare."""
_MIN_POPULARITY = 5
"""Minimum popularity of a film that can be named by the first words or a rare word of its title."""
_DOMINANCE = 2
"""Minimum ratio between the popularity of a person and that of the next person with the same surname."""
_MIN_SHARE_OF_STAR = 0.02
"""Popularity, as a share of that of the most popular person, from which a surname needs no mark."""
_SHARE_OF_OBSCURE = 0.005
"""Popularity, as a share of that of the most popular person, below which a surname alone names nobody."""
_OVERSHADOWED = 10
"""Minimum ratio at which a film whose title starts with a name takes the name from a less popular film of exactly this
name."""
_INITIALS = re.compile(r'(?:<.*/)?(?:[A-Z]\.){2,}')
"""Initials at the start of a title: "E.T. the Extra-Terrestrial"."""
_INNER_CAPITAL = re.compile(
    r'(?<=\b(?:De|Di|Du|Da|La|Le|Mc))(?=[A-Z][a-z]{2,}$)|(?<=\b(?:Del|Van|Von|Mac))(?=[A-Z][a-z]{2,}$)'
)
"""Place of the missing space in a surname such as "DiCaprio"."""
_PARTICLE = re.compile(r'\s(?P<particle>(?i:De|Del|Di|Du|Da|La|Le|Mc|Mac|Van|Von))\s(?P<surname>[A-Z][a-z]{2,})$')
"""A particle and the rest of a surname, as in "De Niro"."""
_NAME_SUFFIXES = frozenset('jr sr 2 3 4 5'.split())


class NameIndex:
    """An index of entities by the normalized words of their names.

    Args:
        names: URI or name of each entity.
        items: ids of the catalogue's items.
        popularity: popularity of each entity; 0 if it is missing.
        people: ids of the entities that surnames may name.
        partial: whether parts of titles name items.
    """

    def __init__(
        self,
        names: Mapping[int, str],
        items: Collection[int],
        popularity: Mapping[int, float],
        people: Collection[int],
        partial: bool,
    ):
        self.titles: dict[int, Title] = {entity: parse_title(name) for entity, name in names.items()}
        self.items, self.people, self.popularity = frozenset(items), frozenset(people), popularity
        # DBpedia has some people twice: Brad_Pitt, Brad_Pitt__1
        self.copies = {entity for entity, name in names.items() if re.search(r'__\d+>?$', name)}
        self._exact: dict[Key, list[int]] = defaultdict(list)
        self._partial: dict[Key, list[int]] = defaultdict(list)
        self._surnames: dict[Key, list[int]] = {}
        self._with_article: set[Key] = set()
        self._nicknames: set[Key] = set()
        self._short: set[Key] = set()
        self._most = max(map(self._popularity_of, people), default=0.0)
        self._names_of_stars: dict[str, dict[str, int]] = defaultdict(dict)
        """Full names of the people who are not obscure, by their first letter."""
        self.unambiguous: set[Key] = set()
        """Keys that need no mark of a title although they consist of common words."""
        self.multi_sentence: set[Key] = set()
        """Keys of names with punctuation that ends a sentence."""
        self.weak: set[Key] = set()
        """Keys of one word that is only a part of a name. They always need a mark of a title."""
        self.genres: dict[Key, set[int]] = defaultdict(set)
        """Genres by the keys that name a genre."""
        for entity in sorted(names):
            self._add_name(entity, names[entity])
        self.first_names = {
            form.content[0] for person in people for form in self.titles[person].forms[:1] if form.content
        }
        """First words of the names of people."""
        self._add_genre_aliases()
        name_words = {word for person in people for form in self.titles[person].forms for word in form.content}
        if partial:
            self._add_parts(names, name_words)
            self._add_short_titles()
        self._add_surnames(people)
        self._add_spacings({person: names[person] for person in people})
        keys = [*self._exact, *self._partial, *self._surnames]
        self.prefixes = {key[:n] for key in keys for n in range(1, len(key) + 1)}
        self._words = {word for key in keys for word in key}
        self._popularity_of_word: dict[str, float] = {}
        """Popularity of the most popular entity whose name has a word, for each word."""
        self._note_popularity_of_words()
        self._words_by_shape: dict[tuple[str, int], list[str]] = defaultdict(list)
        """Words of names by first letter and length, sorted."""
        for word in sorted(self._words):
            self._words_by_shape[word[0], len(word)].append(word)

    def __contains__(self, key: Key) -> bool:
        return key in self._exact or key in self._partial or key in self._surnames

    def entities(self, key: Key) -> list[int]:
        """Return the entities that a key names."""
        exact, partial = self._exact.get(key, []), self._partial.get(key, [])[:1]
        if key in self._short and max(map(self._popularity_of, exact), default=0) <= self._popularity_of(partial[0]):
            return partial + exact
        if exact and partial and self.items.issuperset(exact):
            best, other = (max(map(self._popularity_of, entities)) for entities in (exact, partial))
            if other > _OVERSHADOWED * (best + 1):
                return partial + exact
        bearer = self._surnames.get(key)
        if exact and bearer and self.items.issuperset(exact):
            best = max(map(self._popularity_of, exact))
            if self._popularity_of(bearer[0]) > _OVERSHADOWED * (best + 1):
                return bearer + exact
        return exact or self._surnames.get(key, []) or partial

    def bearers(self, key: Key, has_article: bool) -> list[int]:
        """Return the person whom a surname or a nickname names; empty if there is none.

        Args:
            key: words of the name.
            has_article: whether an article precedes it. "The Rock" is a nickname, and "rock" is not.
        """
        return self._surnames.get(key, []) if has_article or key not in self._with_article else []

    def is_nickname(self, key: Key) -> bool:
        """Return whether ``nicknames.txt`` lists a name."""
        return key in self._nicknames

    def is_obscure_person(self, person: int) -> bool:
        """Return whether a person is far less popular than the stars of the catalogue."""
        return person in self.popularity and self.popularity[person] < _SHARE_OF_OBSCURE * self._most

    def similar_person(self, written: str) -> int | None:
        """Return the best-known person whose full name differs in one or two letters; None if there is none.

        Args:
            written: first name and surname in lower case.
        """
        names = self._names_of_stars.get(written[:1], {})
        max_edits = 1 + (len(written) >= _MIN_LETTERS_OF_NAME) + (len(written) >= _MIN_LETTERS_OF_LONG_NAME)
        found = process.extract(written, list(names), scorer=OSA.distance, score_cutoff=max_edits, limit=5)
        close = [(edits, -self._popularity_of(names[name]), names[name]) for name, edits, _ in found]
        return min(close)[2] if close else None

    def is_item(self, entity: int) -> bool:
        """Return whether an entity is an item. Without a list of items, every entity counts as one."""
        return not self.items or entity in self.items

    def is_partial(self, key: Key) -> bool:
        """Return whether a key is only a part of names."""
        return key not in self._exact

    def spellings(self, word: Word) -> dict[str, int]:
        """Return the words of names that a word may mean, with the number of wrong letters.

        Only a word that is not in the dictionary may be misspelled. If nothing matches, the word itself is returned.
        """
        normalized = word.normalized
        is_obscure = bool(self.popularity) and self._popularity_of_word.get(normalized, math.inf) <= _OBSCURE
        stem = [normalized[:-1]] if word.is_possessive and normalized[:-1] in self._words else []
        if (
            stem
            or (normalized in self._words and not is_obscure)
            or normalized in COMMON_WORDS
            or len(normalized) < _MIN_LETTERS
            or not normalized.isalpha()
            or is_english(normalized)
        ):
            return dict.fromkeys([normalized, *stem], 0)
        similar = [
            other for n in (-1, 0, 1) for other in self._words_by_shape.get((normalized[0], len(normalized) + n), [])
        ]
        max_edits = 1 + (len(normalized) >= _MIN_LETTERS_TWO_EDITS)
        found = process.extract(normalized, similar, scorer=OSA.distance, score_cutoff=2, limit=8)
        edits = {other: count_edits(normalized, other) for other, _, _ in found if other[-1] == normalized[-1]}
        edits = {other: n for other, n in edits.items() if n <= max_edits and other != normalized}
        if is_obscure:  # "Shreck" is a film, but it rather means "Shrek"
            edits = {
                other: n
                for other, n in edits.items()
                if n == 1 and self._popularity_of_word.get(other, 0) >= _WELL_KNOWN
            }
            return {normalized: 0} | edits
        return dict(sorted(edits.items(), key=lambda pair: pair[1])[:4]) or {normalized: 0}

    def may_be_misspelled_alone(self, key: Key, written: str) -> bool:
        """Return whether a misspelled word may stand for a whole name: it is long, or it can mean nothing else."""
        best = max(map(self._popularity_of, self.entities(key)), default=0)
        is_well_known = best >= _WELL_KNOWN or not self.popularity
        if not is_well_known and self.people.issuperset(self.entities(key)):
            return False  # "Philomena" is a film that the catalogue lacks, and not the actress Philomina
        if len(written) >= _MIN_LETTERS_ALONE:
            return True
        return best >= _WELL_KNOWN and len(key[0]) >= _MIN_LETTERS and not means_everyday_word(written, key[0])

    def _add_name(self, entity: int, name: str) -> None:
        for form in self.titles[entity].forms:
            key = tuple('film' if word in FILM_WORDS and form.content[1:] else word for word in form.content)
            self._exact[key].append(entity)
            if '-' in name or '/' in name.rpartition('resource/')[2]:
                self._exact[''.join(key),].append(entity)  # "spiderman", "faceoff"
                joined = parse_title(name.replace('-', '')).forms[:1]
                if joined and len(joined[0].content) > 1 and joined[0].content != key:
                    self._exact[joined[0].content].append(entity)  # "spiderman homecoming"
            if form.literal[-1] == 'film' and len(key) > 1:
                self.unambiguous.add(key)  # "family film" needs no mark, although both words are common
            if SENTENCE_END.search(name.rpartition('/')[2].rstrip('.!?>')):
                self.multi_sentence.add(key)

    def _add_genre_aliases(self) -> None:
        """Add short names of genres, such as "comedy" and "comedies" for "Comedy film"."""
        for key in list(self._exact):
            stem = key[:-1] if key[-1] == 'film' else key
            if stem and _GENRES.issuperset(stem) and (genres := set(self._exact[key]) - self.items):
                plural = stem[-1][:-1] + 'ies' if stem[-1].endswith('y') else stem[-1] + 's'
                for alias in (stem, (*stem[:-1], plural)):
                    self.genres[alias] |= genres
                    self._exact[alias] += genres
                    self.unambiguous.add(alias)

    def _add_parts(self, names: Mapping[int, str], name_words: Collection[str]) -> None:
        items = sorted(self.items & names.keys(), key=lambda item: (self.titles[item].year or 9999, item))
        keys = {item: self.titles[item].forms[0].content for item in items if self.titles[item].forms}
        starts = Counter(key[:n] for key in set(keys.values()) for n in range(1, len(key)))
        holders = Counter(word for key in set(keys.values()) for word in set(key))
        for item, key in keys.items():
            for n, form in enumerate(self.titles[item].parts):
                part = form.content
                is_plain = part[0] in PART_WORDS or all(word.isdigit() for word in part)
                # a single word behind a colon is often not a name, as in "...: Sequel"
                if not is_plain and (n == 0 or len(part) > 1 or _is_rare(part[0])):
                    self._add_part(part, item, weak=len(part) == 1)
            if len(key) > 1 and _INITIALS.match(names[item]):
                self._add_part(key[:1], item, weak=True)
            for part in _around_and(key, starts):
                self._add_part(part, item)
            if self._popularity_of(item) < _MIN_POPULARITY:
                continue
            for n in range(2, len(key)):
                start = key[:n]
                if starts[start] == 1 and start[-1] not in SMALL_WORDS and _is_distinctive(start):
                    self._add_part(start, item)
            for word in key if len(key) > 1 else ():
                is_unique = holders[word] == 1 and word not in name_words
                if is_unique and len(word) >= _MIN_LETTERS_RARE and _is_rare(word):
                    self._add_part((word,), item, weak=True)

    def _add_part(self, part: Key, item: int, weak: bool = False) -> None:
        if item not in self._partial[part]:
            self._partial[part].append(item)
        if weak:
            self.weak.add(part)

    def _add_surnames(self, people: Collection[int]) -> None:
        bearers: dict[str, list[int]] = defaultdict(list)
        for person in people:
            if person in self.copies:
                continue
            for form in self.titles[person].forms[:1]:
                words = [word for word in form.content if word not in _NAME_SUFFIXES]
                if len(words) > 1 and len(words[-1]) > 2:
                    bearers[words[-1]].append(person)
        for surname, persons in bearers.items():
            first, *others = sorted(persons, key=lambda person: (-self._popularity_of(person), person))
            if not others or self._popularity_of(first) >= _DOMINANCE * self._popularity_of(others[0]):
                self._surnames[surname,] = [first]
                is_known = first not in self.popularity or self._popularity_of(first) >= _MIN_SHARE_OF_STAR * self._most
                (self.weak.discard if _is_rare(surname) and is_known else self.weak.add)((surname,))
        by_name: dict[Key, int] = {}
        for person in sorted(set(people) - self.copies, key=lambda person: (self._popularity_of(person), -person)):
            by_name.update((form.content, person) for form in self.titles[person].forms[:1])
        self._add_first_names(by_name)
        for key, person in by_name.items():
            if self._popularity_of(person) >= _MIN_POPULARITY and len(key) > 1:
                self._names_of_stars[key[0][0]][' '.join(key)] = person
        for nickname, name, has_article in reversed(_nicknames()):
            if name in by_name and nickname not in by_name:  # "Coen brothers" may be an entity of its own
                self._surnames[nickname] = [by_name[name]]
                self._nicknames.add(nickname)
                if has_article:
                    self._with_article.add(nickname)

    def _add_spacings(self, names: Mapping[int, str]) -> None:
        """Add surnames with a particle, written with and without a space: "Di Caprio", "Deniro"."""
        for person, name in sorted(names.items(), key=lambda item: (-self._popularity_of(item[0]), item[0])):
            for spelled, n_words in _spacings(name):
                key = parse_title(spelled).forms[0].content
                bearer = self._surnames.get(key[-1:]) or self._surnames.get((''.join(key[-n_words:]),))
                if key not in self._exact:
                    self._surnames.setdefault(key, [person])
                if bearer in (None, [person]) and key[-n_words:] not in self._exact:
                    self._surnames.setdefault(key[-n_words:], [person])

    def _add_short_titles(self) -> None:
        """Add the abbreviations of titles in ``short_titles.txt``, such as "T2"."""
        for short, title in _pairs('short_titles.txt'):
            films = [film for film in self._exact.get(title, []) if film in self.items]
            if films:
                best = max(films, key=lambda film: (self._popularity_of(film), -film))
                self._partial[short].insert(0, best)
                self._short.add(short)

    def _add_first_names(self, by_name: Mapping[Key, int]) -> None:
        """Add names with another form of the first name: "Dan Radcliffe" for Daniel Radcliffe."""
        forms = _first_names()
        for key, person in by_name.items():
            for form in forms.get(key[0], ()) if len(key) > 1 else ():
                longer = (form, *key[1:])
                others = self._surnames.get(longer, [])
                if longer not in self._exact and all(
                    self._popularity_of(other) < self._popularity_of(person) for other in others
                ):
                    self._surnames[longer] = [person]

    def _note_popularity_of_words(self) -> None:
        known = self._popularity_of_word
        for key, entities in (*self._exact.items(), *self._surnames.items()):
            best = max(map(self._popularity_of, entities))
            for word in key:
                known[word] = max(known.get(word, 0.0), best)

    def _popularity_of(self, entity: int) -> float:
        return self.popularity.get(entity, 0)


@functools.cache
def _nicknames() -> list[tuple[Key, Key, bool]]:
    """Return the keys of the nicknames, each with the key of the person's name, and whether it has an article."""
    return [(*keys, line.startswith('the ')) for keys, line in zip(_pairs('nicknames.txt'), _lines('nicknames.txt'))]


@functools.cache
def _pairs(file: str) -> list[tuple[Key, Key]]:
    """Return the pairs of keys that the lines of a file name."""
    pairs = [line.split('\t') for line in _lines(file)]
    return [(parse_title(short).forms[0].content, parse_title(name).forms[0].content) for short, name in pairs]


def _lines(file: str) -> list[str]:
    lines = Path(__file__).with_name(file).read_text('utf-8').splitlines()
    return [line for line in lines if line and not line.startswith('#')]


@functools.cache
def _first_names() -> dict[str, list[str]]:
    """Return the other forms of each first name."""
    groups = [line.split() for line in _lines('first_names.txt')]
    forms: dict[str, list[str]] = defaultdict(list)
    for group in groups:
        for name in group:
            forms[name] += [other for other in group if other != name]
    return forms


def _spacings(name: str) -> Iterator[tuple[str, int]]:
    """Yield other spellings of a name whose surname has a particle, each with the number of words of the surname.

    Args:
        name: URI or name of a person.
    """
    plain = name.strip('<>').rpartition('/')[2].replace('_', ' ')
    if (apart := _INNER_CAPITAL.sub(' ', plain)) != plain:
        yield apart, 2
    if match := _PARTICLE.search(plain):
        yield plain, 2
        yield f'{plain[: match.end("particle")]}{match["surname"].lower()}', 1


def _is_rare(word: str) -> bool:
    return word.isalpha() and word not in FILM_TALK and not is_frequent(word, _MIN_RANK_RARE)


def _is_distinctive(start: Key) -> bool:
    """Return whether the first words of a title are not an everyday phrase."""
    return any(map(_is_rare, start)) or not any(is_common(word, in_phrase=True) for word in start)


def _around_and(key: Key, starts: Mapping[Key, int]) -> Iterator[Key]:
    """Yield both sides of an "and" in a title that shares its beginning with other titles: "Indiana Jones and ..."."""
    for n, word in enumerate(key):
        if word == 'and' and n > 1 and starts[key[:n]] > 1 and len(key) - n > 2:
            yield key[:n]
            yield key[n + 1 :]
