"""Write requests for OpenAI's Batch API, and read its answers. It answers a file within a day, at half the price.

The file of requests has one line for each prompt without a final answer in the store. A line contains everything that
the answer depends on. The answers can therefore be imported from the two files alone::

    {"custom_id": "<key>-<number>", "method": "POST", "url": "/v1/chat/completions", "body": {...}}

``key`` and ``number`` are those of the answer's line in the store. The file of results has a line for each request, in
any order::

    {"custom_id": ..., "response": {"status_code": 200, "body": {...}}, "error": null}
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Iterable, Iterator, NamedTuple

from pydantic import BaseModel
from pydantic_core import to_json

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.answer_body import NoCompletion, read_answer
from crslab_causal.llm.client.answer_parser import parse_answer
from crslab_causal.llm.client.answer_policy import MORE_ROOM, reason_to_ask_again, with_room
from crslab_causal.llm.client.record import Payload, Record, Response, cache_key
from crslab_causal.llm.client.store import MemoryStore
from crslab_causal.llm.client.structured import response_format
from crslab_causal.llm.options import LLMOptions

_URL = '/v1/chat/completions'
_LENGTH = 'max_completion_tokens'
"""Parameter of the maximum length. All models of the Batch API know this name. The newer ones refuse ``max_tokens``."""
_OPTIONAL = ('temperature', 'seed', _LENGTH)


class Imported(NamedTuple):
    """The counts of an import of answers."""

    added: int
    """Answers added to the store."""
    known: int
    """Answers that were in the store already."""
    failed: Counter[str]
    """Number of requests that failed, by reason."""
    missing: int
    """Number of requests that are not in the results."""


def batch_requests(
    options: LLMOptions, store: MemoryStore, payloads: Iterable[tuple[Payload, type[BaseModel]]]
) -> Iterator[dict[str, Any]]:
    """Yield a line for each prompt without a final answer in the store. Equal prompts have one line.

    Args:
        options: section ``llm``.
        store: answers so far.
        payloads: payload and schema of each prompt.

    Raises:
        UserError: the options put the schema into the prompt, which batches do not support.
    """
    if options.structured == 'json':
        raise UserError('llm.structured: a batch needs the schema as a parameter; set it to auto or schema')
    done = set()
    for payload, schema in payloads:
        key = cache_key(payload)
        responses = store.responses(key)
        answers = [parse_answer(response, schema) for response in responses]
        if key in done or (answers and reason_to_ask_again(answers, payload) is None):
            continue
        done.add(key)
        body = _body(with_room(payload, answers), schema.__name__, len(answers))
        yield {'custom_id': f'{key}-{len(answers)}', 'method': 'POST', 'url': _URL, 'body': body}


def write_requests(path: str | Path, requests: Iterable[dict[str, Any]]) -> int:
    """Write lines of requests to a file, and return their number."""
    n = 0
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'wb') as file:
        for request in requests:
            file.write(to_json(request) + b'\n')
            n += 1
    return n


def import_results(requests: str | Path, results: Iterable[str | Path], store: MemoryStore) -> Imported:
    """Add the answers of a batch to a store.

    Args:
        requests: file of :func:`write_requests`.
        results: files that the Batch API has returned: its results and, if there is one, its file of errors.
        store: store to add to.

    Raises:
        UserError: a file has the wrong format, or the results belong to another batch.
    """
    payloads = dict(_read_request(path_and_line) for path_and_line in _lines(requests))
    seen, failed, added, known = set(), Counter[str](), 0, 0
    for path in results:
        for where, line in _lines(path):
            custom_id = line.get('custom_id')
            if custom_id not in payloads:
                raise UserError(f'{where}: is the answer to no request of {requests}; name the files of one batch')
            key, number = custom_id.rsplit('-', 1)
            response = _read_result(line, payloads[custom_id])
            if isinstance(response, str):
                failed[response] += 1
            elif len(store.responses(key)) > int(number):
                known += 1
            else:
                store.append([(Record(key, int(number), response), payloads[custom_id])])
                added += 1
            seen.add(custom_id)
    return Imported(added, known, failed, len(payloads) - len(seen))


def _body(payload: Payload, schema_name: str, number: int) -> dict[str, Any]:
    """Return the body of a request. After an invalid answer the next request has another seed, as in a live run."""
    parameters = payload['parameters']
    seed = parameters['seed']
    values = parameters['temperature'], None if seed is None else seed + number, parameters['max_tokens']
    optional = {name: value for name, value in zip(_OPTIONAL, values, strict=True) if value is not None}
    return {
        'model': payload['model'],
        'messages': payload['messages'],
        **parameters.get('extra', {}),
        **optional,
        'response_format': response_format(schema_name, payload['schema']),
    }


def _read_request(where_and_line: tuple[str, dict[str, Any]]) -> tuple[str, Payload]:
    """Return the id of a request, and the payload from which its body was made."""
    where, line = where_and_line
    try:
        custom_id, body = line['custom_id'], dict(line['body'])
        key, number = custom_id.rsplit('-', 1)
        temperature, seed, length = (body.pop(name, None) for name in _OPTIONAL)
        schema = body.pop('response_format')['json_schema']['schema']
        model, messages = body.pop('model'), body.pop('messages')
        parameters = {'temperature': temperature, 'seed': seed if seed is None else seed - int(number)}
        extra = {'extra': body} if body else {}
        for max_tokens in (length, length // MORE_ROOM if length else None):
            whole = {**parameters, 'max_tokens': max_tokens, **extra}
            payload = {'model': model, 'messages': messages, 'schema': schema, 'parameters': whole}
            if cache_key(payload) == key:
                return custom_id, payload
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise UserError(f'{where}: is no request that `llm.batch` has written, or was edited; write the file again')


def _read_result(line: dict[str, Any], payload: Payload) -> Response | str:
    """Return the answer in a line of results, or the reason why the request failed."""
    response = line.get('response') or {}
    error = line.get('error') or (response.get('body') or {}).get('error')
    if error or response.get('status_code') != 200:
        message = error.get('message', error) if isinstance(error, dict) else error
        return ' '.join(f'{response.get("status_code") or ""} {message or "no answer"}'.split())[:200]
    try:
        answer = read_answer(to_json(response.get('body')))
    except NoCompletion as failure:
        return failure.detail
    return Response(
        content=answer.content,
        finish_reason=answer.finish_reason,
        refusal=answer.refusal,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        latency_s=0.0,
        model=answer.model or payload['model'],
        form='schema',
        is_batch=True,
    )


def _lines(path: str | Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the location and the content of each line of a file."""
    with open(path, 'rb') as file:
        for number, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                line = json.loads(text)
            except ValueError:
                line = None
            if not isinstance(line, dict):
                raise UserError(f'{path}, line {number}: is no JSON object; name a file of a Batch API')
            yield f'{path}, line {number}', line
