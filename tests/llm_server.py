"""A server with OpenAI's protocol that injects faults, and logs every request.

``python llm_server.py PORT_FILE`` serves on a free port of the loopback interface and writes its number to the file.
``POST /plans`` with a plan returns its number N. ``http://127.0.0.1:PORT/N/v1`` is then a server that follows that
plan, and ``GET /N/log`` returns its log. Keys of a plan:

- ``script``: fault of each attempt; the last one is repeated for all further attempts.
- ``rates``: share of each fault. Faults are drawn from a hash of seed, request and attempt, and thus are equal in every
  run. ``sticky``: True: all attempts of a request have one fault. ``seed``: seed of the draw.
- ``only``: text that a request must contain to get a fault.
- ``schemas``: False: reject ``response_format``. ``max_tokens``: False: reject ``max_tokens``.
- ``retry_after``: value of the header. ``key``: the only accepted key. ``delay``: seconds for each answer.
- ``n_candidate``: length of the random ranking. ``answer``: answer instead of a random ranking. ``echo``: True: answer
  with the content that :func:`echo` put into the text of the request.
"""

from __future__ import annotations

import asyncio
import base64
import email.utils
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

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
"""Faults with an HTTP status. The other faults are reset, half, garbage, slow, empty, html and error_200."""


class Plan:
    """The faults and the log of one address."""

    def __init__(self, settings: dict[str, Any]):
        self.settings = settings
        self.log: list[dict[str, Any]] = []
        self.attempts: dict[str, int] = {}
        """Number of repeated attempts of each request."""

    def fault(self, digest: str, attempt: int, text: str) -> str:
        """Return the fault of an attempt."""
        if self.settings.get('only', '') not in text:
            return 'ok'
        if 'script' in self.settings:
            return self.settings['script'][min(attempt, len(self.settings['script']) - 1)]
        drawn_attempt = 0 if self.settings.get('sticky') else attempt
        draw = random.Random(f'{self.settings.get("seed", 0)} {digest} {drawn_attempt}').random()
        for fault, share in self.settings.get('rates', {}).items():
            draw -= share
            if draw < 0:
                return fault
        return 'ok'


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
        'length': text[: len(text) // 2],
        'prose': 'I would watch something else.',
        'wrong_keys': json.dumps({'answer': answer}),
        'null': None,
        'refusal': None,
        'filter': text[:20],
    }.get(fault, text)


