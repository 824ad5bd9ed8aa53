"""Check that the files of a dataset exist. This module imports no PyTorch, so that a wrong path is reported at once."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable

from crslab_causal.base.data_path import suggest_data_path
from crslab_causal.base.errors import UserError
from crslab_causal.registry import DatasetEntry


def check_data_files(entry: DatasetEntry, data_path: Path, tokenize: str, files: Iterable[str]) -> None:
    """Check that the files of a dataset exist. No file is read, so that a wrong path is reported at once.

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
    name_it = f'name the folder that holds {entry.folder}/{tokenize} with data_path (--data-path on the command line)'
    if len(missing) < len(needed):
        raise UserError(f'dataset {entry.name}: {folder} lacks {", ".join(missing)}; put them there, or {name_it}')
    command = f'run `crslab-causal prepare {entry.folder}`, ' if tokenize == 'nltk' else ''
    raise UserError(f'dataset {entry.name}: no data in {folder}; {command}put {", ".join(needed)} there, or {name_it}')
