"""Read the downloaded files, and represent the files of a data folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping

Files = Mapping[str, Path]
"""Path of each downloaded file, by its name in the manifest."""
Content = dict[str, str | bytes]
"""Content of each file of a data folder, by its file name."""


def read_json(path: Path) -> Any:
    """Return the content of a JSON file."""
    return json.loads(path.read_bytes())


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file, split at newlines only."""
    with open(path, encoding='utf-8', newline='\n') as file:
        yield from file


def read_json_lines(path: Path) -> list[Any]:
    """Return the JSON values in a file with one value on each line."""
    return list(json_values(read_lines(path)))


def json_values(lines: Iterable[str | bytes]) -> Iterator[Any]:
    """Yield the JSON value of each line of a downloaded file that is not blank.

    The hash of the file is known, so mistakes in it need no line number. :mod:`crslab_causal.base.json_lines` reads the
    files of users.
    """
    return (json.loads(line) for line in lines if line.strip())


def to_json(value: Any) -> str:
    """Return a value as JSON in which letters of all languages are kept."""
    return json.dumps(value, ensure_ascii=False)