def completion(fault: str, digest: str, body: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Return the body of an answer with status 200."""
    given = settings.get('answer')
    if settings.get('echo'):
        given = json.loads(base64.b64decode(re.findall(r'echo:([\w+/=]+)', body['messages'][-1]['content'])[-1]))
    message = {
        'role': 'assistant',
        'content': content(fault, digest, settings.get('n_candidate', 5), given),
        'refusal': 'I cannot help with that.' if fault == 'refusal' else None,
    }
    finish = {'length': 'length', 'filter': 'content_filter'}.get(fault, 'stop')
    answer = {
        'id': digest[:8],
        'object': 'chat.completion',
        'created': 0,
        'model': f'{body["model"]}-of-today',
        'choices': [{'index': 0, 'message': message, 'finish_reason': finish, 'logprobs': None}],
        'usage': {'prompt_tokens': 100 + len(digest) % 7, 'completion_tokens': 20, 'total_tokens': 120},
    }
    if fault == 'no_usage':
        del answer['usage']
    if fault == 'empty':
        answer['choices'] = []
    return answer


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


class Server:
    """The HTTP server."""

    def __init__(self) -> None:
        self.plans: dict[str, Plan] = {}

    async def serve(self, port_file: str) -> None:
        """Serve until the process ends."""
        server = await asyncio.start_server(self.connection, '127.0.0.1', 0, backlog=512, limit=1 << 24)
        with open(f'{port_file}.part', 'w', encoding='ascii') as file:
            file.write(str(server.sockets[0].getsockname()[1]))
        os.replace(f'{port_file}.part', port_file)
        async with server:
            await server.serve_forever()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b'\r\n\r\n')).decode('latin-1').split('\r\n')
                method, path, _ = head[0].split(' ')
                headers = {name.lower(): value for name, value in (line.split(': ', 1) for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get('content-length', 0)))
                if not await self.answer(method, path, headers, json.loads(body) if body else None, reader, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: Any,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer a request, and return whether the connection stays open."""
        parts = re.sub('^http://[^/]*', '', path).strip('/').split('/')  # requests to a proxy contain the host
        if (method, parts) == ('POST', ['plans']):
            self.plans[str(len(self.plans))] = Plan(body)
            return await reply(writer, 200, {}, len(self.plans) - 1)
        plan = self.plans[parts[0]]
        if parts[1] == 'log':
            return await reply(writer, 200, {}, plan.log)
        return await self.chat(plan, headers, body, reader, writer)

    async def chat(
        self,
        plan: Plan,
        headers: dict[str, str],
        body: Any,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer a chat completion, and return whether the connection stays open."""
        settings, digest = plan.settings, request_digest(body)
        text = body['messages'][-1]['content']
        sent_key = headers.get('authorization', '').partition(' ')[2]
        attempt = plan.attempts[digest] = plan.attempts.get(digest, -1) + 1
        entry = {
            'text': text,
            'attempt': attempt,
            'form': 'schema' if 'response_format' in body else 'json',
            'fault': plan.fault(digest, attempt, text),
            'got': time.monotonic(),
            'answered': None,
            'body': body,
            'key_sent': bool(sent_key),
        }
        plan.log.append(entry)
        if settings.get('key', sent_key) != sent_key:
            entry['fault'] = '401'
        elif not settings.get('schemas', True) and 'response_format' in body:
            entry['fault'] = 'no_schema'
            return await reply(writer, 400, {}, {'error': {'message': 'unknown field response_format'}})
        elif not settings.get('max_tokens', True) and 'max_tokens' in body:
            entry['fault'] = 'no_max_tokens'
            return await reply(writer, 400, {}, {'error': {'message': "use 'max_completion_tokens' instead"}})
        fault = entry['fault']
        await asyncio.sleep(settings.get('delay', 0))
        if fault == 'reset':
            writer.transport.abort()
            return False
        if fault == 'slow':
            await reader.read()  # until the client closes the connection
            return False
        if fault in HTTP_ERRORS:
            status, extra, error = http_error(fault, settings, sent_key)
            entry['answered'] = time.monotonic()
            return await reply(writer, status, extra, error)
        if fault in ('garbage', 'half'):
            writer.write({'garbage': b'what?\r\n\r\n', 'half': b'HTTP/1.1 200 -\r\nContent-Length: 9\r\n\r\n{'}[fault])
            await writer.drain()
            return False
        if fault == 'html':
            return await reply(writer, 200, {'Content-Type': 'text/html'}, b'<html><body>Back soon</body></html>')
        if fault == 'error_200':
            return await reply(writer, 200, {}, {'error': {'message': 'no worker is free', 'code': 502}})
        answer = completion(fault, digest, body, settings)
        is_open = await reply(writer, 200, {}, answer)
        entry['answered'] = time.monotonic()
        return is_open


async def reply(writer: asyncio.StreamWriter, status: int, headers: dict[str, Any], body: Any) -> bool:
    """Send an answer, and return True: the connection stays open."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {'Content-Type': 'application/json', 'Content-Length': len(data)} | headers
    head = f'HTTP/1.1 {status} -\r\n' + ''.join(f'{name}: {value}\r\n' for name, value in headers.items()) + '\r\n'
    writer.write(head.encode('latin-1') + data)
    await writer.drain()
    return True


class RunningServer:
    """The server in its own process, as a context manager."""

    def __init__(self, folder: Path):
        self.port_file = folder / 'port'

    def __enter__(self) -> Self:
        self.process = subprocess.Popen([sys.executable, __file__, str(self.port_file)])
        while not self.port_file.exists():
            assert self.process.poll() is None
            time.sleep(0.01)
        self.root = f'http://127.0.0.1:{self.port_file.read_text()}'
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()

    def plan(self, *script: str, **settings: Any) -> str:
        """Return the base URL of a server with this plan.

        Args:
            script: fault of each attempt.
            settings: keys of a plan.
        """
        if script:
            settings['script'] = script
        request = urllib.request.Request(f'{self.root}/plans', json.dumps(settings).encode(), method='POST')
        with self.opener.open(request) as answer:
            return f'{self.root}/{json.load(answer)}/v1'

    def log(self, base_url: str) -> list[dict[str, Any]]:
        """Return the log of all requests to a plan."""
        with self.opener.open(base_url.replace('/v1', '/log')) as answer:
            return json.load(answer)


if __name__ == '__main__':
    asyncio.run(Server().serve(sys.argv[1]))
