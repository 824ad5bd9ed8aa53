"""Links mentions in running text to entities: which entity, where, and whether the text rejects it.

Text and names are normalized by :mod:`.titles`: case, accents, articles, and ``2`` or ``II`` make no difference.
Where names overlap, the longest wins. A word that occurs in no name and is not a common word may be misspelled. It then
matches words of names at an edit distance of one (insertion, deletion, substitution or swap) with equal first and last
letters, if it has at least five letters ("ficton"), or eight if it is the whole name ("inceptoin"). At most half of a
longer name may be misspelled.

**Common words** can be titles ("It", "Get Out", "300"). A name of at most three words that are all common words or
numbers is linked only if one of these holds:

- It is in quotes, asterisks or underscores.
- A year in brackets follows it, or the entity's own year without brackets.
- All of its words except small ones are capitalized. The capital at the start of a sentence does not count, and
  neither do capitals in a text without any lower case.

**Years**: "It (1990)" links to an entity of that year, else to one without a year, else to one of a neighbouring year,
else to none.

:mod:`.negation` decides whether the text rejects a name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, Collection, Iterator, Mapping, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from crslab_causal.llm.entity_linking.negation import is_negated
from crslab_causal.llm.entity_linking.titles import ARTICLES, YEAR, Title, agreement, parse_title
from crslab_causal.llm.entity_linking.words import COMMON_WORDS, FILM_WORDS, SENTENCE_END, Word, read_words

_GENRES = frozenset(
    'comedy horror thriller drama romance mystery documentary western musical fantasy adventure action '
    'animation superhero science fiction'.split()
)
_SMALL_WORDS = frozenset('and as at by for from in is of on or the to with'.split())
_YEAR_AFTER_NAME = re.compile(
    rf'["”»’\'*_]*\s*(?:[(\[](?:[^()\[\]]*\D)?({YEAR})(?:\D[^()\[\]]*)?[)\]]|,?\s+({YEAR})\b)'
)
_QUOTES = tuple('"“”„«»\'‘’*_`')
_MIN_LETTERS = 5
"""Minimum length of a word that may be misspelled."""
_MIN_LETTERS_ALONE = 8
"""Minimum length of a misspelled word that is a whole name."""
_MAX_COMMON_WORDS = 3
"""A name of more common words than these needs no mark of a title."""

Key = tuple[str, ...]
"""Normalized words of a name."""


class Mention(NamedTuple):
    """A mention of an entity in a text: ``text[start:end]``, which includes a year after the name."""

    entity: int
    """Entity id."""
    start: int
    end: int
    negated: bool
    """Whether the text rejects the entity."""


class _Candidate(NamedTuple):
    """A part of a text that may be a name."""

    first: int
    """Index of its first content word."""
    end: int
    """Index after its last content word."""
    key: Key


class _Link(NamedTuple):
    """A linked part of a text."""

    first_word: int
    """Index of its first word."""
    end_word: int
    """Index after its last word."""
    entity: int
    end: int
    """End in the text, in characters, with a year after the name."""


class MentionLinker:
    """Finds mentions of entities in running text.

    If several entities share a name, the linker prefers, in this order: entities that the call prefers; a genre, if the
    name is that of a genre; items; names with an article, if the text has one; more popular entities; lower ids.

    Args:
        names: URI or name of each entity that can be linked. A year in the name distinguishes entities of one name.
        items: ids of the catalogue's items.
        popularity: popularity of each entity, for example its count in the training data; 0 if it is missing.
    """

    def __init__(
        self,
        names: Mapping[int, str],
        items: Collection[int] = (),
        popularity: Mapping[int, float] | None = None,
    ):
        self._titles = {entity: parse_title(name) for entity, name in names.items()}
        self._items, self._popularity = frozenset(items), popularity or {}
        # DBpedia has some people twice: Brad_Pitt, Brad_Pitt__1
        self._copies = {entity for entity, name in names.items() if re.search(r'__\d+>?$', name)}
        self._entities: defaultdict[Key, list[int]] = defaultdict(list)
        self._unambiguous: set[Key] = set()
        """Keys that need no mark of a title although they consist of common words."""
        self._multi_sentence: set[Key] = set()
        """Keys of names with punctuation that ends a sentence."""
        self._genres: defaultdict[Key, set[int]] = defaultdict(set)
        for entity in sorted(names):
            self._add_name(entity, names[entity])
        self._add_genre_aliases()
        self._entities.default_factory = None
        self._prefixes = {key[:n] for key in self._entities for n in range(1, len(key) + 1)}
        self._words = {word for key in self._entities for word in key}
        self._words_by_shape: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        """Words of names by first letter and length, sorted."""
        for word in sorted(self._words):
            self._words_by_shape[word[0], len(word)].append(word)

    def link(self, text: str, prefer: Collection[int] = ()) -> list[Mention]:
        """Return all mentions in ``text``, in order of appearance.

        Args:
            text: the text.
            prefer: entity ids that are preferred among entities of one name.
        """
        words = read_words(text)
        content_indices = [i for i, word in enumerate(words) if word.normalized not in ARTICLES]
        content = [words[i] for i in content_indices]
        is_all_caps = not any(text[word.start].islower() for word in words)
        is_taken = [False] * len(content)
        links: list[_Link] = []
        candidates = sorted(
            self._candidates(content), key=lambda candidate: (candidate.first - candidate.end, candidate.first)
        )
        for first, end, key in candidates:
            if any(is_taken[first:end]):
                continue
            first_word, end_character = content_indices[first], content[end - 1].end
            has_article = (
                first_word > 0
                and words[first_word - 1].normalized in ARTICLES
                and not words[first_word].starts_sentence
            )
            year = _YEAR_AFTER_NAME.match(text, end_character)
            entity, has_year = self._choose(key, year, has_article, prefer)
            if entity is None:
                continue
            if has_article and self._titles[entity].forms[0].literal[0] in ARTICLES:
                first_word -= 1
            if (
                has_year
                or _is_quoted(text, words[first_word].start, end_character)
                or self._is_recognizable(key, content[first:end], is_all_caps)
            ):
                is_taken[first:end] = [True] * (end - first)
                if year and has_year:
                    end_character = year.end()
                links.append(_Link(first_word, content_indices[end - 1] + 1, entity, end_character))
        links.sort()
        negated = is_negated(text, words, [(link.first_word, link.end_word) for link in links])
        return [
            Mention(link.entity, words[link.first_word].start, link.end, is_rejected)
            for link, is_rejected in zip(links, negated)
        ]

    def _add_name(self, entity: int, name: str) -> None:
        for form in self._titles[entity].forms:
            key = tuple('film' if word in FILM_WORDS and form.content[1:] else word for word in form.content)
            self._entities[key].append(entity)
            if '-' in name:
                self._entities[''.join(key),].append(entity)  # "spiderman"
            if form.literal[-1] == 'film' and len(key) > 1:
                self._unambiguous.add(key)  # "family film", although both are common words
            if SENTENCE_END.search(name.rpartition('/')[2].rstrip('.!?>')):
                self._multi_sentence.add(key)

    def _add_genre_aliases(self) -> None:
        """Link "comedy" and "comedies" to the genre "Comedy film"."""
        for key in list(self._entities):
            stem = key[:-1] if key[-1] == 'film' else key
            if stem and _GENRES.issuperset(stem) and (genres := set(self._entities[key]) - self._items):
                plural = stem[-1][:-1] + 'ies' if stem[-1].endswith('y') else stem[-1] + 's'
                for alias in (stem, (*stem[:-1], plural)):
                    self._genres[alias] |= genres
                    self._entities[alias] += genres
                    self._unambiguous.add(alias)

    def _candidates(self, content: list[Word]) -> Iterator[_Candidate]:
        """Return all parts of the text that may be a name.

        Args:
            content: words of the text without articles.
        """
        distinct = {(word.normalized, word.is_possessive): word for word in content}
        spellings = {key: self._spellings(word) for key, word in distinct.items()}
        for first, first_word in enumerate(content):
            keys: list[Key] = [()]
            n_misspelled, crosses_sentence = 0, False
            for n, word in enumerate(content[first:], start=1):
                options = spellings[word.normalized, word.is_possessive]
                keys = [longer for key in keys for option in options if (longer := (*key, option)) in self._prefixes]
                if not keys:
                    break
                n_misspelled += word.normalized not in options and not word.is_possessive
                crosses_sentence |= n > 1 and word.starts_sentence
                if n_misspelled <= n // 2 or (n == 1 and len(first_word.normalized) >= _MIN_LETTERS_ALONE):
                    yield from (
                        _Candidate(first, first + n, key)
                        for key in keys
                        if key in self._entities and (not crosses_sentence or key in self._multi_sentence)
                    )

    def _spellings(self, word: Word) -> list[str]:
        """Return the words of names that a word may match; the word itself if there are none."""
        normalized = word.normalized
        stem = [normalized[:-1]] if word.is_possessive and normalized[:-1] in self._words else []
        if (
            stem
            or normalized in self._words
            or normalized in COMMON_WORDS
            or len(normalized) < _MIN_LETTERS
            or not normalized.isalpha()
        ):
            return [normalized] + stem
        similar = [
            other for n in (-1, 0, 1) for other in self._words_by_shape.get((normalized[0], len(normalized) + n), [])
        ]
        return [
            other
            for other, *_ in process.extract(normalized, similar, scorer=OSA.distance, score_cutoff=1, limit=2)
            if other[-1] == normalized[-1]
        ] or [normalized]

    def _choose(
        self,
        key: Key,
        year: re.Match[str] | None,
        has_article: bool,
        prefer: Collection[int],
    ) -> tuple[int | None, bool]:
        """Return the entity of a name, None if the year excludes all; and whether the year belongs to the name."""

        def preference(entity: int) -> tuple[Any, ...]:
            title = self._titles[entity]
            article_differs = has_article != (title.forms[0].literal[0] in ARTICLES)
            return (
                entity not in prefer,
                entity not in self._genres.get(key, ()),
                entity not in self._items,
                has_article and article_differs,
                -self._popularity.get(entity, 0),
                article_differs,
                title.kind == 'other',
                entity in self._copies,
                entity,
            )

        entities = sorted(self._entities[key], key=preference)
        if year is None:
            return entities[0], False
        written = Title((), int(year.group(1) or year.group(2)), None, ())
        agreements = [
            (agreed, i)
            for i, entity in enumerate(entities)
            if (agreed := agreement(written, self._titles[entity])) is not None
        ]
        if year.group(1):  # in brackets
            return (entities[min(agreements)[1]], True) if agreements else (None, False)
        exact = [i for agreed, i in agreements if agreed == 0]
        return (entities[exact[0]], True) if exact else (entities[0], False)

    def _is_recognizable(self, key: Key, words: list[Word], is_all_caps: bool) -> bool:
        """Return whether a name differs from ordinary text by its words or by its capitals."""
        if (
            len(key) > _MAX_COMMON_WORDS
            or key in self._unambiguous
            or not all(word in COMMON_WORDS or word.isdigit() or len(word) == 1 for word in key)
        ):
            return True
        return (
            not is_all_caps
            and words[0].lower not in _SMALL_WORDS
            and any(word.is_capitalized and not word.starts_sentence for word in words)
            and all(word.is_capitalized or word.lower in _SMALL_WORDS or word.normalized.isdigit() for word in words)
        )


def _is_quoted(text: str, start: int, end: int) -> bool:
    return (
        (text.endswith(_QUOTES, max(0, start - 1), start) or text.endswith('`` ', 0, start))
        and text[end : end + 4].lstrip('.,!? ').startswith(_QUOTES)
        and not text[end : end + 2].startswith(' "')
    )
