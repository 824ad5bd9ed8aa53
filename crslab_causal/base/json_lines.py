"""Read files of JSON lines, and say which line is wrong."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Iterable, Iterator, TypeVar

from pydantic import TypeAdapter, ValidationError

from crslab_causal.base.errors import UserError
from crslab_causal.base.options import first_mistake

Line = TypeVar('Line')


def read_json_lines(
    path: Path, schema: type[Line], remedy: str, *, skip_blank: bool = True
) -> Iterator[tuple[int, Line]]:
    r"""Yield the number and the value of each line of a file.

    Lines end at ``\n`` only: the other line breaks of Unicode, such as U+2028, may be inside a JSON string. A byte
    order mark at the start of the file is skipped.

    Args:
        path: the file, in UTF-8.
        schema: type of a line: a class of pydantic, or a type such as ``dict[str, Any]``.
        remedy: what the user can do about a file that cannot be read or is damaged. It ends every message.
        skip_blank: whether blank lines are skipped. Otherwise they are mistakes.

    Raises:
        UserError: the file cannot be read, or a line does not fit the schema.
    """
    lines = enumerate(_read_lines(path, remedy), start=1)
    yield from parse_json_lines(path, lines, schema, remedy, skip_blank=skip_blank)


def parse_json_lines(
    path: Path, lines: Iterable[tuple[int, str]], schema: type[Line], remedy: str, *, skip_blank: bool = True
) -> Iterator[tuple[int, Line]]:
    """Yield the number and the value of each line that the caller has read from a file.

    Args:
        path: the file, for messages.
        lines: number and text of each line.
        schema: see :func:`read_json_lines`.
        remedy: see :func:`read_json_lines`.
        skip_blank: see :func:`read_json_lines`.

    Raises:
        UserError: a line does not fit the schema.
    """
    line_type: TypeAdapter[Line] = TypeAdapter(schema)
    for number, line in lines:
        if not line.strip():
            if skip_blank:
                continue
            raise UserError(f'{path}, line {number}: is blank; {remedy}')
        try:
            value = line_type.validate_json(line)
        except ValidationError as error:
            mistake = first_mistake(error).replace(' at line 1 column ', ' at column ')  # a line of JSON has no line 2
            raise UserError(f'{path}, line {number}: {mistake}; {remedy}') from error
        yield number, value


def _read_lines(path: Path, remedy: str) -> list[str]:
    try:
        lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).decode('utf-8').split('\n')
    except UnicodeDecodeError as error:
        number = error.object.count(b'\n', 0, error.start) + 1
        raise UserError(f'{path}: cannot be read (line {number} is not UTF-8); {remedy}') from error
    except (OSError, ValueError) as error:  # a ValueError: the name has a null byte
        raise UserError(f'{path}: cannot be read ({getattr(error, "strerror", None) or error}); {remedy}') from error
    if not lines[-1]:
        del lines[-1]  # the text after the last line break
    return lines
