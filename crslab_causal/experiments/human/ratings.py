"""Read the filled rating forms."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple, Sequence

import numpy as np

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.human.form import ROW_COLUMNS
from crslab_causal.experiments.human.inputs import file_hash
from crslab_causal.experiments.human.kit import Key

DELIMITERS = ',;\t'
"""Delimiters of CSV files; spreadsheets write the second one in countries with a decimal comma."""


class Ratings(NamedTuple):
    """The ratings of all raters, read from their filled forms."""

    raters: dict[str, str]
    """SHA-256 of each rater's file, by the name of the rater."""
    systems: list[str]
    criteria: list[str]
    scores: np.ndarray
    """``(n_rater, n_context, n_system, n_criterion)``: whole numbers of the scale."""


def read_ratings(key: Key, paths: Sequence[Path]) -> Ratings:
    """Read the filled forms of one or more raters.

    Args:
        key: key of the kit.
        paths: file of each rater, named after the rater.

    Raises:
        UserError: a file cannot be read, a column is missing, a row belongs to another kit or is unknown, repeated or
            missing, a cell is empty, a rating is outside the scale, or a rater appears twice. The message names the
            file and the line.
    """
    if not paths:
        raise UserError('no ratings: name the filled form of at least one rater')
    systems = list(key.systems)
    by_rater: dict[str, tuple[Path, np.ndarray]] = {}
    for path in paths:
        rows = _read_form(key, path)
        scores = np.array(
            [
                [
                    rows[item.id, letter]
                    for letter in sorted(item.letters, key=lambda letter: systems.index(item.letters[letter]))
                ]
                for item in key.items
            ]
        )
        if path.stem in by_rater:
            raise UserError(
                f'{path}: {by_rater[path.stem][0]} has the same name, but files are named after their raters; '
                'remove one, or rename it'
            )
        copy = next((other for other, known in by_rater.values() if np.array_equal(known, scores)), None)
        if copy is not None:
            raise UserError(f'{path}: all {scores.size} ratings equal those of {copy}; remove the copy')
        by_rater[path.stem] = path, scores
    return Ratings(
        {rater: file_hash(path) for rater, (path, _) in by_rater.items()},
        systems,
        key.form.names,
        np.stack([scores for _, scores in by_rater.values()]),
    )


def _read_form(key: Key, path: Path) -> dict[tuple[str, str], list[int]]:
    """Return the ratings of each context and letter, in the order of the criteria."""
    text = _text(path)
    header = text.partition('\n')[0]
    delimiter = max(DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True)
    known = {(item.id, letter) for item in key.items for letter in item.letters}
    rows: dict[tuple[str, str], list[int]] = {}
    lines: dict[tuple[str, str], int] = {}
    try:
        columns = _columns(key, path, next(reader, []))
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue  # spreadsheets append such rows
            where = f'{path}, line {reader.line_num}'
            if len(cells) < len(columns):
                raise UserError(
                    f'{where}: has {len(cells)} cells, fewer than there are columns; restore the row from form.csv'
                )
            row = {name: cells[i].strip() for name, i in columns.items() if i < len(cells)}
            name = row.get('context_id', ''), row.get('letter', '')
            if row.get('kit') != key.kit:
                raise UserError(
                    f'{where}: belongs to {row.get("kit") or "no kit"}, but the key to {key.kit}; '
                    'read it with the key.json of its own kit'
                )
            if name not in known:
                raise UserError(
                    f'{where}: context {name[0]!r} with response {name[1]!r} is not in the kit; '
                    'restore the row from form.csv'
                )
            if name in rows:
                raise UserError(
                    f'{where}: context {name[0]}, response {name[1]} repeats line {lines[name]}; remove one of them'
                )
            rows[name] = [_rating(key, where, name, criterion, row.get(criterion, '')) for criterion in key.form.names]
            lines[name] = reader.line_num
    except csv.Error as error:
        raise UserError(f'{path}, line {reader.line_num}: no CSV ({error}); save the form as CSV again') from error
    absent = next(
        ((item.id, letter) for item in key.items for letter in item.letters if (item.id, letter) not in rows), None
    )
    if absent is not None:
        raise UserError(
            f'{path}, line {reader.line_num}: the file ends without a row for context {absent[0]}, response '
            f'{absent[1]}; restore the row from form.csv, and have it rated'
        )
    return rows


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode('utf-8-sig')
    except OSError as error:
        raise UserError(f'{path}: cannot be read ({error.strerror}); name the filled form of a rater') from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b'\n') + 1
        raise UserError(f'{path}, line {line}: is not UTF-8; save the form as "CSV UTF-8"') from error


def _columns(key: Key, path: Path, header: list[str]) -> dict[str, int]:
    """Return the index of each column that is read. Texts, and columns that raters add, are ignored."""
    names = [cell.strip() for cell in header]
    required = [*ROW_COLUMNS[:3], *key.form.names]
    for name in required:
        if names.count(name) != 1:
            fault = 'is missing' if name not in names else 'is repeated'
            raise UserError(f'{path}, line 1: column {name} {fault}; the columns of this kit are {", ".join(required)}')
    return {name: names.index(name) for name in required}


def _rating(key: Key, where: str, name: tuple[str, str], criterion: str, cell: str) -> int:
    lowest, highest = key.form.lowest, key.form.highest
    what = f'{where}: {criterion} of context {name[0]}, response {name[1]}'
    if not cell:
        raise UserError(f'{what} is not rated; write a whole number from {lowest} to {highest}')
    if not (cell.isascii() and cell.isdigit() and int(cell) in key.form.steps):
        raise UserError(f'{what} is {cell[:20]!r}; write a whole number from {lowest} to {highest}')
    return int(cell)
