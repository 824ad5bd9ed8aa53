"""Tables in Markdown."""

from __future__ import annotations

from typing import Iterable, Sequence


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Return a table in Markdown.

    Cells are written as they are; use :func:`escape_cell` for text that may contain ``|``.

    Args:
        heads: titles of the columns.
        rows: cells of each row, one for each column.
        left: number of columns, from the first, that are aligned to the left; all others are aligned to the right.

    Raises:
        ValueError: a row has more or fewer cells than there are columns.
    """
    lines = [_line(heads), '|' + '---|' * left + '---:|' * (len(heads) - left)]
    for row in rows:
        if len(row) != len(heads):
            raise ValueError(f'a row has {len(row)} cells, but the table has {len(heads)} columns: {list(row)}')
        lines.append(_line(row))
    return '\n'.join(lines)


def escape_cell(text: str) -> str:
    """Return text as one line without a bare ``|``, so that it can be a cell of a table."""
    return ' '.join(text.replace('|', '\\|').split())


def _line(cells: Sequence[str]) -> str:
    return f'| {" | ".join(cells)} |'
