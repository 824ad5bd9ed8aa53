"""Measures twelve faults that the use of a language model once had, and writes a table of before and after.

    python benchmarks/llm_findings.py --data-path data/dataset --server-python .venv-real/bin/python
    # or: make bench-llm-findings

The figures before are those of a report on commit 86c2061, and are copied from it. The figures after are measured here,
over HTTP: against the server of the tests (``tests/llm_server.py``), which answers as real servers were seen to answer;
against SmolLM2-135M on llama.cpp, if ``--server-python`` names the Python of its environment; and on ReDial, if
``--data-path`` has it. Rows that lack their server or their data say so. The page is ``benchmarks/LLM_FINDINGS.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Iterable

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'tests'), str(ROOT / 'tests' / 'real')]

from loguru import logger  # noqa: E402

from benchmarks.speed import machine  # noqa: E402
from crslab_causal.base.errors import UserError  # noqa: E402
from crslab_causal.base.tables import escape_cell, markdown_table  # noqa: E402
from crslab_causal.llm.answer import CausalAnswer, bounded_schema  # noqa: E402
from crslab_causal.llm.client.client import LLMClient  # noqa: E402
from crslab_causal.llm.client.result import Completion  # noqa: E402
from crslab_causal.llm.options import LLMOptions  # noqa: E402
from crslab_causal.llm.prompting import load_prompt  # noqa: E402
from llm_server import RunningServer  # noqa: E402

PAGE = ROOT / 'benchmarks' / 'LLM_FINDINGS.md'
KEY = 'sk-test-0123456789abcdef'
CANDIDATES, RANKED = 50, 10
SCHEMA = bounded_schema(CausalAnswer, CANDIDATES, RANKED, 20)
DRAFT = json.dumps({'explanation': 'a draft', 'ranking': [50, 49], 'response': 'Draft.'})


def prompts(n: int) -> list[tuple[list[dict[str, str]], Any]]:
    """Return ``n`` different prompts."""
    return [
        ([{'role': 'system', 'content': 'You recommend.'}, {'role': 'user', 'content': f'request {i}'}], SCHEMA)
        for i in range(n)
    ]


def make_client(url: str, **options: Any) -> LLMClient:
    """Return a client of a server on this machine."""
    settings = {'mode': 'live', 'base_url': url, 'timeout_s': 20.0} | options
    return LLMClient(LLMOptions(**settings), backoff_s=0.002)


def ask(url: str, n: int, **options: Any) -> tuple[list[Completion], LLMClient]:
    """Return the completions of ``n`` prompts, and the closed client."""
    with make_client(url, **options) as client:
        return list(client.run(prompts(n))), client


def statuses(completions: Iterable[Completion]) -> str:
    """Return how many completions have each status."""
    return ', '.join(f'{n} {status}' for status, n in sorted(Counter(c.status for c in completions).items()))


def names_in_redial(data_path: str | None) -> tuple[str, str]:
    """Return what prompts say about films: conversations with unnamed ones, and the names of the items."""
    if data_path is None or not Path(data_path, 'redial', 'nltk').is_dir():
        return ('not measured: no data',) * 2
    import tiny
    from crslab_causal.llm.detokenization import UNNAMED
    from crslab_causal.llm.request import build_rerank_request

    dataset = tiny.load('ReDial', Path(data_path), kg_edge_threshold=None)
    tokens, names = dataset.side_data['name_of_token'], dataset.side_data['display_names']
    samples = [s for s in dataset.test_data if s['role'] == 'Recommender' and s['items']]
    n_unnamed = sum(
        any(UNNAMED in text for _, text in build_rerank_request(sample, [], tokens).context) for sample in samples
    )
    items = [names[item] for item in dataset.side_data['item_entity_ids']]
    n_years = sum(bool(re.search(r'\((?:18|19|20)\d\d\)$', name)) for name in items)
    n_numbers = sum(name.isdigit() and len(name) > 4 for name in items)
    n_pages = sum(bool(re.search(r'\((?:score|series|franchise|\d{4} \w+)\)$', name)) for name in items)
    return (
        f'{n_unnamed} of {len(samples)} turns that recommend',
        f'of {len(items)} items {n_years} have a year, {n_numbers} are a bare number, {n_pages} are called like '
        '"Up (score)"',
    )


def refused(server: RunningServer) -> str:
    """Return what a run does whose requests are all refused."""
    url = server.plan('400')
    try:
        completions, _ = ask(url, 100)
        end = f'{statuses(completions)}'
    except UserError as error:
        end = f'stops with the reason ("{str(error)[:60]}...")'
    return f'{len(server.log(url))} requests, then it {end}'


def parameter(server: RunningServer) -> str:
    """Return what a run does if the server refuses the seed as Gemini does, and any temperature as gpt-5 does."""
    error = {
        'error': {'code': 400, 'message': 'Invalid JSON payload received. Unknown name "seed": Cannot find field.'}
    }
    heat = {'error': {'message': "Unsupported value: 'temperature' does not support 0 with this model."}}
    replies = [['seed', {'status': 400, 'body': [error]}], ['temperature', {'status': 400, 'body': heat}]]
    completions, client = ask(server.plan('ok', n_candidate=CANDIDATES, refuses=replies), 100)
    return f'{statuses(completions)} of 100; left out: {", ".join(client.usage.omitted)}'


def real_model(server_python: str | None) -> str:
    """Return how many rankings of a real model at temperature 0 are whole."""
    if server_python is None:
        return 'not measured: no --server-python'
    from real_server import VARIABLE, LlamaServer

    os.environ[VARIABLE] = server_python
    films = '\n'.join(f'{i}. Film number {i}' for i in range(1, CANDIDATES + 1))
    text = f'{films}\nThe seeker likes number {{}}. Explain in a sentence, rank the ten best numbers, and respond.'
    tasks = [([{'role': 'user', 'content': text.format(i)}], SCHEMA) for i in (3, 7, 20, 41)]
    with tempfile.TemporaryDirectory() as folder, LlamaServer(Path(folder)) as llama:
        options = {'model': 'smollm2-135m', 'temperature': 0.0, 'max_tokens': 500, 'timeout_s': 120.0, 'concurrency': 2}
        with make_client(llama.url, **options) as client:
            completions = list(client.run(tasks))
    written = [len(c.parsed.ranking) for c in completions if isinstance(c.parsed, CausalAnswer)]
    seconds = [c.latency_s for c in completions]
    return (
        f'{statuses(completions)} of {len(tasks)}; numbers in the rankings: {", ".join(map(str, written))} of {RANKED}'
        f'; {min(seconds):.0f}-{max(seconds):.0f} s'
    )


def cut(server: RunningServer) -> str:
    """Return what becomes of answers that are cut off inside the ranking, and of those that have more room then."""
    inside, client = ask(server.plan('half_ranking', n_candidate=RANKED), 40)
    more_room, _ = ask(server.plan('half_ranking', 'ok', n_candidate=RANKED), 40)
    return f'cut twice: {statuses(inside)} in {client.usage.calls} calls; cut once: {statuses(more_room)}'


def forbidden_keys() -> str:
    """Return which prompts that forbid a reasoning have a key for it in their schema."""
    found = []
    for name in ('vanilla', 'few_shot', 'no_explanation'):
        fields = load_prompt(name).answer.model_fields
        found.append(f'{name}: {", ".join(fields)}')
    return '; '.join(found)


def thoughts(server: RunningServer) -> str:
    """Return what is read of an answer behind a draft, and of answers in other fields."""
    (completion,), _ = ask(server.plan('ok', content=f'Hm. {DRAFT} </think>$answer', n_candidate=CANDIDATES), 1)
    assert isinstance(completion.parsed, CausalAnswer)
    draft = 'the draft' if completion.parsed.explanation == 'a draft' else 'the answer'
    message = {'content': None, 'reasoning_content': '$answer'}
    completions, client = ask(server.plan('ok', message=message, n_candidate=CANDIDATES), 40)
    return f'{draft}; {statuses(completions)} of 40 in {client.usage.calls} calls'


def seen(server: RunningServer) -> str:
    """Return what a log file says during a run, when a text is seen, and how long a stopped answer holds the chat."""
    lines: list[str] = []
    sink = logger.add(lines.append)
    try:
        ask(server.plan('ok', delay=0.25, n_candidate=CANDIDATES), 16, concurrency=2, log_every_s=0.5)
    finally:
        logger.remove(sink)
    n_lines = sum('prompts done' in line for line in lines)
    url = server.plan('slow')
    client = make_client(url, timeout_s=60.0)
    waiting = threading.Thread(target=lambda: list(_ignore_cancel(client)), daemon=True)
    waiting.start()
    while not server.log(url):
        time.sleep(0.01)
    start = time.perf_counter()
    client.close(give_up=True)
    seconds = time.perf_counter() - start
    with make_client(server.plan('ok', piece=4, pause=0.1, n_candidate=CANDIDATES)) as client:
        start = time.perf_counter()
        times = [time.perf_counter() - start for piece in client.stream(*prompts(1)[0]) if piece]
    return (
        f'{n_lines} lines in a run of 2 s with `llm.log_every_s: 0.5`; the first text of a streamed answer of '
        f'{times[-1]:.1f} s after {times[0]:.1f} s; Ctrl-C ends after {seconds:.1f} s'
    )


def _ignore_cancel(client: LLMClient) -> Iterable[Completion]:
    try:
        yield from client.run(prompts(1))
    except BaseException:  # the answer is given up
        return


def local(server: RunningServer) -> str:
    """Return what happens with the defaults at a server with one slot, whose answers take 0.5 s."""
    url = server.plan('ok', slots=1, delay=0.5, n_candidate=CANDIDATES)
    completions, client = ask(url, 48, timeout_s=None)
    return f'{statuses(completions)} of 48 in {client.usage.calls} calls (answers of 0.5 s, one at a time)'


def secrets(server: RunningServer, folder: Path) -> str:
    """Return where an echoed key is written, how long a stored answer can be, and whether redirects are followed."""
    os.environ['OPENAI_API_KEY'] = KEY
    store = folder / 'secrets.jsonl'
    echoing = server.plan('ok', completion={'model': 'm $key'}, choice={'finish_reason': 'stop $key'}, n_candidate=50)
    ask(echoing, 5, store=str(store))
    n_keys = store.read_text('utf-8').count(KEY)
    endless = folder / 'endless.jsonl'
    (completion,), _ = ask(server.plan('endless'), 1, store=str(endless))
    other = server.plan('ok')
    moved = {'status': 307, 'headers': {'Location': f'{other}/chat/completions'}}
    try:
        ask(server.plan('reply 0', replies=[moved]), 1)
    except UserError:
        pass
    del os.environ['OPENAI_API_KEY']
    return (
        f'key in the store {n_keys} times; endless answer: {completion.status}, {endless.stat().st_size} bytes stored; '
        f'{len(server.log(other))} requests to the other host'
    )


def two_runs(server: RunningServer, folder: Path) -> str:
    """Return how many requests two runs on one store send together, and how many a killed run sends twice."""
    url, store = server.plan('ok', delay=0.02, n_candidate=CANDIDATES), folder / 'two.jsonl'
    runs = [_child(url, store, 120) for _ in range(2)]
    for run in runs:
        run.wait()
    together = len(server.log(url))
    url, store, kills = server.plan('ok', delay=0.1, n_candidate=CANDIDATES), folder / 'killed.jsonl', 5
    for kill in range(kills):
        n_before = len(server.log(url))
        run = _child(url, store, 200)
        while len(server.log(url)) < n_before + 10 + kill:
            time.sleep(0.01)
        run.kill()
        run.wait()
    _child(url, store, 200).wait()
    asked = Counter(entry['text'] for entry in server.log(url))
    twice = sum(n > 1 for n in asked.values())
    return (
        f'120 questions, {together} calls; {len(asked)} questions, {kills} kills with 4 in flight: {twice} asked again'
        f', at most {max(asked.values())} times each'
    )


def _child(url: str, store: Path, n: int) -> subprocess.Popen[bytes]:
    """Start a process that answers ``n`` prompts, 4 at a time."""
    command = [sys.executable, __file__, '--child', url, str(store), str(n)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def rows(data_path: str | None, server_python: str | None) -> list[tuple[str, str, str]]:
    """Measure all findings, and return what, before and after of each."""
    with tempfile.TemporaryDirectory() as name, RunningServer(Path(name)) as server:
        folder = Path(name)
        unnamed, named = names_in_redial(data_path)
        measured: list[tuple[str, str, Callable[[], str]]] = [
            (
                '1. ReDial test prompts with `[unnamed item]`',
                '382 of 1,484 samples (25.7 %)',
                lambda: unnamed,
            ),
            (
                '2. Names of ReDial items',
                'of 6,924 items 1,626 have a year, 817 are a bare number; "Up (score)"',
                lambda: named,
            ),
            ('3. A server that refuses every request', '100 of 100 errors, exit status 0', lambda: refused(server)),
            (
                '4. A server that refuses `seed` and `temperature`',
                'every sample an error (100 of 100)',
                lambda: parameter(server),
            ),
            (
                '5. SmolLM2-135M at temperature 0, 50 candidates',
                '24 of 24 cut off, 94-116 s; rankings of 1-3 of 50 numbers count as ok at temperature 1',
                lambda: real_model(server_python),
            ),
            ('6. Answers that are cut off', '40 of 40 `length`, nothing read', lambda: cut(server)),
            (
                '7. Fields of schemas that forbid a reasoning',
                'all have a key for it; 7 of 8 answers filled it',
                forbidden_keys,
            ),
            (
                '8. A draft before `</think>`; the answer in `reasoning_content`',
                'the draft; 40 of 40 invalid in 120 calls',
                lambda: thoughts(server),
            ),
            (
                '9. What one sees of a run and of an answer, and Ctrl-C while it is on its way',
                'no line between start and end; nothing before the whole answer; 55 s of silence after Ctrl-C',
                lambda: seen(server),
            ),
            (
                '10. The defaults at a slow local server',
                '336 calls for 48 samples, none answered (60 s per answer with its queue)',
                lambda: local(server),
            ),
            (
                '11. A server that echoes the key, never ends, redirects',
                'key in the clear in the store; 200 MB stored; redirects followed',
                lambda: secrets(server, folder),
            ),
            (
                '12. Two runs on one store; five kills',
                '120 questions, 240 calls; 200 questions, 20 asked again',
                lambda: two_runs(server, folder),
            ),
        ]
        result = []
        for what, before, measure in measured:
            print(what, flush=True)
            result.append((what, before, measure()))
            print(f'    {result[-1][2]}', flush=True)
        return result


def page(measured: list[tuple[str, str, str]]) -> str:
    """Return the text of the page."""
    m = machine()
    about = ', '.join(f'{name} {value}' for name, value in m.items() if isinstance(value, (str, int)))
    return '\n'.join(
        [
            '# Twelve faults in the use of a language model, before and after',
            '',
            'Written by `make bench-llm-findings`. The column "before" is copied from a report on commit 86c2061. The',
            'column "after" is measured by `benchmarks/llm_findings.py` in one run. Where the set-up differs from that',
            'of the report, the cell says what was measured. Rows 3, 4, 6 and 8 to 12 use a server that imitates',
            'others. Row 5 uses a real model, with shorter prompts than those of the report. A kill still loses the',
            'answers in flight (row 12).',
            '',
            markdown_table(
                ['what', 'before', 'after'], [[escape_cell(cell) for cell in row] for row in measured], left=3
            ),
            '',
            f'Machine: {about}.',
            '',
        ]
    )


def main() -> None:
    """Measure, and write the page."""
    if sys.argv[1:2] == ['--child']:
        url, store, n = sys.argv[2:]
        ask(url, int(n), store=store, concurrency=4)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-path', '--data_path', help='folder with redial/nltk')
    parser.add_argument('--server-python', help='Python that has tests/real/requirements.txt')
    flags = parser.parse_args()
    PAGE.write_text(page(rows(flags.data_path, flags.server_python)), 'utf-8')


if __name__ == '__main__':
    for _name in ('OPENAI_API_KEY', 'OPENAI_BASE_URL'):
        os.environ.pop(_name, None)
    os.environ['NO_PROXY'] = '*'
    main()
