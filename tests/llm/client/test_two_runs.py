"""Two runs on one store, and what a kill costs: exactly the requests in flight, which are sent once more."""

import asyncio
import json
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter

import pytest
from client_helpers import make_client, prompt, run
from tqdm import tqdm

from crslab_causal.llm.client.claims import Claims

REQUESTS, CONCURRENCY = 120, 6
processes = multiprocessing.get_context('forkserver') if hasattr(signal, 'SIGKILL') else None
pytestmark = pytest.mark.skipif(processes is None, reason='no SIGKILL here')


def run_child(url, store, n_prompts, start=None):
    """Answer the prompts, in their order, once ``start`` is set."""
    os.environ['NO_PROXY'] = '*'
    tqdm.set_lock(threading.RLock())  # tqdm's own lock is shared between processes, and would stay locked after a kill
    if start is not None:
        start.wait()
    run(url, [f'request {number}' for number in range(n_prompts)], store=store, concurrency=CONCURRENCY)


def start_child(*arguments):
    child = processes.Process(target=run_child, args=arguments)
    child.start()
    return child


def stored_texts(store):
    """Return the texts that have an answer in the store, with the number of their answers."""
    lines = store.read_bytes().split(b'\n')[:-1] if store.exists() else []
    return Counter(json.loads(line)['request']['messages'][-1]['content'] for line in lines)


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def asked(server, url):
    return Counter(entry['text'] for entry in server.log(url))


def test_two_runs_that_start_together_ask_nothing_twice(server, tmp_path):
    url, store = server.plan('ok', delay=0.03), tmp_path / 'store.jsonl'
    start = processes.Event()
    children = [start_child(url, str(store), REQUESTS, start) for _ in range(2)]
    start.set()
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert asked(server, url) == stored_texts(store) == {f'request {number}': 1 for number in range(REQUESTS)}
    # both worked: one alone would have had at most CONCURRENCY requests in flight
    log = server.log(url)
    in_flight = [sum(other['got'] <= entry['got'] < other['answered'] for other in log) for entry in log]
    assert max(in_flight) > CONCURRENCY


def test_answers_of_the_other_run_cost_nothing(server, tmp_path):
    url, store = server.plan('ok', delay=0.2), str(tmp_path / 'store.jsonl')
    texts = [f'request {number}' for number in range(12)]

    async def both():
        async with make_client(url, store=store) as one, make_client(url, store=store) as two:
            prompts = [client.complete(*prompt(text)) for client in (one, two) for text in texts]
            return await asyncio.gather(*prompts), one.usage, two.usage

    completions, one, two = asyncio.run(both())
    assert [completion.parsed for completion in completions[:12]] == [
        completion.parsed for completion in completions[12:]
    ]
    assert one.calls + two.calls == len(server.log(url)) == 12 and one.calls and two.calls
    assert one.replayed + two.replayed == 12
    assert sum(completion.replayed for completion in completions) == 12


def test_kill_costs_the_requests_in_flight_and_nothing_else(server, tmp_path):
    url, store = server.plan('ok', delay=0.5), tmp_path / 'store.jsonl'
    child = start_child(url, str(store), 40)
    wait_until(lambda: len(server.log(url)) >= 3 * CONCURRENCY)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    sent, answered = asked(server, url), stored_texts(store)
    lost = set(sent) - set(answered)
    assert len(answered) >= 2 * CONCURRENCY and 1 <= len(lost) <= CONCURRENCY

    run(url, [f'request {number}' for number in range(40)], store=str(store), concurrency=CONCURRENCY)
    assert stored_texts(store) == {f'request {number}': 1 for number in range(40)}
    assert {text for text, n in asked(server, url).items() if n == 2} == lost
    assert len(server.log(url)) == 40 + len(lost)


def test_claims_of_a_killed_run_do_not_stop_the_other(server, tmp_path):
    url, store = server.plan('ok', delay=0.1), tmp_path / 'store.jsonl'
    start = processes.Event()
    children = [start_child(url, str(store), 60, start) for _ in range(2)]
    start.set()
    wait_until(lambda: len(stored_texts(store)) >= 12)
    os.kill(children[0].pid, signal.SIGKILL)
    for child in children:
        child.join()
    assert children[1].exitcode == 0
    assert stored_texts(store) == {f'request {number}': 1 for number in range(60)}
    assert 60 <= len(server.log(url)) <= 60 + CONCURRENCY


def test_ctrl_c_costs_nothing(server, tmp_path):
    url, store = server.plan('ok', delay=0.2), tmp_path / 'store.jsonl'
    with make_client(url, store=str(store), concurrency=CONCURRENCY) as client:
        completions = client.run([prompt(f'request {number}') for number in range(40)])
        next(completions)
        completions.close()  # as an exception in the caller does
    assert asked(server, url) == stored_texts(store)


# ---------------------------------------------------------------- claims


def claim(claims, key):
    with claims.claim(key) as is_granted:
        return is_granted


def test_claim_excludes_others_until_it_ends(tmp_path):
    one, two = Claims(tmp_path / 'claims'), Claims(tmp_path / 'claims')
    key, other = 'a' * 64, 'b' * 64
    with one.claim(key) as is_granted:
        assert is_granted and not claim(two, key) and not claim(one, key) and claim(two, other)
        two.close()  # closing a file must not release the locks of the other
        assert not claim(Claims(tmp_path / 'claims'), key)
    assert claim(one, key)
    assert (tmp_path / 'claims').stat().st_size == 0


def test_everything_is_granted_where_files_cannot_be_locked(tmp_path, logged):
    claims = Claims(tmp_path)  # a folder
    assert claim(claims, 'a' * 64) and claim(claims, 'b' * 64)
    assert sum('cannot be locked' in line for line in logged) == 1


def test_store_of_a_run_is_not_asked_twice_by_its_own_requests(server, tmp_path):
    url = server.plan('prose', 'ok', delay=0.05)
    completions, client = run(url, ['same'] * 5, store=str(tmp_path / 'store.jsonl'))
    assert {completion.status for completion in completions} == {'ok'} and client.usage.calls == 2
