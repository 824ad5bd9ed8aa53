"""Read the user's conversations, and check them with a schema."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from crslab_causal.base.errors import UserError
from crslab_causal.prepare.own_data.catalogue import nearest
from crslab_causal.prepare.own_data.text_files import place, read_json_lines, shorten
from crslab_causal.prepare.own_data.values import Identifier, Moment, Reference, Text, first_mistake

ROLES = {'seeker': 'Seeker', 'user': 'Seeker', 'recommender': 'Recommender', 'assistant': 'Recommender'}
"""CRSLab's name of each role that a file may have, in lower case."""


def _role(value: Any) -> str:
    role = ROLES.get(value.strip().lower()) if isinstance(value, str) else None
    if role is None:
        raise ValueError(f'is {shorten(value)}, not one of {", ".join(ROLES)}')
    return role


class Turn(BaseModel):
    """An utterance of one speaker, and its annotations."""

    model_config = ConfigDict(extra='allow', frozen=True)

    role: Annotated[str, BeforeValidator(_role)]
    text: Text
    items: list[Reference] | None = None
    """Items that the turn names; None: they are looked for in the text."""
    entities: list[Reference] | None = None
    """Other entities that the turn names; None: they are looked for in the text."""
    liked: list[Reference] = []
    disliked: list[Reference] = []


class ConversationRow(BaseModel):
    """A line of the file of conversations."""

    model_config = ConfigDict(extra='allow', frozen=True)

    id: Identifier | None = None
    time: Moment | None = None
    turns: Annotated[list[Turn], Field(min_length=1)]


@dataclass(frozen=True)
class Conversation:
    """A conversation and its line in the file."""

    id: str
    line: int
    row: ConversationRow


def read_conversations(path: Path, warnings: list[str]) -> list[Conversation]:
    """Return the conversations of a JSON Lines file.

    A conversation without an id is named by its line: ``line-7``.

    Args:
        path: the file.
        warnings: list to which a line is added for each unread key whose name resembles one that is read.

    Raises:
        UserError: a conversation is wrong, an id occurs twice, or there is no conversation.
    """
    conversations: list[Conversation] = []
    line_of: dict[str, int] = {}
    unread: Counter[tuple[type[BaseModel], str]] = Counter()
    first: dict[tuple[type[BaseModel], str], str] = {}
    for line, record in read_json_lines(path):
        try:
            row = ConversationRow.model_validate(record)
        except ValidationError as error:
            location, message = first_mistake(error)
            turn = next((part + 1 for part in location[1:2] if isinstance(part, int)), None)
            raise UserError(f'{place(path, line, turn)}: {message}; correct this conversation') from error
        id_ = row.id if row.id is not None else f'line-{line}'
        if id_ in line_of:
            raise UserError(
                f'{place(path, line)}: the id {id_!r} is already that of line {line_of[id_]}; '
                'give every conversation its own id, or none'
            )
        line_of[id_] = line
        for number, part in [(None, row), *enumerate(row.turns, start=1)]:
            for key in part.model_extra or ():
                unread[type(part), key] += 1
                first.setdefault((type(part), key), place(path, line, number))
        conversations.append(Conversation(id_, line, row))
    if not conversations:
        raise UserError(f'{path}: holds no conversation; write one per line')
    for (model, key), n in unread.items():
        if question := nearest(key, list(model.model_fields)):
            warnings.append(f'{first[model, key]}: the key {key!r} is not read, here and {n - 1} times more{question}')
    return conversations
