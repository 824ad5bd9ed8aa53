"""Names in what a user types or a model answers: which entities, where, and whether they are turned down.

Text and names are reduced to the words of :mod:`.titles`: case, accents, articles, ``2`` or ``II`` make no difference.
Of names that overlap, the longest goes first. A word that occurs in no name and is no everyday one may be misspelt: it
stands for words of names that are one edit or swap away and begin and end alike, at five letters ("ficton"), or eight
where it is the whole name ("inceptoin"). At most half of a longer name may be so.

**Everyday words** are titles too ("It", "Get Out", "300"). A name of at most three words, all of them everyday words
or numbers, is linked only in quotes, asterisks or underscores; before a year in brackets, or a bare year that is the
entity's; or with a capital at every word but the small ones, other than the capital that opens a sentence, and not
where every word has one, or all letters.

**Years**: "It (1990)" is an entity of that year, else one without a year, else of a year next to it, else none.

What is turned down is told by :mod:`.negation`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Collection, Iterator, Mapping, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from crslab_causal.llm.entity_linking.negation import turned_down
from crslab_causal.llm.entity_linking.titles import ARTICLES, YEAR, Title, agreement, parse_title
from crslab_causal.llm.entity_linking.words import EVERYDAY, FILMS, STOP, Word, read_words

_GENRES = frozenset('comedy horror thriller drama romance mystery documentary western musical fantasy adventure action '
                    'animation superhero science fiction'.split())
_SMALL = frozenset('and as at by for from in is of on or the to with'.split())
_YEAR_BEHIND = re.compile(rf'["”»’\'*_]*\s*(?:[(\[](?:[^()\[\]]*\D)?({YEAR})(?:\D[^()\[\]]*)?[)\]]|,?\s+({YEAR})\b)')
_QUOTES = tuple('"“”„«»\'‘’*_`')


class Mention(NamedTuple):
    """A name in a text, ``text[start:end]``, with the year behind it; ``negated``: it is turned down."""

    entity: int
    start: int
    end: int
    negated: bool


class MentionLinker:
    """Finds names of entities in running text.

    Of namesakes the first of these goes first: those preferred in the call; a genre, if a genre's name is meant; items;
    names with an article, if the text has one; the weight; the lowest id.

    Args:
        names: URI or name of each entity that can be found; a year in it tells namesakes apart.
        items: ids of the catalogue's items.
        weight: how common an entity is, say in the training data; 0 if it is not said.
    """

    def __init__(self, names: Mapping[int, str], items: Collection[int] = (),
                 weight: Mapping[int, float] | None = None):
        self._title = {entity: parse_title(name) for entity, name in names.items()}
        found: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self._strong, self._broken = set(), set()
        # DBpedia has people twice: Brad_Pitt, Brad_Pitt__1
        self._copies = {entity for entity, name in names.items() if re.search(r'__\d+>?$', name)}
        self._items, self._weight = frozenset(items), weight or {}
        for entity in sorted(names):
            for form in self._title[entity].forms:
                key = tuple('film' if word in FILMS and form.content[1:] else word for word in form.content)
                found[key].append(entity)
                if '-' in names[entity]:
                    found[''.join(key),].append(entity)  # "spiderman"
                if form.literal[-1] == 'film' and len(key) > 1:
                    self._strong.add(key)  # "family film", though both are everyday words
                if STOP.search(names[entity].rpartition('/')[2].rstrip('.!?>')):
                    self._broken.add(key)
        self._genres: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for key in list(found):
            stem = key[:-1] if key[-1] == 'film' else key
            if stem and _GENRES.issuperset(stem) and (genres := set(found[key]) - self._items):
                plural = stem[-1][:-1] + 'ies' if stem[-1].endswith('y') else stem[-1] + 's'
                for alias in (stem, (*stem[:-1], plural)):
                    self._genres[alias] |= genres
                    found[alias] += genres
                    self._strong.add(alias)
        self._entities = dict(found)
        self._prefixes = {key[:n] for key in found for n in range(1, len(key) + 1)}
        self._vocabulary: dict[tuple[str, int], list[str]] = defaultdict(list)
        self._words = {word for key in found for word in key}
        for word in sorted(self._words):
            self._vocabulary[word[0], len(word)].append(word)

    def link(self, text: str, prefer: Collection[int] = ()) -> list[Mention]:
        """All names in ``text``, in order of appearance; of namesakes those in ``prefer``."""
        words = read_words(text)
        content = [i for i, word in enumerate(words) if word.word not in ARTICLES]
        places = [words[i] for i in content]
        shouted = not any(text[word.start].islower() for word in words)
        taken, chosen = [False] * len(places), []
        for first, behind, key in sorted(self._candidates(places), key=lambda c: (c[0] - c[1], c[0])):
            if any(taken[first:behind]):
                continue
            begin, end = content[first], places[behind - 1].end
            article = begin > 0 and words[begin - 1].word in ARTICLES and not words[begin].opens
            year = _YEAR_BEHIND.match(text, end)
            entity, dated = self._choose(key, year, article, prefer)
            if entity is None:
                continue
            if article and self._title[entity].forms[0].literal[0] in ARTICLES:
                begin -= 1
            if dated or _in_quotes(text, words[begin].start, end) \
                    or self._stands_out(key, places[first:behind], shouted):
                taken[first:behind] = [True] * (behind - first)
                chosen.append((begin, content[behind - 1] + 1, entity, year.end() if dated else end))
        chosen.sort()
        negated = turned_down(text, words, [(begin, behind) for begin, behind, *_ in chosen])
        return [Mention(entity, words[begin].start, end, no)
                for (begin, _, entity, end), no in zip(chosen, negated)]

    def _candidates(self, places: list[Word]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """First and last position, and the name's words, of whatever may be a name."""
        known = {(place.word, place.possessive): place for place in places}
        spellings = {which: self._spellings(place) for which, place in known.items()}
        for first, start in enumerate(places):
            keys, unsure, broken = [()], 0, False
            for n, place in enumerate(places[first:], start=1):
                options = spellings[place.word, place.possessive]
                keys = [longer for key in keys for word in options if (longer := (*key, word)) in self._prefixes]
                if not keys:
                    break
                unsure += place.word not in options and not place.possessive
                broken |= n > 1 and place.opens
                if unsure <= n // 2 or (n == 1 and len(start.word) >= 8):
                    yield from ((first, first + n, key) for key in keys
                                if key in self._entities and (not broken or key in self._broken))

    def _spellings(self, place: Word) -> list[str]:
        """Words of names that a word stands for; itself if there is none."""
        word = place.word
        stem = [word[:-1]] if place.possessive and word[:-1] in self._words else []
        if stem or word in self._words or word in EVERYDAY or len(word) < 5 or not word.isalpha():
            return [word] + stem
        near = [other for n in (-1, 0, 1) for other in self._vocabulary.get((word[0], len(word) + n), [])]
        return [other for other, *_ in process.extract(word, near, scorer=OSA.distance, score_cutoff=1, limit=2)
                if other[-1] == word[-1]] or [word]

    def _choose(self, key: tuple[str, ...], year: re.Match | None, article: bool, prefer: Collection[int]) \
            -> tuple[int | None, bool]:
        def order(entity: int) -> tuple:
            title = self._title[entity]
            lacks = article != (title.forms[0].literal[0] in ARTICLES)
            return (entity not in prefer, entity not in self._genres.get(key, ()), entity not in self._items,
                    article and lacks, -self._weight.get(entity, 0), lacks, title.kind == 'other',
                    entity in self._copies, entity)

        entities = sorted(self._entities[key], key=order)
        if year is None:
            return entities[0], False
        written = Title((), int(year.group(1) or year.group(2)), None, ())
        agreed = [(a, i) for i, e in enumerate(entities) if (a := agreement(written, self._title[e])) is not None]
        if year.group(1):
            return (entities[min(agreed)[1]], True) if agreed else (None, False)
        exact = [i for a, i in agreed if a == 0]
        return (entities[exact[0]], True) if exact else (entities[0], False)

    def _stands_out(self, key: tuple[str, ...], window: list[Word], shouted: bool) -> bool:
        if len(key) > 3 or key in self._strong or not all(w in EVERYDAY or w.isdigit() or len(w) == 1 for w in key):
            return True
        return not shouted and window[0].plain not in _SMALL \
            and any(word.capital and not word.opens for word in window) \
            and all(word.capital or word.plain in _SMALL or word.word.isdigit() for word in window)


def _in_quotes(text: str, start: int, end: int) -> bool:
    return (text.endswith(_QUOTES, max(0, start - 1), start) or text.endswith('`` ', 0, start)) \
        and text[end:end + 4].lstrip('.,!? ').startswith(_QUOTES) and not text[end:end + 2].startswith(' "')
