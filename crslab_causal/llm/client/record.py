"""The schema of a line of the store, which records one answer of a language model.

A line is one paid answer::

    {"key": ..., "number": 0, "request": {model, messages, schema, parameters}, "response": {...}}

``request`` is the payload. ``number`` counts the answers to one payload from 0: after an invalid answer the client
sends the request again, and both answers were paid for.

The key is a hash of everything that the answer depends on. Two things are not part of it:

- The address of the server. The same model gives the same answers at another address, and a recorded run must replay
  without a server. To compare two servers that use one model name for different weights, give each its own store.
- The form of the request (:mod:`.request_format`), that is, how the schema was requested and which parameters the
  server refused. The client infers the form from the server. A run that infers it in another order must not pay again.
  The response records the form instead.

A line is checked when it is read: its key must be the hash of its request. An answer can therefore not be passed off as
the answer to another request.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, NamedTuple

from pydantic_core import to_json

Payload = dict[str, Any]
"""Everything that an answer depends on: ``{model, messages, schema, parameters}``."""


class Response(NamedTuple):
    """The content of an answer."""

    content: str
    finish_reason: str | None
    refusal: str | None
    input_tokens: int | None
    """Number of input tokens; None if the server did not report it."""
    output_tokens: int | None
    """Number of output tokens; None if the server did not report it."""
    latency_s: float
    """Seconds from sending the request to the last byte of the answer."""
    model: str
    """Full name of the model as the server reports it."""
    form: str
    """How the schema was requested: ``schema`` or ``json``."""
    omitted: tuple[str, ...] = ()
    """Parameters of the payload that were not sent, because the server refuses them."""
    is_batch: bool = False
    """Whether the answer comes from a Batch API, at half the price."""


class Record(NamedTuple):
    """A line of a store, with the key in place of the payload."""

    key: str
    number: int
    response: Response


_TYPES: dict[str, tuple[type, ...]] = {
    'content': (str,),
    'finish_reason': (str, type(None)),
    'refusal': (str, type(None)),
    'input_tokens': (int, type(None)),
    'output_tokens': (int, type(None)),
    'latency_s': (int, float),
    'model': (str,),
    'form': (str,),
    'omitted': (tuple,),
    'is_batch': (bool,),
}

MAX_COUNT = 10**9
"""Largest number of tokens or of answers that is accepted."""


def cache_key(payload: Payload) -> str:
    """Return the key of a payload: 64 hexadecimal digits.

    The key does not depend on the order of a mapping's keys. The schema is an exception, because the model writes its
    fields in the order of the schema.
    """
    return cache_key_and_size(payload)[0]


def cache_key_and_size(payload: Payload) -> tuple[str, int]:
    """Return the key of a payload, and an upper bound of the number of bytes of its texts."""
    content = payload | {'schema': json.dumps(payload['schema'])}
    text = json.dumps(content, sort_keys=True, separators=(',', ':')).encode('ascii')
    return hashlib.sha256(text).hexdigest(), len(text)


def to_line(record: Record, payload: Payload) -> bytes:
    """Return the line of a record, with its line break."""
    content = {'key': record.key, 'number': record.number, 'request': payload, 'response': record.response._asdict()}
    try:
        return to_json(content) + b'\n'
    except ValueError:  # the text has an unpaired surrogate, which UTF-8 cannot encode
        return json.dumps(content).encode('ascii') + b'\n'


def from_line(line: bytes) -> Record:
    """Parse a line without its line break.

    Raises:
        ValueError: the line is not a record, or its key is not that of its request. A line without its end is never a
            record.
    """
    try:
        content = json.loads(line)
        response = Response(**content['response'])
        if isinstance(response.omitted, list):  # JSON has no tuples
            response = response._replace(omitted=tuple(response.omitted))
        record = Record(content['key'], content['number'], response)
        expected_key = cache_key(content['request'])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError('is not a record of a store') from None
    if not (
        isinstance(record.key, str)
        and _is_count(record.number)
        and all(isinstance(value, _TYPES[name]) for name, value in response._asdict().items())
        and all(tokens is None or _is_count(tokens) for tokens in (response.input_tokens, response.output_tokens))
        and math.isfinite(response.latency_s)
        and response.latency_s >= 0
        and all(isinstance(name, str) for name in response.omitted)
    ):
        raise ValueError('has a value of a wrong type')
    if record.key != expected_key:
        raise ValueError('has a request that does not belong to its key, as if it had been edited')
    return record


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT
