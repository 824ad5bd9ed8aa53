"""The faults of the test server, and the bodies of its answers."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import json
import random
import re
import time
from typing import Any

USABLE = ('ok', 'fenced', 'talkative', 'thinking', 'duplicates', 'unknown', 'omitted', 'no_usage')
"""Faults that still give a usable answer."""
UNUSABLE = {
    'cut': 'invalid',
    'prose': 'invalid',
    'wrong_keys': 'invalid',
    'null': 'invalid',
    'length': 'length',
    'refusal': 'refusal',
    'filter': 'refusal',
}
"""Faults that make the answer unusable, and the resulting status."""
CUT = {'length': 'length', 'half_ranking': 'partial'}
"""Faults that cut an answer off, at its first key or inside its first list; and the resulting status, if the prompt is
sent once more, and cut off again."""
HTTP_ERRORS = {
    '400': 400,
    '401': 401,
    '403': 403,
    '404': 404,
    '408': 408,
    '409': 409,
    '429': 429,
    '429_date': 429,
    '429_plain': 429,
    'quota': 429,
    '500': 500,
    '503': 503,
    'context': 400,
    'max_tokens': 400,
}
"""Faults with an HTTP status. The other faults are reset, half, garbage, slow, empty, html, error_200, endless (spaces
without an end), bomb (a short body that decompresses to gigabytes) and ``reply N``."""


def request_digest(body: dict[str, Any]) -> str:
    """Return a hash of a request that does not depend on the form of the schema, nor on the attempt."""
    user = [message['content'] for message in body['messages'] if message['role'] != 'system']
    return hashlib.sha256(json.dumps([body['model'], user]).encode()).hexdigest()


def echo(answer: Any) -> str:
    """Return a word that makes a server with ``echo`` respond with ``answer``."""
    return f'echo:{base64.b64encode(json.dumps(answer).encode()).decode()}.'


def content(fault: str, digest: str, n_candidate: int, given: Any = None) -> str | None:
    """Return the content of an answer with a fault."""
    ranking = list(range(1, n_candidate + 1))
    random.Random(digest).shuffle(ranking)
    if fault == 'duplicates':
        ranking[1] = ranking[0]
    elif fault == 'unknown':
        ranking[0] = n_candidate + 99
    elif fault == 'omitted':
        ranking = ranking[1:]
    answer = {
        'explanation': f'because of {digest[:8]}',
        'ranking': ranking,
        'response': f'Try {digest[8:12]} {{or not}}.',
    }
    text = json.dumps(answer if given is None else given)
    return {
        'fenced': f'```json\n{text}\n```',
        'talkative': f'Here {{you}} are:\n{text}\nAnything else?',
        'thinking': f'<think>{{"explanation": "a draft"}} hm</think>\n{text}',
        'cut': text[: len(text) // 2],
        'length': text[:9],
        'half_ranking': text[: text.find('[') + (text.find(']') - text.find('[')) // 2],
        'prose': 'I would watch something else.',
        'wrong_keys': json.dumps({'titles': answer['ranking']}),
        'null': None,
        'refusal': None,
        'filter': text[:20],
    }.get(fault, text)


def fill_in(template: Any, values: dict[str, str]) -> Any:
    """Return the template with the values in place of their names, in all its texts."""
    if isinstance(template, dict):
        return {key: fill_in(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill_in(entry, values) for entry in template]
    if isinstance(template, str):
        for name, value in values.items():
            template = template.replace(name, value)
    return template


def completion(
    fault: str, digest: str, body: dict[str, Any], settings: dict[str, Any], sent_key: str
) -> dict[str, Any]:
    """Return the body of an answer with status 200."""
    given = settings.get('answer')
    if settings.get('echo'):
        given = json.loads(base64.b64decode(re.findall(r'echo:([\w+/=]+)', body['messages'][-1]['content'])[-1]))
    message = {
        'role': 'assistant',
        'content': content(fault, digest, settings.get('n_candidate', 5), given),
        'refusal': 'I cannot help with that.' if fault == 'refusal' else None,
    }
    finish = 'length' if fault in CUT else 'content_filter' if fault == 'filter' else 'stop'
    answer = {
        'id': digest[:8],
        'object': 'chat.completion',
        'created': 0,
        'model': f'{body["model"]}-of-today',
        'choices': [{'index': 0, 'message': message, 'finish_reason': finish, 'logprobs': None}],
        'usage': {'prompt_tokens': n_input_tokens(body), 'completion_tokens': 20, 'total_tokens': 120},
    }
    if body.get('logprobs') and 'top_logprobs' in settings:
        tokens = settings['top_logprobs']
        if tokens == 'last':  # the later a candidate is in the list, the better
            labels = re.findall(r'^([A-Z])\. "', body['messages'][-1]['content'], re.MULTILINE)
            tokens = {label: -float(place) for place, label in enumerate(reversed(labels), start=1)}
        entries = [{'token': token, 'logprob': value, 'bytes': None} for token, value in tokens.items()]
        answer['choices'][0]['logprobs'] = {
            'content': [{**entries[0], 'top_logprobs': entries[: body['top_logprobs']]}]
        }
        answer['usage']['completion_tokens'] = 1
        message['content'] = entries[0]['token']
    if fault == 'no_usage':
        del answer['usage']
    if fault == 'empty':
        answer['choices'] = []
    if fault == 'ok':
        text = message['content']
        values = {'$answer': text, '$string': json.dumps(text), '$key': sent_key}
        if 'content' in settings:
            message['content'] = fill_in(settings['content'], values)
        message |= fill_in(settings.get('message', {}), values)
        answer['choices'][0] |= fill_in(settings.get('choice', {}), values)
        answer |= fill_in(settings.get('completion', {}), values)
    return answer


def event_pieces(answer: dict[str, Any], body: dict[str, Any], settings: dict[str, Any]) -> list[bytes]:
    """Return the events of a streamed answer, see the key ``stream`` of a plan."""
    kind = settings.get('stream', 'events')
    common = {'id': answer['id'], 'object': 'chat.completion.chunk', 'model': answer['model']}
    if kind == 'error':
        return [_event({'error': {'message': 'streams are not supported', 'code': 501}})]
    if kind == 'bomb':
        return [b'data: ' + b' ' * (1 << 20)] * 64
    choices = answer['choices'][:1]
    events = []
    if choices:
        message, finish_reason = choices[0]['message'], choices[0]['finish_reason']
        for name, value in message.items():
            if name == 'role' or not value:
                continue
            if not isinstance(value, str):
                events.append({name: value})
                continue
            size = settings.get('piece', 7)
            events += [{name: value[i : i + size]} for i in range(0, len(value), size)]
        if kind == 'endless':
            events = [{'reasoning_content': 'and so on ' * 20_000}] * 200
        chunks = [{'index': 0, 'delta': delta, 'finish_reason': None} for delta in [{'role': 'assistant'}, *events]]
        chunks.append({'index': 0, 'delta': {}, 'finish_reason': finish_reason})
        answers = [common | {'choices': [chunk]} for chunk in chunks]
    else:
        answers = [common | {'choices': []}]
    if 'usage' in answer and body.get('stream_options', {}).get('include_usage'):
        answers.append(common | {'choices': [], 'usage': answer['usage']})
    if kind != 'odd':
        return [*map(_event, answers), b'data: [DONE]\n\n']
    # comments, other fields, \r\n, no space, several lines of data, pieces that end inside a character, no [DONE]
    whole = b'\xef\xbb\xbf: a comment\r\n\r\nid: 1\r\nretry: 5\r\n' + b''.join(
        b'event: message\r\n'
        + b''.join(
            b'data:' + line + b'\r\n' for line in json.dumps(a, indent=1, ensure_ascii=False).encode().split(b'\n')
        )
        + b': again\r\n\r\n'
        for a in answers
    )
    whole = whole.rstrip()
    return [whole[i : i + 3] for i in range(0, len(whole), 3)]


def _event(value: dict[str, Any]) -> bytes:
    return b'data: ' + json.dumps(value).encode() + b'\n\n'


def n_input_tokens(body: dict[str, Any]) -> int:
    """Return the number of tokens that the server reports for a prompt."""
    return max(101, sum(len(message['content']) for message in body['messages']) // 5)


def has_parameter(body: dict[str, Any], name: str) -> bool:
    """Return whether a request has a parameter; ``bounds`` are those of its schema."""
    if name == 'bounds':
        return 'maxItems' in json.dumps(body.get('response_format'))
    return name in body or (name == 'system' and body['messages'][0]['role'] == 'system')


def http_error(fault: str, settings: dict[str, Any], sent_key: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Return status, headers and body of an answer to a rejected request."""
    headers, status, error = {}, HTTP_ERRORS[fault], {'message': f'fault {fault}', 'type': 'fault', 'code': None}
    if fault == '429':
        headers['Retry-After'] = settings.get('retry_after', '0.05')
    elif fault == '429_date':
        headers['Retry-After'] = email.utils.formatdate(time.time() + 1, usegmt=True)
    elif fault == '401':
        error['message'] = f'Incorrect API key provided: {sent_key}'
    elif fault == 'quota':
        error['code'] = 'insufficient_quota'
    elif fault == 'context':
        error['message'] = "This model's maximum context length is 10 tokens."
    return status, headers, {'error': error}
