"""Read the user's items, and find an item by its id or title."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Sequence

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError
from rapidfuzz import fuzz, process, utils

from crslab_causal.base.errors import UserError
from crslab_causal.prepare.own_data.text_files import normalise, place, read_json_lines, read_table, shorten
from crslab_causal.prepare.own_data.values import Identifier, Name, Names, OptionalText, Year, first_mistake

DELIMITERS = {'.csv': ',', '.tsv': '\t'}
JSON_LINES = ('.jsonl', '.ndjson', '.json')
SEPARATORS = '|;,'
"""Characters that may separate the values in a cell. The first one that occurs in a column is its separator."""
LEAST_LIKENESS = 60
"""Minimum similarity, from 0 to 100, at which a name is suggested in the place of an unknown one."""
LEAST_LIKENESS_OF_COLUMNS = 85
"""Minimum similarity for the name of a column. It is higher, because most other columns have another purpose."""
_YEAR_IN_TITLE = re.compile(r'(.*\S)\s*\((\d{4})\)', re.ASCII)


NAMES = {
    'genres': ('genres', 'genre'),
    'directors': ('directors', 'director'),
    'stars': ('stars', 'cast', 'actors'),
    'writers': ('writers', 'writer'),
}
"""Names that the columns with lists may have."""
LIST_COLUMNS = frozenset(name for names in NAMES.values() for name in names)
KNOWN_COLUMNS = ('id', 'title', 'year', 'plot', *sorted(LIST_COLUMNS))


class ItemRow(BaseModel):
    """A row of the items file. A list may also be one string."""

    model_config = ConfigDict(extra='allow', frozen=True)

    id: Identifier
    title: Name
    year: Year = None
    genres: Names = Field((), validation_alias=AliasChoices(*NAMES['genres']))
    directors: Names = Field((), validation_alias=AliasChoices(*NAMES['directors']))
    stars: Names = Field((), validation_alias=AliasChoices(*NAMES['stars']))
    writers: Names = Field((), validation_alias=AliasChoices(*NAMES['writers']))
    plot: OptionalText = None


@dataclass(frozen=True)
class Item:
    """A row of the item file, with its unique name and its relations for the knowledge graph."""

    row: ItemRow
    title: str
    year: int | None
    name: str
    """Unique name, the key of ``entity2id.json``: title and year, with the id if two items share these."""
    relations: tuple[tuple[str, tuple[str, ...]], ...]
    """Relations and their values from the columns."""

    @property
    def id(self) -> str:
        """The id in the user's file."""
        return self.row.id


class Catalogue:
    """The items, in the order of the file.

    Args:
        path: the file, for messages.
        items: items with distinct ids and names.
    """

    def __init__(self, path: Path, items: Sequence[Item]):
        self.path, self.items = path, tuple(items)
        self.by_id = {item.id: item for item in items}
        self._by_name = {item.name.casefold(): item for item in items}
        self._by_title: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            self._by_title[item.title.casefold()].append(item)
        self._names = [item.name for item in items]

    def find(self, reference: str | int) -> Item:
        """Return the item with this id, this title and year, or this title.

        Case makes no difference in titles. A whole number can only be an id.

        Raises:
            LookupError: no item or several items have this name. The message suggests similar names.
        """
        text = str(reference)
        item = self.by_id.get(text)
        if type(reference) is int and item is not None:
            return item
        named = [] if type(reference) is int else self._named(text.casefold())
        candidates = named if item is None or item in named else [item, *named]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            listed = ', '.join(f'{other.name!r} (id {other.id})' for other in candidates[:4])
            advice = (
                'the id as a number, or the title with its year' if item is not None and text.isdigit() else 'the id'
            )
            raise LookupError(f'{text!r} may be {listed}; write {advice}')
        raise LookupError(f'no item has the id or title {text!r}{nearest(text, self._names)}')

    def find_vertex(self, cell: str) -> Item | None:
        """Return the item that a cell of the graph names by its id or by its title with year; None if it names none.

        A title alone is not enough, because 'Horror' may be a film but is more often a genre.
        """
        return self.by_id.get(cell) or self._by_name.get(cell.casefold())

    def titled(self, name: str) -> Sequence[Item]:
        """Return the items with this title."""
        return self._by_title.get(name.casefold(), ())

    def _named(self, name: str) -> list[Item]:
        item = self._by_name.get(name)
        if item is not None and item.title.casefold() != name:
            return [item]  # the reference is the title with the year, which is unique
        return self._by_title.get(name, [])


def nearest(text: str, names: Sequence[str], least: float = LEAST_LIKENESS) -> str:
    """Return the end of an error message, "; did you mean ...?", with the most similar name.

    It is empty if no name is similar enough.
    """
    found = process.extractOne(text, names, scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=least)
    return '' if found is None else f'; did you mean {found[0]!r}?'


