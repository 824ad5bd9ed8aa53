"""An answer that arrives piece by piece, as server-sent events (``stream: true``).

The pieces are put together to the body of the same answer without streaming, so that a streamed answer is parsed,
checked and stored as any other::

    data: {"model": ..., "choices": [{"index": 0, "delta": {"content": "Wat"}, "finish_reason": null}]}
    data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}
    data: [DONE]
"""

from __future__ import annotations

import codecs
import json
from typing import Any

from pydantic_core import to_json

from crslab_causal.llm.client.answer_body import content_text

_TEXTS = ('content', 'refusal', 'reasoning_content', 'reasoning', 'thinking')
"""Keys of a message whose pieces are texts."""
_DONE = b'[DONE]'


class EventStream:
    """Puts the pieces of a streamed chat completion together.

    Args:
        limit: maximum number of bytes of an event, and of all texts.
    """

    def __init__(self, limit: int):
        self.is_done = False
        """Whether the server has sent the end of the stream."""
        self._limit, self._n_texts = limit, 0
        self._rest, self._kind = bytearray(), b''
        self._data: list[bytes] = []
        self._n_data = 0
        self._others: list[bytes] = []
        self._texts: dict[str, list[str]] = {}
        self._arguments: dict[int, str] = {}
        self._answer: dict[str, Any] = {}
        self._has_choice = False
        self._finish_reason: str | None = None
        self._error: Any = None

    @property
    def content(self) -> str:
        """The text of the answer so far."""
        return ''.join(self._texts.get('content', ()))

    @property
    def is_complete(self) -> bool:
        """Whether the answer is complete. A server may close the connection in the middle of an answer."""
        return self.is_done or self._finish_reason is not None or self._error is not None or not self._has_events

    @property
    def has_text(self) -> bool:
        """Whether a part of an answer has arrived."""
        return bool(self._texts or self._arguments)

    @property
    def _has_events(self) -> bool:
        return bool(self._answer) or self._error is not None or self.is_done

    def add(self, chunk: bytes) -> bool:
        """Add bytes, and return whether they are within the limit."""
        self._rest += chunk
        if b'\n' in chunk or b'\r' in chunk:
            *lines, rest = _split_lines(bytes(self._rest))
            self._rest = bytearray(rest)
            for line in lines:
                self._add_line(line)
        return len(self._rest) <= self._limit and self._n_texts + self._n_data <= self._limit

    def body(self) -> bytes:
        """Return the body of the same answer without streaming. Call it once, when all bytes have been added."""
        self._add_line(bytes(self._rest).rstrip(b'\r'))
        self._add_line(b'')
        if not self._has_events:  # the server does not stream, whatever it says
            return b'\n'.join(self._others)
        if self._error is not None:
            return to_json({**self._answer, 'error': self._error})
        if not self._has_choice:
            return to_json(self._answer)
        message: dict[str, Any] = {'content': '', **{name: ''.join(pieces) for name, pieces in self._texts.items()}}
        if self._arguments:
            message['tool_calls'] = [{'function': {'arguments': text}} for text in self._arguments.values()]
        return to_json({**self._answer, 'choices': [{'message': message, 'finish_reason': self._finish_reason}]})

    def _add_line(self, line: bytes) -> None:
        """Read a line of the stream: a field of an event, or the empty line that ends one."""
        name, _, value = line.removeprefix(codecs.BOM_UTF8).partition(b':')
        value = value.removeprefix(b' ')
        if not line:
            self._end_event()
        elif name == b'data':
            self._data.append(value)
            self._n_data += len(value)
        elif name == b'event':
            self._kind = value
        elif name == b'error':
            self._error = value.decode('utf-8', 'replace')
        elif name and name not in (b'id', b'retry') and self._n_texts <= self._limit:
            self._others.append(line)
            self._n_texts += len(line)

    def _end_event(self) -> None:
        data, kind = b'\n'.join(self._data), self._kind
        self._data, self._kind, self._n_data = [], b'', 0
        if not data or self.is_done:
            return
        if data.strip() == _DONE:
            self.is_done = True
            return
        try:
            event = json.loads(data)
            if not isinstance(event, dict):
                raise TypeError
            self._add_event(event, kind)
        except (ValueError, TypeError, AttributeError, RecursionError):
            start = ' '.join(data[:80].decode('utf-8', 'replace').split())
            self._error = f'an event of its stream is not a part of an answer, it starts with {start!r}'

    def _add_event(self, event: dict[str, Any], kind: bytes) -> None:
        if event.get('error') or kind == b'error':
            self._error = event.get('error') or event
            return
        for name in ('model', 'usage'):
            if event.get(name):
                self._answer[name] = event[name]
        self._answer.setdefault('choices', [])
        for choice in event.get('choices') or []:
            if choice.get('index') in (0, None):
                self._add_choice(choice)

    def _add_choice(self, choice: dict[str, Any]) -> None:
        self._has_choice = True
        if isinstance(choice.get('finish_reason'), str):
            self._finish_reason = choice['finish_reason']
        delta = choice.get('delta')
        if delta is None and (whole := choice.get('message')) is not None:  # the end repeats the message as a whole
            self._texts, self._arguments, delta = {}, {}, whole
        delta = {'content': choice.get('text')} if delta is None else delta
        for name in _TEXTS:
            piece = content_text(delta.get(name))
            if piece:
                self._texts.setdefault(name, []).append(piece)
                self._n_texts += len(piece)
        for part in delta.get('reasoning_details') or []:
            self._texts.setdefault('reasoning', []).append(content_text(part.get('text')))
        for call in delta.get('tool_calls') or []:
            piece = content_text((call.get('function') or {}).get('arguments'))
            index = call.get('index') or 0
            self._arguments[index] = self._arguments.get(index, '') + piece
            self._n_texts += len(piece)


def _split_lines(text: bytes) -> list[bytes]:
    r"""Split at ``\n``, ``\r\n`` and ``\r``. The last part is the line that has no end yet."""
    lines = text.splitlines(keepends=True)
    last = lines.pop() if lines and (not lines[-1].endswith(b'\n')) else b''  # a \n may still follow a \r
    return [*(line.rstrip(b'\r\n') for line in lines), last]
