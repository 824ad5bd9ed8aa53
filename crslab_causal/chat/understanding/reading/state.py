"""The state of reading one message, which the readers of its parts share."""

from __future__ import annotations

from typing import Iterable, Sequence

from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.clauses import Clause, group_spans, split_clauses
from crslab_causal.chat.understanding.meaning import Attitude, Heard, Situation, Understanding
from crslab_causal.chat.understanding.properties import Properties
from crslab_causal.chat.understanding.spans import Span, SpanKind


class ReadingState:
    """The clauses of one message, and what the rules have understood of them so far.

    Args:
        facts: facts about the films.
        properties: constraints of spans.
        text: the message.
        spans: its spans.
        situation: state of the conversation before the message.
    """

    def __init__(
        self, facts: FilmFacts, properties: Properties, text: str, spans: Sequence[Span], situation: Situation
    ):
        self.facts, self.properties = facts, properties
        self.text, self.situation = text, situation
        self.groups = group_spans(spans)
        self.clauses = split_clauses(text, self.groups)
        self.film, self.person = situation.film, situation.person
        self.meaning = Understanding()
        self.position = 0
        """Index of the clause that is read."""
        self.accepted_by_yes: set[int | None] = set()
        """Films that only a word such as "great" accepts."""
        self.excepted: set[int] = set()
        """Films that the message excepts from what it says about all films of the list."""

    def films(self, clause: Clause) -> Iterable[int]:
        """Yield the films that a clause names."""
        for group in clause.groups:
            for span in self.groups[group]:
                if span.kind is SpanKind.FILM and span.id is not None:
                    yield span.id

    def places(self, clause: Clause) -> Iterable[int]:
        """Yield the films that a clause names by their place in the last list."""
        for group in clause.groups:
            for span in self.groups[group]:
                if span.kind is SpanKind.PLACE and span.id is not None:
                    yield self.situation.shown[span.id - 1]

    def hear_films(self, films: Iterable[int], attitude: Attitude, seen: bool = False) -> None:
        """Add an attitude to films to the meaning.

        Args:
            films: the films.
            attitude: the attitude.
            seen: whether the seeker has seen them.
        """
        for film in films:
            self.meaning.heard.append(Heard(SpanKind.FILM, self.facts.names[film], attitude, film, seen))

    def hear(self, span: Span, name: str, attitude: Attitude, entity: int | None) -> None:
        """Add an attitude to what a span names to the meaning.

        Args:
            span: the span.
            name: name of the film, the person or the property.
            attitude: the attitude.
            entity: entity id; None if there is none.
        """
        self.meaning.heard.append(Heard(span.kind, name, attitude, entity))

    def drop(self, attitude: Attitude) -> None:
        """Remove the names with an attitude from the meaning."""
        self.meaning.heard = [heard for heard in self.meaning.heard if heard.attitude is not attitude]
