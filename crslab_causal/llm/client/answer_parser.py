"""Extract the JSON object from the text of an answer, even if the model wrote other text around it.

Models write thoughts, Markdown and drafts around their answer, and they write text that is nearly JSON. These rules
apply:

1. If the whole text is an object of the schema, it is the answer.
2. Otherwise all text up to the last end mark of the model's thoughts (such as ``</think>``) is dropped.
3. If the rest has several objects of the schema, the last one is the answer. Earlier ones are drafts, or they repeat
   the form.
4. If it has none, an object that is nearly JSON is repaired, unless the answer was cut off.
5. Keys that the schema does not have are ignored. An object whose lists are all empty is not an answer.
6. Numbers and titles in another form than a list are read (:mod:`.lenient_values`).
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any, Iterator, Literal, NamedTuple

import json_repair
from pydantic import BaseModel, ValidationError

from crslab_causal.base.options import describe_mistake
from crslab_causal.llm.client.partial_answer import read_partial
from crslab_causal.llm.client.record import Response
from crslab_causal.llm.first_token import FirstTokenAnswer, read_tokens
from crslab_causal.llm.lenient_values import LENIENT_CONTEXT

_THOUGHTS = (
    r'(?:seed:)?(?:ant)?_?(?:think|thinking|thought|thoughts|reason|reasoning|reflection|reflect|analysis|scratchpad)'
)
_START_MARK = re.compile(rf'<{_THOUGHTS}>|\[THINK\]|◁think▷|<\|?(?:begin_of_thought|START_THINKING)\|?>', re.IGNORECASE)
_END_MARK = re.compile(
    rf'</\s*{_THOUGHTS}\s*>|\[/THINK\]|◁/think▷|<\|?(?:end_of_thought|END_THINKING|/think)\|?>'
    r'|<\|channel\|>\s*final\s*(?:<\|constrain\|>\s*\w+\s*)?<\|message\|>',
    re.IGNORECASE,
)
"""End marks of a model's thoughts: tags (DeepSeek, Qwen, Claude, Seed-OSS), Magistral, Kimi, Sky-T1, Command A,
gpt-oss."""

_DECODER = json.JSONDecoder(strict=False)
"""JSON decoder that accepts control characters, such as line breaks, in strings."""

_STRAIGHT_QUOTES = str.maketrans('“”„‟«»', '""""""')

_MAX_BRACES = 256
"""Maximum number of opening braces, counted from the end of an answer, at which the parser looks for an object."""

_MAX_REPAIRS = 8
"""Maximum number of braces, counted from the end of an answer, at which the parser tries to repair an object."""

_MAX_REPAIRED = 1 << 15
"""Maximum length of a text that is repaired, in characters."""


_NO_LABEL = 'its most probable first tokens are not labels of candidates'
_CUT_OFF = ('length', 'max_tokens', 'model_length')
_FILTERED = ('content_filter', 'safety', 'prohibited_content', 'recitation')


class ParsedAnswer(NamedTuple):
    """The result of parsing an answer."""

    status: Literal['ok', 'partial', 'refusal', 'length', 'invalid']
    parsed: BaseModel | None
    detail: str
    """Reason for a status other than ``ok``."""
    is_exact: bool = False
    """Whether the text is an object of the schema and nothing else. A server that enforces the schema gives only such
    texts."""

    @property
    def is_cut(self) -> bool:
        """Whether the model was cut off before the end of its answer."""
        return self.status in ('partial', 'length')


class _Unusable(Exception):
    """A value that is not an object of the schema. The message is the reason."""


def parse_answer(response: Response, answer: type[BaseModel]) -> ParsedAnswer:
    """Parse the text of an answer with the schema of the answer.

    An answer that is complete is ok, even if the model continued to write after it until it was cut off.
    """
    if response.refusal:
        return ParsedAnswer('refusal', None, ' '.join(replace_surrogates(response.refusal).split()))
    finish_reason = (response.finish_reason or '').lower()
    if finish_reason in _FILTERED:
        return ParsedAnswer('refusal', None, "stopped by the server's content filter")
    if issubclass(answer, FirstTokenAnswer):
        ranked = answer.from_tokens(read_tokens(response.content))
        return ParsedAnswer('invalid' if ranked is None else 'ok', ranked, _NO_LABEL if ranked is None else '')
    complaint = ''
    is_exact = False
    with contextlib.suppress(ValidationError):  # the usual case, ten times as fast as the code below
        parsed = answer.model_validate_json(response.content)
        complaint, is_exact = _complaint(parsed), True
        if not complaint:
            return ParsedAnswer('ok', parsed, '', is_exact)
    for value in _objects(response.content, answer, finish_reason):
        try:
            return ParsedAnswer('ok', _validate(value, answer), '')
        except _Unusable as error:
            complaint = complaint or str(error)
    if finish_reason in _CUT_OFF:
        detail = f'cut off at the longest length, {response.output_tokens or "?"} tokens'
        partial = read_partial(without_thoughts(response.content), answer)
        return ParsedAnswer('length' if partial is None else 'partial', partial, detail)
    return ParsedAnswer('invalid', None, complaint or 'holds no JSON object', is_exact)


def without_thoughts(content: str) -> str:
    """Remove the blocks ``<think>`` from a text, also one that is not closed."""
    end = max((mark.end() for mark in _END_MARK.finditer(content)), default=0)
    start = _START_MARK.search(content, end)
    return content[end:] if start is None else content[end : start.start()]


def _validate(value: dict[str, Any], answer: type[BaseModel]) -> BaseModel:
    """Convert a JSON object to an object of the schema.

    Raises:
        _Unusable: it does not match the schema.
    """
    fields = {name.lower(): name for name in answer.model_fields}
    known = {}
    for key, entry in value.items():
        name = fields.get(key.strip().lower())
        if name is not None:
            known[name] = entry
    try:
        parsed = answer.model_validate(known, context=LENIENT_CONTEXT)
    except ValidationError as error:
        first = error.errors()[0]
        location = '.'.join(map(str, first['loc']))
        reason = describe_mistake(first)
        raise _Unusable(f'{location}: {reason}' if location else reason) from None
    if complaint := _complaint(parsed):
        raise _Unusable(complaint)
    return parsed


def _complaint(parsed: BaseModel) -> str:
    """Return the reason why an object is not an answer, for example an empty ranking; empty if it is one."""
    lists = {name: value for name, value in parsed if isinstance(value, list)}
    return f'{next(iter(lists))}: is empty' if lists and not any(lists.values()) else ''


def _objects(content: str, answer: type[BaseModel], finish_reason: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in an answer, last one first. Objects in the model's thoughts are left out.

    Args:
        content: text of the answer.
        answer: schema of the answer.
        finish_reason: why the model stopped, in lower case; empty if the server does not say.
    """
    text = content
    for end in _END_MARK.finditer(content):
        text = content[end.end() :]
    parts = [text]
    start = _START_MARK.search(text)
    if start is not None:  # without an end mark, all of the rest may be thoughts
        parts = [text[: start.start()]]
        if finish_reason not in _CUT_OFF:
            parts.append(text[start.end() :])
    for part in parts:
        yield from _exact_objects(part)
        if finish_reason not in _CUT_OFF:
            yield from _repaired_objects(part, answer, can_complete=bool(finish_reason))


