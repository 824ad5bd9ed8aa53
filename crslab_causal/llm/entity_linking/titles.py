"""Match titles that a language model writes to the catalogue.

Only this module decides whether two titles name one film.

Titles and names are reduced to words (:func:`parse_title`) and compared in three steps. The first step that finds a
match decides:

1. **The same words**, regardless of case, accents, punctuation, order, articles and spaces (``Spider-Man``,
   ``Spiderman``). Numbers may be written ``2``, ``II`` or ``two``, with or without "Part", "Volume", "Chapter" or
   "Episode" before them.
2. **90 % token overlap**: rapidfuzz's ``token_sort_ratio`` is at least 90, and so is the share of the words *of either
   title* that the other has (:func:`word_overlap`). ``token_set_ratio`` is unsuitable: it is 100 as soon as all words
   of one title are in the other, as in "It" and "It Follows". ``token_sort_ratio`` alone only counts letters: among
   ReDial's 6,924 items it confuses 151 pairs with different numbers ("Rocky II", "Rocky III": 94) and 117 others
   ("Alien", "Aliens": 91). With the overlap four pairs remain, and only "Aristocats", "Aristocrats" is not a variant of
   spelling.
3. **A part of a title** that is divided by a colon or a dash. The first part matches the whole if both have the same
   year ("Borat: Cultural Learnings ... (2006)") or if it ends with a number ("Die Hard 2: Die Harder"), the last part
   if it has at least three words ("Star Wars: The Empire Strikes Back").

**Years** are in brackets, or in the qualifier of a URI. They may differ by one (festival and release); otherwise the
films differ. An equal year, and even a name without a year, is preferred to a year that differs by one, because a dozen
titles of ReDial name two films of neighbouring years. A year without brackets is part of the title ("Blade Runner
2049"). If nothing matches, it is read as a year, and the name must then have a year, too. A film is not a television
series if both titles state their kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from typing import Iterator, NamedTuple, Sequence
from urllib.parse import unquote

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from crslab_causal.base.errors import UserError

THRESHOLD = 90
"""Minimum of two similarities of two titles, in percent: rapidfuzz's ratio, and :func:`word_overlap`."""
ARTICLES = frozenset(('the', 'a', 'an'))
MAX_CACHED_TITLES = 10_000
"""Number of titles after which a matcher clears its cache."""
YEAR = r'(?:18[89]|19\d|20[0-4])\d'
"""Pattern of a film's year."""

_MIN_LETTERS, _MIN_LETTERS_ALONE = 6, 8
"""Minimum number of letters of a word that may have a spelling variant, and of such a word if it is a whole title."""
_MIN_WORDS_OF_PART = 3
"""Minimum number of words in the last part of a title that matches the whole."""
_CHUNK = 256
"""Number of titles that are compared with the catalogue at a time."""

_NUMBERS = (
    'zero',
    'one i',
    'two ii',
    'three iii',
    'four iv',
    'five v',
    'six vi',
    'seven vii',
    'eight viii',
    'nine ix',
    'ten x',
    'eleven xi',
    'twelve xii',
    'thirteen xiii',
    'fourteen xiv',
    'fifteen xv',
    'sixteen xvi',
)
_SAME_WORD = {word: str(n) for n, words in enumerate(_NUMBERS) for word in words.split()}
_SAME_WORD |= {'vol': 'volume', 'pt': 'part'}
PART_WORDS = frozenset(('part', 'volume', 'chapter', 'episode'))
"""Words that may precede the number of a film."""
# exceptions: the 4 of "Scre4m" is a number, but the 7 of "Se7en" is a letter
_STYLIZED = {'se7en': 'seven', 'thir13en': 'thirteen', 's1m0ne': 'simone', 'scre4m': 'scream 4'}
_LETTERS = str.maketrans(
    {'æ': 'ae', 'œ': 'oe', 'ø': 'o', 'ł': 'l', 'đ': 'd', 'ð': 'd', 'þ': 'th', 'ı': 'i'} | dict.fromkeys("'’‘`ʻ´")
)
_SUPERSCRIPT = re.compile(r'(?<=\w)(?=[²³¹⁴-⁹])')
_INITIALS = re.compile(r'\b[^\W\d_](?:[.*][^\W\d_])+\b')
_DIGIT_INSIDE = re.compile(r'\b[a-z]+\d\w+')
_WORD = re.compile(r'[^\W\d_]+(?=\d+\b)|[^\W_]+|[&+]')
_AND = frozenset(('&', '+', 'n'))
"""Short forms of "and". The last one is that of "dumb n dumber"."""

