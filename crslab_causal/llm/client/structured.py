"""Answers that have a shape: how a schema is asked for, and how an answer is read."""

from __future__ import annotations

import contextlib
import functools
import json
import re
from typing import Any, Iterator, Literal, NamedTuple

from pydantic import BaseModel, ValidationError

from crslab_causal.llm.client.record import Response

_DECODER = json.JSONDecoder()
_TRIES = 64
"""Opening braces at which an object is looked for in the text around an answer."""


class Verdict(NamedTuple):
    """What an answer is worth."""

    status: Literal['ok', 'refusal', 'length', 'invalid']
    parsed: BaseModel | None
    detail: str
    """Why it is not ok."""


@functools.lru_cache
def strict_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of ``answer`` as strict servers want it: no other keys, every key required, their order kept.

    Docstrings of classes are left out: they speak to the reader of the code, and would make part of a store's key.
    The result is shared, and must not be changed.
    """
    return _strict(answer.model_json_schema())


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    is_object = 'properties' in node
    strict: dict[str, Any] = {}
    for key, value in node.items():
        if key in ('properties', '$defs'):
            strict[key] = {name: _strict(entry) for name, entry in value.items()}
        elif key not in ('title', 'default') and not (is_object and key == 'description'):
            strict[key] = _strict(value)
    if is_object:
        strict |= {'additionalProperties': False, 'required': list(node['properties'])}
    return strict


def response_format(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The parameter ``response_format`` of a request whose server enforces the schema."""
    name = re.sub(r'[^\w-]', '_', name, flags=re.ASCII)[:64]
    return {'type': 'json_schema', 'json_schema': {'name': name, 'strict': True, 'schema': schema}}


def with_schema_in_prompt(messages: list[dict[str, str]], schema: dict[str, Any]) -> list[dict[str, str]]:
    """The messages with the schema at the end of the first one, the system's, for servers that enforce none."""
    wish = ('Answer with one JSON object and nothing else, its keys in the order of this JSON schema:\n'
            + json.dumps(schema, ensure_ascii=False))
    if messages and messages[0]['role'] == 'system':
        return [messages[0] | {'content': f"{messages[0]['content']}\n\n{wish}"}, *messages[1:]]
    return [{'role': 'system', 'content': wish}, *messages]


def judge(response: Response, answer: type[BaseModel]) -> Verdict:
    """Reads an answer. One that is whole is ok even if the model went on behind it until it was cut."""
    if response.refusal:
        return Verdict('refusal', None, ' '.join(sound(response.refusal).split()))
    if response.finish_reason == 'content_filter':
        return Verdict('refusal', None, "stopped by the server's content filter")
    parsed, complaint = _parse(response.content, answer)
    if parsed is not None:
        return Verdict('ok', parsed, '')
    if response.finish_reason == 'length':
        return Verdict('length', None, f'cut off at the longest length, {response.output_tokens or "?"} tokens')
    return Verdict('invalid', None, complaint)


def _parse(content: str, answer: type[BaseModel]) -> tuple[BaseModel | None, str]:
    with contextlib.suppress(ValidationError):
        return answer.model_validate_json(content), ''  # nearly always; ten times as fast as what follows
    complaint = 'holds no JSON object'
    for value in _objects(content):
        try:
            return answer.model_validate(value), ''
        except ValidationError as error:
            first = error.errors()[0]
            where = '.'.join(map(str, first['loc']))
            complaint = f'{where}: {first["msg"]}' if where else first['msg']
    return None, complaint


def _objects(content: str) -> Iterator[dict]:
    """Objects in ``content``, with text or Markdown around them, but not inside a model's thoughts."""
    content = re.sub(r'^\s*<think>.*?</think>', '', content, flags=re.DOTALL)
    position = -1
    for _ in range(_TRIES):
        position = content.find('{', position + 1)
        if position < 0:
            return
        try:
            value, end = _DECODER.raw_decode(content, position)
        except (ValueError, RecursionError):
            continue
        # half a pair of \u escapes is JSON, but no text that can be written to a file
        yield json.loads(sound(json.dumps(value, ensure_ascii=False)))
        position = end - 1


def sound(text: str) -> str:
    """``text`` with a question mark for each half of a surrogate pair, which UTF-8 cannot hold."""
    return text.encode('utf-8', 'replace').decode('utf-8')
