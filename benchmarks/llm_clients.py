"""The clients that ``llm_load.py`` compares, each a process of its own: it measures a block of requests when told to.

A process says ``ready``, then answers each line of its input with a line of JSON, until the input ends.
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
from typing import Any, Callable, Iterable

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

CANDIDATES = 50
BARES = {'create': '`openai`: `create`', 'raw': '`openai`: `with_raw_response.create`', 'post': '`openai`: `post`',
         'aiohttp': '`openai`: `post`, over aiohttp'}
OURS = {'ours': 'ours, without a store', 'ours_store': 'ours, with a store'}
FORMS = BARES | OURS

Question = list[dict[str, str]]


class Questions:
    """Messages of the full model's prompt with 50 candidates, no two alike; always the same ones."""

    def __init__(self):
        from crslab_causal.llm.prompting import load_prompt
        from crslab_causal.llm.request import Candidate
        draw = random.Random(0)
        self._prompt, self._asked = load_prompt('causal'), 0
        self._names = [f'The {draw.choice(["Long", "Last", "Silent", "Golden"])} '
                       f'{draw.choice(["Road", "Winter", "Game"])} {part} ({draw.randint(1950, 2020)})'
                       for part in range(CANDIDATES)]
        self._candidates = [Candidate(entity, name) for entity, name in enumerate(self._names)]

    def next(self, number: int) -> list[Question]:
        """The next ``number`` of them."""
        from crslab_causal.llm.request import Request
        turns = [('Seeker', 'Hi! I look for something to watch with my family tonight, nothing too sad please.'),
                 ('Recommender', f'Sure, have you seen {self._names[3]}? It is about friends who cross a country.')] * 4
        first, self._asked = self._asked, self._asked + number
        return [self._prompt.messages(Request([*turns, ('Seeker', f'Yes, and I liked it. What else, number {i}?')],
                                              [], [], [], self._candidates)) for i in range(first, self._asked)]


class Block:
    """What is asked at once: requests that only warm up, then those that are measured."""

    def __init__(self, questions: Questions, concurrency: int, waves: int):
        self.concurrency = concurrency
        self.warm_up, self.measured = questions.next(concurrency), questions.next(concurrency * waves)


def told() -> Iterable[None]:
    """Once for each line of the input."""
    print('ready', flush=True)
    for _ in sys.stdin:
        yield None


class Clock:
    """Seconds on the wall, and of this process, all its threads, on a processor."""

    def __init__(self):
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def say(self) -> None:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        print(json.dumps({'wall': wall, 'cpu': cpu}), flush=True)


async def openai_alone(url: str, form: str, next_block: Callable[[], Block]) -> None:
    """As many workers as requests in flight, and nothing else: bodies are ready, answers are thrown away."""
    import openai
    from crslab_causal.llm.answer import CausalAnswer
    from crslab_causal.llm.client.request_format import Dialect
    from crslab_causal.llm.client.structured import strict_schema
    from crslab_causal.llm.options import LLMOptions
    options = LLMOptions(mode='live', base_url=url)
    dialect, schema = Dialect(options), strict_schema(CausalAnswer)
    parameters = {'temperature': options.temperature, 'seed': options.seed, 'max_tokens': options.max_tokens}

    def bodies(asked: list[Question]) -> list[dict[str, Any]]:
        return [dialect.body({'model': options.model, 'messages': messages, 'schema': schema,
                              'parameters': parameters}, 'CausalAnswer', 0) for messages in asked]

    async def all_of(part: list[dict[str, Any]], concurrency: int) -> None:
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

    http = openai.DefaultAioHttpClient() if form == 'aiohttp' else None
    async with openai.AsyncOpenAI(api_key='none', base_url=url, timeout=60, max_retries=0, http_client=http) as api:
        completions = api.chat.completions
        for _ in told():
            block = next_block()
            warm_up, measured = bodies(block.warm_up), bodies(block.measured)
            await all_of(warm_up, block.concurrency)
            clock = Clock()
            await all_of(measured, block.concurrency)
            clock.say()


def ours(url: str, store: Path | None, concurrency: int, next_block: Callable[[], Block]) -> None:
    """As ``LanguageStage`` does: all questions to one client, answers in order, each parsed and checked."""
    from crslab_causal.llm.answer import CausalAnswer
    from crslab_causal.llm.client.client import LLMClient
    from crslab_causal.llm.options import LLMOptions
    options = LLMOptions(mode='live', base_url=url, concurrency=concurrency, store=str(store) if store else None)
    with LLMClient(options) as client:
        def all_of(asked: list[Question]) -> None:
            assert all(completion.status == 'ok' for completion in client.run([(each, CausalAnswer) for each in asked]))

        for _ in told():
            block = next_block()
            all_of(block.warm_up)
            clock = Clock()
            all_of(block.measured)
            clock.say()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('form', choices=FORMS)
    parser.add_argument('--url', required=True)
    parser.add_argument('--concurrency', type=int, required=True, help='requests in flight')
    parser.add_argument('--waves', type=int, required=True, help='requests of a block for each of them')
    arguments = parser.parse_args()
    questions = Questions()

    def next_block() -> Block:
        return Block(questions, arguments.concurrency, arguments.waves)

    if arguments.form in BARES:
        asyncio.run(openai_alone(arguments.url, arguments.form, next_block))
        return
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / 'store.jsonl' if arguments.form == 'ours_store' else None
        ours(arguments.url, store, arguments.concurrency, next_block)


if __name__ == '__main__':
    main()
