"""The tokens of the texts, the vocabulary, and the pairs of words that occur together."""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from typing import Iterable, Protocol, Sequence

SPECIAL_TOKENS = ('__pad__', '__start__', '__end__', '__unk__')
"""Tokens with the ids 0 to 3, as in CRSLab's INSPIRED."""
ABBREVIATIONS = (
    'a.m',
    'capt',
    'co',
    'col',
    'dr',
    'e.g',
    'ep',
    'etc',
    'gen',
    'i.e',
    'inc',
    'jr',
    'lt',
    'mr',
    'mrs',
    'ms',
    'mt',
    'p.m',
    'ph.d',
    'pt',
    'rev',
    'sgt',
    'sr',
    'st',
    'u.k',
    'u.s',
    'vol',
    'vs',
)
"""Words after which a full stop does not end the sentence."""
WINDOW = 5
"""Maximum distance in words at which two words count as occurring together."""
MIN_COOCCURRENCES = 2
MOST_EDGES = 20_000


class _Tokenizer(Protocol):
    def tokenize(self, text: str) -> list[str]: ...


@lru_cache(maxsize=1)
def _tokenizers() -> tuple[_Tokenizer, _Tokenizer]:
    """Return NLTK's splitter of sentences, without a downloaded model, and its splitter of words."""
    from nltk.tokenize import NLTKWordTokenizer, PunktSentenceTokenizer
    from nltk.tokenize.punkt import PunktParameters

    parameters = PunktParameters()
    parameters.abbrev_types.update(ABBREVIATIONS)
    return PunktSentenceTokenizer(parameters), NLTKWordTokenizer()


def tokenize(text: str) -> list[str]:
    """Return the tokens that ``nltk.word_tokenize`` gives, as in CRSLab's data with ``tokenize: nltk``.

    NLTK finds the ends of sentences with a model that must be downloaded. Here a list of abbreviations replaces this
    model. A token that CRSLab reserves (``__pad__``) loses its underscores.
    """
    sentences, words = _tokenizers()
    return [
        token.strip('_') if token in SPECIAL_TOKENS else token
        for sentence in sentences.tokenize(text)
        for token in words.tokenize(sentence)
    ]


def vocabulary(texts: Iterable[Sequence[str]]) -> dict[str, int]:
    """Return the id of each token: the special tokens first, then the others by frequency."""
    count = Counter(token for tokens in texts for token in tokens)
    tokens = sorted(count, key=lambda token: (-count[token], token))
    return {token: i for i, token in enumerate((*SPECIAL_TOKENS, *tokens))}


def is_word(token: str) -> bool:
    """Return whether a token can be a concept: it has at least two characters, and all are letters."""
    return len(token) > 1 and token.isalpha()


def concepts_of(tokens: Sequence[str]) -> list[str]:
    """Return the concepts of a text, in lower case and in order."""
    return [token.lower() for token in tokens if is_word(token)]


def concept_ids(texts: Iterable[Sequence[str]]) -> dict[str, int]:
    """Return the id of each concept by frequency, from 1, because 0 is CRSLab's padding.

    CRSLab needs at least one concept. If the texts have no words, the only concept is ``word``.
    """
    count = Counter(concept for tokens in texts for concept in concepts_of(tokens))
    concepts = sorted(count, key=lambda concept: (-count[concept], concept)) or ['word']
    return {concept: i for i, concept in enumerate(concepts, start=1)}


def cooccurring(texts: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """Return the pairs of concepts that occur together more often than by chance, most strongly associated pairs first.

    The measure is normalised pointwise mutual information over pairs in a window (Bouma, 2009).
    """
    single, double = Counter[str](), Counter[tuple[str, str]]()
    for tokens in texts:
        words = concepts_of(tokens)
        for i, word in enumerate(words):
            for other in words[i + 1 : i + 1 + WINDOW]:
                if word != other:
                    double[min(word, other), max(word, other)] += 1
                    single.update((word, other))
    total = double.total()

    def association(pair: tuple[str, str]) -> float:
        together = double[pair] / total
        chance = single[pair[0]] * single[pair[1]] / (2 * total) ** 2 * 2  # in either order
        return math.log(together / chance) / -math.log(together) if together < 1 else 1.0

    strength = {pair: association(pair) for pair, n in double.items() if n >= MIN_COOCCURRENCES}
    best = sorted((pair for pair, value in strength.items() if value > 0), key=lambda pair: (-strength[pair], pair))
    return best[:MOST_EDGES]
