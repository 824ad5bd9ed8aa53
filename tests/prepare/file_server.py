"""A loopback server of files that continues transfers, counts what it sends, and breaks them in every way asked for."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable
from urllib.parse import urlsplit

FAULTS = (
    'missing',
    'forbidden',
    'busy',
    'cut',
    'wrong',
    'short',
    'long',
    'stalled',
    'loop',
    'hang up',
    'garbage',
    'whole instead of the rest',
    'wrong rest',
)
_OF_A_REST = FAULTS[-2:]
"""Faults of an answer to a request that continues a transfer."""


class FileServer:
    """Serves ``files``, path -> content.

    Attributes:
        fault: Returns the fault of an answer, None for a right one; it gets the path and the number of
            earlier requests.
            Besides ``FAULTS`` there is ``later N``, a busy server that asks to wait.
        requests: How often each path was asked for.
        faults: How often each fault was done.
        sent: Bytes of file content sent, by path.
        pause_s: Wait after each ``piece`` bytes of an answer.
    """

    def __init__(self, files: dict[str, bytes]):
        self.files = files
        self.fault: Callable[[str, int], str | None] = lambda path, before: None
        self.requests: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.ranges: list[tuple[str, str | None]] = []
        self.pause_s, self.piece = 0.0, 1 << 16
        self.closing = threading.Event()
        self._server = _QuietServer(('127.0.0.1', 0), type('Handler', (_Handler,), {'owner': self}))
        self.address = f'http://127.0.0.1:{self._server.server_address[1]}'
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    owner: FileServer
    protocol_version = 'HTTP/1.1'
    wbufsize = -1

    def log_message(self, *args) -> None:
        pass

    def do_GET(self) -> None:
        owner, path = self.owner, urlsplit(self.path).path
        before = owner.requests[path]
        owner.requests[path] += 1
        owner.ranges.append((path, self.headers.get('Range')))
        content = owner.files.get(path)
        if content is None:
            return self._answer(404, b'not here')
        fault = owner.fault(path, before)
        if fault in _OF_A_REST and 'Range' not in self.headers:
            fault = None
        if fault is not None:
            owner.faults[fault] += 1
        try:
            self._serve(path, content, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _serve(self, path: str, content: bytes, fault: str | None) -> None:
        match = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range', ''))
        start = int(match[1]) if match and fault != 'whole instead of the rest' else 0
        if fault in ('missing', 'forbidden', 'busy'):
            return self._answer({'missing': 404, 'forbidden': 403, 'busy': 503}[fault], b'no')
        if fault is not None and fault.startswith('later '):
            return self._answer(503, b'no', {'Retry-After': fault.removeprefix('later ')})
        if fault == 'loop':
            self.send_response(302)
            self.send_header('Location', path)
            self.send_header('Content-Length', '0')
            return self.end_headers()
        if fault in ('hang up', 'garbage'):
            self.close_connection = True
            if fault == 'garbage':
                self.wfile.write(b'\0\1 this is not HTTP\r\n\r\n')
            return None
        if start and start >= len(content):
            return self._answer(416, b'')
        rest = content[start:]
        if fault == 'wrong':
            rest = bytes(byte ^ 1 for byte in rest)
        elif fault == 'short':
            rest = rest[: len(rest) // 2]
        elif fault == 'long':
            rest += b'!'
        self.send_response(206 if start else 200)
        if start:
            told = start + 1 if fault == 'wrong rest' else start
            self.send_header('Content-Range', f'bytes {told}-{len(content) - 1}/{len(content)}')
        self.send_header('Content-Length', str(len(rest)))
        self.end_headers()
        if fault in ('cut', 'stalled'):
            rest = rest[: len(rest) // 2]
        for i in range(0, len(rest), self.owner.piece):
            self.wfile.write(rest[i : i + self.owner.piece])
            self.wfile.flush()
            self.owner.sent[path] += len(rest[i : i + self.owner.piece])
            if self.owner.pause_s:
                time.sleep(self.owner.pause_s)
        if fault == 'stalled':
            self.owner.closing.wait(1)
        if fault in ('cut', 'stalled'):
            self.close_connection = True
        return None

    def _answer(self, status: int, text: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)
