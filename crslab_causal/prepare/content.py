"""Reading the downloaded files, and the files that a data folder consists of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator, Mapping

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
    """Return the content of a file that has one JSON value a line."""
    return [json.loads(line) for line in read_lines(path) if line.strip()]


def to_json(value: Any) -> str:
    """Return a value as JSON, letters of all languages as they are."""
    return json.dumps(value, ensure_ascii=False)
