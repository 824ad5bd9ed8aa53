"""Read the user's text files, with a line number for every message."""

from __future__ import annotations

import codecs
import csv
import io
import json
from pathlib import Path
from typing import Any, Iterator

from crslab_causal.base.errors import UserError
from crslab_causal.base.json_lines import parse_json_lines

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def place(path: Path, line: int, turn: int | None = None) -> str:
    """Return a location in a file, in the form that messages use.

    Args:
        path: the file.
        line: number of the line, counted from 1.
        turn: number of the turn in this line's conversation, counted from 1.
    """
    return f'{path}, line {line}' + ('' if turn is None else f', turn {turn}')


def normalise(text: str) -> str:
    """Return the text with single blanks in the place of white space, and without white space at its ends."""
    return ' '.join(text.split())


def read_text(path: Path) -> str:
    """Return the content of a UTF-8 file, without its byte order mark.

    Raises:
        UserError: the file does not exist, cannot be read, or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f'{path}: cannot be read ({error.strerror}); check the name of the file') from error
    if content.startswith(UTF16_MARKS):
        raise UserError(f'{path}, line 1: the file is UTF-16; save it as UTF-8')
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode('utf-8')
    except UnicodeDecodeError:
        for number, line in enumerate(content.split(b'\n'), start=1):
            try:
                line.decode('utf-8')
            except UnicodeDecodeError as error:
                raise UserError(
                    f'{place(path, number)}: byte {error.start + 1} (0x{line[error.start]:02x}) is not UTF-8; '
                    'save the file as UTF-8'
                ) from error
        raise  # not reached: every encoding error is inside a line


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line number and the text of each line that is not blank. Line breaks may be LF or CRLF."""
    for number, line in enumerate(read_text(path).split('\n'), start=1):
        if line.strip():
            yield number, line.removesuffix('\r')


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the line number and the object of each line of a JSON Lines file. Blank lines are skipped.

    Raises:
        UserError: a line is not valid JSON, is not an object, or has half of a surrogate pair, which UTF-8 cannot hold.
    """
    return parse_json_lines(path, read_lines(path), dict[str, Any], 'write one JSON object per line')


def read_table(path: Path, delimiter: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the cells by column of each row of a CSV or TSV file. Blank rows are skipped.

    The first row contains the names of the columns, which are converted to lower case.

    Raises:
        UserError: the header is missing or has a name twice, a row has another number of cells, or a quote is not
            closed.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=''), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            number, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [normalise(cell).lower() for cell in cells]
                _check_header(path, number, header)
                continue
            if len(cells) != len(header):
                raise UserError(
                    f'{place(path, number)}: has {len(cells)} cells, but the header has {len(header)}; '
                    'put cells with a delimiter inside into double quotes'
                )
            yield number, dict(zip(header, cells))
    except csv.Error as error:
        raise UserError(
            f'{place(path, max(1, reader.line_num))}: not a valid table ({error}); '
            'write a cell with quotes as "a ""quoted"" word"'
        ) from error


def _check_header(path: Path, number: int, header: list[str]) -> None:
    if '' in header:
        raise UserError(f'{place(path, number)}: column {header.index("") + 1} has no name; name every column')
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise UserError(f'{place(path, number)}: two columns have the name {twice!r}; rename one')


def shorten(value: Any) -> str:
    """Return a value as JSON with at most 40 characters, for a message of one line."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:37] + '...'
