"""Examples for the trained model of the understanding: features and right answers, from the labelled tables."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Iterator, Mapping, NamedTuple, Sequence

from benchmarks.understanding.messages import (
    MARK_MEANINGS,
    MARKS,
    TRANSCRIPTS,
    Message,
    read_messages,
    understand_drafts,
)
from benchmarks.understanding.scoring import labels_of, same_names
from crslab_causal.chat.constraints import Constraint
from crslab_causal.chat.understanding.draft import Draft
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.meaning import Attitude
from crslab_causal.chat.understanding.models.features import (
    Text,
    film_features,
    message_features,
    name_features,
    person_features,
)
from crslab_causal.chat.understanding.models.targets import (
    NO_ATTITUDE,
    meant_films,
    meant_person,
    names_in,
    rule_attitude,
)
from crslab_causal.chat.understanding.spans import SpanKind


@dataclass
class Examples:
    """Examples of one task."""

    features: list[list[str]] = field(default_factory=list)
    answers: list[frozenset[str]] = field(default_factory=list)
    """Classes that are right."""
    conversations: list[str] = field(default_factory=list)
    """Name of the conversation of each example."""
    messages: list[int] = field(default_factory=list)
    """Number of the message of each example, among the messages of the task ``acts``."""
    places: list[str] = field(default_factory=list)
    """Place of each example in its message: empty for the message, ``name 3`` for a group of spans, ``film 17`` for
    the entity of a film that it may mean."""

    def add(
        self, features: list[str], answers: Sequence[str], conversation: str, message: int, place: str = ''
    ) -> None:
        """Add an example."""
        self.features.append([sys.intern(each) for each in features])
        self.answers.append(frozenset(map(str, answers)))
        self.conversations.append(conversation)
        self.messages.append(message)
        self.places.append(place)


class Drafted(NamedTuple):
    """A labelled message, and what the rules understand of it."""

    table: str
    conversation: str
    """Name of the table, and number of the conversation in it."""
    message: Message
    labels: Mapping[str, Counter[str]]
    draft: Draft


def collect(drafts: Iterable[Drafted], interpreter: Interpreter) -> dict[str, Examples]:
    """Return the examples of all tasks, by the name of the model.

    Args:
        drafts: the messages.
        interpreter: the interpreter that made the drafts.
    """
    facts = interpreter.facts
    tasks = {name: Examples() for name in ('acts', 'questions', 'names', 'films', 'people')}
    for _, conversation, message, labels, draft in drafts:
        if not draft.clauses:
            continue
        text = Text(draft)
        number = len(tasks['acts'].answers)
        labelled = _marked_names(labels)
        words = message_features(draft, text)
        tasks['acts'].add(words, message.acts, conversation, number)
        tasks['questions'].add(words, message.questions, conversation, number)
        for named in names_in(draft, facts, interpreter.properties):
            features = name_features(draft, text, named.group, rule_attitude(draft, named.key))
            attitude = _attitude_to(named.name, named.constraint, labelled, labels)
            tasks['names'].add(features, [attitude], conversation, number, f'name {named.group}')
        for film in meant_films(draft, facts):
            rule = rule_attitude(draft, (SpanKind.FILM, facts.names[film]))
            features = film_features(draft, text, film, facts.films[film].title, rule)
            attitude = _attitude_to(facts.names[film], None, labelled, labels)
            tasks['films'].add(features, [attitude], conversation, number, f'film {film}')
        if (person := meant_person(draft, text, facts)) is not None:
            name, constraint = facts.names[person], interpreter.properties.person(person)
            features = person_features(draft, text, rule_attitude(draft, (SpanKind.PERSON, name)))
            tasks['people'].add(features, [_attitude_to(name, constraint, labelled, labels)], conversation, number)
    return tasks


def read_drafts(path: Path, interpreter: Interpreter) -> Iterator[Drafted]:
    """Yield the messages of a table, with the drafts of an interpreter that has rules only."""
    messages = read_messages(path)
    known = frozenset(film.name for film in interpreter.facts.films.values())
    named = films_in(messages)
    number = 0
    for message, draft in understand_drafts(interpreter, interpreter.facts, messages, path == TRANSCRIPTS):
        number += message.starts
        yield Drafted(path.name, f'{path.name} {number}', message, labels_of(message, known, named), draft)


def films_in(messages: Sequence[Message]) -> frozenset[str]:
    """Return the films with a year that the labels name."""
    names = (name for message in messages for name in message.names)
    return frozenset(name.lstrip(MARKS) for name in names if name.endswith(')') and name[-5:-1].isdigit())


def _marked_names(labels: Mapping[str, Counter[str]]) -> dict[str, Attitude]:
    """Return the attitude to each labelled name; names in lower case."""
    found = {}
    for name in labels['names with attitude']:
        bare = name.lstrip(MARKS)
        found[bare] = MARK_MEANINGS.get(name[: len(name) - len(bare)], Attitude.MENTIONED)
    return found


def _attitude_to(
    name: str, constraint: Constraint | None, labelled: Mapping[str, Attitude], labels: Mapping[str, Counter[str]]
) -> str:
    """Return the labelled attitude to a name; empty if the message does not have it.

    Args:
        name: the name.
        constraint: constraint of the property that the name stands for; None for a film.
        labelled: attitudes to the names, from :func:`_marked_names`.
        labels: labels of the message.
    """
    forms = [form for form in same_names(name) if form in labelled]
    if not forms:
        return NO_ATTITUDE
    attitude = labelled[forms[0]]
    if constraint is None or attitude not in (Attitude.MENTIONED, Attitude.SIMILAR):
        return attitude
    stated = constraint.name.lower()
    if stated in labels['constraints'] or attitude is Attitude.SIMILAR:
        return Attitude.WANTED
    return Attitude.LIKED if f'~{stated}' in labels['constraints'] else Attitude.MENTIONED
