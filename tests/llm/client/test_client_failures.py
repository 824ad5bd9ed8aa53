"""Failures of a server: which are retried, which are errors, and how long the client waits."""

import pytest
from client_helpers import error_message, make_client, prompt, run, run_one

from crslab_causal.llm.client.backoff import MAX_WAIT_S, Backoff


@pytest.mark.parametrize(
    'fault',
    [
        '408',
        '409',
        '429',
        '429_date',
        '429_plain',
        '500',
        '503',
        'reset',
        'half',
        'garbage',
        'empty',
        'html',
        'error_200',
    ],
)
def test_temporary_failure_is_retried(server, fault):
    url = server.plan(fault, fault, 'ok') if fault != '429_date' else server.plan(fault, 'ok')
    n_failed = 1 if fault == '429_date' else 2
    completion, usage = run_one(url)
    assert (completion.status, completion.attempts) == ('ok', n_failed + 1)
    cause = {
        'reset': 'connection',
        'half': 'connection',
        'garbage': 'connection',
        'empty': 'body',
        'html': 'body',
        'error_200': 'body',
    }.get(fault, fault[:3])
    assert dict(usage.retries) == {cause: n_failed}
    assert usage.calls == len(server.log(url)) == n_failed + 1


def test_timeout_is_retried(server):
    completion, usage = run_one(server.plan('slow', 'ok'), timeout_s=0.5)
    assert completion.status == 'ok' and usage.retries['timeout'] >= 1


def test_permanent_failure_is_an_error_and_is_not_stored(server, tmp_path):
    url, store = server.plan('500', only='bad'), str(tmp_path / 'store.jsonl')
    completions, client = run(url, ['good', 'bad'], store=store)
    assert [completion.status for completion in completions] == ['ok', 'error']
    assert completions[1].attempts == 4 and '500' in completions[1].detail and '4 tries' in completions[1].detail
    assert client.usage.answers == 1
    assert run(server.plan('ok'), ['good', 'bad'], store=store)[1].usage.calls == 1


def test_rejected_request_is_not_sent_again(server):
    completions, client = run(server.plan('context', only='long'), ['long', 'short'])
    assert [completion.status for completion in completions] == ['error', 'ok']
    assert 'maximum context length' in completions[0].detail and client.usage.calls == 2


@pytest.mark.parametrize(
    'fault, message', [('401', 'OPENAI_API_KEY'), ('403', 'OPENAI_API_KEY'), ('404', 'llm.model'), ('quota', 'paid')]
)
def test_wrong_options_stop_the_run_immediately(server, tmp_path, fault, message):
    url = server.plan(fault, only='bad')
    texts = [*map(str, range(10)), 'bad', *map(str, range(10, 500))]
    store = tmp_path / 'store.jsonl'
    assert message in error_message(run, url, texts, store=str(store), concurrency=4)
    log = server.log(url)
    assert len(log) < 500
    assert len(store.read_bytes().splitlines()) == sum(entry['fault'] == 'ok' for entry in log)


@pytest.mark.parametrize(
    'message',
    [
        'Invalid model name passed in model=x',
        "Model 'x:7b' does not exist",
        'The model `x` was not found',
        'unknown model: x',
        'no such model x',
    ],
)
def test_unknown_model_stops_the_run_whatever_the_status(server, message):
    url = server.plan('reply 0', replies=[{'status': 400, 'body': {'error': {'message': message}}}])
    error = error_message(run, url, map(str, range(20)), concurrency=1)
    assert 'llm.model' in error and message in error and len(server.log(url)) == 1


@pytest.mark.parametrize('url', ['http://127.0.0.1:9/v1', 'http://nowhere.invalid/v1'])
def test_unreachable_server_is_a_user_error(url):
    with make_client(url, budget={'calls': 9}) as client:
        assert 'llm.base_url' in error_message(list, client.run([prompt()]))
    assert client.balance.spent.calls == client.balance.unsure.tokens == 0


def test_address_without_an_api_is_a_user_error(server):
    assert 'llm.base_url' in error_message(run_one, server.plan('html'))


def test_retry_after_pauses_all_workers(server):
    url = server.plan('429', 'ok', only='bad', retry_after='0.5')
    run(url, ['bad', *map(str, range(30))], concurrency=4)
    log = server.log(url)
    asked_to_wait = next(entry for entry in log if entry['text'] == 'bad')['answered']
    early = [entry for entry in log if asked_to_wait < entry['got'] < asked_to_wait + 0.4]
    assert len(log) == 32
    # requests that were in flight, or were sent before the client had read the answer
    assert len(early) < 20


def test_single_worker_waits_as_long_as_the_server_asks(server):
    url = server.plan('429', 'ok', retry_after='0.3')
    run_one(url)
    first, second = server.log(url)
    assert second['got'] - first['answered'] >= 0.3


def test_waits_are_capped(logged):
    backoff = Backoff(0.5)
    for is_limited in (True, False):
        assert all(0 <= backoff.delay(failures, None, is_limited) <= 0.5 * 64 for failures in range(1, 30))
        assert MAX_WAIT_S <= backoff.delay(1, float('inf'), is_limited) <= MAX_WAIT_S + 1
    assert all(7 <= backoff.delay(failures, 7, True) <= 7.5 for failures in range(1, 30))
    assert all(7 <= backoff.delay(failures, 7, False) <= 0.5 * 64 for failures in range(1, 30))
    assert sum('waits are capped' in line for line in logged) == 1
