"""Runs that are killed at random moments: no stored answer is paid for again, and the report is the same."""

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

import llm_server
from crslab_causal.llm.answer import CausalAnswer
from crslab_causal.llm.client.answer_policy import MAX_PAID_ANSWERS
from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.client.store import Store
from crslab_causal.llm.options import LLMOptions

REQUESTS, CONCURRENCY, KILLS = 200, 8, 7
RATES = {'prose': 0.1, 'cut': 0.1, 'length': 0.1, 'refusal': 0.1, 'fenced': 0.1}
processes = multiprocessing.get_context('forkserver') if hasattr(signal, 'SIGKILL') else None
pytestmark = pytest.mark.skipif(processes is None, reason='no SIGKILL here')


def run(url, store, mode='live'):
    """Return the report of a run without anything that depends on when it ran."""
    os.environ['NO_PROXY'] = '*'
    options = LLMOptions(mode=mode, base_url=url, concurrency=CONCURRENCY, store=str(store), structured='schema')
    with LLMClient(options, backoff_s=0.002) as client:
        prompts = [([{'role': 'user', 'content': f'request {number}'}], CausalAnswer) for number in range(REQUESTS)]
        return [completion._replace(latency_s=0.0, attempts=0, replayed=False) for completion in client.run(prompts)]


def run_child(url, store):
    tqdm.set_lock(threading.RLock())  # tqdm's own lock is shared between processes, and would stay locked after a kill
    run(url, store)


def texts(store):
    """Return how many answers the store has to each text."""
    lines = store.read_bytes().split(b'\n')[:-1] if store.exists() else []
    return Counter(json.loads(line)['request']['messages'][-1]['content'] for line in lines)


def n_required(log):
    """Return how many answers each text requires. The plan gives all answers to a text the same fault."""
    n_answers = {'invalid': MAX_PAID_ANSWERS, 'length': 2}
    return {entry['text']: n_answers.get(llm_server.UNUSABLE.get(entry['fault']), 1) for entry in log}


def test_runs_killed_at_random_moments_pay_for_no_answer_twice(tmp_path):
    moments = random.Random(5)
    store = tmp_path / 'store.jsonl'
    with llm_server.RunningServer(tmp_path) as server:
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

        # a prompt that was finished when a child was killed was not sent again by a later one
        required = n_required(log)
        for stored, position in snapshots:
            later = {entry['text'] for entry in log[position:]}
            assert not [text for text, answers in stored.items() if answers == required[text] and text in later]
        assert 0 < len(snapshots[0][0]) < len(snapshots[-1][0]) < REQUESTS
        # each kill lost at most the requests in flight
        assert texts(store) == required
        assert 0 <= len(log) - sum(required.values()) <= KILLS * CONCURRENCY
        complete = Store(store, writable=False)
        assert len(complete) == sum(required.values()) and not complete.torn_bytes and not complete.duplicates
        complete.close()

        undisturbed = run(server.plan(rates=RATES, sticky=True), tmp_path / 'other.jsonl')
        assert report == undisturbed == run(url, store, 'replay')
        assert len(server.log(url)) == len(log)
