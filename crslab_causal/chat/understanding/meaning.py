"""The meaning of a message, and the state of the conversation in which the message is understood."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Mapping, NamedTuple, Sequence

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
    """Films like the named one are wanted."""
    WANTED = 'wanted'
    """Films of the named genre or with the named person are wanted."""
    ACCEPTED = 'accepted'
    REJECTED = 'rejected'
    ASKED = 'asked'
    MENTIONED = 'mentioned'


ACT_OF_ATTITUDE = {
    Attitude.LIKED: Act.LIKE,
    Attitude.DISLIKED: Act.DISLIKE,
    Attitude.SEEN: Act.SEEN,
    Attitude.NOT_SEEN: Act.NOT_SEEN,
    Attitude.ACCEPTED: Act.ACCEPT,
    Attitude.SIMILAR: Act.WANT,
    Attitude.WANTED: Act.WANT,
    Attitude.ASKED: Act.ASK_FILM,
}
"""Act of a message with a name to which it has an attitude. A name that is only mentioned decides no act."""
_OPINIONS = (Attitude.LIKED, Attitude.DISLIKED)


@dataclass(frozen=True)
class Heard:
    """A name in a message, and the attitude of the message to it."""

    kind: SpanKind
    name: str
    attitude: Attitude
    entity: int | None = None
    """Entity id; None if the recommender does not know the entity."""
    seen: bool = False
    """Whether the seeker has seen the film."""
    films: frozenset[int] = field(default=frozenset(), repr=False)
    """Films of a franchise that the seeker has seen."""


@dataclass(frozen=True)
class Situation:
    """The state of the conversation in which a message is understood."""

    film: int | None = None
    """Film that "it" means."""
    person: int | None = None
    """Person whom "he" or "she" means."""
    shown: tuple[int, ...] = ()
    """Films of the last list."""
    mentioned: tuple[int, ...] = ()
    """Entities that the seeker has named."""
    constraints: ConstraintSet = field(default_factory=ConstraintSet)
    """Constraints so far."""
    last_turn: tuple[str, str] = ('', '')
    """Role of the speaker and text of the last turn; empty at the start."""
    recommended: tuple[int, ...] = ()
    """Films that were first in the lists so far, the last one at the end."""
    question: Question | None = None
    """Question that the last reply has answered; None if it has answered none."""
    attitudes: Mapping[int, Attitude] = field(default_factory=dict)
    """Attitude to each entity that the seeker has named."""

    @property
    def said(self) -> str:
        """The last words of the recommender; empty if the seeker spoke last."""
        return self.last_turn[1] if self.last_turn[0] == 'Recommender' else ''

    @property
    def own(self) -> str:
        """The last message of the seeker, if the recommender has said nothing since; else empty."""
        return self.last_turn[1] if self.last_turn[0] == 'Seeker' else ''


class Subgenre(NamedTuple):
    """Words for a part of a genre, such as "spaghetti westerns"."""

    words: str
    genre: str
    wanted: bool


@dataclass
class Understanding:
    """The meaning of a message."""

    acts: list[Act] = field(default_factory=list)
    """Acts in order of appearance, each once."""
    heard: list[Heard] = field(default_factory=list)
    """Names in order of appearance."""
    constraints: list[Constraint] = field(default_factory=list)
    """Constraints that the message adds."""
    withdrawn: list[Constraint] = field(default_factory=list)
    """Earlier constraints that the message takes back."""
    forgotten_names: list[int] = field(default_factory=list)
    """Entity ids of the names that the message tells to forget."""
    questions: list[Question] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Titles and names that the catalogue does not have."""
    unknown_topics: list[str] = field(default_factory=list)
    """Words for subjects and places of films that the catalogue does not know, as in "with dragons"."""
    subgenres: list[Subgenre] = field(default_factory=list)
    """Parts of genres that the message wants or rejects, and that the catalogue does not know."""
    n_films: int | None = None
    """Number of films that the message asks for."""
    missing_place: int | None = None
    """Place that the message names, and the last list does not have."""
    is_wildcard: bool = False
    """Whether the message leaves the choice to the recommender."""
    rejects_gore: bool = False
    """Whether films without blood or violence are wanted, which no constraint can express."""
    is_gibberish: bool = False
    """Whether no word is English."""
    replaced: list[Constraint] = field(default_factory=list)
    """Earlier wishes that the wishes of the message replace."""
    remarks: list[str] = field(default_factory=list)
    """Sentences about wishes and names of the message that the catalogue does not know."""
    only_limits: bool = False
    """Whether the message only limits the films, and asks for no other one. A suggestion that satisfies its constraints
    can stay."""
    asks_how_are_you: bool = False

    def copy(self) -> Understanding:
        """Return a copy whose lists do not change with the original."""
        return Understanding(**{each.name: copy(getattr(self, each.name)) for each in fields(self)})


def merge_heard(heard: Sequence[Heard]) -> list[Heard]:
    """Return each name once, with the last attitude to it.

    If a message states an opinion on a film and then says that the film was seen, the opinion is kept. A wish for a
    genre is kept in the same way.
    """
    merged: dict[tuple[SpanKind, str], Heard] = {}
    for new in heard:
        old = merged.get((new.kind, new.name), new)
        keeps_opinion = new.attitude is Attitude.SEEN and old.attitude in _OPINIONS
        keeps_wish = new.kind is SpanKind.GENRE and old.attitude in (Attitude.LIKED, Attitude.WANTED)
        attitude = old.attitude if keeps_opinion or keeps_wish else new.attitude
        seen = new.seen or (old.seen and attitude is not Attitude.NOT_SEEN)
        merged[new.kind, new.name] = replace(new, attitude=attitude, seen=seen)
    return list(merged.values())
