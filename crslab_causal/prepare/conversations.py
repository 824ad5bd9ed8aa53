"""The conversations of CRSLab's ``*_data.json`` files."""

from __future__ import annotations

from typing import Container, Iterable, NotRequired, TypedDict

from crslab_causal.prepare.tokenizer import tokenize

SEEKER, RECOMMENDER = 'Seeker', 'Recommender'


class Utterance(TypedDict):
    """One utterance. Names of entities are keys of ``entity2id.json``."""

    utt_id: int
    role: str
    text: list[str]
    entity: list[str]
    word: list[str]
    movies: NotRequired[list[str]]
    """Films, in ReDial and INSPIRED."""
    item: NotRequired[list[str]]
    """Items, in OpenDialKG."""
    liked: NotRequired[list[str]]
    disliked: NotRequired[list[str]]
    seen: NotRequired[list[str]]
    official_split: NotRequired[str]
    """Split of which the turn is a sample, where whole dialogues do not follow the official split."""


class Conversation(TypedDict):
    """One conversation."""

    conv_id: str
    dialog: list[Utterance]


def utterance(number: int, role: str, text: str, entities: Iterable[str], concepts: Container[str]) -> Utterance:
    """Return an utterance without its items."""
    tokens = tokenize(text)
    return {
        'utt_id': number,
        'role': role,
        'text': tokens,
        'entity': list(entities),
        'word': [token for token in tokens if token in concepts],
    }
