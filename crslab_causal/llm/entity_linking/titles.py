"""Titles that a language model writes, matched to the catalogue: what counts as the same film is decided here only.

Both sides are reduced to words (:func:`parse_title`) and compared in three steps; the first that finds something wins:

1. **The same words**, but for case, accents, punctuation, order, articles and blanks (``Spider-Man``, ``Spiderman``);
   numbers may be written ``2``, ``II`` or ``two``.
2. **90 % token overlap**: rapidfuzz's ``token_sort_ratio`` is 90 or more, and so is the share of the words *of either
   title* that the other has (:func:`word_overlap`). ``token_set_ratio`` is 100 as soon as one title's words are all in
   the other, "It" and "It Follows". ``token_sort_ratio`` alone counts letters: among ReDial's 6,924 items it takes 151
   pairs of other numbers for one ("Rocky II", "Rocky III": 94) and 117 more ("Alien", "Aliens": 91). With the overlap
   four pairs are left, and only "Aristocats", "Aristocrats" is no variant of spelling.
3. **A part of a title** that is divided by a colon or a dash: the first part stands for the whole if both have the same
   year ("Borat: Cultural Learnings ... (2006)"), the last if it has three words ("Star Wars: The Empire Strikes Back").

**Years** are in brackets, or in the qualifier of a URI. Two may be one apart (festival and release), else these are two
films; but an equal year, and even a name without one, goes first, because a dozen titles of ReDial name two films of
neighbouring years. A year without brackets is part of the title ("Blade Runner 2049"); if nothing is found so, it is
read as a year, which the name must then have too. A film is not a television series if both say so.
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

THRESHOLD = 90  # in percent: of the ratio, and of the words of either title that the other has
ARTICLES = frozenset(('the', 'a', 'an'))
MOST_KEPT = 10_000  # answers of a matcher; then it forgets them
YEAR = r'(?:18[89]|19\d|20[0-4])\d'

_NUMBERS = ('zero', 'one i', 'two ii', 'three iii', 'four iv', 'five v', 'six vi', 'seven vii', 'eight viii', 'nine ix',
            'ten x', 'eleven xi', 'twelve xii', 'thirteen xiii', 'fourteen xiv', 'fifteen xv', 'sixteen xvi')
_SAME_WORD = {word: str(n) for n, words in enumerate(_NUMBERS) for word in words.split()} | {'vol': 'volume'}
# no rule would do: the 4 of "Scre4m" is a number, the 7 of "Se7en" a letter
_STYLISED = {'se7en': 'seven', 'thir13en': 'thirteen', 's1m0ne': 'simone', 'scre4m': 'scream 4'}
_LETTERS = str.maketrans({'æ': 'ae', 'œ': 'oe', 'ø': 'o', 'ł': 'l', 'đ': 'd', 'ð': 'd', 'þ': 'th', 'ı': 'i'}
                         | dict.fromkeys("'’‘`ʻ´"))
_SUPERSCRIPT = re.compile(r'(?<=\w)(?=[²³¹⁴-⁹])')
_INITIALS = re.compile(r'\b[^\W\d_](?:[.*][^\W\d_])+\b')
_DIGIT_INSIDE = re.compile(r'\b[a-z]+\d\w+')
_WORD = re.compile(r'[^\W\d_]+(?=\d+\b)|[^\W_]+|[&+]')

_NAMESPACE = re.compile(r'^<?https?://[^/]*/(?:resource/)?(.*?)>?$')
_QUALIFIER = re.compile(r'^(.*\S)\s*[(\[]([^()\[\]]*)[)\]]\s*(?:#\d+)?$')
_YEAR = re.compile(rf'(?<!\d){YEAR}(?!\d)')
_KINDS = {name: re.compile(rf'\b(?:{words})\b', re.IGNORECASE) for name, words in {
    'other': r'(?:tv|television) (?:film|movie)|(?:film|movie) \w+|soundtrack|franchise|comics?|novel|play|game|work',
    'television': r'tv|television|mini-?series|sitcom', 'film': r'films?|movie|documentary|sequel'}.items()}
_DIVISION = re.compile(r'(?:,?\s+or)?\s*:\s+|\s+[-–—]\s+')
_LIST_MARK = re.compile(r'^\s*(?:(?:[-*•–+>]|#{1,6}|#?\d{1,3}[.):])\s+)+')
_MARKDOWN = re.compile(r'(?<![^\s"“(\[])([*_]{1,3})(?=\S)(.+?)(?<=\S)\1(?![\w*_])')
_YEAR_IN_BRACKETS = re.compile(rf'[(\[](?:[^()\[\]]*\D)?{YEAR}(?:\D[^()\[\]]*)?[)\]]')
_BARE_YEAR = re.compile(rf'^(.*\w)\W+({YEAR})\W*$')


def title_words(text: str) -> list[str]:
    """Words in lower case, without accents and apostrophes: two in ``Alien³`` and ``Alien3``, one in ``E.T.``"""
    if not text.isascii():
        text = unicodedata.normalize('NFKD', _SUPERSCRIPT.sub(' ', text))
        text = ''.join(c for c in text if not unicodedata.combining(c))
    text = _INITIALS.sub(lambda match: re.sub(r'[.*]', '', match.group()), text.casefold().translate(_LETTERS))
    text = _DIGIT_INSIDE.sub(lambda match: _STYLISED.get(match.group(), match.group()), text)
    return ['and' if word in '&+' else word for word in _WORD.findall(text)]


def content_words(words: Sequence[str]) -> list[str]:
    """``words`` without articles, unless there is nothing else; numbers in digits; "vol" is "volume"."""
    return [_SAME_WORD.get(word, word) for word in words if word not in ARTICLES] or list(words)


class Form(NamedTuple):
    """One reading of a title: its :func:`title_words`, and the :func:`content_words` of these."""

    literal: tuple[str, ...]
    content: tuple[str, ...]

    @property
    def sorted(self) -> str:
        """What ``token_sort_ratio`` compares."""
        return ' '.join(sorted(self.content))


class Title(NamedTuple):
    """A title or a name of the catalogue, reduced to what is compared.

    ``forms``: without what is in brackets at the end, and with it, if that is neither year nor kind; may be empty.
    ``kind``: ``film``, ``television``, ``other`` or None. ``parts``: the first and the last, if there are several.
    """

    forms: tuple[Form, ...]
    year: int | None
    kind: str | None
    parts: tuple[Form, ...]


def _forms(*texts: str) -> tuple[Form, ...]:
    words = [tuple(title_words(text)) for text in texts]
    return tuple(Form(w, tuple(content_words(w))) for w in words if w)


def parse_title(text: str) -> Title:
    """Reads a name of the catalogue: ``<http://dbpedia.org/resource/It_(2017_film)>``, ``It (2017)`` or ``It``."""
    text = re.sub(r'__\d+$', '', unquote(_NAMESPACE.sub(r'\1', text))).replace('_', ' ').strip()
    year = kind = extra = None
    while extra is None and (match := _QUALIFIER.match(text)):
        text, inside = match.groups()
        year = year or next(map(int, _YEAR.findall(inside)), None)
        said = next((name for name, pattern in _KINDS.items() if pattern.search(inside)), None)
        if not said and not _YEAR.search(inside):
            said, extra = 'other', inside
        kind = kind or said
    parts = _DIVISION.split(text)
    return Title(_forms(text, *([] if extra is None else [f'{text} {extra}'])), year, kind,
                 _forms(parts[0], parts[-1]) if len(parts) > 1 else ())


