"""The client with iterators and event loops, and under Ctrl-C."""

import asyncio
import json
import multiprocessing
import os
import signal
import time

import pytest
from client_helpers import make_client, prompt, run
from loguru import logger


def test_completions_of_a_long_iterator_come_in_order(server):
    texts = [str(number % 200) for number in range(1500)]
    with make_client(server.plan('500', 'ok', only='7'), concurrency=32) as client:
        completions = list(client.run(prompt(text) for text in texts))
        with pytest.raises(RuntimeError):
            client.close()
            next(client.run([prompt()]))
    assert len(completions) == 1500 and len({completion.cache_key for completion in completions}) == 200
    again, _ = run(server.plan('ok'), texts[:20])
    assert [each.cache_key for each in again] == [each.cache_key for each in completions[:20]]


def test_caller_that_stops_early_pays_for_no_more_answers(server, tmp_path):
    url, store = server.plan(delay=0.02), tmp_path / 'store.jsonl'
    with make_client(url, store=str(store), concurrency=4) as client:
        for _completion in client.run([prompt(str(number)) for number in range(200)]):
            break
    assert len(server.log(url)) < 100
    assert len(store.read_bytes().splitlines()) == len(server.log(url))


def test_client_works_in_any_event_loop(server):
    url = server.plan('ok')

    async def main():
        async with make_client(url) as client:
            return await asyncio.gather(*(client.complete(*prompt(text)) for text in 'abca'))

    completions = asyncio.run(main())
    assert [completion.status for completion in completions] == ['ok'] * 4
    assert len(server.log(url)) == 3


def test_prompt_cancelled_before_sending_is_not_sent_and_afterwards_is_stored(server):
    url = server.plan(delay=0.2)

    async def main():
        async with make_client(url, concurrency=1) as client:
            sent, unsent = (asyncio.ensure_future(client.complete(*prompt(text))) for text in ('sent', 'unsent'))
            while not server.log(url):
                await asyncio.sleep(0.01)
            sent.cancel()
            unsent.cancel()
            await asyncio.gather(sent, unsent, return_exceptions=True)
            return await client.complete(*prompt('sent')), client.usage

    completion, usage = asyncio.run(main())
    assert completion.status == 'ok' and completion.replayed
    assert [entry['text'] for entry in server.log(url)] == ['sent']
    assert usage.answers == usage.calls == 1


def interrupted(url, store):
    os.environ['NO_PROXY'] = '*'
    logger.add(f'{store}.log')
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run(url, map(str, range(500)), store=store, concurrency=8)
    except KeyboardInterrupt:
        os._exit(77)


def test_second_ctrl_c_gives_up_on_answers_in_flight(server, tmp_path):
    url, store, log = server.plan('slow', 'ok'), tmp_path / 'store.jsonl', tmp_path / 'store.jsonl.log'
    child = multiprocessing.get_context('forkserver').Process(target=interrupted, args=(url, str(store)))
    child.start()
    while len(server.log(url)) < 8:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGINT)
    while 'waiting for 8 answers' not in log.read_text('utf-8'):
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGINT)
    child.join()
    assert child.exitcode == 77 and len(server.log(url)) == 8


def test_ctrl_c_stores_answers_in_flight(server, tmp_path):
    url, store = server.plan(delay=0.1), tmp_path / 'store.jsonl'
    child = multiprocessing.get_context('forkserver').Process(target=interrupted, args=(url, str(store)))
    child.start()
    while len(server.log(url)) < 20:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGINT)
    child.join()
    log = server.log(url)
    assert child.exitcode == 77 and len(log) < 500
    lines = store.read_text('utf-8').splitlines()
    stored = [json.loads(line)['request']['messages'][-1]['content'] for line in lines]
    assert sorted(stored) == sorted(entry['text'] for entry in log)
