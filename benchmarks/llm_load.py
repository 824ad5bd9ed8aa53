"""Measures what asking a language model costs besides the model: this package's client next to the bare ``openai`` one.

    python benchmarks/llm_load.py        # or: make bench-llm

A server of the tests (``tests/llm_server.py``), in a process of its own, answers each request after a fixed time. The
clients (``llm_clients.py``) are processes that stay. In each round each of them measures one block of requests while
the others rest, so that what is compared was measured within seconds. Writes ``benchmarks/llm_load.json`` and
``benchmarks/LLM_LOAD.md``.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterable

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'tests')]

import llm_server as faulty  # noqa: E402
from benchmarks.llm_clients import CANDIDATES, FORMS  # noqa: E402
from benchmarks.llm_page import page  # noqa: E402
from benchmarks.speed import machine  # noqa: E402

RECORD = ROOT / 'benchmarks' / 'llm_load.json'
PAGE = ROOT / 'benchmarks' / 'LLM_LOAD.md'


class Client:
    """A client's process, as a context."""

    def __init__(self, form: str, url: str, concurrency: int, waves: int):
        environment = {name: value for name, value in os.environ.items() if not name.startswith('OPENAI_')}
        self.form, self.url = form, url
        self._said = tempfile.TemporaryFile('w+')  # its progress bars, too
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / 'benchmarks' / 'llm_clients.py'), form, '--url', url,
             '--concurrency', str(concurrency), '--waves', str(waves)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True,
            env=environment | {'NO_PROXY': '*'})

    def __enter__(self) -> Client:
        self._line()  # it is ready
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its input, at which it ends
        self._said.close()

    def block(self) -> dict[str, float]:
        """Seconds ``wall`` and ``cpu`` of its next block."""
        self._process.stdin.write('\n')
        self._process.stdin.flush()
        return json.loads(self._line())

    def _line(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            self._said.seek(0)
            raise SystemExit(f'{self.form} failed:\n{self._said.read()}')
        return line


def server_cpu(process: subprocess.Popen) -> float:
    """Seconds on a processor so far; Linux only."""
    fields = Path(f'/proc/{process.pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def sync_seconds() -> float:
    """Of a line of a store, until the disk has it."""
    times = []
    with tempfile.NamedTemporaryFile(buffering=0) as file:
        for _ in range(50):
            started = time.perf_counter()
            file.write(bytes(10_000))
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def measure(concurrency: int, waves: int, delay: float, rounds: int, forms: Iterable[str] = FORMS) -> list[dict]:
    """A row for each block of each form; ``cpu``, ``beside`` and ``served`` are seconds of one request.

    Args:
        concurrency: requests in flight.
        waves: requests of a block for each of them.
        delay: the server's time in seconds.
        rounds: blocks of each form.
        forms: of a client.
    """
    rows = []
    n_request, n_warm_up = concurrency * waves, concurrency
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(faulty.Running(folder))
        clients = [stack.enter_context(Client(form, server.plan(delay=delay, n_candidate=CANDIDATES), concurrency,
                                              waves)) for form in forms]
        for number in range(rounds):
            random.Random(number).shuffle(clients)
            for client in clients:
                load, busy = os.getloadavg()[0], server_cpu(server.process)
                block = client.block()
                rows.append({'form': client.form, 'round': number, 'load': load, 'wall': block['wall'],
                             'cpu': block['cpu'] / n_request,
                             'server_cpu': (server_cpu(server.process) - busy) / (n_request + n_warm_up)})
            print(f"{time.strftime('%H:%M:%S')} round {number + 1} of {rounds}", flush=True)
        for client in clients:
            log = server.log(client.url)
            assert len(log) == rounds * (n_request + n_warm_up)
            for row in (row for row in rows if row['form'] == client.form):
                end = (row['round'] + 1) * (n_request + n_warm_up)
                served = statistics.mean(entry['answered'] - entry['got'] for entry in log[end - n_request:end])
                row.update(served=served, beside=concurrency * row['wall'] / n_request - served,
                           bytes=len(json.dumps(log[0]['body'])))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--concurrency', type=int, default=64, help='requests in flight')
    parser.add_argument('--waves', type=int, default=8, help='requests of a block for each of them')
    parser.add_argument('--delay', type=float, default=1.0, help="the server's time in seconds")
    parser.add_argument('--rounds', type=int, default=12, help='blocks of each client')
    parser.add_argument('--report_only', action='store_true', help='only write LLM_LOAD.md anew')
    arguments = parser.parse_args()
    if not arguments.report_only:
        versions = {name: importlib.metadata.version(name) for name in ('openai', 'aiohttp', 'pydantic')}
        set_up = {name: getattr(arguments, name) for name in ('concurrency', 'waves', 'delay', 'rounds')}
        known = {'machine': machine() | versions, 'set_up': set_up, 'sync': sync_seconds(), 'blocks': measure(**set_up)}
        RECORD.write_text(json.dumps(known, indent=1) + '\n', 'utf-8')
    PAGE.write_text(page(json.loads(RECORD.read_text('utf-8'))), 'utf-8')
    print(PAGE.read_text('utf-8'))


if __name__ == '__main__':
    main()
