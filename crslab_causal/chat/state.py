"""The state of a conversation: the messages, and the films that were liked, seen, rejected and recommended."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, fields, replace
from typing import Iterable, Mapping

from crslab_causal.chat.constraints import Constraint, ConstraintSet, Kind, describe
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Attitude, Heard, Situation, Understanding
from crslab_causal.chat.understanding.questions import Question
from crslab_causal.chat.understanding.spans import SpanKind

_IN_HISTORY = frozenset(
    (
        Attitude.LIKED,
        Attitude.DISLIKED,
        Attitude.SEEN,
        Attitude.SIMILAR,
        Attitude.WANTED,
        Attitude.ACCEPTED,
        Attitude.MENTIONED,
    )
)
"""Attitudes that show taste. A film that was only asked about, or that the seeker has not seen, shows none."""
_OPINION = {
    Attitude.LIKED: True,
    Attitude.SIMILAR: True,
    Attitude.WANTED: True,
    Attitude.DISLIKED: False,
}


@dataclass
class DialogueState:
    """Everything that a conversation remembers."""

    context: list[tuple[str, str]] = field(default_factory=list)
    """Role of the speaker and text of each turn."""
    mentions: list[int] = field(default_factory=list)
    """Entity ids that the seeker has mentioned, in order of mention."""
    opinions: dict[int, bool | None] = field(default_factory=dict)
    """Opinion on each mention, in order of the last opinions: True for liked, False for disliked, None for no opinion.
    """
    named_films: set[int] = field(default_factory=set)
    """Films that the seeker has named, has seen or has rejected."""
    seen: set[int] = field(default_factory=set)
    """Films that the seeker has seen."""
    chosen: set[int] = field(default_factory=set)
    """Films that the seeker has decided to watch."""
    recommended: list[int] = field(default_factory=list)
    """Films that were first in a recommendation list."""
    constraints: ConstraintSet = field(default_factory=ConstraintSet)
    shown: tuple[int, ...] = ()
    """Films of the last list."""
    listed: set[int] = field(default_factory=set)
    """Films of all lists. A wish for something else is answered with other films."""
    film: int | None = None
    """Film that "it" means."""
    person: int | None = None
    """Person whom "he" or "she" means."""
    question: Question | None = None
    """Question that the last reply has answered; None if it has answered none."""
    has_asked: bool = False
    """Whether the last reply was a question about the seeker's taste."""

    def copy(self) -> DialogueState:
        """Return a copy that does not change with the original."""
        values = {each.name: copy(getattr(self, each.name)) for each in fields(self)}
        return DialogueState(**values | {'constraints': ConstraintSet(self.constraints)})

    @property
    def situation(self) -> Situation:
        """The part of the state that the next message is understood with."""
        return Situation(
            film=self.film,
            person=self.person,
            shown=self.shown,
            mentioned=tuple(self.mentions),
            constraints=self.constraints,
            last_turn=self.context[-1] if self.context else ('', ''),
            recommended=tuple(self.recommended),
            question=self.question,
            attitudes=self._attitudes,
        )

    @property
    def _attitudes(self) -> dict[int, Attitude]:
        """The attitude to each entity that the seeker has named."""
        attitudes = dict.fromkeys(self.opinions, Attitude.MENTIONED) | dict.fromkeys(self.seen, Attitude.SEEN)
        attitudes |= dict.fromkeys(self.liked, Attitude.LIKED) | dict.fromkeys(self.disliked, Attitude.DISLIKED)
        similar = (c.entity for c in self.constraints if c.kind is Kind.SIMILAR and c.entity is not None)
        return attitudes | dict.fromkeys(similar, Attitude.SIMILAR)

    @property
    def never_again(self) -> set[int]:
        """Films that are not recommended, because they were named, seen, rejected or recommended before."""
        return {*self.named_films, *self.recommended}

    @property
    def left(self) -> set[int]:
        """Films that the last list no longer holds: the seeker has chosen or seen them, or has said an opinion."""
        return {*self.seen, *self.opinions}

    @property
    def liked(self) -> list[int]:
        """Entity ids of the mentions that the seeker likes or wants."""
        return [entity for entity, is_liked in self.opinions.items() if is_liked]

    @property
    def disliked(self) -> list[int]:
        """Entity ids of the mentions that the seeker rejects."""
        return [entity for entity, is_liked in self.opinions.items() if is_liked is False]

    def hear(self, text: str, understanding: Understanding) -> None:
        """Add a message and its meaning to the state.

        Args:
            text: the message.
            understanding: meaning of the message.
        """
        self.context.append(('Seeker', text))
        for heard in understanding.heard:
            self._hear(heard)
            if heard.attitude is Attitude.ACCEPTED and heard.entity is not None and not understanding.questions:
                self.chosen.add(heard.entity)  # "that sounds fun, who is in it?" is not decided yet
        asks = Act.ASK_FILM in understanding.acts and all(each.film is None for each in understanding.questions)
        if understanding.unknown and asks:
            self.film = self.person = None  # "is it scary?", "did he make others?" are about the unknown film
        self.forget([*understanding.replaced, *understanding.withdrawn])
        for constraint in understanding.constraints:
            self.constraints.add(replace(constraint, turn=len(self.context)))

    def forget(self, constraints: Iterable[Constraint]) -> None:
        """Remove constraints, and the likes and dislikes that they express."""
        forgotten = list(constraints)
        self.constraints.remove(forgotten)
        for constraint in forgotten:
            if constraint.entity is not None and self.opinions.get(constraint.entity) is constraint.wanted:
                self.opinions.pop(constraint.entity)
                self.mentions = [mention for mention in self.mentions if mention != constraint.entity]

    def drop_mention(self, entity: int) -> bool:
        """Forget a film, a person or a genre, as if the seeker had never named it.

        Args:
            entity: entity id.

        Returns:
            Whether the conversation remembered it.
        """
        constraints = [constraint for constraint in self.constraints if constraint.entity == entity]
        is_known = bool(constraints) or entity in self.opinions or entity in self.named_films | self.seen
        self.constraints.remove(constraints)
        self.mentions = [mention for mention in self.mentions if mention != entity]
        self.opinions.pop(entity, None)
        self.named_films.discard(entity)
        self.seen.discard(entity)
        self.chosen.discard(entity)
        if self.person == entity:
            self.person = None
        return is_known

    def _hear(self, heard: Heard) -> None:
        entity = heard.entity
        if heard.kind is SpanKind.FILM and entity is not None:
            self.named_films.add(entity)
            self.film = entity
            if heard.attitude is Attitude.REJECTED:
                self.chosen.discard(entity)
            if heard.seen or heard.attitude is Attitude.SEEN:
                self.seen.add(entity)
        self.named_films |= heard.films
        self.seen |= heard.films
        if entity is None or heard.attitude not in _IN_HISTORY:
            return
        self.mentions.append(entity)
        previous = self.opinions.pop(entity, None)
        opinion = _OPINION.get(heard.attitude)
        # without a new opinion, an earlier like remains, but an earlier dislike does not
        self.opinions[entity] = opinion if opinion is not None else previous or None


def prompt_note(state: DialogueState, names: Mapping[int, str]) -> str:
    """Return a note for a language model with the seeker's likes, dislikes and constraints; empty if there are none.

    Args:
        state: state of the conversation.
        names: name of each entity.
    """
    wanted = [c for c in state.constraints.binding if c.wanted]
    excluded = [c for c in state.constraints.binding if not c.wanted]
    parts = [
        ('The seeker wants', describe(wanted)),
        ('must not be recommended', describe(excluded)),
        ('likes', list_names(state.liked, names)),
        ('dislikes', list_names(state.disliked, names)),
        ('has seen', list_names(sorted(state.seen), names)),
    ]
    known = '; '.join(f'{title}: {text}' for title, text in parts if text)
    return f'{known}. The candidates already respect this.' if known else ''


def list_names(entities: Iterable[int], names: Mapping[int, str]) -> str:
    """Return the known names of entities, separated by commas."""
    return ', '.join(names[entity] for entity in entities if entity in names)
