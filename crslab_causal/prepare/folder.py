"""Write a data folder under a temporary name, check its counts, and then rename it in one step."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any, Mapping

from crslab_causal.base.errors import UserError
from crslab_causal.base.files import new_folder, replace_file
from crslab_causal.prepare.content import Content, read_json, to_json
from crslab_causal.prepare.conversations import RECOMMENDER

RECORD_FILE = 'prepared.json'
"""Name of the file with the source, the hashes and the counts of the folder. CRSLab does not read it."""


def write_folder(
    folder: Path, content: Content, version: str, record: Mapping[str, Any], expected: Mapping[str, int]
) -> dict[str, int]:
    """Write a data folder completely or not at all, and return its counts.

    Args:
        folder: Path of the folder, which must not be :func:`occupied`.
        content: Content of its files.
        version: Version for ``.built``, which CRSLab checks.
        record: Content of ``RECORD_FILE`` without the counts: the settings and hashes of the folder.
        expected: Expected counts, by name.

    Raises:
        UserError: A count differs from the expected one.
    """
    with new_folder(folder) as partial:
        for name, text in content.items():
            replace_file(partial / name, text)
        counts = count(partial)
        wrong = [
            f'{counts.get(name)} {name} instead of {number}'
            for name, number in expected.items()
            if counts.get(name) != number
        ]
        if wrong:
            raise UserError(
                f'{folder}: not written, since it would have {", ".join(wrong)}; report this, and use another '
                '--source or --from-zip meanwhile'
            )
        replace_file(
            partial / RECORD_FILE, json.dumps({**record, 'counts': counts}, ensure_ascii=False, indent=2) + '\n'
        )
        replace_file(partial / '.built', f'{datetime.datetime.now()}\n{version}')
    return counts


def count(folder: Path) -> dict[str, int]:
    """Return how many conversations, pairs to predict, entities, items and concepts a data folder has.

    A pair is a mention of an item in a recommender's utterance. Items that are not entities are not counted.
    """
    entities = read_json(folder / 'entity2id.json')
    counts = {}
    for split in ('train', 'valid', 'test'):
        conversations = read_json(folder / f'{split}_data.json')
        counts[split] = len(conversations)
        counts[f'{split}_pairs'] = sum(
            item in entities
            for conversation in conversations
            for one in conversation['dialog']
            if one['role'] == RECOMMENDER
            for item in one.get('movies', one.get('item', ()))
        )
    counts['entities'] = len(entities)
    counts['items'] = len(read_json(_either(folder, 'movie_ids.json', 'item_ids.json')))
    counts['concepts'] = len(read_json(_either(folder, 'concept2id.json', 'word2id.json')))
    return counts


def _either(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise UserError(f'{folder}: not written, since it would lack {" and ".join(names)}; use another --source')


def occupied(folder: Path) -> bool:
    """Return whether a folder contains files. Hidden files, such as ``.built``, are not counted."""
    return folder.is_dir() and any(not path.name.startswith('.') for path in folder.iterdir())


def recorded(folder: Path) -> dict[str, Any] | None:
    """Read ``RECORD_FILE``, in which :func:`write_folder` notes how it made a data folder.

    Return None if the folder has no such file.
    """
    try:
        record = read_json(folder / RECORD_FILE)
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def same_recipe(record: Mapping[str, Any] | None, recipe: Mapping[str, Any]) -> bool:
    """Return whether a data folder was made with these settings and hashes, according to its ``RECORD_FILE``."""
    return record is not None and all(record.get(key) == json.loads(to_json(value)) for key, value in recipe.items())
