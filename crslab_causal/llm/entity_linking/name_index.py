"""An index of names by their words: full names, parts of film titles, surnames and rare first names.

:mod:`.title_parts` lists the parts of titles that stand for a film ("Kill Bill", "Nemo"). A part that several films
share stands for the earliest one ("Harry Potter"). If that is far more popular than a film of exactly this name, it
takes the name.

**Surnames** stand for the person who is by far the most popular one of that name ("DiCaprio"), and so do the rare
first names of stars ("Keanu"). :mod:`.person_names` knows other forms of the names of people.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import Collection, Iterable, Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

from crslab_causal.llm.entity_linking.english import is_english, is_frequent
from crslab_causal.llm.entity_linking.person_names import nicknames, other_first_names, pairs_of_names, spacings
from crslab_causal.llm.entity_linking.spelling import count_edits, means_everyday_word
from crslab_causal.llm.entity_linking.title_parts import Key, is_rare, parts_of_titles
from crslab_causal.llm.entity_linking.titles import Title, parse_title
from crslab_causal.llm.entity_linking.words import COMMON_WORDS, FILM_WORDS, SENTENCE_END, Word

_GENRES = frozenset(
    'comedy horror thriller drama romance mystery documentary western musical fantasy adventure action '
    'animation superhero science fiction'.split()
)
_MIN_LETTERS = 5
"""Minimum number of letters of a word that may have one wrong letter."""
_MIN_LETTERS_LOOSE = 3
"""Minimum number of letters of a word of the dictionary that may stand for another one."""
_N_KNOWN = 10_000
"""Number of the most frequent words of the language. Other words are rare."""
_MIN_LETTERS_TWO_EDITS = 8
"""Minimum number of letters of a word that may have two wrong letters."""
_MIN_LETTERS_ALONE = 8
"""Minimum number of letters of a misspelled word that is a whole name, whatever else it may mean."""
_WELL_KNOWN, _OBSCURE = 20, 1
"""Minimum popularity of a well-known film, and maximum popularity of an obscure one."""
_MIN_LETTERS_OF_NAME, _MIN_LETTERS_OF_LONG_NAME = 10, 15
"""Minimum number of letters of a full name that may have two wrong ones, and three."""
_MIN_POPULARITY = 5
"""Minimum popularity of a person whose misspelled full name is recognized."""
_DOMINANCE = 2
"""Minimum ratio between the popularity of a person and that of the next person with the same surname."""
_MIN_SHARE_OF_STAR = 0.02
"""Popularity, as a share of that of the most popular person, from which a surname needs no mark."""
_SHARE_OF_OBSCURE = 0.005
"""Popularity, as a share of that of the most popular person, below which a surname alone names nobody."""
_DOMINANCE_OF_FIRST_NAME = 5
"""Minimum ratio between the popularity of a person and that of the next person with the same first name, plus one."""
_MIN_SHARE_OF_FIRST_NAME = 0.07
"""Popularity, as a share of that of the most popular person, from which a rare first name stands for a person."""
_MIN_RANK_OF_FIRST_NAME = 30_000
"""Minimum rank, by frequency, of a first name that stands for a star. Many other people have a more frequent name."""
_MAX_RANK_OF_STAR = 2500
"""Rank, by frequency, up to which a word without a capital is no surname, even of a star: "black", "stone"."""
_PLACES = frozenset(('cuba',))
"""First names of stars that rather mean a place."""
_OVERSHADOWED = 10
"""Minimum ratio at which a film whose title starts with a name takes the name from a less popular film of exactly this
name."""
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
        if partial:
            name_words: dict[str, float] = {}
            for person in people:
                for word in {word for form in self.titles[person].forms for word in form.content}:
                    name_words[word] = max(name_words.get(word, 0.0), self._popularity_of(person))
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
        self._loose: dict[str, list[str]] = {}
        """Results of :meth:`loose_spellings` by word."""

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
        bearer = self._surnames.get(key, [])
        if exact and bearer and self.items.issuperset(exact):
            best = max(map(self._popularity_of, exact))
            if self._popularity_of(bearer[0]) > _OVERSHADOWED * (best + 1):
                return bearer + exact
        if partial and bearer and self._popularity_of(partial[0]) >= _DOMINANCE * (1 + self._popularity_of(bearer[0])):
            return exact or partial  # "Forrest" means Forrest Gump rather than Frederic Forrest
        return exact or bearer or partial

    def bearers(self, key: Key, has_article: bool) -> list[int]:
        """Return the person whom a surname or a nickname names; empty if there is none.

        Args:
            key: words of the name.
            has_article: whether an article precedes it. "The Rock" is a nickname, and "rock" is not.
        """
        return self._surnames.get(key, []) if has_article or key not in self._with_article else []

    def names_star(self, key: Key) -> bool:
        """Return whether a surname names one of the most popular people."""
        best = max(map(self._popularity_of, self._surnames.get(key, [])), default=0.0)
        return best >= _MIN_SHARE_OF_FIRST_NAME * self._most > 0 and not is_frequent(key[0], _MAX_RANK_OF_STAR)

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
        edits = {
            other: count_edits(normalized, other)
            for other, _, _ in found
            # "goslin" for "gosling", "figth" for "fight"
            if other[-1] == normalized[-1] or other[:-1] == normalized or sorted(other) == sorted(normalized)
        }
        edits = {other: n for other, n in edits.items() if n <= max_edits and other != normalized}
        if is_obscure:  # "Shreck" is a film, but it rather means "Shrek"
            edits = {
                other: n
                for other, n in edits.items()
                if n == 1 and self._popularity_of_word.get(other, 0) >= _WELL_KNOWN
            }
            return {normalized: 0} | edits
        return dict(sorted(edits.items(), key=lambda pair: pair[1])[:4]) or {normalized: 0}

    def loose_spellings(self, word: Word) -> list[str]:
        """Return the rare words of names that differ in one letter from a word of the dictionary: "Forrest", "forest".

        Such a word stands for the name only beside another rare word of the name, see :meth:`has_rare_word`.
        """
        written = word.normalized
        if written not in self._loose:
            self._loose[written] = self._find_loose_spellings(written)
        return self._loose[written]

    def _find_loose_spellings(self, written: str) -> list[str]:
        if len(written) < _MIN_LETTERS_LOOSE or not is_english(written) or written in COMMON_WORDS:
            return []
        shapes = ((written[0], len(written) + n) for n in (-1, 0, 1))
        similar = [other for shape in shapes for other in self._words_by_shape.get(shape, [])]
        found = process.extract(written, similar, scorer=OSA.distance, score_cutoff=1, limit=None)
        return [other for other, _, _ in found if other != written and not is_frequent(other, _N_KNOWN)]

    def has_rare_word(self, key: Key, written: Iterable[str]) -> bool:
        """Return whether a written word that is rare is also a word of a name.

        Args:
            key: words of the name.
            written: the written words.
        """
        return any(word == other and not is_frequent(word, _N_KNOWN) for word, other in zip(key, written))

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

    def _add_parts(self, names: Mapping[int, str], name_words: Mapping[str, float]) -> None:
        for part in parts_of_titles(names, self.titles, self.items, self.popularity, name_words):
            if part.item not in self._partial[part.key]:
                self._partial[part.key].append(part.item)
            if part.is_weak:
                self.weak.add(part.key)

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
                (self.weak.discard if is_rare(surname) and is_known else self.weak.add)((surname,))
        self._add_first_names(people)
        by_name: dict[Key, int] = {}
        for person in sorted(set(people) - self.copies, key=lambda person: (self._popularity_of(person), -person)):
            by_name.update((form.content, person) for form in self.titles[person].forms[:1])
        self._add_other_first_names(by_name)
        for key, person in by_name.items():
            if self._popularity_of(person) >= _MIN_POPULARITY and len(key) > 1:
                self._names_of_stars[key[0][0]][' '.join(key)] = person
        for nickname, name, has_article in reversed(nicknames()):
            if name in by_name and nickname not in by_name:  # "Coen brothers" may be an entity of its own
                self._surnames[nickname] = [by_name[name]]
                self._nicknames.add(nickname)
                if has_article:
                    self._with_article.add(nickname)

    def _add_spacings(self, names: Mapping[int, str]) -> None:
        """Add surnames with a particle, written with and without a space: "Di Caprio", "Deniro"."""
        for person, name in sorted(names.items(), key=lambda item: (-self._popularity_of(item[0]), item[0])):
            for spelled, n_words in spacings(name):
                key = parse_title(spelled).forms[0].content
                bearer = self._surnames.get(key[-1:]) or self._surnames.get((''.join(key[-n_words:]),))
                if key not in self._exact:
                    self._surnames.setdefault(key, [person])
                if bearer in (None, [person]) and key[-n_words:] not in self._exact:
                    self._surnames.setdefault(key[-n_words:], [person])

    def _add_short_titles(self) -> None:
        """Add the abbreviations of titles in ``short_titles.txt``, such as "T2"."""
        for short, title in pairs_of_names('short_titles.txt'):
            films = [film for film in self._exact.get(title, []) if film in self.items]
            if films:
                best = max(films, key=lambda film: (self._popularity_of(film), -film))
                self._partial[short].insert(0, best)
                self._short.add(short)

    def _add_first_names(self, people: Collection[int]) -> None:
        """Add the rare first names of stars, such as "Keanu"."""
        bearers: dict[str, list[int]] = defaultdict(list)
        for person in set(people) - self.copies:
            for form in self.titles[person].forms[:1]:
                name = form.content[0]
                if len(form.content) > 1 and len(name) > 2 and not is_frequent(name, _MIN_RANK_OF_FIRST_NAME):
                    bearers[name].append(person)
        for first_name, persons in bearers.items():
            first, *others = sorted(persons, key=lambda person: (-self._popularity_of(person), person))
            next_one = self._popularity_of(others[0]) if others else 0
            is_star = self._popularity_of(first) >= max(1, _MIN_SHARE_OF_FIRST_NAME * self._most)
            is_only_one = self._popularity_of(first) >= _DOMINANCE_OF_FIRST_NAME * (1 + next_one)
            if is_star and is_only_one and first_name not in _PLACES and (first_name,) not in self._surnames:
                self._surnames[first_name,] = [first]
                self.weak.add((first_name,))

    def _add_other_first_names(self, by_name: Mapping[Key, int]) -> None:
        """Add names with another form of the first name: "Dan Radcliffe" for Daniel Radcliffe."""
        forms = other_first_names()
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
