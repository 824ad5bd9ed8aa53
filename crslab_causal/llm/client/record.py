"""One answer of a language model, as it stands in a store.

A line is one answer that was paid for::

    {"key": ..., "number": 0, "request": {model, messages, schema, parameters}, "response": {...}}

``number`` counts the answers to one request, from 0: an answer that cannot be used is asked for again, and both were
paid.

The key is made from what the answer depends on. The address of the server is no part of it: the same model answers the
same at another address, and a recorded run must replay where there is no server at all. Whoever compares two servers
that call different weights by one name gives each a store. Nor is the form in which the schema was asked for
(``dialect.py``): it depends on what the server is found to understand, and a run that finds it out in another order
must not pay again. It stands in the response instead.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from pydantic_core import to_json


class Response(NamedTuple):
    """What an answer held."""

    content: str
    finish_reason: str | None
    refusal: str | None
    input_tokens: int | None
    """None: the server did not say."""
    output_tokens: int | None
    latency_s: float
    """Seconds from sending to the last byte, of the call that brought it."""
    model: str
    """The model's full name, as the server gave it."""
    form: str
    """How the schema was asked for: ``schema`` or ``json``."""


class Record(NamedTuple):
    """A line of a store, less the request, of which the key is enough."""

    key: str
    number: int
    response: Response


_TYPES: dict[str, tuple[type, ...]] = {
    'content': (str,), 'finish_reason': (str, type(None)), 'refusal': (str, type(None)),
    'input_tokens': (int, type(None)), 'output_tokens': (int, type(None)), 'latency_s': (int, float),
    'model': (str,), 'form': (str,),
}


def prompt_hash(request: dict[str, Any]) -> str:
    """Key of a request ``{model, messages, schema, parameters}``: 64 hexadecimal digits.

    The order of a mapping's keys is no part of it, but for the schema's: the model writes in that order.
    """
    return hash_and_size(request)[0]


def hash_and_size(request: dict[str, Any]) -> tuple[str, int]:
    """Its key, and an upper bound of the bytes of its texts."""
    content = request | {'schema': json.dumps(request['schema'])}
    text = json.dumps(content, sort_keys=True, separators=(',', ':')).encode('ascii')
    return hashlib.sha256(text).hexdigest(), len(text)


def to_line(record: Record, request: dict[str, Any]) -> bytes:
    """The line, with its line break."""
    content = {'key': record.key, 'number': record.number, 'request': request, 'response': record.response._asdict()}
    try:
        return to_json(content) + b'\n'
    except ValueError:  # half a pair of surrogates, which a server can send, but UTF-8 cannot hold
        return json.dumps(content).encode('ascii') + b'\n'


def from_line(line: bytes) -> Record:
    """A line without its line break.

    Raises:
        ValueError: it is none. No part of a line that lacks its end is one.
    """
    try:
        content = json.loads(line)
        record = Record(content['key'], content['number'], Response(**content['response']))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError('is no record of a store') from None
    if not (isinstance(record.key, str) and type(record.number) is int
            and all(isinstance(value, _TYPES[name]) for name, value in record.response._asdict().items())):
        raise ValueError('has a value of a wrong type')
    return record
