"""Structured answers: how a schema is requested, and how an answer is parsed."""

from __future__ import annotations

import contextlib
import functools
import json
import re
from typing import Any, Iterator, Literal, NamedTuple

from pydantic import BaseModel, ValidationError

from crslab_causal.llm.client.record import Response
from crslab_causal.llm.client.result import Messages

_DECODER = json.JSONDecoder()
_MAX_BRACES = 64
"""Maximum number of opening braces in an answer at which an object is searched for."""


class ParsedAnswer(NamedTuple):
    """The result of parsing an answer."""

    status: Literal['ok', 'refusal', 'length', 'invalid']
    parsed: BaseModel | None
    detail: str
    """Reason for a status other than ``ok``."""


@functools.lru_cache
def strict_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of ``answer`` as strict servers require it: no other keys, all keys required, in order.

    Docstrings of classes are left out: they address the reader of the code, and would become part of a store's keys.
    The result is shared; do not change it.
    """
    return _make_strict(answer.model_json_schema())


def _make_strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_make_strict(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    is_object = 'properties' in node
    strict: dict[str, Any] = {}
    for key, value in node.items():
        if key in ('properties', '$defs'):
            strict[key] = {name: _make_strict(entry) for name, entry in value.items()}
        elif key not in ('title', 'default') and not (is_object and key == 'description'):
            strict[key] = _make_strict(value)
    if is_object:
        strict |= {'additionalProperties': False, 'required': list(node['properties'])}
    return strict


def response_format(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the parameter ``response_format`` of a request to a server that enforces the schema."""
    name = re.sub(r'[^\w-]', '_', name, flags=re.ASCII)[:64]
    return {'type': 'json_schema', 'json_schema': {'name': name, 'strict': True, 'schema': schema}}


def with_schema_in_prompt(messages: Messages, schema: dict[str, Any]) -> Messages:
    """Return the messages with the schema appended to the system message, for servers that do not enforce it."""
    instruction = (
        'Answer with one JSON object and nothing else, its keys in the order of this JSON schema:\n'
        + json.dumps(schema, ensure_ascii=False)
    )
    if messages and messages[0]['role'] == 'system':
        return [messages[0] | {'content': f'{messages[0]["content"]}\n\n{instruction}'}, *messages[1:]]
    return [{'role': 'system', 'content': instruction}, *messages]


def parse_answer(response: Response, answer: type[BaseModel]) -> ParsedAnswer:
    """Parse an answer by its schema.

    A complete answer is ok even if the model went on writing after it until it was cut off.
    """
    if response.refusal:
        return ParsedAnswer('refusal', None, ' '.join(replace_surrogates(response.refusal).split()))
    if response.finish_reason == 'content_filter':
        return ParsedAnswer('refusal', None, "stopped by the server's content filter")
    parsed, complaint = _validate(response.content, answer)
    if parsed is not None:
        return ParsedAnswer('ok', parsed, '')
    if response.finish_reason == 'length':
        return ParsedAnswer('length', None, f'cut off at the longest length, {response.output_tokens or "?"} tokens')
    return ParsedAnswer('invalid', None, complaint)


def _validate(content: str, answer: type[BaseModel]) -> tuple[BaseModel | None, str]:
    """Return the first object of the schema in ``content``; or None and the reason why there is none."""
    with contextlib.suppress(ValidationError):
        return answer.model_validate_json(content), ''  # the usual case, ten times as fast as the code below
    complaint = 'holds no JSON object'
    for value in _json_objects(content):
        try:
            return answer.model_validate(value), ''
        except ValidationError as error:
            first = error.errors()[0]
            location = '.'.join(map(str, first['loc']))
            complaint = f'{location}: {first["msg"]}' if location else first['msg']
    return None, complaint


def _json_objects(content: str) -> Iterator[dict[str, Any]]:
    """Return the JSON objects in ``content``, with text or Markdown around them. A model's thoughts are skipped."""
    content = re.sub(r'^\s*<think>.*?</think>', '', content, flags=re.DOTALL)
    position = -1
    for _ in range(_MAX_BRACES):
        position = content.find('{', position + 1)
        if position < 0:
            return
        try:
            value, end = _DECODER.raw_decode(content, position)
        except (ValueError, RecursionError):
            continue
        # JSON allows an unpaired \u surrogate, but UTF-8 cannot encode it
        yield json.loads(replace_surrogates(json.dumps(value, ensure_ascii=False)))
        position = end - 1


def replace_surrogates(text: str) -> str:
    """Return ``text`` with a question mark for each unpaired surrogate, which UTF-8 cannot encode."""
    return text.encode('utf-8', 'replace').decode('utf-8')
