"""A server with OpenAI's protocol that injects faults, and logs every request.

``python llm_server.py PORT_FILE`` serves on a free port of the loopback interface and writes its number to the file.
``POST /plans`` with a plan returns its number N. ``http://127.0.0.1:PORT/N/v1`` is then a server that follows that
plan, and ``GET /N/log`` returns its log. Keys of a plan:

- ``script``: fault of each attempt; the last one is repeated for all further attempts.
- ``rates``: share of each fault. Faults are drawn from a hash of seed, request and attempt, and thus are equal in every
  run. ``sticky``: True: all attempts of a request have one fault. ``seed``: seed of the draw.
- ``only``: text that a request must contain to get a fault. ``after``: number of requests without this text that must
  arrive before a request that waits for its fault gets it.
- ``schemas``: False: reject ``response_format``. ``max_tokens``: False: reject ``max_tokens``.
- ``retry_after``: value of the header. ``key``: the only accepted key. ``delay``: seconds for each answer.
- ``n_candidate``: length of the random ranking. ``answer``: answer instead of a random ranking. ``echo``: True: answer
  with the content that :func:`echo` put into the text of the request.
- ``slots``: number of requests that are answered at a time; the others wait.
- ``refuses``: pairs of a parameter and a reply. A request that has the parameter gets the reply. The parameter
  ``system`` is a message of this role, and ``bounds`` are those in the schema.
- ``replies``: replies of the faults ``reply 0``, ``reply 1`` and so on: dicts with ``status``, ``headers``, ``body``
  (text or JSON), and ``gzip``: True: compress the body.
- ``top_logprobs``: log-probability of each first token, most probable first; ``last``: of the labels in the prompt,
  those at the end of the list being the most probable. Without it, the server gives no log-probabilities.
- ``content``: text of all answers; ``message``, ``choice``, ``completion``: keys that replace those of the answer, at
  their level.
- ``stream``: how a request with ``stream: true`` is answered: ``events`` (default), ``ignored`` (at once), ``cut`` (the
  connection ends in the middle), ``error`` (an event that is an error), ``odd`` (events in an unusual form),
  ``endless`` (thoughts without an end), ``bomb`` (a long event). ``piece``: characters of an event; ``pause``: seconds
  before each.
  In all texts, ``$answer`` is the usable answer as JSON, ``$string`` the same as a string of JSON, and
  ``$key`` the key that was sent.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
import zlib
from pathlib import Path
from typing import Any, Self

from llm_server_answers import (
    CUT,
    HTTP_ERRORS,
    UNUSABLE,
    USABLE,
    completion,
    echo,
    event_pieces,
    fill_in,
    has_parameter,
    http_error,
    request_digest,
)

__all__ = ['CUT', 'UNUSABLE', 'USABLE', 'Plan', 'RunningServer', 'Server', 'echo']


class Plan:
    """The faults and the log of one address."""

    def __init__(self, settings: dict[str, Any]):
        self.settings = settings
        self.log: list[dict[str, Any]] = []
        self.attempts: dict[str, int] = {}
        """Number of repeated attempts of each request."""
        self.n_others = 0
        """Number of requests without the text ``only``."""
        self.other_came = asyncio.Condition()
        self.slots = asyncio.Semaphore(settings.get('slots', 1 << 20))

    async def wait_for_others(self, text: str, fault: str) -> None:
        """Count a request without the text ``only``. A fault is held back until ``after`` of them have come."""
        async with self.other_came:
            if self.settings.get('only', '') not in text:
                self.n_others += 1
                self.other_came.notify_all()
            elif fault != 'ok':
                n_others = self.n_others + self.settings.get('after', 0)
                await self.other_came.wait_for(lambda: self.n_others >= n_others)

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
        refusal = next((reply for name, reply in settings.get('refuses', []) if has_parameter(body, name)), None)
        if refusal is not None:
            entry['fault'] = 'refused'
            return await send_reply(writer, refusal, sent_key)
        if settings.get('key', sent_key) != sent_key:
            entry['fault'] = '401'
        elif not settings.get('schemas', True) and 'response_format' in body:
            entry['fault'] = 'no_schema'
            return await reply(writer, 400, {}, {'error': {'message': 'unknown field response_format'}})
        elif not settings.get('max_tokens', True) and 'max_tokens' in body:
            entry['fault'] = 'no_max_tokens'
            return await reply(writer, 400, {}, {'error': {'message': "use 'max_completion_tokens' instead"}})
        fault = entry['fault']
        await plan.wait_for_others(text, fault)
        async with plan.slots:
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
        if fault in ('endless', 'bomb'):
            return await flood(writer, is_compressed=fault == 'bomb')
        if fault.startswith('reply '):
            entry['answered'] = time.monotonic()
            return await send_reply(writer, settings['replies'][int(fault[6:])], sent_key)
        if fault == 'html':
            return await reply(writer, 200, {'Content-Type': 'text/html'}, b'<html><body>Back soon</body></html>')
        if fault == 'error_200':
            return await reply(writer, 200, {}, {'error': {'message': 'no worker is free', 'code': 502}})
        answer = completion(fault, digest, body, settings, sent_key)
        if body.get('stream') and settings.get('stream', 'events') != 'ignored':
            is_open = await send_events(writer, reader, answer, body, settings, entry)
            entry['answered'] = time.monotonic()
            return is_open
        is_open = await reply(writer, 200, {}, answer)
        entry['answered'] = time.monotonic()
        return is_open


async def flood(writer: asyncio.StreamWriter, is_compressed: bool) -> bool:
    """Send spaces until the client closes the connection, or 4 GiB of them compressed; close the connection."""
    encoding = 'Content-Encoding: gzip\r\n' if is_compressed else ''
    writer.write(f'HTTP/1.1 200 -\r\nContent-Type: application/json\r\n{encoding}\r\n'.encode())
    spaces, compressor = b' ' * (1 << 20), zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    for _ in range(1 << 12):
        writer.write(compressor.compress(spaces) if is_compressed else spaces)
        await writer.drain()
    writer.write(compressor.flush())
    await writer.drain()
    return False


async def send_events(
    writer: asyncio.StreamWriter,
    reader: asyncio.StreamReader,
    answer: dict[str, Any],
    body: dict[str, Any],
    settings: dict[str, Any],
    entry: dict[str, Any],
) -> bool:
    """Send an answer piece by piece, and return whether the connection stays open."""
    kind = settings.get('stream', 'events')
    writer.write(b'HTTP/1.1 200 -\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
    pieces = event_pieces(answer, body, settings)
    entry['pieces'] = 0
    for piece in pieces[: len(pieces) // 2] if kind == 'cut' else pieces:
        await asyncio.sleep(settings.get('pause', 0))
        if reader.at_eof() or writer.is_closing():  # the client does not want the rest
            entry['aborted'] = True
            return False
        entry['pieces'] += 1
        writer.write(f'{len(piece):x}\r\n'.encode() + piece + b'\r\n')
        await writer.drain()
    writer.write(b'0\r\n\r\n')
    await writer.drain()
    return True


async def send_reply(writer: asyncio.StreamWriter, template: dict[str, Any], sent_key: str) -> bool:
    """Send a reply of a plan, and return True: the connection stays open."""
    body = fill_in(template.get('body', ''), {'$key': sent_key})
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    headers = fill_in(template.get('headers', {}), {'$key': sent_key})
    if template.get('gzip'):
        data, headers = gzip.compress(data), headers | {'Content-Encoding': 'gzip'}
    return await reply(writer, template.get('status', 200), {'Content-Length': len(data)} | headers, data)


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
