"""The answers of the seekers of ReDial about the films of their conversations, and the file that holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Mapping, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from crslab_causal.base.errors import UserError
from crslab_causal.base.options import first_mistake

ANSWERS_FILE = 'seeker_answers.json'
"""Name of the file in a data folder. It is optional, and it is not a part of the digest of the folder."""


class SeekerAnswers(NamedTuple):
    """The answers of the seeker of a conversation, and the length of the conversation."""

    messages: int
    """Number of messages of both speakers."""
    liked: frozenset[int]
    """Entity ids of the items that the seeker liked."""
    seen: frozenset[int]
    """Entity ids of the items that the seeker had seen."""


class _Line(BaseModel):
    model_config = ConfigDict(extra='forbid')

    messages: Annotated[int, Field(ge=1)]
    liked: list[str]
    seen: list[str]


_FILE = TypeAdapter(dict[str, _Line])


def read_seeker_answers(folder: Path, entity2id: Mapping[str, int]) -> dict[str, SeekerAnswers]:
    """Read the seekers' answers of a data folder, by conversation. Return an empty dict if the folder has none.

    Args:
        folder: folder of the data package.
        entity2id: entity id by name. Items that it does not have are left out.

    Raises:
        UserError: the file cannot be read, or it does not have the form that ``crslab-causal prepare`` writes.
    """
    path = folder / ANSWERS_FILE
    if not path.is_file():
        return {}
    try:
        lines = _FILE.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = first_mistake(error) if isinstance(error, ValidationError) else error.strerror
        raise UserError(f'{path}: cannot be read ({reason}); remove it, or prepare it again') from error

    def ids(names: list[str]) -> frozenset[int]:
        return frozenset(entity2id[name] for name in names if name in entity2id)

    return {
        conversation: SeekerAnswers(line.messages, ids(line.liked), ids(line.seen))
        for conversation, line in lines.items()
    }


def answers_entry(messages: int, liked: list[str], seen: list[str]) -> dict[str, Any]:
    """Return the entry of a conversation in the file.

    Args:
        messages: number of messages of both speakers.
        liked: names of the items that the seeker liked.
        seen: names of the items that the seeker had seen.
    """
    return {'messages': messages, 'liked': liked, 'seen': seen}
