"""Costs, budgets and keys: nothing is paid for twice, no budget is exceeded, and no key is written."""

import pytest
from client_helpers import KEY, error_message, make_client, run, run_one

# ---------------------------------------------------------------- nothing is paid for twice


def test_equal_requests_are_sent_once(server):
    url = server.plan(delay=0.05)
    completions, client = run(url, ['same'] * 10 + ['other'] * 5)
    assert len(server.log(url)) == client.usage.calls == 2
    assert client.usage.requests == 15
    assert client.usage.coalesced + client.usage.replayed == 13
    assert sum(not completion.replayed for completion in completions) == 2
    assert sum(completion.cost_usd for completion in completions if not completion.replayed) == pytest.approx(
        client.usage.cost_usd
    )


def test_prompt_with_an_answer_in_the_store_is_never_sent(server, tmp_path):
    url, store = server.plan('ok'), str(tmp_path / 'store.jsonl')
    first, _ = run(url, 'abc', store=store)
    again, client = run(url, 'abcd', store=store)
    assert [completion._replace(attempts=1, replayed=False) for completion in again[:3]] == first
    assert client.usage.replayed == 3 and len(server.log(url)) == 4
    other_completions, client = run(server.plan('500'), 'abc', store=store)
    assert other_completions == again[:3] and client.usage.calls == 0


def test_replay_sends_nothing(server, tmp_path):
    url, store = server.plan('ok'), str(tmp_path / 'store.jsonl')
    run(url, 'ab', store=store)
    completions, client = run(None, 'abc', store=store, mode='replay')
    assert [completion.status for completion in completions] == ['ok', 'ok', 'missing']
    assert client.usage.summary()['statuses'] == {'missing': 1, 'ok': 2}
    assert client.usage.calls == 0 and len(server.log(url)) == 2


# ---------------------------------------------------------------- budgets


@pytest.mark.parametrize('budget', [{'calls': 10}, {'tokens': 10_000}, {'usd': 0.002}])
def test_budget_is_not_exceeded(server, tmp_path, budget):
    url = server.plan(delay=0.01)
    store = str(tmp_path / 'store.jsonl')
    completions, client = run(url, map(str, range(300)), budget=budget, concurrency=16, store=store)
    statuses = [completion.status for completion in completions]
    balance = client.balance
    assert set(statuses) == {'ok', 'budget'}
    assert statuses.count('ok') == len(server.log(url)) == balance.spent.calls
    assert balance.spent.tokens == 121 * statuses.count('ok')
    for name, left in zip(('calls', 'tokens', 'usd'), (balance.left_calls, balance.left_tokens, balance.left_usd)):
        if name in budget:
            assert 0 <= left == pytest.approx(budget[name] - getattr(balance.spent, name))
        else:
            assert left is None
    # the next run continues where this one ended
    again, _ = run(url, map(str, range(300)), store=store, mode='replay')
    assert [completion.status for completion in again] == [
        'missing' if status == 'budget' else 'ok' for status in statuses
    ]


def test_retried_calls_count_towards_the_budget(server):
    completions, client = run(server.plan('500', 'ok'), 'abcd', budget={'calls': 5}, concurrency=1)
    assert {completion.status for completion in completions} == {'ok', 'budget'}
    assert client.balance.left_calls == 0 and client.usage.calls == 5
    assert client.usage.retries['500'] == 4


@pytest.mark.parametrize('fault', ['reset', 'half', 'garbage'])
def test_aborted_call_counts_with_its_maximum_cost(server, fault):
    _, client = run(server.plan(fault, 'ok'), budget={'tokens': 100_000})
    assert client.balance.unsure.tokens > 1024 and client.balance.spent == (
        2,
        121,
        pytest.approx(client.usage.cost_usd),
    )


@pytest.mark.parametrize(
    'keys, message',
    [
        ({'model': 'mine', 'budget': {'usd': 1}}, 'llm.prices.mine'),
        ({'max_tokens': None, 'budget': {'usd': 1}}, 'llm.max_tokens'),
        ({'max_tokens': None, 'budget': {'tokens': 1}}, 'llm.max_tokens'),
        ({'mode': 'offline'}, 'llm.mode'),
        ({'mode': 'replay'}, 'llm.store'),
        ({'base_url': None}, 'OPENAI_API_KEY'),
        ({'mode': 'replay', 'store': 'nowhere.jsonl'}, 'nowhere.jsonl'),
    ],
)
def test_wrong_options_are_rejected_before_anything_is_sent(keys, message):
    assert message in error_message(make_client, **{'base_url': 'http://127.0.0.1:9/v1'} | keys)


def test_model_without_a_price_has_no_cost(server):
    completion, usage = run_one(server.plan('ok'), model='mine')
    assert completion.cost_usd is None and usage.cost_usd == 0


# ---------------------------------------------------------------- keys


def test_own_server_needs_no_key(server):
    url = server.plan('ok')
    assert run_one(url)[0].status == 'ok'


def test_key_is_sent_but_never_written(server, tmp_path, monkeypatch, logged):
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    url, store = server.plan('500', 'ok', key=KEY), tmp_path / 'store.jsonl'
    assert run_one(url, store=str(store))[0].status == 'ok'
    monkeypatch.setenv('OPENAI_API_KEY', KEY + 'x')
    message = error_message(run_one, url)
    assert 'Incorrect API key' in message and KEY not in message
    detail = run_one(server.plan('garbage'), retries=0)[
        0
    ].detail  # aiohttp's exception contains the headers that were sent
    assert detail and KEY not in detail
    assert KEY not in store.read_text('utf-8') and 'earer' not in store.read_text('utf-8')
    assert not any(KEY in line for line in logged)


def test_proxy_of_the_environment_is_used(server, monkeypatch):
    url = server.plan('ok')
    monkeypatch.delenv('NO_PROXY')
    monkeypatch.setenv('HTTP_PROXY', server.root)  # it uses the path of an address and ignores the host
    assert run_one(url.replace('127.0.0.1', 'far.invalid'))[0].status == 'ok'
    assert len(server.log(url)) == 1
