"""Scores of responses: diversity, likeness to the references, and which items they name.

Words are runs of letters and digits in lower case, with inner apostrophes, and each other sign that is no blank by
itself (:func:`response_words`); no tagger or download is needed. n-grams are of words. All scores are shares from 0 to
1, except for those that are divided by the number of responses.

**Distinct-n.** ``dist-n`` is the number of different n-grams in all responses, divided by the number of n-grams (Li et
al. 2016). The literature on conversational recommendation often divides by the number of responses instead, and so
goes above 1: ``dist_per_response-n``. ``intra_dist-n`` is the mean over responses of each one's own share, where it
has an n-gram. ``crslab_dist@n`` is CRSLab's: it cuts the string into characters, not words (evaluator/conv.py:65), and
divides by the number of responses that are not empty. The four are not comparable, and fall or rise with the number of
responses.

**BLEU-n** is cumulative, of 1- to n-grams with equal weights, by NLTK with smoothing method 1 of Chen and Cherry
(2014): an order without a match counts 0.1 matches. ``bleu-n``, the primary one, is the mean over responses, as CRSLab
and most of its kind have it; ``corpus_bleu-n`` adds up the counts of all responses first (Papineni et al. 2002), with
the same smoothing. A response without a word of the references has 0. Method 1 is kind to a right response of one
word, whose bigrams do not exist: its BLEU-2 is the root of 0.1. ``crslab_bleu@n`` is CRSLab's
(evaluator/metrics/gen.py:94): the n-grams of order n alone, split at single blanks, upper case apart, without
smoothing. Where no n-gram matches, NLTK puts 2.2e-308 for the precision, which is 0 in a mean, but is itself the score
if no response has a match.

An empty response counts: BLEU 0, no n-gram, no item. CRSLab's scores leave it out, as CRSLab does. A response without a
reference that has a word is left out of BLEU; of CRSLab's, which fails on an empty list, one with such a list.

**Items**: whether a response names the recommended item, items that it should not know of, and titles in quotes that
are not in the catalogue. Titles that are neither in the catalogue nor in quotes are not found.
"""

from __future__ import annotations

import math
import re
import warnings
from collections import Counter
from typing import Collection, Iterator, Mapping, Sequence

from nltk import ngrams
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu, sentence_bleu

from crslab_causal.base.errors import UserError
from crslab_causal.llm.entity_linking.linking import MentionLinker
from crslab_causal.llm.entity_linking.titles import YEAR, TitleMatcher

DIST_ORDERS = (2, 3, 4)
BLEU_ORDERS = (2, 4)
CRSLAB_ORDERS = (1, 2, 3, 4)

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")
_BLEU_WEIGHTS = [tuple(1 / n for _ in range(n)) for n in BLEU_ORDERS]
_CRSLAB_WEIGHTS = [tuple(int(k == n) for k in CRSLAB_ORDERS) for n in CRSLAB_ORDERS]
_SMOOTHING = SmoothingFunction().method1
_MARKED = re.compile(r'"([^"\n]+)"|“([^”\n]+)”|«([^»\n]+)»|(?<![\w*])\*{1,3}([^*\n]+?)\*{1,3}(?![\w*])')
_YEAR_BEHIND = re.compile(rf'\s*[*_]*\s*(\(\s*{YEAR}\s*\))')
_LONGEST_TITLE = 12


def response_words(text: str) -> list[str]:
    """Words and signs of a response, in lower case: ``Don't! @1`` -> ``["don't", '!', '@', '1']``."""
    return _WORD.findall(text.lower().replace('’', "'"))


def marked_titles(text: str) -> Iterator[str]:
    """What stands in quotes or asterisks and looks like a title, with the year behind it.

    That is: it begins with a capital or a digit, has at most twelve words, and does not end like a sentence of several
    words. Single quotes are left alone, because apostrophes look the same.
    """
    for match in _MARKED.finditer(text):
        title = next(group for group in match.groups() if group is not None).strip().rstrip(',')
        words = title.split()
        if words and (title[0].isupper() or title[0].isdigit()) and len(words) <= _LONGEST_TITLE \
                and not (len(words) > 1 and title[-1] in '.:;'):
            year = _YEAR_BEHIND.match(text, match.end())
            yield f'{title} {year.group(1)}' if year else title


