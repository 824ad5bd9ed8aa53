"""The folder of the datasets."""

from __future__ import annotations

from pathlib import Path

DATA_PATH = str(Path('data', 'dataset'))
"""Folder of the datasets where ``data_path`` is not given."""


def is_data_path(path: Path) -> bool:
    """Return whether a folder can hold datasets: it exists, and is not itself a dataset."""
    return path.is_dir() and suggest_data_path(path) is None


def suggest_data_path(path: Path) -> Path | None:
    """Return the folder that was meant where ``path`` is a dataset, or its tokens: ``.../data/redial``; else None."""
    if any(path.glob('*/train_data.json')):
        return path.parent
    if (path / 'train_data.json').is_file():
        return path.parent.parent
    return None