def strip_markup(text: str) -> str:
    """A line of a list without number, bullet, markdown and quotes, and without what follows a year in brackets."""
    text = _MARKDOWN.sub(r'\2', _LIST_MARK.sub('', text))
    if year := _YEAR_IN_BRACKETS.search(text, 1):
        text = text[:year.end()]
    return text.strip(' \t\r\n"“”„«»‘’\'`*.,;')


def word_overlap(a: Sequence[str], b: Sequence[str]) -> float:
    """Share of the words of the longer title that the other has, from 0 to 1; 0 if the numbers differ.

    A word counts if it is equal, or spelt alike: one edit or swap apart, of the same first and last letter, and of six
    letters or more, eight in titles of one word. That leaves "theft" and "thief", "prince" and "princess" apart.
    """
    longest = max(len(a), len(b))
    only_a, only_b = Counter(a) - Counter(b), Counter(b) - Counter(a)
    if not longest or any(c.isdigit() for word in only_a | only_b for c in word):
        return 0.0
    rest, least = sorted(only_b.elements()), 6 if longest > 1 else 8
    shared = len(a) - only_a.total()
    for word in sorted(only_a.elements()):
        twin = next((other for other in rest if min(len(word), len(other)) >= least and word[0] == other[0]
                     and word[-1] == other[-1] and OSA.distance(word, other, score_cutoff=1) <= 1), None)
        if twin is not None:
            rest.remove(twin)
            shared += 1
    return shared / longest


def agreement(written: Title, name: Title) -> int | None:
    """How well year and kind agree: 0 well, 1 the name has no year, 2 they are a year apart, None not at all."""
    if {written.kind, name.kind} == {'film', 'television'}:
        return None
    if written.year is None or name.year is None:
        return int(written.year is not None)
    return {0: 0, 1: 2}.get(abs(written.year - name.year))