class GenerationMetrics:
    """Collects responses, and scores them together.

    Args:
        items: URI or name of each item of the catalogue, by entity id; without it, no items are looked for.
        weight: how common an item is; decides between namesakes, see :class:`.TitleMatcher`.
    """

    def __init__(self, items: Mapping[int, str] | None = None, weight: Mapping[int, float] | None = None):
        self._linker = self._matcher = None
        if items is not None:
            self._items = frozenset(items)
            self._linker = MentionLinker(items, items, weight)
            self._matcher = TitleMatcher(list(items.values()), [(weight or {}).get(e, 0) for e in items])
        self.reset()

    def reset(self) -> None:
        """Forgets all responses."""
        self._count: Counter[str] = Counter()
        self._grams: dict[int, Counter[tuple[str, ...]]] = {n: Counter() for n in DIST_ORDERS}
        self._crslab_grams: dict[int, set[tuple[str, ...]]] = {n: set() for n in CRSLAB_ORDERS}
        self._sum: Counter[str] = Counter()
        self._references: list[list[list[str]]] = []
        self._hypotheses: list[list[str]] = []

    def add(self, response: str, references: Sequence[str] = (), recommended: int | None = None,
            candidates: Collection[int] | None = None, context: Collection[int] = ()) -> None:
        """Adds a response.

        Args:
            response: may be empty.
            references: what was really said, one or more; may be empty.
            recommended: entity id of the item that it should name; None if there is none.
            candidates: entity ids of the items that it may name; None if it may name any.
            context: entity ids of items named before, which it may name as well.

        Raises:
            UserError: ``references`` is a string, or ``recommended`` is not in the catalogue.
        """
        if isinstance(references, str):
            raise UserError('responses: references must be a list of strings, not one string')
        words = response_words(response)
        self._count['responses'] += 1
        self._count['empty'] += not words
        for n in DIST_ORDERS:
            own = Counter(ngrams(words, n))
            self._grams[n] += own
            if own:
                self._count[f'intra_dist-{n}'] += 1
                self._sum[f'intra_dist-{n}'] += len(own) / own.total()
        self._add_bleu(response, words, references)
        if self._linker is not None:
            self._add_items(response, recommended, candidates, context)

    def _add_bleu(self, response: str, words: list[str], references: list[str]) -> None:
        if response:  # as evaluator/conv.py:59
            self._count['host'] += 1
            for n in CRSLAB_ORDERS:
                self._crslab_grams[n].update(ngrams(response, n))
        if response and references:
            self._count['host_bleu'] += 1
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')  # of NLTK, at orders without a match
                scores = sentence_bleu([reference.split(' ') for reference in references], response.split(' '),
                                       _CRSLAB_WEIGHTS)
            for n, score in zip(CRSLAB_ORDERS, scores):
                self._sum[f'crslab_bleu@{n}'] += score
        said = [own for reference in references if (own := response_words(reference))]
        if not said:
            return
        self._count['with_reference'] += 1
        self._references.append(said)
        self._hypotheses.append(words)
        for n, score in zip(BLEU_ORDERS, sentence_bleu(said, words, _BLEU_WEIGHTS, _SMOOTHING)):
            self._sum[f'bleu-{n}'] += score

    def _add_items(self, response: str, recommended: int | None, candidates: Collection[int] | None,
                   context: Collection[int]) -> None:
        if recommended is not None and recommended not in self._items:
            raise UserError(f'responses: recommended item {recommended} is not in the catalogue')
        expected = {*(candidates or ()), *context, *(() if recommended is None else (recommended,))}
        named = {mention.entity for mention in self._linker.link(response, expected)}
        self._count['names_item'] += bool(named)
        if recommended is not None:
            self._count['with_recommended'] += 1
            # linked anew, because it may share its name with another candidate
            own = {mention.entity for mention in self._linker.link(response, (recommended,))}
            self._count['names_recommended'] += recommended in own
        if candidates is not None:
            self._count['with_candidates'] += 1
            self._count['names_other_item'] += not named <= expected
        self._count['names_unknown_title'] += None in self._matcher.match_all(list(marked_titles(response)))

    def scores(self) -> dict[str, float]:
        """All scores since the last reset; NaN where nothing was added that a score could be made of.

        Besides those above: ``responses``, their number; ``empty``, share without a word; ``with_reference``, share
        that BLEU is made of; and, with a catalogue, shares of responses: ``names_item``, that name an item;
        ``names_recommended``, of those with a recommended item, that name it; ``names_other_item``, of those with
        candidates, that name an item which is neither candidate nor recommended nor in the context;
        ``names_unknown_title``, with a title in quotes that is not in the catalogue.
        """
        total = self._count['responses']
        result = {'responses': total}
        for name in ('empty', 'with_reference'):
            result[name] = _share(self._count[name], total)
        for n, grams in self._grams.items():
            result[f'dist-{n}'] = _share(len(grams), grams.total())
            result[f'dist_per_response-{n}'] = _share(len(grams), total)
            result[f'intra_dist-{n}'] = _share(self._sum[f'intra_dist-{n}'], self._count[f'intra_dist-{n}'])
        scored = self._count['with_reference']
        corpus = corpus_bleu(self._references, self._hypotheses, _BLEU_WEIGHTS, _SMOOTHING) if scored else []
        for i, n in enumerate(BLEU_ORDERS):
            result[f'bleu-{n}'] = _share(self._sum[f'bleu-{n}'], scored)
            result[f'corpus_bleu-{n}'] = float(corpus[i]) if scored else math.nan
        for n in CRSLAB_ORDERS:
            result[f'crslab_dist@{n}'] = _share(len(self._crslab_grams[n]), self._count['host'])
            result[f'crslab_bleu@{n}'] = _share(self._sum[f'crslab_bleu@{n}'], self._count['host_bleu'])
        if self._linker is not None:
            of = {'names_item': total, 'names_recommended': self._count['with_recommended'],
                  'names_other_item': self._count['with_candidates'], 'names_unknown_title': total}
            result |= {name: _share(self._count[name], number) for name, number in of.items()}
        return result


def _share(part: float, whole: int) -> float:
    return part / whole if whole else math.nan
