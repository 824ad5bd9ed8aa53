"""Measures the overhead of this package's client and of the bare ``openai`` client.

    python benchmarks/llm_load.py        # or: make bench-llm

The server of the tests (``tests/llm_server.py``) runs in its own process and answers each request after a fixed time.
Each client (``llm_clients.py``) is a process that lives as long as the benchmark. In each round, each client measures
one block of requests while the others are idle, so that compared blocks are measured within seconds of each other. The
benchmark writes ``benchmarks/llm_load.json`` and ``benchmarks/LLM_LOAD.md``.
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

import llm_server  # noqa: E402
from benchmarks.llm_clients import CANDIDATES, FORMS  # noqa: E402
from benchmarks.llm_page import page  # noqa: E402
from benchmarks.speed import machine  # noqa: E402

RECORD = ROOT / 'benchmarks' / 'llm_load.json'
PAGE = ROOT / 'benchmarks' / 'LLM_LOAD.md'


class Client:
    """The process of a client, as a context manager."""

    def __init__(self, form: str, url: str, concurrency: int, waves: int):
        environment = {name: value for name, value in os.environ.items() if not name.startswith('OPENAI_')}
        self.form, self.url = form, url
        self._log = tempfile.TemporaryFile('w+')  # errors and progress bars
        self._process = subprocess.Popen(
            [
                sys.executable,
                str(ROOT / 'benchmarks' / 'llm_clients.py'),
                form,
                '--url',
                url,
                '--concurrency',
                str(concurrency),
                '--waves',
                str(waves),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=environment | {'NO_PROXY': '*'},
        )

    def __enter__(self) -> Client:
        self._read_line()  # waits for "ready"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its input, which ends it
        self._log.close()

    def block(self) -> dict[str, float]:
        """Measure the next block, and return ``wall`` and ``cpu`` in seconds."""
        self._process.stdin.write('\n')
        self._process.stdin.flush()
        return json.loads(self._read_line())

    def _read_line(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise SystemExit(f'{self.form} failed:\n{self._log.read()}')
        return line


def server_cpu(process: subprocess.Popen) -> float:
    """Return the CPU time of a process so far, in seconds. Works on Linux only."""
    fields = Path(f'/proc/{process.pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def sync_seconds() -> float:
    """Return the median time to write a line of a store to the disk, in seconds."""
    times = []
    with tempfile.NamedTemporaryFile(buffering=0) as file:
        for _ in range(50):
            started = time.perf_counter()
            file.write(bytes(10_000))
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def measure(concurrency: int, waves: int, delay: float, rounds: int, forms: Iterable[str] = FORMS) -> list[dict]:
    """Return a row for each block of each form.

    ``wall`` is the time of the whole block. ``cpu``, ``server_cpu``, ``served`` (time in the server) and ``beside``
    (time in flight outside of the server) are means for one request. All times are in seconds.

    Args:
        concurrency: number of requests in flight.
        waves: number of requests of a block for each request in flight.
        delay: time that the server waits before it answers, in seconds.
        rounds: number of blocks of each form.
        forms: forms of a client.
    """
    rows = []
    n_request, n_warm_up = concurrency * waves, concurrency
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(llm_server.RunningServer(folder))
        clients = [
            stack.enter_context(Client(form, server.plan(delay=delay, n_candidate=CANDIDATES), concurrency, waves))
            for form in forms
        ]
        for number in range(rounds):
            random.Random(number).shuffle(clients)
            for client in clients:
                load, server_cpu_before = os.getloadavg()[0], server_cpu(server.process)
                block = client.block()
                rows.append(
                    {
                        'form': client.form,
                        'round': number,
                        'load': load,
                        'wall': block['wall'],
                        'cpu': block['cpu'] / n_request,
                        'server_cpu': (server_cpu(server.process) - server_cpu_before) / (n_request + n_warm_up),
                    }
                )
            print(f'{time.strftime("%H:%M:%S")} round {number + 1} of {rounds}', flush=True)
        for client in clients:
            log = server.log(client.url)
            assert len(log) == rounds * (n_request + n_warm_up)
            for row in (row for row in rows if row['form'] == client.form):
                end = (row['round'] + 1) * (n_request + n_warm_up)
                served = statistics.mean(entry['answered'] - entry['got'] for entry in log[end - n_request : end])
                row.update(
                    served=served,
                    beside=concurrency * row['wall'] / n_request - served,
                    bytes=len(json.dumps(log[0]['body'])),
                )
    return rows


def main() -> None:
    """Run the benchmark, or only write its page."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('--concurrency', type=int, default=64, help='requests in flight')
    parser.add_argument('--waves', type=int, default=8, help='requests of a block for each request in flight')
    parser.add_argument(
        '--delay', type=float, default=1.0, help='time that the server waits before it answers, in seconds'
    )
    parser.add_argument('--rounds', type=int, default=12, help='blocks of each client')
    parser.add_argument(
        '--report-only', '--report_only', action='store_true', help='only write LLM_LOAD.md, from llm_load.json'
    )
    arguments = parser.parse_args()
    if not arguments.report_only:
        versions = {name: importlib.metadata.version(name) for name in ('openai', 'aiohttp', 'pydantic')}
        set_up = {name: getattr(arguments, name) for name in ('concurrency', 'waves', 'delay', 'rounds')}
        record = {
            'machine': machine() | versions,
            'set_up': set_up,
            'sync': sync_seconds(),
            'blocks': measure(**set_up),
        }
        RECORD.write_text(json.dumps(record, indent=1) + '\n', 'utf-8')
    PAGE.write_text(page(json.loads(RECORD.read_text('utf-8'))), 'utf-8')
    print(PAGE.read_text('utf-8'))


if __name__ == '__main__':
    main()
