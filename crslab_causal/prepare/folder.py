"""A data folder: written beside its place, counted, and moved there in one step."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Mapping

from crslab_causal.base.errors import UserError
from crslab_causal.base.files import replace_file
from crslab_causal.prepare.content import Content, read_json, to_json
from crslab_causal.prepare.conversations import RECOMMENDER

RECORD_FILE = 'prepared.json'
"""What the folder was made from; a file of this package, which CRSLab does not read."""


def write_folder(folder: Path, content: Content, version: str, record: Mapping[str, Any],
                 expected: Mapping[str, int]) -> dict[str, int]:
    """Write a data folder that appears whole or not at all, and return its counts.

    Args:
        folder: Its place, which must be free; see :func:`occupied`.
        content: Its files.
        version: Version that CRSLab looks for in ``.built``.
        record: What it was made from.
        expected: Counts that it must have.

    Raises:
        UserError: A count is another one.
    """
    with _new_folder(folder) as partial:
        for name, text in content.items():
            replace_file(partial / name, text)
        counts = count(partial)
        wrong = [f'{counts.get(name)} {name} instead of {number}' for name, number in expected.items()
                 if counts.get(name) != number]
        if wrong:
            raise UserError(f'{folder}: not written, since it would have {", ".join(wrong)}; report this with the name of '
                            'the dataset and --source, and choose another --source meanwhile')
        replace_file(partial / RECORD_FILE, json.dumps({**record, 'counts': counts}, ensure_ascii=False, indent=2) + '\n')
        replace_file(partial / '.built', f'{datetime.datetime.now()}\n{version}')
    return counts


def count(folder: Path) -> dict[str, int]:
    """Return how many conversations, pairs to predict, entities, items and concepts a data folder has.

    A pair is a mention of an item in a recommender's utterance; only items among the entities count.
    """
    entities = read_json(folder / 'entity2id.json')
    counts = {}
    for split in ('train', 'valid', 'test'):
        conversations = read_json(folder / f'{split}_data.json')
        counts[split] = len(conversations)
        counts[f'{split}_pairs'] = sum(
            item in entities for conversation in conversations for one in conversation['dialog']
            if one['role'] == RECOMMENDER for item in one.get('movies', one.get('item', ())))
    counts['entities'] = len(entities)
    counts['items'] = len(read_json(_either(folder, 'movie_ids.json', 'item_ids.json')))
    counts['concepts'] = len(read_json(_either(folder, 'concept2id.json', 'word2id.json')))
    return counts


def _either(folder: Path, *names: str) -> Path:
    return next((folder / name for name in names if (folder / name).is_file()), folder / names[0])


def occupied(folder: Path) -> bool:
    """Return whether a folder holds files; hidden ones, such as ``.built`` alone, do not count."""
    return folder.is_dir() and any(not path.name.startswith('.') for path in folder.iterdir())


def recorded(folder: Path) -> dict[str, Any] | None:
    """Return what a data folder was made from, None if :func:`write_folder` did not write it."""
    try:
        record = read_json(folder / RECORD_FILE)
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def same_recipe(record: Mapping[str, Any] | None, recipe: Mapping[str, Any]) -> bool:
    """Return whether a record is of the same recipe."""
    return record is not None and all(record.get(key) == json.loads(to_json(value)) for key, value in recipe.items())


def remove_leftovers(folder: Path) -> None:
    """Remove what killed runs left beside ``folder``. No other run may be writing it."""
    for leftover in folder.parent.glob(f'.{folder.name}-*.partial'):
        shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f'.{folder.name}-{uuid.uuid4().hex[:8]}.partial')
    partial.mkdir()
    try:
        yield partial
        _sync(partial)
        if folder.is_dir():
            shutil.rmtree(folder)  # holds hidden files at most
        os.rename(partial, folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Have the names in a folder on disk, so that they survive a power cut."""
    if os.name != 'posix':
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
