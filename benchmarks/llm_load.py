"""Measures what asking a language model costs besides the model: this package's client next to the bare ``openai`` one.

    python benchmarks/llm_load.py        # or: make bench-llm

A server of the tests (``tests/llm/server.py``), in a process of its own, answers each request after a fixed time.
Every measurement is a process of its own, one after the other, in another order in every repeat. Writes
``benchmarks/llm_load.json`` and ``benchmarks/LLM_LOAD.md``.
"""

from __future__ import annotations

import argparse
import asyncio
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
from typing import Any, Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'tests' / 'llm')]

from benchmarks.results import seconds, spread, table  # noqa: E402
from benchmarks.speed import machine  # noqa: E402

RECORD = ROOT / 'benchmarks' / 'llm_load.json'
PAGE = ROOT / 'benchmarks' / 'LLM_LOAD.md'
GOAL = 0.02
"""Of the server's time: what our client may cost beyond the bare one."""
CANDIDATES = 50
BARES = {'create': '`openai`: `create`', 'raw': '`openai`: `with_raw_response.create`', 'post': '`openai`: `post`'}
OURS = {'ours': 'ours, without a store', 'ours_store': 'ours, with a store'}
FORMS = BARES | OURS


# ------------------------------------------------------------ one measurement, in a process of its own

def questions(number: int) -> list[list[dict[str, str]]]:
    """Messages of the full model's prompt with 50 candidates, no two alike; always the same ones."""
    from crslab_causal.llm.prompting import load_prompt
    from crslab_causal.llm.request import Candidate, Request
    prompt, draw = load_prompt('causal'), random.Random(0)
    names = [f'The {draw.choice(["Long", "Last", "Silent", "Golden"])} {draw.choice(["Road", "Winter", "Game"])} '
             f'{part} ({draw.randint(1950, 2020)})' for part in range(CANDIDATES)]
    candidates = [Candidate(entity, name) for entity, name in enumerate(names)]
    turns = [('Seeker', 'Hi! I look for something to watch with my family tonight, nothing too sad please.'),
             ('Recommender', f'Sure, have you seen {names[3]}? It is about friends who cross a country.')] * 4
    return [prompt.messages(Request([*turns, ('Seeker', f'Yes, and I liked it. What else, number {i}?')], [], [], [],
                                    candidates)) for i in range(number)]


