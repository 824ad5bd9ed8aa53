"""OpenAI's Batch API: requests in one file, answers in another one within a day, at half the price.

The file of requests has one line for each prompt that the store has no final answer to. A line contains everything that
the answer depends on, so the answers are imported from the two files alone::

    {"custom_id": "<key>-<number>", "method": "POST", "url": "/v1/chat/completions", "body": {...}}

``key`` and ``number`` are those of the answer's line in the store. The file of results has a line for each request, in
any order::

    {"custom_id": ..., "response": {"status_code": 200, "body": {...}}, "error": null}

The service takes at most 50,000 requests and 200 MB in one file. More are written to several files, ``batch.jsonl``,
``batch-2.jsonl`` and so on, each of which is a batch of its own. A parameter that the service refuses is left out of
the next batch (:mod:`.refused_parameters`).
"""

from __future__ import annotations

import itertools
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
from crslab_causal.llm.client.refused_parameters import RefusedParameters
from crslab_causal.llm.client.store import MemoryStore, Store
from crslab_causal.llm.client.structured import response_format
from crslab_causal.llm.options import LLMOptions

MAX_REQUESTS = 50_000
"""Maximum number of requests in one file."""

MAX_BYTES = 200_000_000
"""Maximum size of one file."""

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
    refused: list[str]
    """Parameters that the service refuses, and that the next batch leaves out."""


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
    refused = RefusedParameters(options.store).of_model(options.model)
    done = set()
    for payload, schema in payloads:
        key = cache_key(payload)
        responses = store.responses(key)
        answers = [parse_answer(response, schema) for response in responses]
        if key in done or (answers and reason_to_ask_again(answers, payload) is None):
            continue
        done.add(key)
        body = _body(with_room(payload, answers), schema.__name__, len(answers))
        body = {name: value for name, value in body.items() if name not in refused}
        yield {'custom_id': f'{key}-{len(answers)}', 'method': 'POST', 'url': _URL, 'body': body}


def write_requests(path: str | Path, requests: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Write lines of requests to as many files as the service needs.

    Further files of an earlier batch with this name are removed, so that they are not answered once more.

    Args:
        path: the first file. The others have the same name with ``-2``, ``-3`` and so on.
        requests: lines of :func:`batch_requests`.

    Returns:
        The number of requests in each file.
    """
    first = Path(path)
    first.parent.mkdir(parents=True, exist_ok=True)
    lines = (to_json(request) + b'\n' for request in requests)
    waiting = next(lines, None)
    written: dict[str, int] = {}
    paths = (first if i == 1 else first.with_name(f'{first.stem}-{i}{first.suffix}') for i in itertools.count(1))
    for part in paths:
        if waiting is None and written:
            if not _is_batch(part):
                return written
            part.unlink()
            continue
        n_lines = n_bytes = 0
        with part.open('wb') as file:
            while waiting is not None and n_lines < MAX_REQUESTS and n_bytes + len(waiting) <= MAX_BYTES:
                n_lines, n_bytes = n_lines + 1, n_bytes + file.write(waiting)
                waiting = next(lines, None)
        if waiting is not None and not n_lines:
            raise UserError(f'{part}: a request has {len(waiting)} bytes, more than a batch takes; shorten the prompt')
        written[str(part)] = n_lines
    return written


def import_results(requests: str | Path, results: Iterable[str | Path], store: MemoryStore) -> Imported:
    """Add the answers of a batch to a store.

    Args:
        requests: file of :func:`write_requests`.
        results: files that the Batch API has returned: its results and, if there is one, its file of errors.
        store: store to add to.

    Raises:
        UserError: a file has the wrong format, or the results belong to another batch.
    """
    refused = RefusedParameters(store.path if isinstance(store, Store) else None)
    payloads = {}
    for place, line in _lines(requests):
        own_id, payload, omitted = _read_request(place, line, refused)
        payloads[own_id] = payload, omitted
    refused_now: dict[str, None] = {}
    seen, failed, added, known = set(), Counter[str](), 0, 0
    for path in results:
        for where, line in _lines(path):
            custom_id = line.get('custom_id')
            if custom_id not in payloads:
                raise UserError(f'{where}: is the answer to no request of {requests}; name the files of one batch')
            key, number = custom_id.rsplit('-', 1)
            payload, omitted = payloads[custom_id]
            response = _read_result(line, payload)
            if isinstance(response, str):
                failed[response] += 1
                answer = line.get('response') or {}
                parameter = refused.add(payload, answer.get('status_code') or 0, answer.get('body'))
                refused_now |= {} if parameter is None else {parameter: None}
            elif len(store.responses(key)) > int(number):
                known += 1
            else:
                store.append([(Record(key, int(number), response._replace(omitted=omitted)), payload)])
                added += 1
            seen.add(custom_id)
    refused.save()
    return Imported(added, known, failed, len(payloads) - len(seen), list(refused_now))


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


def _is_batch(path: Path) -> bool:
    """Return whether a file is one of :func:`write_requests`."""
    if not path.is_file():
        return False
    with path.open('rb') as file:
        start = file.readline(200)
    return start.startswith(b'{"custom_id":') and _URL.encode() in start


def _read_request(where: str, line: dict[str, Any], refused: RefusedParameters) -> tuple[str, Payload, tuple[str, ...]]:
    """Return the identifier of a request, the payload from which its body was made, and the parameters left out."""
    try:
        custom_id, body = line['custom_id'], dict(line['body'])
        key, number = custom_id.rsplit('-', 1)
        temperature, seed, length = (body.pop(name, None) for name in _OPTIONAL)
        schema = body.pop('response_format')['json_schema']['schema']
        model, messages = body.pop('model'), body.pop('messages')
        extra = {'extra': body} if body else {}
        known = refused.of_model(model)
        # a parameter that the body lacks was null in the payload, or is refused
        values = (
            [None, known.get('temperature')] if temperature is None else [temperature],
            [None, known.get('seed')] if seed is None else [seed - int(number)],
            [None, known.get(_LENGTH)] if length is None else [length, length // MORE_ROOM],
        )
        for whole in itertools.product(*values):
            parameters = {**dict(zip(('temperature', 'seed', 'max_tokens'), whole)), **extra}
            payload = {'model': model, 'messages': messages, 'schema': schema, 'parameters': parameters}
            if cache_key(payload) == key:
                in_body = (temperature, seed, length)
                names = zip(_OPTIONAL, whole, in_body)
                return (
                    custom_id,
                    payload,
                    tuple(name for name, ours, sent in names if sent is None and ours is not None),
                )
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise UserError(f'{where}: is not a request that `llm.batch` has written, or was edited; write the file again')


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
            except (ValueError, RecursionError):
                line = None
            if not isinstance(line, dict):
                raise UserError(f'{path}, line {number}: is not a JSON object; name a file of a Batch API')
            yield f'{path}, line {number}', line
