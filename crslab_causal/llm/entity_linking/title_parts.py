"""Parts of film titles that stand for a film if no entity has them as its name.

These parts are: each side of a colon, a dash or an "and" ("Kill Bill", "Fury Road", "Temple of Doom"), the first words,
if only one title starts with them ("Eternal Sunshine"), and a single rare word ("Shawshank"). The last two kinds need a
popular film. A rare word stands for the film that is far more popular than all other films and people with this word in
their names ("Nemo").
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Collection, Iterator, Mapping, NamedTuple

from crslab_causal.llm.entity_linking.english import is_english, is_frequent
from crslab_causal.llm.entity_linking.titles import PART_WORDS, Title
from crslab_causal.llm.entity_linking.words import FILM_TALK, SMALL_WORDS, is_common

Key = tuple[str, ...]
"""The normalized words of a name."""

_MIN_LETTERS_RARE = 4
"""Minimum number of letters of a single word that stands for a title."""
_MIN_LETTERS_UNKNOWN = 5
"""Minimum number of letters of a word that is not English, and stands for the title of a little-known film."""
_MIN_RANK_RARE = 10_000
"""Minimum rank, by frequency, of a word that is called rare."""
_MIN_POPULARITY = 5
"""Minimum popularity of a film that can be named by the first words or a rare word of its title."""
_WELL_KNOWN = 20
"""Minimum popularity of a film that can be named by common words before a preposition."""
_DOMINANCE = 5
"""Minimum ratio between the popularity of a film and that of the next film with the same rare word, plus one."""
_DOMINANCE_OF_PEOPLE = 2
"""Minimum ratio between the popularity of a film and that of a person whose name has the same rare word."""
_INITIALS = re.compile(r'(?:<.*/)?(?:[A-Z]\.){2,}')
"""Initials at the start of a title: "E.T. the Extra-Terrestrial"."""


class TitlePart(NamedTuple):
    """A part of a title."""

    key: Key
    item: int
    is_weak: bool = False
    """Whether the part always needs a mark of a title."""


def parts_of_titles(
    names: Mapping[int, str],
    titles: Mapping[int, Title],
    items: Collection[int],
    popularity: Mapping[int, float],
    words_of_people: Mapping[str, float],
) -> Iterator[TitlePart]:
    """Yield the parts of titles, those of early films first.

    Args:
        names: URI or name of each entity.
        titles: title of each entity.
        items: ids of the catalogue's items.
        popularity: popularity of each entity; 0 if it is missing.
        words_of_people: words of the names of people, each with the popularity of the most popular person.
    """
    in_order = sorted(frozenset(items) & names.keys(), key=lambda item: (titles[item].year or 9999, item))
    keys = {item: titles[item].forms[0].content for item in in_order if titles[item].forms}
    starts = Counter(key[:n] for key in set(keys.values()) for n in range(1, len(key)))
    for item, key in keys.items():
        for n, form in enumerate(titles[item].parts):
            part = form.content
            is_plain = part[0] in PART_WORDS or all(word.isdigit() for word in part)
            # a single word behind a colon is often not a name, as in "...: Sequel"
            if not is_plain and (n == 0 or len(part) > 1 or is_rare(part[0])):
                yield TitlePart(part, item, is_weak=len(part) == 1)
        if len(key) > 1 and _INITIALS.match(names[item]):
            yield TitlePart(key[:1], item, is_weak=True)
        for part in _around_and(key, starts):
            yield TitlePart(part, item)
        for n in range(2, len(key) if popularity.get(item, 0) >= _MIN_POPULARITY else 0):
            start = key[:n]
            if starts[start] > 1 or start[-1] in SMALL_WORDS:
                continue
            if _is_distinctive(start):
                yield TitlePart(start, item)
            elif key[n] in SMALL_WORDS and popularity.get(item, 0) >= _WELL_KNOWN:
                yield TitlePart(start, item, is_weak=True)  # "No Country" for "No Country for Old Men"
    yield from _rare_words(names, keys, popularity, words_of_people)


def is_rare(word: str) -> bool:
    """Return whether a word is neither frequent in English nor usual in talk about films."""
    return word.isalpha() and word not in FILM_TALK and not is_frequent(word, _MIN_RANK_RARE)


def _rare_words(
    names: Mapping[int, str],
    keys: Mapping[int, Key],
    popularity: Mapping[int, float],
    words_of_people: Mapping[str, float],
) -> Iterator[TitlePart]:
    """Yield the rare words that stand for the film whose title has them."""
    holders: dict[str, set[int]] = defaultdict(set)
    for item, key in keys.items():
        for word in set(key):
            holders[word].add(item)
            owner = word.removesuffix('s')
            if owner != word and f"{owner}'s" in names[item].lower():
                holders[owner].add(item)  # "Schindler" for "Schindler's List"
    for word, films in holders.items():
        if len(word) < _MIN_LETTERS_RARE or not is_rare(word):
            continue
        first, *others = sorted(films, key=lambda item: (-popularity.get(item, 0), item))
        best = popularity.get(first, 0)
        is_first = not others or best >= _DOMINANCE * (1 + popularity.get(others[0], 0))
        is_film = word not in words_of_people or best >= _DOMINANCE_OF_PEOPLE * (1 + words_of_people[word])
        is_known = best >= _MIN_POPULARITY or (len(word) >= _MIN_LETTERS_UNKNOWN and not is_english(word))
        if is_first and is_film and is_known and len(keys[first]) > 1:
            yield TitlePart((word,), first, is_weak=True)


def _is_distinctive(start: Key) -> bool:
    """Return whether the first words of a title are not an everyday phrase."""
    return any(map(is_rare, start)) or not any(is_common(word, in_phrase=True) for word in start)


def _around_and(key: Key, starts: Mapping[Key, int]) -> Iterator[Key]:
    """Yield both sides of an "and" in a title that shares its beginning with other titles: "Indiana Jones and ..."."""
    for n, word in enumerate(key):
        if word == 'and' and n > 1 and starts[key[:n]] > 1 and len(key) - n > 2:
            yield key[:n]
            yield key[n + 1 :]
