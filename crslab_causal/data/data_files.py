"""The files that a dataset is read from: whether they are there, and a digest by which tables name their data."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterable, Mapping

from crslab_causal.base.data_path import suggest_data_path
from crslab_causal.base.errors import UserError
from crslab_causal.data.dataset.genres import TITLES_FILE
from crslab_causal.registry import DatasetEntry

OPTIONAL_FILES = (TITLES_FILE,)
"""Files that a dataset reads if they exist; the required files are its ``files``."""
SHOWN = 12
"""Digits of a digest that a table shows; its JSON file has them all."""


def check_data_files(entry: DatasetEntry, data_path: Path, tokenize: str, files: Iterable[str]) -> None:
    """Check that the files of a dataset exist; nothing is read, so that a wrong path is reported at once.

    Args:
        entry: the dataset.
        data_path: folder of all datasets.
        tokenize: subfolder of the dataset.
        files: names of the files that it requires.

    Raises:
        UserError: a file is missing; the message says what to do.
    """
    folder = data_path / entry.folder / tokenize
    needed = list(files)
    missing = [file for file in needed if not (folder / file).is_file()]
    if not missing:
        return
    meant = suggest_data_path(data_path)
    if meant is not None:
        raise UserError(f'data_path: {data_path} is the folder of one dataset; did you mean {meant}?')
    if data_path.exists() and not data_path.is_dir():
        raise UserError(f'data_path: {data_path} is a file; name the folder that holds {entry.folder}/{tokenize}')
    name_it = f'name the folder that holds {entry.folder}/{tokenize} with data_path (--data_path on the command line)'
    if len(missing) < len(needed):
        raise UserError(f'dataset {entry.name}: {folder} lacks {", ".join(missing)}; put them there, or {name_it}')
    command = f'run `crslab-causal prepare {entry.folder}`, ' if tokenize == 'nltk' else ''
    raise UserError(f'dataset {entry.name}: no data in {folder}; {command}put {", ".join(needed)} there, or {name_it}')


def digest_of_files(folder: Path, required: Iterable[str]) -> str | None:
    """Return the digest of the content of a data folder, in hexadecimal; None if it holds no file of the dataset.

    Args:
        folder: folder of the data.
        required: names of the files that the dataset requires; a missing file is left out.
    """
    digest, found = hashlib.sha256(), False
    for name in sorted({*required, *OPTIONAL_FILES}):
        path = folder / name
        if path.is_file():
            found = True
            digest.update(f'{name}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n'.encode())
    return digest.hexdigest() if found else None


def data_line(digests: Mapping[str, str]) -> str:
    """Return the sentence of a table that names its data, by the digest of each dataset; empty if there is none."""
    named = ', '.join(f'{dataset} {digest[:SHOWN]}' for dataset, digest in digests.items())
    return f'Fingerprint of the data: {named}.' if named else ''
