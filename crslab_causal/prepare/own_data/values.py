"""Types of the values in the user's files, and messages about wrong values."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationError

from crslab_causal.base.options import expectation
from crslab_causal.prepare.own_data.text_files import normalise, shorten

TYPE_MESSAGES = {
    'list_type': 'is {value}, not a list',
    'model_type': 'is {value}, not an object',
    'dict_type': 'is {value}, not an object',
    'missing': 'is missing',
    'too_short': 'is empty',
}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f'is {shorten(value)}, not a string')
    if not value.strip():
        raise ValueError('is empty')
    return value


def _name(value: Any) -> str:
    return normalise(_text(value))


def _identifier(value: Any) -> str:
    """Return an id as a string. In JSON it may be a whole number."""
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f'is {shorten(value)}, not a string or a whole number')
    return _name(value)


def _reference(value: Any) -> str | int:
    return value if type(value) is int else _identifier(value)


def _names(value: Any) -> tuple[str, ...]:
    """Return the distinct names in a value: a list, one string, or null for no names."""
    if value is None:
        return ()
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, (list, tuple)) or not all(isinstance(name, str) for name in values):
        raise ValueError(f'is {shorten(value)}, not a list of strings')
    return tuple(dict.fromkeys(name for name in map(normalise, values) if name))


def _year(value: Any) -> int | None:
    """Return a year. A table may contain it as 1979 or, if pandas wrote it, as 1979.0."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    match = re.fullmatch(r'\s*(\d{1,4})(?:\.0*)?\s*', str(value), re.ASCII)
    if isinstance(value, bool) or match is None:
        raise ValueError(f'is {shorten(value)}, not a year')
    return int(match.group(1))


def _optional_text(value: Any) -> str | None:
    return None if value is None or value == '' else _name(value)


def _moment(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f'is {shorten(value)}, not a time')
    return value


def _aware(value: datetime) -> datetime:
    """Return the time with a time zone, so that all times can be compared. A time without a zone is in UTC."""
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


Text = Annotated[str, BeforeValidator(_text)]
"""String that is not blank, kept unchanged."""
Name = Annotated[str, BeforeValidator(_name)]
"""String that is not blank, with single blanks between its words."""
Identifier = Annotated[str, BeforeValidator(_identifier)]
Reference = Annotated[str | int, BeforeValidator(_reference)]
"""Id or name of an item. A whole number can only be an id."""
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Year = Annotated[int | None, BeforeValidator(_year)]
OptionalText = Annotated[str | None, BeforeValidator(_optional_text)]
Moment = Annotated[datetime, BeforeValidator(_moment), AfterValidator(_aware)]
"""ISO 8601 string, or seconds since 1970."""


def first_mistake(error: ValidationError) -> tuple[tuple[int | str, ...], str]:
    """Return the location of the first mistake in an object, and a message about it.

    Returns:
        The path of keys and indices, and the message, which begins with the name of the value.
    """
    first = error.errors(include_url=False)[0]
    location = first['loc']
    name = next((f'{part!r}' for part in reversed(location) if isinstance(part, str)), 'the value')
    value = shorten(first['input'])
    if first['type'] == 'value_error':
        text = str(first['ctx']['error'])
    else:
        other = f'is {{value}}, not {expectation(first) or "a valid value"}'
        text = TYPE_MESSAGES.get(first['type'], other).replace('{value}', value)
    return location, f'{name} {text}'
