"""The clients that ``llm_load.py`` compares. Each runs in its own process and measures blocks of requests on demand.

A process prints ``ready``, then answers each line of its input with a line of JSON, until the input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

CANDIDATES = 50
"""Number of candidates in a prompt."""
BARE_CLIENTS = {
    'create': '`openai`: `create`',
    'raw': '`openai`: `with_raw_response.create`',
    'post': '`openai`: `post`',
    'aiohttp': '`openai`: `post`, over aiohttp',
}
"""Titles of the forms of the bare ``openai`` client."""
OUR_CLIENTS = {'ours': 'ours, without a store', 'ours_store': 'ours, with a store'}
"""Titles of the forms of this package's client."""
FORMS = BARE_CLIENTS | OUR_CLIENTS

Messages = list[dict[str, str]]


class PromptSource:
    """Prompts of the full model with 50 candidates. All are different, and every process gets the same ones."""

    def __init__(self) -> None:
        from crslab_causal.llm.options import LLMOptions
        from crslab_causal.llm.prompt_builder import PromptBuilder
        from crslab_causal.llm.prompting import load_prompt
        from crslab_causal.llm.request import Candidate

        draw = random.Random(0)
        self._prompts, self._n_made = PromptBuilder(load_prompt('causal'), LLMOptions(), {}), 0
        self._names = [
            f'The {draw.choice(["Long", "Last", "Silent", "Golden"])} '
            f'{draw.choice(["Road", "Winter", "Game"])} {part} ({draw.randint(1950, 2020)})'
            for part in range(CANDIDATES)
        ]
        self._candidates = [Candidate(entity, name) for entity, name in enumerate(self._names)]

    def next(self, n: int) -> list[Messages]:
        """Return the messages of the next ``n`` prompts."""
        from crslab_causal.llm.request import RerankRequest

        turns = [
            ('Seeker', 'Hi! I look for something to watch with my family tonight, nothing too sad please.'),
            ('Recommender', f'Sure, have you seen {self._names[3]}? It is about friends who cross a country.'),
        ] * 4
        first, self._n_made = self._n_made, self._n_made + n
        contexts = [
            [*turns, ('Seeker', f'Yes, and I liked it. What else, number {i}?')] for i in range(first, self._n_made)
        ]
        return [self._prompts.build(RerankRequest(context, [], [], [], self._candidates))[0] for context in contexts]


class Block:
    """A block of prompts: some for the warm-up, then those that are measured."""

    def __init__(self, prompts: PromptSource, concurrency: int, waves: int):
        self.concurrency = concurrency
        self.warm_up, self.measured = prompts.next(concurrency), prompts.next(concurrency * waves)


def commands() -> Iterator[None]:
    """Yield once for each line of the input."""
    print('ready', flush=True)
    for _ in sys.stdin:
        yield None


class Clock:
    """Measures wall-clock time and the CPU time of all threads of this process, in seconds."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def report(self) -> None:
        """Print the times since the construction as a line of JSON."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        print(json.dumps({'wall': wall, 'cpu': cpu}), flush=True)


async def run_bare_client(url: str, form: str, next_block: Callable[[], Block]) -> None:
    """Run the bare ``openai`` client, with one worker for each request in flight.

    The bodies are made before the clock starts, and the answers are discarded.
    """
    import openai

    from crslab_causal.llm.answer import CausalAnswer
    from crslab_causal.llm.client.request_format import RequestFormat
    from crslab_causal.llm.client.structured import strict_schema
    from crslab_causal.llm.options import LLMOptions

    options = LLMOptions(mode='live', base_url=url)
    request_format, schema = RequestFormat(options), strict_schema(CausalAnswer)
    parameters = {'temperature': options.temperature, 'seed': options.seed, 'max_tokens': options.max_tokens}

    def build_bodies(prompts: list[Messages]) -> list[dict[str, Any]]:
        payloads = [
            {'model': options.model, 'messages': messages, 'schema': schema, 'parameters': parameters}
            for messages in prompts
        ]
        return [request_format.build_body(payload, 'CausalAnswer', 0) for payload in payloads]

    async def send_all(bodies: list[dict[str, Any]], concurrency: int) -> None:
        pending = iter(bodies)

        async def worker() -> None:
            for body in pending:
                if form == 'create':
                    content = (await completions.create(**body)).choices[0].message.content
                elif form == 'raw':
                    content = (await completions.with_raw_response.create(**body)).http_response.content
                else:
                    content = await api.post('/chat/completions', body=body, cast_to=bytes)
                assert content

        await asyncio.gather(*(worker() for _ in range(concurrency)))

    http = openai.DefaultAioHttpClient() if form == 'aiohttp' else None
    async with openai.AsyncOpenAI(api_key='none', base_url=url, timeout=60, max_retries=0, http_client=http) as api:
        completions = api.chat.completions
        for _ in commands():
            block = next_block()
            warm_up, measured = build_bodies(block.warm_up), build_bodies(block.measured)
            await send_all(warm_up, block.concurrency)
            clock = Clock()
            await send_all(measured, block.concurrency)
            clock.report()


def run_our_client(url: str, store: Path | None, concurrency: int, next_block: Callable[[], Block]) -> None:
    """Run this package's client like ``LLMBackend``: all prompts at once, answers in order, parsed and validated."""
    from crslab_causal.llm.answer import CausalAnswer
    from crslab_causal.llm.client.client import LLMClient
    from crslab_causal.llm.options import LLMOptions

    options = LLMOptions(mode='live', base_url=url, concurrency=concurrency, store=str(store) if store else None)
    with LLMClient(options) as client:

        def send_all(prompts: list[Messages]) -> None:
            completions = client.run([(messages, CausalAnswer) for messages in prompts])
            assert all(completion.status == 'ok' for completion in completions)

        for _ in commands():
            block = next_block()
            send_all(block.warm_up)
            clock = Clock()
            send_all(block.measured)
            clock.report()


def main() -> None:
    """Run the client that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('form', choices=FORMS)
    parser.add_argument('--url', required=True)
    parser.add_argument('--concurrency', type=int, required=True, help='requests in flight')
    parser.add_argument('--waves', type=int, required=True, help='requests of a block for each request in flight')
    arguments = parser.parse_args()
    prompts = PromptSource()

    def next_block() -> Block:
        return Block(prompts, arguments.concurrency, arguments.waves)

    if arguments.form in BARE_CLIENTS:
        asyncio.run(run_bare_client(arguments.url, arguments.form, next_block))
        return
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / 'store.jsonl' if arguments.form == 'ours_store' else None
        run_our_client(arguments.url, store, arguments.concurrency, next_block)


if __name__ == '__main__':
    main()
