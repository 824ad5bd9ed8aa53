"""The file with the processed data that ``--save-data`` writes and ``--restore-data`` reads."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any, Iterable

from crslab_causal.base.errors import UserError
from crslab_causal.base.files import replace_file

CACHE_VERSION = 4
"""Version of the cache. Increase it when the format of samples or side data changes."""


def cache_key(folder: str, files: Iterable[str], kg_edge_threshold: int | None) -> dict[str, Any]:
    """Return everything that the processed data depend on, as a dict.

    Args:
        folder: folder of the dataset.
        files: names of its files, which are compared by the time of their last change.
        kg_edge_threshold: the option of this name.
    """
    return {
        'format': CACHE_VERSION,
        'kg_edge_threshold': kg_edge_threshold,
        'folder': folder,
        'files': {file: os.stat(Path(folder) / file).st_mtime_ns for file in files},
    }


def save_cache(path: Path, key: dict[str, Any], data: tuple) -> None:
    """Write the processed data and their key to a file."""
    replace_file(path, pickle.dumps({'settings': key, 'data': data}))


def load_cache(path: Path, key: dict[str, Any]) -> tuple:
    """Return the processed data of a cache file.

    Raises:
        UserError: the file does not exist, is damaged, or belongs to another key.
    """
    if not path.is_file():
        raise UserError(f'--restore-data: {path} does not exist; run once with --save-data')
    try:
        with open(path, 'rb') as file:
            saved = pickle.load(file)
        is_current = saved['settings'] == key
    except (pickle.UnpicklingError, EOFError, LookupError, TypeError, AttributeError, ImportError) as error:
        raise UserError(
            f'--restore-data: {path} is broken, or not of this package; remove it, and run once with --save-data'
        ) from error
    if not is_current:
        raise UserError(
            f'--restore-data: {path} was made from other data or settings, or by another '
            'version; run once with --save-data'
        )
    return saved['data']
