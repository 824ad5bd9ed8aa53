"""A thousand prompts with every fault: none is lost, and the client's counters match the server's log."""

from collections import Counter

import llm_server
from crslab_causal.llm.answer import CausalAnswer
from crslab_causal.llm.client.answer_policy import MAX_PAID_ANSWERS
from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.client.store import Store
from crslab_causal.llm.options import LLMOptions

RATES = {
    '429': 0.01,
    '429_plain': 0.01,
    '408': 0.005,
    '409': 0.005,
    '500': 0.03,
    '503': 0.02,
    'reset': 0.02,
    'slow': 0.003,
    'html': 0.01,
    'empty': 0.01,
    'error_200': 0.01,
    'context': 0.01,
    'cut': 0.03,
    'prose': 0.03,
    'wrong_keys': 0.03,
    'null': 0.01,
    'length': 0.03,
    'refusal': 0.03,
    'filter': 0.01,
    'fenced': 0.05,
    'talkative': 0.05,
    'thinking': 0.03,
    'duplicates': 0.03,
    'unknown': 0.03,
    'omitted': 0.03,
}
CAUSES = {
    '429_plain': '429',
    'reset': 'connection',
    'slow': 'timeout',
    'html': 'body',
    'empty': 'body',
    'error_200': 'body',
    'context': '400',
}
REQUESTS = 1000


def run(url, store, mode='live'):
    options = LLMOptions(mode=mode, base_url=url, concurrency=64, timeout_s=5.0, retries=4, store=str(store))
    with LLMClient(options, backoff_s=0.002) as client:
        prompts = [([{'role': 'user', 'content': f'request {number}'}], CausalAnswer) for number in range(REQUESTS)]
        return list(client.run(prompts)), client


def is_final(statuses):
    """Return whether a prompt with answers of these statuses is not sent again."""
    if len(statuses) == MAX_PAID_ANSWERS or statuses[-1] in ('ok', 'refusal'):
        return True
    return statuses[-1] == 'length' and statuses.count('length') > 1


def test_thousand_prompts_with_mixed_faults_are_all_answered(tmp_path):
    store = tmp_path / 'store.jsonl'
    with llm_server.RunningServer(tmp_path) as server:
        url = server.plan(rates=RATES, seed=3)
        completions, client = run(url, store)
        log, usage = server.log(url), client.usage

        # nothing is lost
        assert len(completions) == usage.requests == sum(usage.statuses.values()) == REQUESTS
        assert Counter(completion.status for completion in completions) == usage.statuses
        assert len({completion.cache_key for completion in completions}) == REQUESTS

        # the server got what the client counted
        faults = Counter(entry['fault'] for entry in log)
        assert set(RATES) <= set(faults)
        assert len(log) == usage.calls == client.balance.spent.calls == sum(each.attempts for each in completions)
        attempts = Counter(entry['text'] for entry in log)
        assert [each.attempts for each in completions] == [attempts[f'request {n}'] for n in range(REQUESTS)]
        contents = [entry for entry in log if entry['fault'] in (*llm_server.USABLE, *llm_server.UNUSABLE)]
        assert usage.answers == len(contents)

        # each prompt has the status that its faults imply
        unfinished = 0
        for number, completion in enumerate(completions):
            history = [entry['fault'] for entry in log if entry['text'] == f'request {number}']
            answers = [fault for fault in history if fault in (*llm_server.USABLE, *llm_server.UNUSABLE)]
            expected = [llm_server.UNUSABLE.get(fault, 'ok') for fault in answers] or ['error']
            assert completion.status == expected[-1]
            assert not any(is_final(expected[:n]) for n in range(1, len(expected)))
            unfinished += not is_final(expected)
        retries = Counter()
        for text in attempts:
            for entry in [entry for entry in log if entry['text'] == text][:-1]:
                fault = entry['fault']
                status = llm_server.UNUSABLE.get(fault)
                retries[CAUSES.get(fault, fault) if status is None else status] += 1
        assert +usage.retries == retries

        # the store has exactly the paid answers
        stored = Store(store, writable=False)
        assert len(stored) == usage.answers
        tokens = [
            response.input_tokens + response.output_tokens
            for key in stored.keys()
            for response in stored.responses(key)
        ]
        stored.close()
        empty = 121 * faults['empty']  # paid for, but without an answer
        assert sum(tokens) + empty == usage.input_tokens + usage.output_tokens == client.balance.spent.tokens

        # a replay costs nothing, and a resumed run sends only the rest
        errors = [completion.status == 'error' for completion in completions]
        replayed, _ = run(url, store, 'replay')
        for before, after, error in zip(completions, replayed, errors):
            assert after.status == ('missing' if error else before.status)
            assert error or after == before._replace(attempts=0, replayed=True)
        before = len(log)
        again, client = run(server.plan('ok'), store)
        assert client.usage.calls == unfinished >= sum(errors) > 0
        assert sum(each != paid for each, paid in zip(again, replayed)) == unfinished
        assert len(server.log(url)) == before
