"""Read the error message of a server in any of the usual forms.

The forms differ: ``{"error": {"message", "param", "code"}}`` (OpenAI), the same in a list (Gemini), ``{"detail":
[{"loc", "msg"}]}`` (Mistral, FastAPI), ``{"message": "[{'loc': ('body', 'seed'), ...}]"}`` (vLLM), ``{"error":
"text"}`` (Ollama), another server's body as text in ``metadata.raw`` (OpenRouter), and plain text.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterator, Mapping, Sequence

from crslab_causal.llm.client.waits import stated_wait

_ECHOES = ('input', 'ctx', 'request', 'request_body', 'messages', 'failed_generation', 'url', 'type', 'status')
"""Keys of an error that contain no message. They repeat the request or classify the error."""

_MESSAGE_KEYS = ('message', 'msg', 'detail', 'error_description', 'description', 'error', 'errors', 'title', 'reason')

_ALTERNATIVES = re.compile(
    r"""\b(?:expected\ (?:one\ )?of|one\ of|(?:supported|allowed|valid|available|permitted|accepted|known)
    \ (?:parameters|arguments|fields|keys|names|values|options)|did\ you\ mean|use\ ['"`]|instead\ use)""",
    re.IGNORECASE | re.VERBOSE,
)
"""Start of a list of names that the server would accept. A name in this list is not the one that it refuses."""

_LOCATION = re.compile(r"""['"]?loc['"]?\s*[:=]\s*[\[(]([^\])]*)[\])]""")
_WORD = re.compile(r'[A-Za-z][A-Za-z0-9_]*')
_MAX_DEPTH = 8


class ErrorBody:
    """The body of a response with an error.

    Args:
        content: bytes of the body.
        headers: headers of the response, names in lower case.
        now: seconds since 1970.
        status: status of the response.
    """

    def __init__(self, content: bytes, headers: Mapping[str, str], now: float, status: int):
        text = content.decode('utf-8', 'replace').strip()
        body = _parse(text)
        self.message: str = (_describe(body) if body is not None else text) or 'no reason given'
        """Message of the server."""
        self._members = list(_members(body))
        self.codes = frozenset(
            str(value) for key, value in self._members if key in ('code', 'type', 'reason', 'status')
        )
        """Codes of the error."""
        self.wait_s = stated_wait(headers, self._members, self.message, now, status == 429)
        """Seconds that the server asks to wait; None if it does not ask."""

    def named(self, names: Mapping[str, Sequence[str]]) -> str | None:
        """Return the parameter that the server names as wrong; None if it names no parameter.

        Args:
            names: parameters, each with the names that servers use for it.
        """
        parameters = {_plain(alias): name for name, aliases in names.items() for alias in (name, *aliases)}
        others = [value for _, value in self._members if isinstance(value, str)]
        texts = [_ALTERNATIVES.split(text)[0] for text in (self.message, *others)]
        for places in (self._pointers(), _locations(self.message), texts):
            for word in (word for text in places for word in _WORD.findall(text)):
                if _plain(word) in parameters:
                    return parameters[_plain(word)]
        return None

    def _pointers(self) -> list[str]:
        """Return the values of the keys that point to a part of the request."""
        pointers = []
        for key, value in self._members:
            if key in ('param', 'parameter', 'field', 'loc', 'location', 'property'):
                parts = value if isinstance(value, list) else [value]
                pointers += [part for part in reversed(parts) if isinstance(part, str)]
        return pointers


def _parse(text: str) -> Any:
    """Return the JSON value of a text; None if the text is not JSON."""
    if not text.startswith(('{', '[')):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _describe(node: Any, depth: int = 0) -> str:
    """Return the message in a part of an error's body; empty if there is none."""
    if isinstance(node, str):
        inner = _parse(node.strip()) if depth < _MAX_DEPTH else None
        return (_describe(inner, depth + 1) if inner is not None else '') or node
    if depth >= _MAX_DEPTH:
        return ''
    if isinstance(node, list):
        return '; '.join(filter(None, (_describe(entry, depth + 1) for entry in node[:3])))
    if not isinstance(node, dict):
        return ''
    message = next(filter(None, (_describe(node.get(key), depth + 1) for key in _MESSAGE_KEYS)), '')
    location = node.get('loc')
    if isinstance(location, list):
        message = f'{".".join(map(str, location))}: {message}'
    metadata = node.get('metadata')
    raw = _describe(metadata.get('raw'), depth + 1) if isinstance(metadata, dict) else ''
    message = ': '.join(dict.fromkeys(filter(None, (message, raw))))
    return message if message or depth else json.dumps(node)


def _members(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of an error's body, without the parts that repeat the request."""
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                yield key, value
                if key not in _ECHOES:
                    stack.append(value)
        elif isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, str) and (inner := _parse(node.strip())) is not None:
            stack.append(inner)


def _locations(text: str) -> list[str]:
    """Return the last part of each ``loc`` in a text that a server wrote for a list of errors."""
    return [part for found in _LOCATION.finditer(text) for part in reversed(found[1].split(','))]


def _plain(name: str) -> str:
    """Return a name in lower case and without ``_``, so that ``maxTokens`` equals ``max_tokens``."""
    return name.replace('_', '').lower()