_NAMESPACE = re.compile(r'^<?https?://[^/]*/(?:resource/)?(.*?)>?$')
_QUALIFIER = re.compile(r'^(.*\S)\s*[(\[]([^()\[\]]*)[)\]]\s*(?:#\d+)?$')
_YEAR = re.compile(rf'(?<!\d){YEAR}(?!\d)')
_KIND_PATTERNS = {
    'other': (
        r'(?:tv|television) (?:film|movie)|(?:film|movie) \w+|'
        r'soundtrack|franchise|comics?|novel|play|game|work'
    ),
    'television': r'tv|television|mini-?series|sitcom',
    'film': r'films?|movie|documentary|sequel',
}
_KINDS = {kind: re.compile(rf'\b(?:{words})\b', re.IGNORECASE) for kind, words in _KIND_PATTERNS.items()}
_PART_SEPARATOR = re.compile(r'(?:,?\s+or)?\s*:\s+|\s+[-–—]\s+')
_LIST_MARK = re.compile(r'^\s*(?:(?:[-*•–+>]|#{1,6}|#?\d{1,3}[.):])\s+)+')
_MARKDOWN = re.compile(r'(?<![^\s"“(\[])([*_]{1,3})(?=\S)(.+?)(?<=\S)\1(?![\w*_])')
_YEAR_IN_BRACKETS = re.compile(rf'[(\[](?:[^()\[\]]*\D)?{YEAR}(?:\D[^()\[\]]*)?[)\]]')
_YEAR_WITHOUT_BRACKETS = re.compile(rf'^(.*\w)\W+({YEAR})\W*$')


def title_words(text: str) -> list[str]:
    """Return the words of a title in lower case, without accents and apostrophes.

    ``&``, ``+`` and a single ``n`` are read as "and". ``Alien³`` and ``Alien3`` have two words, ``E.T.`` has one.
    """
    if not text.isascii():
        text = unicodedata.normalize('NFKD', _SUPERSCRIPT.sub(' ', text))
        text = ''.join(c for c in text if not unicodedata.combining(c))
    text = _INITIALS.sub(lambda match: re.sub(r'[.*]', '', match.group()), text.casefold().translate(_LETTERS))
    text = _DIGIT_INSIDE.sub(lambda match: _STYLIZED.get(match.group(), match.group()), text)
    return ['and' if word in _AND else word for word in _WORD.findall(text)]


def content_words(words: Sequence[str]) -> list[str]:
    """Return the words that distinguish titles.

    Articles are dropped, unless the title has no other words. :data:`PART_WORDS` between a word and a number are
    dropped, too. Numbers are written as digits.
    """
    content = [_SAME_WORD.get(word, word) for word in words if word not in ARTICLES]
    followed = zip(content, [*content[1:], ''])
    return [
        word for i, (word, following) in enumerate(followed) if not (i and word in PART_WORDS and following.isdigit())
    ] or list(words)


class Form(NamedTuple):
    """A title, reduced to the words by which it is compared."""

    literal: tuple[str, ...]
    """All words, see :func:`title_words`."""
    content: tuple[str, ...]
    """The words that distinguish titles, see :func:`content_words`."""

    @property
    def is_numbered(self) -> bool:
        """Whether a number follows a name, as in "Die Hard 2"; not "2012" or "Part 2"."""
        first, last = self.content[0], self.content[-1]
        return last.isdigit() and not first.isdigit() and first not in PART_WORDS

    @property
    def sorted(self) -> str:
        """The sorted content words as one string, which ``token_sort_ratio`` compares."""
        return ' '.join(sorted(self.content))


class Title(NamedTuple):
    """The facts about a title, or about a name of the catalogue, that are compared."""

    forms: tuple[Form, ...]
    """Reading without the brackets at the end, and reading with them. The second one is left out if the brackets
    contain a year or a kind. May be empty."""
    year: int | None
    kind: str | None
    """``film``, ``television``, ``other``, or None if it is not stated."""
    parts: tuple[Form, ...]
    """First and last part of a title with several parts; empty for other titles. If all parts but the last one end with
    a number ("Star Wars: Episode V"), they are the first part."""


def _forms(*texts: str) -> tuple[Form, ...]:
    literals = [tuple(title_words(text)) for text in texts]
    return tuple(Form(literal, tuple(content_words(literal))) for literal in literals if literal)