def _exact_objects(text: str) -> Iterator[dict[str, Any]]:
    with contextlib.suppress(ValueError, RecursionError):
        inner = json.loads(text)  # a string that contains JSON
        text = inner if isinstance(inner, str) else text
    position = len(text)
    for _ in range(_MAX_BRACES):
        position = text.rfind('{', 0, position)
        if position < 0:
            return
        with contextlib.suppress(ValueError, RecursionError):
            yield _clean(_DECODER.raw_decode(text, position)[0])


def _repaired_objects(text: str, answer: type[BaseModel], can_complete: bool) -> Iterator[dict[str, Any]]:
    """Yield repaired objects, last one first. An object starts at a brace before one of the schema's keys.

    Args:
        text: text with objects that are nearly JSON.
        answer: schema of the answer.
        can_complete: whether a closing brace may be added at the end. It is False if the server does not say why the
            model stopped, because the answer may then have been cut off.
    """
    text = text[-_MAX_REPAIRED:]
    keys = '|'.join(map(re.escape, answer.model_fields))
    if '"' not in text:
        text = text.translate(_STRAIGHT_QUOTES)
    beginning = rf'\{{\s*(?://.*\s*)?\W{{0,2}}(?:{keys})\b'
    starts = [found.start() for found in re.finditer(beginning, text, re.IGNORECASE)]
    for start, end in reversed(list(zip(starts, [*starts[1:], len(text)]))[-_MAX_REPAIRS:]):
        closing = text.rfind('}', start, end) + 1
        if not closing or '"' in text[closing:end]:  # the last brace is missing, or is inside a string
            if not can_complete:
                continue
            closing = end
        with contextlib.suppress(ValueError, RecursionError):
            repaired = json_repair.repair_json(text[start:closing], return_objects=True)
            values = repaired if isinstance(repaired, list) else [repaired]
            yield from (_clean(value) for value in values if isinstance(value, dict))


def _clean(value: dict[str, Any]) -> dict[str, Any]:
    r"""Return the value without unpaired \u surrogates, which JSON allows but UTF-8 cannot encode."""
    return json.loads(replace_surrogates(json.dumps(value, ensure_ascii=False)))


def replace_surrogates(text: str) -> str:
    """Return ``text`` with a question mark for each unpaired surrogate, which UTF-8 cannot encode."""
    return text.encode('utf-8', 'replace').decode('utf-8')