def read_catalogue(path: Path, columns: Sequence[str] = (), warnings: list[str] | None = None) -> Catalogue:
    """Return the items of a CSV, TSV or JSON Lines file.

    Args:
        path: the file. Its suffix decides between these formats.
        columns: further columns whose values become edges. The name of the column is the relation.
        warnings: list to which a line is added for each unread column whose name resembles one that is read.

    Raises:
        UserError: a row is wrong, an id occurs twice, or there is no item.
    """
    columns = [column.lower() for column in columns]
    rows: list[ItemRow] = []
    line_of: dict[str, int] = {}
    extra: dict[str, None] = {}
    for line, record in _records(path, columns):
        for names in NAMES.values():
            if len(same := [name for name in names if name in record]) > 1:
                raise UserError(
                    f'{place(path, line)}: {same[0]!r} and {same[1]!r} are names of the same list; keep one'
                )
        try:
            row = ItemRow.model_validate(record)
        except ValidationError as error:
            location, message = first_mistake(error)
            known = (
                f' (the columns are {", ".join(record)})' if len(location) == 1 and location[0] not in record else ''
            )
            raise UserError(f'{place(path, line)}: {message}{known}; correct this item') from error
        if row.id in line_of:
            raise UserError(
                f'{place(path, line)}: the id {row.id!r} is already that of line {line_of[row.id]}; '
                'give every item its own id'
            )
        line_of[row.id] = line
        extra.update(dict.fromkeys(row.model_extra or ()))
        rows.append(row)
    if not rows:
        raise UserError(f'{path}: holds no item; write one per line')
    unknown = next((column for column in columns if column not in extra), None)
    if unknown is not None:
        raise UserError(
            f'--columns {unknown}: {path} has no such column, or it is used already; '
            f'others are {", ".join(extra) or "none"}'
        )
    if warnings is not None:
        warnings += [
            f'{path}: the column {column!r} is not read{question}'
            for column in extra
            if column not in columns
            if (question := nearest(column, KNOWN_COLUMNS, LEAST_LIKENESS_OF_COLUMNS))
        ]
    return Catalogue(
        path,
        [
            Item(row, title, year, name, tuple(_relations(path, row, columns)))
            for row, title, year, name in _named_rows(rows)
        ],
    )


def _records(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the line number and the values by column of each row. A list is a tuple of strings in all file formats."""
    suffix = path.suffix.lower()
    lists = LIST_COLUMNS.union(columns)
    if suffix in DELIMITERS:
        rows = list(read_table(path, DELIMITERS[suffix]))
        separator = {
            column: next((mark for mark in SEPARATORS if any(mark in row[column] for _, row in rows)), None)
            for column in lists
            if rows and column in rows[0][1]
        }
        for line, row in rows:
            yield (
                line,
                {
                    column: tuple(cell.split(separator.get(column))) if separator.get(column) else cell
                    for column, cell in row.items()
                },
            )
    elif suffix in JSON_LINES:
        for line, row in read_json_lines(path):
            yield line, {key.lower(): value for key, value in row.items()}
    else:
        raise UserError(f'{path}: the suffix is {suffix!r}; name the file .csv, .tsv or .jsonl for what it holds')


def _named_rows(rows: Sequence[ItemRow]) -> Iterator[tuple[ItemRow, str, int | None, str]]:
    """Yield a tuple for each item: its row, its title, its year, and a name that no other item has."""
    dated = [_title_and_year(row) for row in rows]
    names = [title if year is None else f'{title} ({year})' for title, year in dated]
    count = Counter(name.casefold() for name in names)
    taken = {name for name, n in count.items() if n == 1}
    for row, (title, year), name in zip(rows, dated, names):
        if count[name.casefold()] > 1:
            name = f'{title} ({row.id})' if year is None else f'{title} ({year}, {row.id})'
            while name.casefold() in taken:  # another item has exactly this title
                name += f' ({row.id})'
            taken.add(name.casefold())
        yield row, title, year, name


def _title_and_year(row: ItemRow) -> tuple[str, int | None]:
    """Return the title and the year, also if the year is written in the title as in MovieLens: "Alien (1979)"."""
    match = _YEAR_IN_TITLE.fullmatch(row.title)
    if match is None or row.year not in (None, int(match[2])):
        return row.title, row.year
    return match[1], int(match[2])


def _relations(path: Path, row: ItemRow, columns: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield 'genre', row.genres
    yield 'director', row.directors
    yield 'starring', row.stars
    yield 'writer', row.writers
    for column in columns:
        value = (row.model_extra or {}).get(column)
        values = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
        if not all(isinstance(v, (str, int, float)) and not isinstance(v, bool) for v in values):
            raise UserError(
                f'{path}: {column!r} of item {row.id!r} is {shorten(value)}, not a list of strings; correct this item'
            )
        yield column, tuple(dict.fromkeys(text for text in map(normalise, map(str, values)) if text))