def parse_title(text: str) -> Title:
    """Parse a title or a name: ``<http://dbpedia.org/resource/It_(2017_film)>``, ``It (2017)`` or ``It``."""
    text = re.sub(r'__\d+$', '', unquote(_NAMESPACE.sub(r'\1', text))).replace('_', ' ').strip()
    year: int | None = None
    kind: str | None = None
    subtitle: str | None = None
    while subtitle is None and (match := _QUALIFIER.match(text)):
        text, qualifier = match.groups()
        year = year or next(map(int, _YEAR.findall(qualifier)), None)
        stated_kind = next((name for name, pattern in _KINDS.items() if pattern.search(qualifier)), None)
        if not stated_kind and not _YEAR.search(qualifier):
            stated_kind, subtitle = 'other', qualifier
        kind = kind or stated_kind
    return Title(_forms(text, *([] if subtitle is None else [f'{text} {subtitle}'])), year, kind, _split_parts(text))


def _split_parts(text: str) -> tuple[Form, ...]:
    """Return the parts of a title, see :attr:`Title.parts`."""
    parts = _PART_SEPARATOR.split(text)
    if len(parts) == 1:
        return ()
    lead = _forms(' '.join(parts[:-1]))
    return (*lead, *_forms(parts[-1])) if lead and lead[0].is_numbered else _forms(parts[0], parts[-1])


def strip_markup(text: str) -> str:
    """Return a line of a list without number, bullet, Markdown and quotes. Text after a year in brackets is cut."""
    text = _MARKDOWN.sub(r'\2', _LIST_MARK.sub('', text))
    if year := _YEAR_IN_BRACKETS.search(text, 1):
        text = text[: year.end()]
    return text.strip(' \t\r\n"“”„«»‘’\'`*.,;')


def word_overlap(a: Sequence[str], b: Sequence[str]) -> float:
    """Return the share of the words of the longer title that the other title has, from 0 to 1.

    It is 0 if the numbers differ. Two words match if they are equal or spelling variants. Spelling variants have an
    edit distance of one, equal first and last letters, and at least six letters (eight in titles of one word). "theft"
    and "thief", or "prince" and "princess", are therefore different words.
    """
    longest = max(len(a), len(b))
    only_a, only_b = Counter(a) - Counter(b), Counter(b) - Counter(a)
    if not longest or any(c.isdigit() for word in only_a | only_b for c in word):
        return 0.0
    rest, min_letters = sorted(only_b.elements()), _MIN_LETTERS if longest > 1 else _MIN_LETTERS_ALONE
    shared = len(a) - only_a.total()
    for word in sorted(only_a.elements()):
        variant = next(
            (
                other
                for other in rest
                if min(len(word), len(other)) >= min_letters
                and word[0] == other[0]
                and word[-1] == other[-1]
                and OSA.distance(word, other, score_cutoff=1) <= 1
            ),
            None,
        )
        if variant is not None:
            rest.remove(variant)
            shared += 1
    return shared / longest


def agreement(written: Title, name: Title) -> int | None:
    """Return how well the year and the kind of two titles agree.

    Returns:
        0: fully; 1: ``name`` has no year; 2: the years differ by one; None: they disagree.
    """
    if {written.kind, name.kind} == {'film', 'television'}:
        return None
    if written.year is None or name.year is None:
        return int(written.year is not None)
    return {0: 0, 1: 2}.get(abs(written.year - name.year))


