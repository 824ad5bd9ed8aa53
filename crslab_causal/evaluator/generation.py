"""Scores of responses: diversity, similarity to the references, and the items that they name.

Words are runs of letters and digits in lower case, with inner apostrophes; every other character that is not a space
is a word of its own (:func:`response_words`). No tagger and no download is needed. n-grams are n-grams of words. All
scores are shares from 0 to 1, except those that are divided by the number of responses.

**Distinct-n** has four variants. They cannot be compared with each other, and all depend on the number of responses.

- ``dist-n``: number of different n-grams in all responses, divided by the number of n-grams (Li et al. 2016).
- ``dist_per_response-n``: the same number, divided by the number of responses. The literature on conversational
  recommendation often reports this variant; it can exceed 1.
- ``intra_dist-n``: ``dist-n`` of each single response that has an n-gram, averaged over these responses.
- ``crslab_dist@n``: CRSLab's variant. It takes n-grams of characters instead of words (evaluator/conv.py:65), and
  divides by the number of responses that are not empty.

**BLEU-n** has three variants.

- ``bleu-n``, the main variant: cumulative BLEU, of 1- to n-grams with equal weights, computed by NLTK for each response
  and averaged, as in CRSLab and most of the literature. Smoothing method 1 of Chen and Cherry (2014) counts 0.1 matches
  for an order without a match. A response without a word of the references scores 0. The smoothing favours a correct
  response of a single word, which has no bigram: its BLEU-2 is the square root of 0.1.
- ``corpus_bleu-n``: BLEU of the summed counts of all responses (Papineni et al. 2002).
- ``crslab_bleu@n``: CRSLab's variant (evaluator/metrics/gen.py:94). It takes n-grams of order n only, splits at
  single spaces, is case-sensitive, and does not smooth: NLTK replaces a precision of 0 by 2.2e-308, which vanishes in
  a mean, but is the score if no response has a match.

An empty response has BLEU 0, no n-gram and no item; CRSLab's variants leave it out, as CRSLab does. A response whose
references have no word is left out of BLEU. CRSLab's BLEU leaves out a response with an empty list of references, on
which CRSLab itself fails.

**Items**: whether a response names the recommended item, items that it should not know, and titles in quotes that are
not in the catalogue, see :class:`.NamedItems`. Titles that are neither in the catalogue nor in quotes are not detected.
"""

from __future__ import annotations

import math
import re
import warnings
from collections import Counter, defaultdict
from typing import Collection, Mapping, Sequence

from nltk import ngrams
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu, sentence_bleu

from crslab_causal.base.errors import UserError
from crslab_causal.evaluator.named_items import NamedItems, share

DIST_ORDERS = (2, 3, 4)
BLEU_ORDERS = (2, 4)
CRSLAB_ORDERS = (1, 2, 3, 4)

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")
_BLEU_WEIGHTS = [tuple(1 / n for _ in range(n)) for n in BLEU_ORDERS]
_CRSLAB_WEIGHTS = [tuple(int(k == n) for k in CRSLAB_ORDERS) for n in CRSLAB_ORDERS]
_SMOOTHING = SmoothingFunction().method1


def response_words(text: str) -> list[str]:
    """Return the words and signs of a response in lower case: ``Don't! @1`` -> ``["don't", '!', '@', '1']``."""
    return _WORD.findall(text.lower().replace('’', "'"))


