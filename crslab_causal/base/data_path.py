"""The folder of the datasets."""

from __future__ import annotations

from pathlib import Path

DATA_PATH = str(Path('data', 'dataset'))
"""Default of the option ``data_path``: the folder that contains the datasets."""


def is_data_path(path: Path) -> bool:
    """Return whether a folder exists and can contain datasets. The folder of a single dataset cannot."""
    return path.is_dir() and suggest_data_path(path) is None


def suggest_data_path(path: Path) -> Path | None:
    """Return the folder that the user probably meant by ``path``, or None.

    A user may give the folder of one dataset, such as ``data/redial`` or ``data/redial/nltk``. Then ``data`` is meant.
    """
    if any(path.glob('*/train_data.json')):
        return path.parent
    if (path / 'train_data.json').is_file():
        return path.parent.parent
    return None