def measured(work: Callable[[], Any]) -> dict[str, float]:
    """Seconds on the wall, and of this process on a processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {'wall': time.perf_counter() - wall, 'cpu': time.process_time() - cpu}


async def openai_alone(url: str, form: str, asked: list[list[dict[str, str]]], n_warm: int, concurrency: int) -> dict:
    """As many workers as requests in flight, and nothing else: bodies are ready, answers are thrown away."""
    import openai
    from crslab_causal.llm.answer import CausalAnswer
    from crslab_causal.llm.calling.dialect import Dialect
    from crslab_causal.llm.options import LLMOptions
    from crslab_causal.llm.calling.structured import strict_schema
    options = LLMOptions(mode='live', base_url=url)
    dialect = Dialect(options)
    parameters = {'temperature': options.temperature, 'seed': options.seed, 'max_tokens': options.max_tokens}
    bodies = [dialect.body({'model': options.model, 'messages': messages, 'schema': strict_schema(CausalAnswer),
                            'parameters': parameters}, 'CausalAnswer', 0) for messages in asked]

    async def all_of(part: Sequence[dict[str, Any]]) -> None:
        waiting = iter(part)

        async def worker() -> None:
            for body in waiting:
                if form == 'create':
                    content = (await completions.create(**body)).choices[0].message.content
                elif form == 'raw':
                    content = (await completions.with_raw_response.create(**body)).http_response.content
                else:
                    content = await api.post('/chat/completions', body=body, cast_to=bytes)
                assert content
        await asyncio.gather(*(worker() for _ in range(concurrency)))

    async with openai.AsyncOpenAI(api_key='none', base_url=url, timeout=60, max_retries=0) as api:
        completions = api.chat.completions
        await all_of(bodies[:n_warm])
        wall, cpu = time.perf_counter(), time.process_time()
        await all_of(bodies[n_warm:])
        return {'wall': time.perf_counter() - wall, 'cpu': time.process_time() - cpu}


def ours(url: str, store: Path | None, asked: list[list[dict[str, str]]], n_warm: int, concurrency: int) -> dict:
    """As ``LanguageStage`` does: all questions to one client, answers in order, each parsed and checked."""
    from crslab_causal.llm.answer import CausalAnswer
    from crslab_causal.llm.calling.client import LLMClient
    from crslab_causal.llm.options import LLMOptions
    options = LLMOptions(mode='live', base_url=url, concurrency=concurrency, store=str(store) if store else None)
    requests = [(messages, CausalAnswer) for messages in asked]
    with LLMClient(options) as client:
        def all_of(part: Sequence[tuple]) -> None:
            assert all(completion.status == 'ok' for completion in client.run(part))
        all_of(requests[:n_warm])
        return measured(lambda: all_of(requests[n_warm:]))


def run_case(arguments: argparse.Namespace) -> dict:
    """A measurement; the first requests, one for each connection, are not part of it."""
    n_warm = arguments.concurrency
    asked = questions(n_warm + arguments.concurrency * arguments.waves)
    if arguments.case in BARES:
        return asyncio.run(openai_alone(arguments.url, arguments.case, asked, n_warm, arguments.concurrency))
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / 'store.jsonl' if arguments.case == 'ours_store' else None
        return ours(arguments.url, store, asked, n_warm, arguments.concurrency)


# ------------------------------------------------------------ all of them

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


def measure(arguments: argparse.Namespace) -> list[dict]:
    """A row for each run of each form."""
    import server as faulty
    rows = []
    environment = {name: value for name, value in os.environ.items() if not name.startswith('OPENAI_')}
    n_request = arguments.concurrency * arguments.waves
    for repeat in range(arguments.repeats):
        order = list(FORMS)
        random.Random(repeat).shuffle(order)
        for form in order:
            with tempfile.TemporaryDirectory() as folder, faulty.Running(Path(folder)) as server:
                load = os.getloadavg()[0]
                url = server.plan(delay=arguments.delay, n_candidate=CANDIDATES)
                done = subprocess.run([sys.executable, __file__, '--case', form, '--url', url, '--waves',
                                       str(arguments.waves), '--concurrency', str(arguments.concurrency)],
                                      capture_output=True, text=True, cwd=ROOT, env=environment | {'NO_PROXY': '*'})
                if done.returncode:
                    raise SystemExit(f'{form} failed:\n{done.stderr}')
                busy = server_cpu(server.process)
                log = server.log(url)
            assert len(log) == n_request + arguments.concurrency
            served = [entry['answered'] - entry['got'] for entry in log[arguments.concurrency:]]
            row = {'form': form, 'repeat': repeat, 'load': load, 'served': statistics.mean(served),
                   'server_cpu': busy / len(log), 'bytes': len(json.dumps(log[0]['body'])), **json.loads(done.stdout.splitlines()[-1])}
            rows.append(row | {'beside': arguments.concurrency * row['wall'] / n_request - row['served'],
                               'cpu': row['cpu'] / n_request})
            print(f"{time.strftime('%H:%M:%S')} {FORMS[form]}: {row['wall']:.2f} s", flush=True)
    return rows


# ------------------------------------------------------------ the page

def beyond(rows: list[dict], form: str, base: str) -> list[float]:
    """What ``form`` costs beyond ``base`` in the same repeat, as a share of the server's time."""
    cost = {(row['form'], row['repeat']): row for row in rows}
    return [(cost[form, repeat]['beside'] - cost[base, repeat]['beside']) / cost[base, repeat]['served']
            for repeat in sorted({row['repeat'] for row in rows})]


def percent(values: Sequence[float]) -> str:
    """Median and range."""
    return f'{statistics.median(values):+.2%} ({min(values):+.2%} – {max(values):+.2%})'


