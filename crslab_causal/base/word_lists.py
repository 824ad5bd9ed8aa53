"""Read text files of words and phrases: a line for each entry, ``#`` for comments, ``[name]`` for sections."""

from __future__ import annotations

from pathlib import Path


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file, without comments and empty lines."""
    lines = map(str.strip, path.read_text('utf-8').splitlines())
    return [line for line in lines if line and not line.startswith('#')]


def read_sections(path: Path) -> dict[str, list[str]]:
    """Return the lines of each section of a file, without comments and empty lines.

    Raises:
        ValueError: a line stands before the first section.
    """
    sections: dict[str, list[str]] = {}
    for line in read_lines(path):
        if line.startswith('[') and line.endswith(']'):
            lines = sections.setdefault(line.strip('[]'), [])
        elif sections:
            lines.append(line)
        else:
            raise ValueError(f'{path.name}: "{line}" stands before the first section.')
    return sections
