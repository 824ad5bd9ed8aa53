"""Request an answer in a JSON schema: by a parameter of the request, or by an instruction in the prompt."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from pydantic import BaseModel

from crslab_causal.llm.client.result import Messages


@functools.lru_cache
def strict_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of ``answer`` in the form that strict servers require.

    It allows no other keys and requires all keys in their order. The docstrings of classes are left out. They are for
    readers of the code, and they would become part of a store's keys. Callers share the result and must not change it.
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


BOUNDS = ('minimum', 'maximum', 'minItems', 'maxItems', 'minLength', 'maxLength')
"""Keys of a JSON schema that limit numbers and lengths. Not every server that enforces schemas accepts them."""


def without_bounds(node: Any) -> Any:
    """Return a copy of a JSON schema without :data:`BOUNDS`."""
    if isinstance(node, list):
        return [without_bounds(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: without_bounds(entry) for name, entry in value.items()}
        if key in ('properties', '$defs')
        else without_bounds(value)
        for key, value in node.items()
        if key not in BOUNDS
    }


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


def merge_system_message(messages: Messages) -> Messages:
    """Return the messages with the system message at the start of the first user message, for servers without it."""
    if len(messages) < 2 or messages[0]['role'] != 'system':
        return messages
    system, first, *rest = messages
    return [first | {'content': f'{system["content"]}\n\n{first["content"]}'}, *rest]