class GenerationMetrics:
    """Computes the scores of a set of responses.

    Args:
        items: URI or name of each item of the catalogue, by entity id; None: scores of items are not computed.
        weight: frequency of each item, see :class:`.NamedItems`.
    """

    def __init__(self, items: Mapping[int, str] | None = None, weight: Mapping[int, float] | None = None):
        self._named_items = None if items is None else NamedItems(items, weight)
        self.reset()

    def reset(self) -> None:
        """Remove all responses."""
        self._count: Counter[str] = Counter()
        self._grams: dict[int, Counter[tuple[str, ...]]] = {n: Counter() for n in DIST_ORDERS}
        self._crslab_grams: dict[int, set[tuple[str, ...]]] = {n: set() for n in CRSLAB_ORDERS}
        self._sum: defaultdict[str, float] = defaultdict(float)
        self._references: list[list[list[str]]] = []
        self._hypotheses: list[list[str]] = []
        if self._named_items is not None:
            self._named_items.reset()

    def add(
        self,
        response: str,
        references: Sequence[str] = (),
        recommended: int | None = None,
        candidates: Collection[int] | None = None,
        context: Collection[int] = (),
    ) -> None:
        """Add a response.

        Args:
            response: text of the response; may be empty.
            references: texts that people wrote, one or more; may be empty.
            recommended: entity id of the item that the response should name; None if there is none.
            candidates: entity ids of the items that it may name; None if it may name any.
            context: entity ids of the items named before, which it may also name.

        Raises:
            UserError: ``references`` is a string, or ``recommended`` is not in the catalogue.
        """
        if isinstance(references, str):
            raise UserError('responses: references must be a list of strings, not one string')
        words = response_words(response)
        self._count['responses'] += 1
        self._count['empty'] += not words
        for n in DIST_ORDERS:
            grams = Counter(ngrams(words, n))
            self._grams[n] += grams
            if grams:
                self._count[f'intra_dist-{n}'] += 1
                self._sum[f'intra_dist-{n}'] += len(grams) / grams.total()
        self._add_crslab_scores(response, references)
        self._add_bleu(words, references)
        if self._named_items is not None:
            self._named_items.add(response, recommended, candidates, context)

    def _add_crslab_scores(self, response: str, references: Sequence[str]) -> None:
        if not response:  # like evaluator/conv.py:59
            return
        self._count['crslab'] += 1
        for n in CRSLAB_ORDERS:
            self._crslab_grams[n].update(ngrams(response, n))
        if references:
            self._count['crslab_bleu'] += 1
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')  # NLTK warns of orders without a match
                scores = sentence_bleu(
                    [reference.split(' ') for reference in references], response.split(' '), _CRSLAB_WEIGHTS
                )
            for n, score in zip(CRSLAB_ORDERS, scores):
                self._sum[f'crslab_bleu@{n}'] += score

    def _add_bleu(self, words: list[str], references: Sequence[str]) -> None:
        tokenized = [tokens for reference in references if (tokens := response_words(reference))]
        if not tokenized:
            return
        self._count['with_reference'] += 1
        self._references.append(tokenized)
        self._hypotheses.append(words)
        for n, score in zip(BLEU_ORDERS, sentence_bleu(tokenized, words, _BLEU_WEIGHTS, _SMOOTHING)):
            self._sum[f'bleu-{n}'] += score

    def scores(self) -> dict[str, float]:
        """Return all scores since the last reset. A score to which no response contributes is NaN.

        Returns:
            The scores that the module describes, those of :meth:`.NamedItems.scores` if there is a catalogue, and

            - ``responses``: number of responses;
            - ``empty``: share of responses without a word;
            - ``with_reference``: share of responses that BLEU is computed on.
        """
        total = self._count['responses']
        result: dict[str, float] = {'responses': total}
        for name in ('empty', 'with_reference'):
            result[name] = share(self._count[name], total)
        for n, grams in self._grams.items():
            result[f'dist-{n}'] = share(len(grams), grams.total())
            result[f'dist_per_response-{n}'] = share(len(grams), total)
            result[f'intra_dist-{n}'] = share(self._sum[f'intra_dist-{n}'], self._count[f'intra_dist-{n}'])
        scored = self._count['with_reference']
        corpus = corpus_bleu(self._references, self._hypotheses, _BLEU_WEIGHTS, _SMOOTHING) if scored else []
        for i, n in enumerate(BLEU_ORDERS):
            result[f'bleu-{n}'] = share(self._sum[f'bleu-{n}'], scored)
            result[f'corpus_bleu-{n}'] = float(corpus[i]) if scored else math.nan
        for n in CRSLAB_ORDERS:
            result[f'crslab_dist@{n}'] = share(len(self._crslab_grams[n]), self._count['crslab'])
            result[f'crslab_bleu@{n}'] = share(self._sum[f'crslab_bleu@{n}'], self._count['crslab_bleu'])
        if self._named_items is not None:
            result |= self._named_items.scores()
        return result
