"""Read the usable part of an answer that was cut off or is not finished. The beginning of a ranking is a ranking."""

from __future__ import annotations

import contextlib
import re

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

PARTIAL_CONTEXT = {'partial': True}
"""Validation context in which a schema accepts an answer without its last fields."""

_MAX_STARTS = 64
"""Maximum number of opening braces at which the parser looks for an object."""
_LAST_NUMBER = re.compile(r'[-+.\deE]+$')


def read_partial(text: str, schema: type[BaseModel]) -> BaseModel | None:
    """Read an answer from a text that was cut off. Return None if the text contains too little of the answer.

    The last number and the last text are dropped if their ends may be missing.

    Args:
        text: answer of a model, without its thoughts.
        schema: schema of the answer. It must accept an answer without its last fields if the validation context is
            ``PARTIAL_CONTEXT``; otherwise there is never a partial answer.
    """
    text = _LAST_NUMBER.sub('', text)
    position = len(text)
    for _ in range(_MAX_STARTS):
        position = text.rfind('{', 0, position)
        if position < 0:
            return None
        with contextlib.suppress(ValueError, ValidationError):
            value = from_json(text[position:].encode('utf-8', 'replace'), allow_partial=True)
            parsed = schema.model_validate(value, context=PARTIAL_CONTEXT)
            if any(value for _, value in parsed if isinstance(value, list)):
                return parsed
    return None


def read_beginning(text: str, schema: type[BaseModel], field: str) -> str:
    """Return the text so far of a field of an answer; empty if the field has not begun.

    Args:
        text: beginning of the answer, without the model's thoughts.
        schema: schema of the answer.
        field: field of the schema whose text is returned.
    """
    keys = '|'.join(map(re.escape, schema.model_fields))
    starts = [found.start() for found in re.finditer(rf'\{{\s*"(?:{keys})"', text)]
    if not starts:
        return ''
    with contextlib.suppress(ValueError):
        value = from_json(text[starts[-1] :].encode('utf-8', 'replace'), allow_partial='trailing-strings')
        written = value.get(field, '')
        return written if isinstance(written, str) else ''
    return ''
