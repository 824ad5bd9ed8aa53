"""Merge utterances into turns, and add this package's keys to CRSLab's samples."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import Iterable, Iterator, NamedTuple, Sequence, cast

from crslab_causal.data.schema import Role, Sample


class Turn(NamedTuple):
    """An utterance, or several consecutive utterances of one speaker, which CRSLab merges."""

    role: Role
    text: str
    mentions: list[int]
    """Ids of the mentioned entities and items, in the order of the text."""
    liked: list[int]
    disliked: list[int]


def merge_turns(utterances: Iterable[Turn]) -> Iterator[Turn]:
    """Merge consecutive utterances of one speaker."""
    for role, group in groupby(utterances, key=attrgetter('role')):
        texts, *ids = zip(*(utterance[1:] for utterance in group))
        yield Turn(role, ' '.join(texts), *([i for part in parts for i in part] for parts in ids))


def extend_samples(samples: list[dict], turns: Sequence[Turn], conv_id: str, has_text: bool) -> list[Sample]:
    """Add the keys of this package to CRSLab's samples of one conversation.

    Args:
        samples: CRSLab's samples, one for each turn but the first; changed in place.
        turns: all turns of the conversation.
        conv_id: id of the conversation.
        has_text: whether the words of the conversation are known.

    Returns:
        ``samples``, which now have all keys of :class:`.Sample`.
    """
    texts = [(turn.role, turn.text) for turn in turns]
    for number, sample in enumerate(samples, start=1):
        context = turns[:number]
        sample.update(
            conv_id=conv_id,
            turn=number,
            context_mentions=[i for turn in context for i in turn.mentions],
            context_mention_roles=[turn.role for turn in context for _ in turn.mentions],
            context_text=texts[:number],
            context_liked=[i for turn in context for i in turn.liked],
            context_disliked=[i for turn in context for i in turn.disliked],
            response_text=turns[number].text,
            has_text=has_text,
        )
    return cast(list[Sample], samples)