class TitleMatcher:
    """Matches titles in free form to items.

    If several names match in one step, the matcher prefers, in this order: a year that does not differ by one; equal
    literal words (step 1, "Fast & Furious") or a higher ratio (step 2); an equal year; higher popularity; a kind other
    than "other"; the first position.

    Args:
        names: names of the items and of nothing else, as URIs or with a year in brackets, so that films of one title
            differ. :func:`.entity_name` is unsuitable, because it drops the year.
        popularity: ``(len(names),)``, popularity of each item, for example its number of labels in the training data.

    Raises:
        UserError: ``popularity`` does not have one value for each name.
    """

    def __init__(self, names: Sequence[str], popularity: Sequence[float] | None = None):
        if popularity is not None and len(popularity) != len(names):
            raise UserError(
                f'titles: {len(names)} names, but {len(popularity)} values of popularity; give one for each name'
            )
        self._names = [parse_title(name) for name in names]
        self._popularity = [0.0] * len(names) if popularity is None else [float(value) for value in popularity]
        self._by_sorted, self._by_joined, self._by_part = (defaultdict[str, list[int]](list) for _ in range(3))
        for index, name in enumerate(self._names):
            for form in name.forms:
                self._by_sorted[form.sorted].append(index)
                self._by_joined[''.join(form.content)].append(index)
            for part in name.parts:
                self._by_part[part.sorted].append(index)
        self._sorted = list(self._by_sorted)
        self._cache: dict[str, int | None] = {}

    def match(self, title: str) -> int | None:
        """Return the index of the item that ``title`` names; None if there is none."""
        return self.match_all([title])[0]

    def match_all(self, titles: Sequence[str]) -> list[int | None]:
        """Return the index of the item that each title names; None if there is none.

        This is much faster than calling :meth:`match` for each title. Results are cached for the next call.
        """
        if len(self._cache) > MAX_CACHED_TITLES:
            self._cache.clear()
        texts = {title: strip_markup(title) for title in titles if title not in self._cache}
        self._cache.update(zip(texts, self._find([parse_title(text) for text in texts.values()])))
        with_year = {
            title: parse_title(match.group(1))._replace(year=int(match.group(2)))
            for title, text in texts.items()
            if self._cache[title] is None and (match := _YEAR_WITHOUT_BRACKETS.match(text))
        }
        self._cache.update(zip(with_year, self._find(list(with_year.values()), needs_year=True)))
        return [self._cache[title] for title in titles]

    def _find(self, written: list[Title], needs_year: bool = False) -> list[int | None]:
        """Return the index of the item of each title; None if there is none."""
        matches = [self._best(self._same_words(title), title, needs_year) for title in written]
        unmatched = [i for i, index in enumerate(matches) if index is None and written[i].forms]
        for i, similar in zip(unmatched, self._similar([written[i] for i in unmatched])):
            matches[i] = self._best(similar, written[i], needs_year)
            if matches[i] is None:
                matches[i] = self._best(self._same_part(written[i]), written[i], needs_year)
        return matches

    def _best(self, candidates: Iterator[tuple[int, float]], written: Title, needs_year: bool) -> int | None:
        """Return the index of the preferred candidate; None if there is none.

        Args:
            candidates: (index, cost) of each candidate. A lower cost is preferred.
            written: the title that was written.
            needs_year: whether the candidate must have a year.
        """
        keys = [
            (agreed == 2, cost, agreed, -self._popularity[index], self._names[index].kind == 'other', index)
            for index, cost in candidates
            if (agreed := agreement(written, self._names[index])) is not None
            and (self._names[index].year or not needs_year)
        ]
        return min(keys)[-1] if keys else None

    def _same_words(self, written: Title) -> Iterator[tuple[int, float]]:
        """Return pairs (index, cost) of all names that have the same words as a title (step 1)."""
        literal = {form.literal for form in written.forms}
        for form in written.forms:
            for index in self._by_sorted.get(form.sorted, []) + self._by_joined.get(''.join(form.content), []):
                yield index, float(literal.isdisjoint(other.literal for other in self._names[index].forms))

    def _similar(self, written: list[Title]) -> Iterator[Iterator[tuple[int, float]]]:
        """Return for each title the pairs (index, cost) of all names with 90 % token overlap (step 2)."""
        for start in range(0, len(written), _CHUNK):
            chunk = written[start : start + _CHUNK]
            forms = [(i, form) for i, title in enumerate(chunk) for form in title.forms]
            # one point lower, because the table has single precision; the exact comparison follows
            table = (
                process.cdist(
                    [form.sorted for _, form in forms], self._sorted, scorer=fuzz.ratio, score_cutoff=THRESHOLD - 1
                )
                if self._sorted
                else np.zeros((len(forms), 0))
            )
            similar: list[list[tuple[int, float]]] = [[] for _ in chunk]
            for row, column in zip(*np.nonzero(table)):
                (i, form), other = forms[row], self._sorted[column]
                ratio = fuzz.ratio(form.sorted, other)
                if ratio >= THRESHOLD and 100 * word_overlap(form.content, other.split(' ')) >= THRESHOLD:
                    similar[i] += [(index, -ratio) for index in self._by_sorted[other]]
            yield from map(iter, similar)

    def _same_part(self, written: Title) -> Iterator[tuple[int, float]]:
        """Return pairs (index, cost) of all names that share a part with a title (step 3)."""
        whole = written.forms[0].sorted
        pairs = [
            (part.sorted == written.parts[0].sorted, part, index)
            for part in written.parts
            for index in self._by_sorted.get(part.sorted, [])
        ]
        pairs += [
            (whole == self._names[index].parts[0].sorted, written.forms[0], index)
            for index in self._by_part.get(whole, [])
        ]
        for is_first, part, index in pairs:
            same_year = written.year is not None and written.year == self._names[index].year
            if same_year or part.is_numbered if is_first else len(part.content) >= _MIN_WORDS_OF_PART:
                yield index, 0.0