class TitleMatcher:
    """Matches titles in free form to items.

    Among names that fit at the same step, these decide in turn: a year that is not one apart; the literal words (step
    1, "Fast & Furious") or the ratio (step 2); an equal year; the weight; a kind that is not "other"; the position.

    Args:
        names: of the items and nothing else, with what tells namesakes apart: URIs, or names with a year in brackets.
            :func:`.entity_name` is not enough, it drops the year.
        weight: ``(len(names),)``, say how often each item is a label in the training data.

    Raises:
        UserError: ``weight`` has another length than ``names``.
    """

    def __init__(self, names: Sequence[str], weight: Sequence[float] | None = None):
        if weight is not None and len(weight) != len(names):
            raise UserError(f'titles: {len(names)} names, but {len(weight)} weights')
        self._names = [parse_title(name) for name in names]
        self._weight = [0.0] * len(names) if weight is None else [float(w) for w in weight]
        self._by_sorted, self._by_joined, self._by_part = (defaultdict[str, list[int]](list) for _ in range(3))
        for index, name in enumerate(self._names):
            for form in name.forms:
                self._by_sorted[form.sorted].append(index)
                self._by_joined[''.join(form.content)].append(index)
            for part in name.parts:
                self._by_part[part.sorted].append(index)
        self._sorted = list(self._by_sorted)
        self._found: dict[str, int | None] = {}

    def match(self, title: str) -> int | None:
        """Position of the item that ``title`` names; None if there is none."""
        return self.match_all([title])[0]

    def match_all(self, titles: Sequence[str]) -> list[int | None]:
        """:meth:`match` of each title, much faster than one by one. Answers are kept for the next call."""
        if len(self._found) > MOST_KEPT:
            self._found.clear()
        texts = {title: strip_markup(title) for title in titles if title not in self._found}
        self._found.update(zip(texts, self._find([parse_title(text) for text in texts.values()])))
        again = {title: parse_title(match.group(1))._replace(year=int(match.group(2))) for title, text in texts.items()
                 if self._found[title] is None and (match := _BARE_YEAR.match(text))}
        self._found.update(zip(again, self._find(list(again.values()), need_year=True)))
        return [self._found[title] for title in titles]

    def _find(self, written: list[Title], need_year: bool = False) -> list[int | None]:
        found = [self._best(self._same_words(title), title, need_year) for title in written]
        missing = [i for i, index in enumerate(found) if index is None and written[i].forms]
        for i, similar in zip(missing, self._similar([written[i] for i in missing])):
            found[i] = self._best(similar, written[i], need_year)
            if found[i] is None:
                found[i] = self._best(self._same_part(written[i]), written[i], need_year)
        return found

    def _best(self, candidates: Iterator[tuple[int, float]], written: Title, need_year: bool) -> int | None:
        """``candidates``: positions, and what to prefer among them, less first."""
        keys = [(agreed == 2, order, agreed, -self._weight[index], self._names[index].kind == 'other', index)
                for index, order in candidates if (agreed := agreement(written, self._names[index])) is not None
                and (self._names[index].year or not need_year)]
        return min(keys)[-1] if keys else None

    def _same_words(self, written: Title) -> Iterator[tuple[int, float]]:
        literal = {form.literal for form in written.forms}
        for form in written.forms:
            for index in self._by_sorted.get(form.sorted, []) + self._by_joined.get(''.join(form.content), []):
                yield index, float(literal.isdisjoint(other.literal for other in self._names[index].forms))

    def _similar(self, written: list[Title]) -> Iterator[Iterator[tuple[int, float]]]:
        for start in range(0, len(written), 256):
            forms = [(i, form) for i, title in enumerate(written[start:start + 256]) for form in title.forms]
            # a point below, because the table is of single precision
            table = process.cdist([form.sorted for _, form in forms], self._sorted, scorer=fuzz.ratio,
                                  score_cutoff=THRESHOLD - 1) if self._sorted else np.zeros((len(forms), 0))
            near: list[list[tuple[int, float]]] = [[] for _ in written[start:start + 256]]
            for row, column in zip(*np.nonzero(table)):
                (i, form), other = forms[row], self._sorted[column]
                ratio = fuzz.ratio(form.sorted, other)
                if ratio >= THRESHOLD and 100 * word_overlap(form.content, other.split(' ')) >= THRESHOLD:
                    near[i] += [(index, -ratio) for index in self._by_sorted[other]]
            yield from map(iter, near)

    def _same_part(self, written: Title) -> Iterator[tuple[int, float]]:
        whole = written.forms[0].sorted
        pairs = [(part is written.parts[0], part.sorted, index) for part in written.parts
                 for index in self._by_sorted.get(part.sorted, [])]
        pairs += [(whole == self._names[index].parts[0].sorted, whole, index) for index in self._by_part.get(whole, [])]
        for is_first, words, index in pairs:
            same_year = written.year is not None and written.year == self._names[index].year
            if same_year if is_first else len(words.split()) >= 3:
                yield index, 0.0
