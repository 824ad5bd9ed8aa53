"""The base class of every class of options, and the types of their fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Fraction = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class Options(BaseModel):
    """Base class of options. It refuses unknown keys, and strings in the place of numbers."""

    model_config = ConfigDict(extra='forbid', strict=True, frozen=True, allow_inf_nan=False)

    @classmethod
    def of(cls, opt: Any) -> Self:
        """Return the options of this class that a configuration holds.

        A :class:`crslab_causal.config.Config` holds validated options, and these are returned unchanged. From a dict,
        or from CRSLab's own ``Config``, new options are built. Keys of other classes are ignored, and missing keys get
        their default.

        Args:
            opt: a configuration, a dict, or options of this class.

        Raises:
            ValidationError: a value in a dict is wrong.
        """
        for section in (opt, *getattr(opt, 'sections', ())):
            if isinstance(section, cls):
                return section
        return cls(**{name: opt[name] for name in cls.model_fields if name in opt})


_EXPECTED = {
    'int_type': 'a whole number',
    'int_parsing': 'a whole number',
    'int_from_float': 'a whole number',
    'float_type': 'a number',
    'float_parsing': 'a number',
    'finite_number': 'a finite number',
    'bool_type': 'true or false',
    'bool_parsing': 'true or false',
    'string_type': 'a text',
    'list_type': 'a list',
    'tuple_type': 'a list',
    'dict_type': 'an object with keys and values',
    'model_type': 'an object with keys and values',
    'model_attributes_type': 'an object with keys and values',
    'greater_than_equal': 'at least {ge}',
    'greater_than': 'more than {gt}',
    'less_than_equal': 'at most {le}',
    'less_than': 'less than {lt}',
    'too_short': 'a list with {min_length} or more entries',
    'too_long': 'a list with {max_length} or fewer entries',
    'string_too_short': 'a text with {min_length} or more characters',
    'string_pattern_mismatch': 'a text that matches {pattern}',
    'literal_error': '{expected}',
    'enum': '{expected}',
    'datetime_type': 'a time such as 2020-01-31T12:00',
    'datetime_parsing': 'a time such as 2020-01-31T12:00',
    'datetime_from_date_parsing': 'a time such as 2020-01-31T12:00',
}
"""Expected values by pydantic's type of the mistake, because its own messages are written for programmers."""

_MAX_SHOWN = 80
"""Largest number of characters of a wrong value in a message."""


def expectation(mistake: ErrorDetails) -> str | None:
    """Return what a value has to be, such as ``a whole number``; None if the mistake is not about a value."""
    text = _EXPECTED.get(mistake['type'])
    return None if text is None else text.format(**mistake.get('ctx', {}))


def describe_mistake(mistake: ErrorDetails) -> str:
    """Return what is wrong with a value, without the key: ``must be a whole number, but is 'many'``.

    Args:
        mistake: an element of ``ValidationError.errors()``.
    """
    if mistake['type'] == 'value_error':  # raised by a check of this package
        return str(mistake['ctx']['error'])
    if mistake['type'] == 'missing':
        return 'is missing'
    if mistake['type'] == 'extra_forbidden':
        return 'no such key'
    if mistake['type'] == 'json_invalid':
        return f'not valid JSON ({mistake["ctx"]["error"]})'
    expected = expectation(mistake)
    if expected is None:
        return re.sub(r'^Input should be ', 'must be ', mistake['msg'])
    shown = repr(mistake['input'])
    return f'must be {expected}, but is {shown if len(shown) <= _MAX_SHOWN else shown[: _MAX_SHOWN - 3] + "..."}'


def first_mistake(error: ValidationError) -> str:
    """Return the first mistake of a failed validation in one line: the key, and what is wrong with its value."""
    first = error.errors(include_url=False)[0]
    where = ' '.join('.'.join(map(str, first['loc'])).split())  # a key may have line breaks
    return f'{where}: {describe_mistake(first)}' if where else describe_mistake(first)
