"""Failures of a server: what is tried again, what is an error, and how long the client waits."""

import pytest
from asking import ask, client, complaint, one, run

from crslab_causal.llm.client.backoff import LONGEST_WAIT_S, Pace, retry_after_s


@pytest.mark.parametrize('fault', ['408', '409', '429', '429_date', '429_plain', '500', '503', 'reset', 'half', 'garbage',
                                   'empty', 'html', 'error_200'])
def test_what_passes_is_tried_again(server, fault):
    url = server.plan(fault, fault, 'ok') if fault != '429_date' else server.plan(fault, 'ok')
    failed = 1 if fault == '429_date' else 2
    completion, usage = one(url)
    assert (completion.status, completion.attempts) == ('ok', failed + 1)
    cause = {'reset': 'connection', 'half': 'connection', 'garbage': 'connection', 'empty': 'body', 'html': 'body',
             'error_200': 'body'}.get(fault, fault[:3])
    assert dict(usage.retries) == {cause: failed}
    assert usage.calls == len(server.log(url)) == failed + 1


def test_a_time_out_is_tried_again(server):
    completion, usage = one(server.plan('slow', 'ok'), timeout_s=0.5)
    assert completion.status == 'ok' and usage.retries['timeout'] >= 1


def test_what_does_not_pass_is_an_error_that_is_not_stored(server, tmp_path):
    url, store = server.plan('500', only='bad'), str(tmp_path / 'store.jsonl')
    completions, asked = run(url, ['good', 'bad'], store=store)
    assert [completion.status for completion in completions] == ['ok', 'error']
    assert completions[1].attempts == 4 and '500' in completions[1].detail and '4 tries' in completions[1].detail
    assert asked.usage.answers == 1
    assert run(server.plan('ok'), ['good', 'bad'], store=store)[1].usage.calls == 1


def test_a_request_that_is_wrong_by_itself_is_not_sent_again(server):
    completions, asked = run(server.plan('context', only='long'), ['long', 'short'])
    assert [completion.status for completion in completions] == ['error', 'ok']
    assert 'maximum context length' in completions[0].detail and asked.usage.calls == 2


@pytest.mark.parametrize('fault, said', [('401', 'OPENAI_API_KEY'), ('403', 'OPENAI_API_KEY'), ('404', 'llm.model'),
                                         ('quota', 'paid')])
def test_mistakes_are_said_at_once(server, tmp_path, fault, said):
    url = server.plan(fault, only='bad')
    texts = [*map(str, range(10)), 'bad', *map(str, range(10, 500))]
    store = tmp_path / 'store.jsonl'
    assert said in complaint(run, url, texts, store=str(store), concurrency=4)
    log = server.log(url)
    assert len(log) < 500
    assert len(store.read_bytes().splitlines()) == sum(entry['fault'] == 'ok' for entry in log)


@pytest.mark.parametrize('url', ['http://127.0.0.1:9/v1', 'http://nowhere.invalid/v1'])
def test_a_server_that_is_not_there_is_a_mistake(url):
    with client(url, budget={'calls': 9}) as asked:
        assert 'llm.base_url' in complaint(list, asked.run([ask()]))
    assert asked.balance.spent.calls == asked.balance.unsure.tokens == 0


def test_an_address_that_is_no_api_is_a_mistake(server):
    assert 'llm.base_url' in complaint(one, server.plan('html'))


def test_retry_after_is_obeyed_by_all(server):
    url = server.plan('429', 'ok', only='bad', retry_after='0.5')
    run(url, ['bad', *map(str, range(30))], concurrency=4)
    log = server.log(url)
    told = next(entry for entry in log if entry['text'] == 'bad')['answered']
    early = [entry for entry in log if told < entry['got'] < told + 0.4]
    assert len(log) == 32
    # those that were on their way, and those that were sent before the client had read the answer
    assert len(early) < 20


def test_one_worker_waits_as_long_as_it_is_told(server):
    url = server.plan('429', 'ok', retry_after='0.3')
    one(url)
    first, second = server.log(url)
    assert second['got'] - first['answered'] >= 0.3


def test_waits_are_read_and_cut(logged):
    now = 1_700_000_000.0
    assert retry_after_s({'retry-after': '7'}, now) == 7
    assert retry_after_s({'retry-after': 'Tue, 14 Nov 2023 22:13:30 GMT'}, now) == 10
    assert retry_after_s({'retry-after': 'Tue, 14 Nov 2023 22:13:00 GMT'}, now) == 0
    assert retry_after_s({'retry-after-ms': '1500', 'retry-after': '9'}, now) == 1.5
    for nothing in ({}, {'retry-after': 'soon'}, {'retry-after': 'nan'}, {'retry-after': ''}):
        assert retry_after_s(nothing, now) is None
    pace = Pace(0.5)
    assert all(0 <= pace.delay(failures, None) <= 0.5 * 64 for failures in range(1, 30))
    assert all(7 <= pace.delay(failures, 7) <= 7.5 for failures in range(1, 30))
    assert LONGEST_WAIT_S <= pace.delay(1, float('inf')) <= LONGEST_WAIT_S + 1
    pace.delay(1, 9999)
    assert sum('waits are cut' in line for line in logged) == 1