def page(known: dict) -> str:
    """LLM_LOAD.md."""
    rows, set_up, m = known['runs'], known['set_up'], known['machine']

    def of(form: str, key: str) -> list[float]:
        return [row[key] for row in rows if row['form'] == form]

    n_request = set_up['concurrency'] * set_up['waves']
    served = statistics.median(row['served'] for row in rows)
    forms = [[title, spread(of(form, 'wall')), spread(of(form, 'beside')),
              f"{statistics.median(of(form, 'beside')) / served:.2%}", spread(of(form, 'cpu')),
              f"{1 / statistics.median(of(form, 'cpu')):.0f}"] for form, title in FORMS.items()]
    extra = [[title, *(percent(beyond(rows, form, base)) for base in BARES)] for form, title in OURS.items()]
    worst = max(statistics.median(beyond(rows, form, base)) for form in OURS for base in BARES)
    verdict = (f'is met by the medians against every form of the bare client; the worst of them is {worst:+.2%}'
               if worst < GOAL else f'is missed: the worst of the medians is {worst:+.2%}')
    load = [row['load'] for row in rows]
    busy = statistics.median(row['server_cpu'] for row in rows)
    share = max(row['server_cpu'] * (n_request + set_up['concurrency']) / row['wall'] for row in rows)
    return '\n\n'.join([
        '# The load of asking',
        'Written by `make bench-llm` (`benchmarks/llm_load.py`); all runs stand in `benchmarks/llm_load.json`. Values '
        f"are medians of {set_up['repeats']} runs, with their range in brackets.",
        f"{m['cpu']}, {m['cores']} cores, {m['memory_gib']} GiB, {m['system']}; Python {m['python']}, "
        f"openai {m['openai']}, pydantic {m['pydantic']}. Writing a line of a store until the disk has "
        f"it took {seconds(known['sync'])}.",
        f"{set_up['concurrency']} requests in flight, {n_request} in a run, each of {rows[0]['bytes'] / 1000:.1f} kB; the "
        f"server waits {set_up['delay']:g} s before it answers one, and by its own log took {served:.3f} s. Each run is a "
        'process of its own whose connections are open before the clock starts.',
        table(['client', 'a run', 'a request, beside the server', 'of its time', 'CPU of a request',
               'requests a second, one core'], forms),
        '"Beside the server" is what a place in flight spends on a request while the server has none of it: client, '
        'system calls, loopback, waiting for a core and for the other '
        'requests, which come back almost at the same moment, '
        'and its share of the start and the end of a run, at which not all places are taken. The last column is only '
        'what the CPU time would allow.',
        f"## Beyond the bare client\n\nThe goal, below {GOAL:.0%} of the server's time, {verdict}.",
        table(['client', *(f'beyond {title}' for title in BARES.values())], extra),
        'Differences within a repeat. `create` gives the answer as objects, `with_raw_response.create` as bytes; '
        '`post`, which ours uses, gives bytes and does not look at every part of the request by its type either. The '
        'bare client has its requests made beforehand and throws the answers away. Ours makes the key of a request, '
        'looks it up, keeps to the budget, reads the answer, checks it against the schema and hands it to another '
        'thread in order; with a store it also waits until the disk has it.',
        '## What this does not say\n\nThe server shares the cores with the client: it used '
        f'{seconds(busy)} of CPU for a request, at most {share:.1%} of a core. The load average of the machine before a '
        f'run was {statistics.median(load):.1f} ({min(load):.1f} – {max(load):.1f}), with what the run before had left '
        'of it. A server that answers all at the same time, or in milliseconds, makes the CPU of a request count for '
        'more; TLS and a network are not in it.',
    ]) + '\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--concurrency', type=int, default=64, help='requests in flight')
    parser.add_argument('--waves', type=int, default=16, help='requests for each of them')
    parser.add_argument('--delay', type=float, default=1.0, help="the server's time in seconds")
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--report_only', action='store_true', help='only write LLM_LOAD.md anew')
    parser.add_argument('--case', choices=FORMS, help=argparse.SUPPRESS)
    parser.add_argument('--url', help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(run_case(arguments)))
        return
    if not arguments.report_only:
        versions = {name: importlib.metadata.version(name) for name in ('openai', 'pydantic')}
        set_up = {name: getattr(arguments, name) for name in ('concurrency', 'waves', 'delay', 'repeats')}
        known = {'machine': machine() | versions, 'set_up': set_up, 'sync': sync_seconds(), 'runs': measure(arguments)}
        RECORD.write_text(json.dumps(known, indent=1) + '\n', 'utf-8')
    PAGE.write_text(page(json.loads(RECORD.read_text('utf-8'))), 'utf-8')
    print(PAGE.read_text('utf-8'))


if __name__ == '__main__':
    main()
