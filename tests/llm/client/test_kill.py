"""Runs that are killed at any moment: nothing that was stored is paid for again, and the report is the same."""

import json
import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter

import pytest
from tqdm import tqdm

import llm_server as faulty
from crslab_causal.llm.answer import CausalAnswer
from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.client.dispatcher import MOST_ANSWERS
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.client.store import Store

REQUESTS, CONCURRENCY, KILLS = 200, 8, 7
RATES = {'prose': 0.1, 'cut': 0.1, 'length': 0.1, 'refusal': 0.1, 'fenced': 0.1}
processes = multiprocessing.get_context('forkserver') if hasattr(signal, 'SIGKILL') else None
pytestmark = pytest.mark.skipif(processes is None, reason='no SIGKILL here')


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv('OPENAI_API_KEY', raising=False)
    monkeypatch.setenv('NO_PROXY', '*')
    processes.set_forkserver_preload(['crslab_causal.llm.client.client'])  # else each child takes seconds to import PyTorch


def run(url, store, mode='live'):
    """The report of a run: everything that does not depend on when it was run."""
    os.environ['NO_PROXY'] = '*'
    options = LLMOptions(mode=mode, base_url=url, concurrency=CONCURRENCY, store=str(store), structured='schema')
    with LLMClient(options, backoff_s=0.002) as client:
        requests = [([{'role': 'user', 'content': f'request {number}'}], CausalAnswer) for number in range(REQUESTS)]
        return [completion._replace(latency_s=0.0, attempts=0, replayed=False) for completion in client.run(requests)]


def run_child(url, store):
    tqdm.set_lock(threading.RLock())  # its own one is shared between processes, and would outlive a killed one
    run(url, store)


def texts(store):
    """Of the requests whose answers are in a store, one for each answer."""
    lines = store.read_bytes().split(b'\n')[:-1] if store.exists() else []
    return Counter(json.loads(line)['request']['messages'][-1]['content'] for line in lines)


def needed(log):
    """Answers until a request is done with, by text; the plan makes all answers to one alike."""
    return {entry['text']: MOST_ANSWERS if faulty.UNUSABLE.get(entry['fault']) == 'invalid' else 1 for entry in log}


def test_killed_at_any_moment_it_pays_for_nothing_twice(tmp_path):
    moments = random.Random(5)
    store = tmp_path / 'store.jsonl'
    with faulty.Running(tmp_path) as server:
        url = server.plan(rates=RATES, sticky=True, delay=0.01)
        snapshots = []
        for _ in range(KILLS):
            known = len(server.log(url))
            child = processes.Process(target=run_child, args=(url, store))
            child.start()
            while len(server.log(url)) == known:
                assert child.is_alive()
                time.sleep(0.005)
            time.sleep(moments.uniform(0, 0.06))
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            assert child.exitcode == -signal.SIGKILL
            snapshots.append((texts(store), len(server.log(url))))
        report = run(url, store)
        log = server.log(url)

        # what was done with when a child was killed was not sent again by any later one
        enough = needed(log)
        for stored, position in snapshots:
            later = {entry['text'] for entry in log[position:]}
            assert not [text for text, answers in stored.items() if answers == enough[text] and text in later]
        assert 0 < len(snapshots[0][0]) < len(snapshots[-1][0]) < REQUESTS
        # nor was more paid for than what was on its way
        assert texts(store) == enough
        assert 0 <= len(log) - sum(enough.values()) <= KILLS * CONCURRENCY
        whole = Store(store, writable=False)
        assert len(whole) == sum(enough.values()) and not whole.torn_bytes and not whole.duplicates
        whole.close()

        undisturbed = run(server.plan(rates=RATES, sticky=True), tmp_path / 'other.jsonl')
        assert report == undisturbed == run(url, store, 'replay')
        assert len(server.log(url)) == len(log)
