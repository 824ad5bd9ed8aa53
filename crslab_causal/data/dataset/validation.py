"""Checks of the files of a dataset. Each error names the file, the place in it, and the remedy."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Collection, Iterator, Mapping, NamedTuple, Sequence, get_args

from crslab_causal.base.errors import UserError
from crslab_causal.data.schema import Role

ROLES: tuple[Role, ...] = get_args(Role)


def read_json(path: Path, remedy: str) -> Any:
    """Return the content of a JSON file.

    Args:
        path: the file.
        remedy: what the user can do about a damaged file, for the message.

    Raises:
        UserError: the file is not valid JSON.
    """
    try:
        return json.loads(path.read_text('utf-8'))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f'{path}: not valid JSON ({error}); {remedy}') from error


@contextmanager
def format_errors(folder: Path, files: Sequence[str], dataset: str, remedy: str) -> Iterator[None]:
    """Turn the exceptions of CRSLab's readers into a :class:`UserError`.

    CRSLab reads its files without checks. A damaged file causes a ``KeyError`` or a similar exception somewhere in its
    code. If a file is not valid JSON, the message says so and where.

    Args:
        folder: folder of the dataset.
        files: names of the files that the block reads.
        dataset: name of the dataset, for the message.
        remedy: what the user can do about a damaged file.

    Raises:
        UserError: the block raised an exception that a damaged file can cause.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        for file in files:
            if file.endswith('.json'):
                read_json(folder / file, remedy)
        raise UserError(
            f'{folder}: {" or ".join(files)} does not have the format of dataset {dataset} '
            f'({type(error).__name__}: {error}); {remedy}'
        ) from error


def check_conversations(path: Path, conversations: Any, item_key: str) -> None:
    """Check the content of ``train_data.json``, ``valid_data.json`` or ``test_data.json``.

    Args:
        path: the file, for messages.
        conversations: its content.
        item_key: key of an utterance that lists its items.

    Raises:
        UserError: the content is not a list of conversations whose utterances have all keys.
    """
    if not isinstance(conversations, list):
        raise UserError(f'{path}: holds {type(conversations).__name__}, not a list of conversations')
    for i, conversation in enumerate(conversations):
        if not isinstance(conversation, dict) or not isinstance(conversation.get('dialog'), list):
            raise UserError(f"{path}: conversation {i} has no list 'dialog'")
        name = conversation.get('conv_id', i)
        for j, utterance in enumerate(conversation['dialog']):
            _check_utterance(f'{path}: conversation {name}, utterance {j}', utterance, item_key)


def _check_utterance(where: str, utterance: Any, item_key: str) -> None:
    if not isinstance(utterance, dict):
        raise UserError(f'{where}: is {utterance!r}, not a mapping')
    lists = ('text', 'entity', 'word', item_key)
    missing = [key for key in ('role', *lists) if key not in utterance]
    if missing:
        raise UserError(f'{where}: lacks {", ".join(missing)}')
    if utterance['role'] not in ROLES:
        raise UserError(f'{where}: role is {utterance["role"]!r}, not one of {ROLES}')
    for key in (*lists, 'liked', 'disliked'):
        values = utterance.get(key, [])
        if not isinstance(values, list) or not {str}.issuperset(map(type, values)):
            raise UserError(f'{where}: {key} is {str(values)[:40]!r}, not a list of strings')


def check_entity_ids(path: Path, entity2id: Mapping[str, Any], remedy: str) -> None:
    """Check that the ids of ``entity2id.json`` are distinct whole numbers from 0 on.

    Raises:
        UserError: the ids are something else.
    """
    ids = list(entity2id.values())
    if not all(type(i) is int and i >= 0 for i in ids) or len(set(ids)) < len(ids):
        raise UserError(f'{path}: the ids are not distinct whole numbers from 0 on; {remedy}')


def check_items(path: Path, items: Any, entities: Collection[int], remedy: str) -> None:
    """Check that the file of items lists distinct entity ids.

    Args:
        path: the file, for messages.
        items: its content.
        entities: all entity ids.
        remedy: what the user can do about a damaged file.

    Raises:
        UserError: an id occurs twice or is not an entity id.
    """
    if not isinstance(items, list) or not items or not all(type(item) is int for item in items):
        raise UserError(f'{path}: not a list of entity ids; {remedy}')
    unknown = [item for item in items if item not in entities]
    if unknown:
        raise UserError(
            f'{path}: item {unknown[0]} is not an id of entity2id.json (which has '
            f'{len(entities)} entities); the files are of different versions'
        )
    if len(set(items)) < len(items):
        raise UserError(f'{path}: an item is listed twice; remove the second')


def check_edges(path: Path, edges: Sequence[tuple[int, int, Any]], entities: Collection[int]) -> None:
    """Check that the edges of the knowledge graph link known entities.

    Args:
        path: the file of the graph, for messages.
        edges: (head, tail, relation).
        entities: all entity ids.

    Raises:
        UserError: an edge has an unknown id.
    """
    for head, tail, _ in edges:
        if head not in entities or tail not in entities:
            raise UserError(
                f'{path}: the edge {head} - {tail} names an id out of range of entity2id.json, which '
                f'has {len(entities)} entities; the files are of different versions'
            )


class UnknownNames(NamedTuple):
    """Names in conversations that have no entity id."""

    count: int
    total: int
    """Number of all mentions, known and unknown."""
    example: str | None


def unknown_names(conversations: Sequence[Mapping[str, Any]], key: str, entity2id: Mapping[str, int]) -> UnknownNames:
    """Count the names in conversations that have no entity id.

    Args:
        conversations: checked conversations.
        key: key of an utterance that lists the names.
        entity2id: entity id of each known name.
    """
    names = [name for conversation in conversations for utterance in conversation['dialog'] for name in utterance[key]]
    unknown = [name for name in names if name not in entity2id]
    return UnknownNames(len(unknown), len(names), unknown[0] if unknown else None)
