"""The result of understanding a message, and the situation in which it is understood."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Sequence

from crslab_causal.chat.constraints import Constraint, ConstraintSet
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.questions import Question
from crslab_causal.chat.understanding.spans import SpanKind


class Attitude(StrEnum):
    """The attitude of a message to something that it names."""

    LIKED = 'liked'
    DISLIKED = 'disliked'
    SEEN = 'seen'
    NOT_SEEN = 'not seen'
    SIMILAR = 'similar'
    """Films like it are wanted."""
    WANTED = 'wanted'
    """Films of this genre, with this person, ... are wanted."""
    ACCEPTED = 'accepted'
    REJECTED = 'rejected'
    ASKED = 'asked'
    MENTIONED = 'mentioned'


_OPINIONS = (Attitude.LIKED, Attitude.DISLIKED)


@dataclass(frozen=True)
class Heard:
    """Something that a message names, and its attitude to it."""

    kind: SpanKind
    name: str
    attitude: Attitude
    entity: int | None = None
    """Entity id; None: the recommender does not know it."""
    seen: bool = False
    """Whether the seeker has seen the film."""
    films: frozenset[int] = field(default=frozenset(), repr=False)
    """Films of a franchise that the seeker has seen."""


@dataclass(frozen=True)
class Situation:
    """The state of the conversation in which a message is understood."""

    film: int | None = None
    """Film that "it" stands for."""
    person: int | None = None
    """Person that "he" or "she" stands for."""
    shown: tuple[int, ...] = ()
    """Films of the last list."""
    mentioned: tuple[int, ...] = ()
    """Entities that the seeker has named."""
    constraints: ConstraintSet = field(default_factory=ConstraintSet)
    """Constraints so far."""


@dataclass
class Understanding:
    """The content of a message."""

    acts: list[Act] = field(default_factory=list)
    """Acts in order of appearance, each once."""
    heard: list[Heard] = field(default_factory=list)
    """Names in order of appearance."""
    constraints: list[Constraint] = field(default_factory=list)
    """Constraints that the message adds."""
    forgotten: list[Constraint] = field(default_factory=list)
    """Earlier constraints that the message takes back."""
    questions: list[Question] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Titles and names that the catalogue does not have."""
    is_wildcard: bool = False
    """Whether the choice is left to the recommender."""
    is_gibberish: bool = False
    """Whether no word is English."""


def merge_heard(heard: Sequence[Heard]) -> list[Heard]:
    """Return each name once, with the last attitude to it.

    An opinion on a film remains when the message then says that the film was seen. A wish for a genre remains, too.
    """
    merged: dict[tuple[SpanKind, str], Heard] = {}
    for new in heard:
        old = merged.get((new.kind, new.name), new)
        keeps_opinion = new.attitude is Attitude.SEEN and old.attitude in _OPINIONS
        keeps_wish = new.kind is SpanKind.GENRE and old.attitude in (Attitude.LIKED, Attitude.WANTED)
        attitude = old.attitude if keeps_opinion or keeps_wish else new.attitude
        merged[new.kind, new.name] = replace(new, attitude=attitude, seen=old.seen or new.seen)
    return list(merged.values())
