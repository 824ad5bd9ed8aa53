"""Compare two files of conversations in CRSLab's form, utterance by utterance, and sort the differences by kind.

CRSLab's own file of a split and the same split converted from the raw conversations should be equal but for the entity
links. :func:`compare` says whether they are, and what kind of difference remains.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Any, Container, Iterable, Iterator, Mapping, Sequence

from crslab_causal.prepare.content import Files, read_json, read_json_lines
from crslab_causal.prepare.conversations import Conversation
from crslab_causal.prepare.redial import convert, film_uris, redial_entities

VALID_SOURCES = ('redial_valid', 'redial_raw_valid', 'redial_entities', 'film_names', 'concepts')
"""Files of the manifest that the comparison of ReDial's valid split needs."""

ONLY_FIRST = 'the utterance is in the first file only'
ONLY_SECOND = 'the utterance is in the second file only'
ROLE = 'the role differs'
PERIOD = 'the period after a word is a token of its own in one file, and part of the word in the other'
BORDERS = 'other borders between tokens of equal letters'
WORDS = 'other words'
FILMS = 'other films'
CONCEPTS_FOLLOW = 'other concepts, because the tokens differ'
CONCEPTS = 'other concepts in equal tokens'

_FINAL_PERIOD = re.compile(r'(?<=[^.])\.$')


@dataclass(frozen=True)
class Difference:
    """A difference between two files of conversations: where it is, its kind, and the value in each file."""

    conversation: str
    utterance: int
    kind: str
    first: Any
    """The value in the first file; None if it lacks the utterance."""
    second: Any


@dataclass
class Links:
    """Counts of the entity links of two files."""

    first: int = 0
    """Number of links in the first file."""
    first_known: int = 0
    """Number of links in the first file whose entities are in ``entity2id.json``. CRSLab ignores the others."""
    second: int = 0
    second_known: int = 0
    common: int = 0
    """Number of known links that both files have in the same utterance."""

    def add(self, first: Iterable[str], second: Iterable[str], known: Container[str]) -> None:
        """Add the entity links of one utterance, as each of the two files lists them, to the counts."""
        one, other = list(first), list(second)
        one_known, other_known = ([name for name in names if name in known] for names in (one, other))
        self.first += len(one)
        self.second += len(other)
        self.first_known += len(one_known)
        self.second_known += len(other_known)
        self.common += len(set(one_known) & set(other_known))


@dataclass
class Comparison:
    """The outcome of :func:`compare`."""

    conversations: int = 0
    """Number of conversations in the first file."""
    utterances: int = 0
    """Number of utterances in the first file."""
    equal: int = 0
    """Number of utterances that have equal tokens, films, concepts and roles in both files."""
    differences: list[Difference] = field(default_factory=list)
    links: Links = field(default_factory=Links)

    def kinds(self) -> dict[str, int]:
        """Return the number of differences of each kind, the most frequent first."""
        counts: dict[str, int] = {}
        for difference in self.differences:
            counts[difference.kind] = counts.get(difference.kind, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))

    def lines(self) -> Iterator[str]:
        """Yield the lines of a report: counts, and an example of each kind of difference."""
        yield (
            f'{self.equal:,} of {self.utterances:,} utterances in {self.conversations:,} conversations have equal '
            'tokens, films, concepts and roles'
        )
        for kind, count in self.kinds().items():
            example = next(difference for difference in self.differences if difference.kind == kind)
            yield (
                f'{count:6,}  {kind}, as in conversation {example.conversation}, utterance {example.utterance}: '
                f'{_short(example.first)} and {_short(example.second)}'
            )
        links = self.links
        yield (
            f'Entity links: {links.first:,} in the first file, {links.first_known:,} of them in entity2id.json; '
            f'{links.second:,} in the second, {links.second_known:,} of them in entity2id.json; '
            f'{links.common:,} known links are common to both'
        )

    def record(self) -> dict[str, Any]:
        """Return the whole outcome as a dict for a JSON file."""
        return {
            'conversations': self.conversations,
            'utterances': self.utterances,
            'equal': self.equal,
            'kinds': self.kinds(),
            'links': asdict(self.links),
            'differences': [asdict(difference) for difference in self.differences],
        }


def compare(
    first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]], entities: Container[str]
) -> Comparison:
    """Compare the utterances of two files by conversation and position.

    Args:
        first: Content of a ``*_data.json``.
        second: Content of another one, in any order.
        entities: Names in ``entity2id.json``.
    """
    result = Comparison(len(first), sum(len(conversation['dialog']) for conversation in first))
    others = {str(conversation['conv_id']): conversation['dialog'] for conversation in second}
    for conversation in first:
        name = str(conversation['conv_id'])
        for number, (one, other) in enumerate(zip_longest(conversation['dialog'], others.pop(name, ()))):
            _compare_utterance(name, number, one, other, entities, result)
    for name, dialog in others.items():
        for number, other in enumerate(dialog):
            _compare_utterance(name, number, None, other, entities, result)
    return result


def converted_valid(files: Files) -> list[Conversation]:
    """Convert the validation split of ReDial from the raw conversations. It has no entity links; the raw file has none.

    Args:
        files: Those of :data:`VALID_SOURCES`.
    """
    uris = film_uris(read_json(files['film_names']), redial_entities(files))
    concepts = read_json(files['concepts'])
    return [convert(raw, uris, {}, concepts) for raw in read_json_lines(files['redial_raw_valid'])]


def _compare_utterance(
    name: str,
    number: int,
    one: Mapping[str, Any] | None,
    other: Mapping[str, Any] | None,
    entities: Container[str],
    result: Comparison,
) -> None:
    if one is None or other is None:
        kind = ONLY_SECOND if one is None else ONLY_FIRST
        texts = [None if utterance is None else utterance['text'] for utterance in (one, other)]
        result.differences.append(Difference(name, number, kind, *texts))
        return
    result.links.add(one['entity'], other['entity'], entities)
    found = [
        (kind, key)
        for key, kind in (
            ('role', ROLE),
            ('text', _text_kind(one['text'], other['text'])),
            ('movies', FILMS),
            ('word', CONCEPTS if one['text'] == other['text'] else CONCEPTS_FOLLOW),
        )
        if one[key] != other[key]
    ]
    result.equal += not found
    result.differences += [Difference(name, number, kind, one[key], other[key]) for kind, key in found]


def _text_kind(first: Sequence[str], second: Sequence[str]) -> str:
    """Return the kind of difference between two lists of tokens that are not equal."""
    if ''.join(first) != ''.join(second):
        return WORDS
    return PERIOD if _without_final_periods(first) == _without_final_periods(second) else BORDERS


def _without_final_periods(tokens: Iterable[str]) -> list[str]:
    """Split the final period off every token: ``Ok.`` becomes ``Ok`` and ``.``."""
    return [part for token in tokens for part in _FINAL_PERIOD.sub(' .', token).split()]


def _short(value: Any, most: int = 60) -> str:
    text = 'nothing' if value is None else ' '.join(value) if isinstance(value, list) else str(value)
    return repr(text if len(text) <= most else f'{text[:most]}…')
