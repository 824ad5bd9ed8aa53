"""The schema of the conversations in CRSLab's ``*_data.json`` files."""

from __future__ import annotations

from typing import Container, Iterable, NotRequired, TypedDict

from crslab_causal.prepare.tokenizer import tokenize

SEEKER, RECOMMENDER = 'Seeker', 'Recommender'


class Utterance(TypedDict):
    """An utterance of a conversation. Names of entities are keys of ``entity2id.json``."""

    utt_id: int
    role: str
    text: list[str]
    entity: list[str]
    word: list[str]
    movies: NotRequired[list[str]]
    """Names of the films (in ReDial and INSPIRED)."""
    item: NotRequired[list[str]]
    """Names of the items (in OpenDialKG)."""
    liked: NotRequired[list[str]]
    disliked: NotRequired[list[str]]
    seen: NotRequired[list[str]]
    official_split: NotRequired[str]
    """Official split of the turn, if the turns of a dialogue belong to different official splits."""


class Conversation(TypedDict):
    """A conversation with its utterances."""

    conv_id: str
    dialog: list[Utterance]


def utterance(number: int, role: str, text: str, entities: Iterable[str], concepts: Container[str]) -> Utterance:
    """Build an utterance in CRSLab's format. The caller adds the items of the utterance."""
    tokens = tokenize(text)
    return {
        'utt_id': number,
        'role': role,
        'text': tokens,
        'entity': list(entities),
        'word': [token for token in tokens if token in concepts],
    }
