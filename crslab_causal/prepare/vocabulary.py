"""Make the vocabularies of a data folder: token ids, concept ids, and the edges between concepts."""

from __future__ import annotations

from collections import Counter
from typing import Iterable, Iterator, Mapping

from crslab_causal.prepare.conversations import Conversation

SPECIAL_TOKENS = ('__pad__', '__start__', '__end__', '__unk__')
"""Tokens with the ids 0 to 3 in CRSLab's ``nltk`` files."""


def token_ids(train: Iterable[Conversation]) -> dict[str, int]:
    """Return the id of each token of the training conversations.

    The special tokens come first, then the others by frequency.
    """
    return {token: i for i, token in enumerate([*SPECIAL_TOKENS, *_by_frequency(train)])}


def concept_ids(train: Iterable[Conversation], concepts: Mapping[str, int]) -> dict[str, int]:
    """Return the id of each token of the training conversations that is a concept.

    Ids start at 1, because 0 is the padding.
    """
    return {word: i for i, word in enumerate((token for token in _by_frequency(train) if token in concepts), start=1)}


def _by_frequency(conversations: Iterable[Conversation]) -> list[str]:
    counts = Counter(
        token for conversation in conversations for utterance in conversation['dialog'] for token in utterance['text']
    )
    return [token for token, _ in counts.most_common()]


def concept_edges(lines: Iterable[str], concepts: Mapping[str, int]) -> Iterator[tuple[str, str, str]]:
    """Yield (relation, concept, concept) for each edge between two of ``concepts``.

    Args:
        lines: ``relation<tab>concept[/part of speech]<tab>concept[/part of speech]``.
        concepts: Concepts to keep. CRSLab's loaders fail if the edges contain any other concept.
    """
    for line in lines:
        fields = line.rstrip('\n').split('\t')
        if len(fields) == 3 and all(field.partition('/')[0] in concepts for field in fields[1:]):
            yield fields[0], fields[1], fields[2]


def redial_concept_graph(lines: Iterable[str], concepts: Mapping[str, int]) -> str:
    """Return ``conceptnet_subkg.txt`` in the form that CRSLab's ReDial loader reads, parts of speech included."""
    return ''.join(f'{relation}\t{head}\t{tail}\n' for relation, head, tail in concept_edges(lines, concepts))


def concept_graph(lines: Iterable[str], concepts: Mapping[str, int]) -> str:
    """Return the content of ``concept_subkg.txt``, with lines of the form ``concept<tab>relation<tab>concept``.

    CRSLab's loaders for other datasets than ReDial read this form.
    """
    triples = dict.fromkeys(
        (head.partition('/')[0], relation, tail.partition('/')[0])
        for relation, head, tail in concept_edges(lines, concepts)
    )
    return ''.join(f'{head}\t{relation}\t{tail}\n' for head, relation, tail in triples)
