"""Find the text of an answer in the response of a server. Servers put it in different fields."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from crslab_causal.llm.client.record import MAX_COUNT


class AnswerBody(NamedTuple):
    """The parts of a chat completion that the client uses."""

    content: str
    refusal: str | None
    finish_reason: str | None
    model: str | None
    input_tokens: int | None
    """Number of input tokens; None if the server does not report it."""
    output_tokens: int | None
    """Number of output tokens; None if the server does not report it."""


class NoCompletion(Exception):
    """The body of a response is not a chat completion.

    Args:
        detail: description of the body.
        tokens: input and output tokens that the call cost.
    """

    def __init__(self, detail: str, tokens: tuple[int, int]):
        super().__init__(detail)
        self.detail, self.tokens = detail, tokens


def read_answer(body: bytes) -> AnswerBody:
    """Read the body of a response with status 200.

    The content is a text, a list of parts, or an object. Parts with the model's thoughts are ignored. If the content is
    empty, the answer is taken from the arguments of a tool call or from the field for the model's thoughts. Some
    servers put the answer into that field if the model answered without thinking. An answer that was cut off while the
    model was thinking has no content.

    Raises:
        NoCompletion: the body is an error, or anything else.
    """
    tokens: tuple[int | None, int | None] = None, None
    try:
        answer = json.loads(body)
        tokens = _reported_tokens(answer)
        if answer.get('error'):  # some gateways report an error with status 200
            raise NoCompletion(f"the server's answer is an error: {answer['error']}", _paid(tokens))
        choice = answer['choices'][0]
        message = choice.get('message') or choice.get('delta') or {'content': choice['text']}
        finish_reason = _text_or_none(choice.get('finish_reason'))
        content = content_text(message.get('content'))
        if not content.strip():
            content = _elsewhere(message, finish_reason) or content
        refusal = _text_or_none(message.get('refusal'))
        model = _text_or_none(answer.get('model'))
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        start = ' '.join(body[:80].decode('utf-8', 'replace').split())
        raise NoCompletion(f'what came is not a chat completion, it starts with {start!r}', _paid(tokens)) from None
    return AnswerBody(content, refusal, finish_reason, model, *tokens)


def _elsewhere(message: dict[str, Any], finish_reason: str | None) -> str:
    """Return an answer from a field other than ``content``."""
    calls = [call.get('function') or {} for call in message.get('tool_calls') or []]
    calls.append(message.get('function_call') or {})
    fields = [message.get('parsed'), *(call.get('arguments') for call in calls)]
    if finish_reason != 'length':
        fields += [message.get('reasoning_content'), message.get('reasoning'), message.get('thinking')]
        fields += [part.get('text') for part in message.get('reasoning_details') or []]
    return next((text for text in map(content_text, fields) if text.strip()), '')


def content_text(value: Any) -> str:
    """Return the text of a message's content: a text, a list of parts, or an object that is the answer itself."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ''.join(map(_part_text, value))
    if isinstance(value, dict):
        return _part_text(value) if 'text' in value else json.dumps(value)
    return ''


def _part_text(part: Any) -> str:
    """Return the text of a part of a content; empty for thoughts, which have another type."""
    if not isinstance(part, dict):
        return content_text(part)
    if 'type' in part and part['type'] not in ('text', 'output_text', 'json', 'output_json'):
        return ''
    for name in ('text', 'content', 'json'):
        if name in part:
            value = part[name]
            return (
                value['value']
                if isinstance(value, dict) and isinstance(value.get('value'), str)
                else content_text(value)
            )
    return ''


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _paid(tokens: tuple[int | None, int | None]) -> tuple[int, int]:
    return tokens[0] or 0, tokens[1] or 0


def _reported_tokens(answer: dict[str, Any]) -> tuple[int | None, int | None]:
    """Return the input and output tokens that the server reports. A number that is missing or impossible is None."""
    usage = answer.get('usage')
    if not isinstance(usage, dict):
        return None, None
    read, written = (usage.get(name) for name in ('prompt_tokens', 'completion_tokens'))
    return _count(read), _count(written)


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= MAX_COUNT else None
