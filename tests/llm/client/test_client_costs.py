"""Nothing is paid for twice, no budget is overshot, and no key is left anywhere."""

import pytest
from asking import KEY, client, complaint, one, run

# ---------------------------------------------------------------- nothing is paid for twice


def test_equal_requests_are_sent_once(server):
    url = server.plan(delay=0.05)
    completions, asked = run(url, ['same'] * 10 + ['other'] * 5)
    assert len(server.log(url)) == asked.usage.calls == 2
    assert asked.usage.requests == 15
    assert asked.usage.coalesced + asked.usage.replayed == 13
    assert sum(not completion.replayed for completion in completions) == 2
    assert sum(completion.cost_usd for completion in completions if not completion.replayed) == pytest.approx(
        asked.usage.cost_usd)


def test_what_is_in_the_store_is_never_sent(server, tmp_path):
    url, store = server.plan('ok'), str(tmp_path / 'store.jsonl')
    first, _ = run(url, 'abc', store=store)
    again, asked = run(url, 'abcd', store=store)
    assert [completion._replace(attempts=1, replayed=False) for completion in again[:3]] == first
    assert asked.usage.replayed == 3 and len(server.log(url)) == 4
    elsewhere, asked = run(server.plan('500'), 'abc', store=store)
    assert elsewhere == again[:3] and asked.usage.calls == 0


def test_replay_sends_nothing(server, tmp_path):
    url, store = server.plan('ok'), str(tmp_path / 'store.jsonl')
    run(url, 'ab', store=store)
    completions, asked = run(None, 'abc', store=store, mode='replay')
    assert [completion.status for completion in completions] == ['ok', 'ok', 'missing']
    assert asked.usage.summary()['statuses'] == {'missing': 1, 'ok': 2}
    assert asked.usage.calls == 0 and len(server.log(url)) == 2


# ---------------------------------------------------------------- budgets

@pytest.mark.parametrize('budget', [{'calls': 10}, {'tokens': 10_000}, {'usd': 0.002}])
def test_a_budget_is_not_overshot(server, tmp_path, budget):
    url = server.plan(delay=0.01)
    store = str(tmp_path / 'store.jsonl')
    completions, asked = run(url, map(str, range(300)), budget=budget, concurrency=16, store=store)
    statuses = [completion.status for completion in completions]
    balance = asked.balance
    assert set(statuses) == {'ok', 'budget'}
    assert statuses.count('ok') == len(server.log(url)) == balance.spent.calls
    assert balance.spent.tokens == 121 * statuses.count('ok')
    for name, left in zip(('calls', 'tokens', 'usd'), (balance.left_calls, balance.left_tokens, balance.left_usd)):
        if name in budget:
            assert 0 <= left == pytest.approx(budget[name] - getattr(balance.spent, name))
        else:
            assert left is None
    # the next run goes on where this one ended
    again, _ = run(url, map(str, range(300)), store=store, mode='replay')
    assert [completion.status for completion in again] == [
        'missing' if status == 'budget' else 'ok' for status in statuses]


def test_repeated_calls_count(server):
    completions, asked = run(server.plan('500', 'ok'), 'abcd', budget={'calls': 5}, concurrency=1)
    assert {completion.status for completion in completions} == {'ok', 'budget'}
    assert asked.balance.left_calls == 0 and asked.usage.calls == 5
    assert asked.usage.retries['500'] == 4


@pytest.mark.parametrize('fault', ['reset', 'half', 'garbage'])
def test_a_call_without_an_answer_may_have_cost_something(server, fault):
    _, asked = run(server.plan(fault, 'ok'), budget={'tokens': 100_000})
    assert asked.balance.unsure.tokens > 1024 and asked.balance.spent == (2, 121, pytest.approx(asked.usage.cost_usd))


@pytest.mark.parametrize('keys, said', [
    ({'model': 'mine', 'budget': {'usd': 1}}, 'llm.prices.mine'),
    ({'max_tokens': None, 'budget': {'usd': 1}}, 'llm.max_tokens'),
    ({'max_tokens': None, 'budget': {'tokens': 1}}, 'llm.max_tokens'), ({'mode': 'offline'}, 'llm.mode'),
    ({'mode': 'replay'}, 'llm.store'), ({'base_url': None}, 'OPENAI_API_KEY'),
    ({'mode': 'replay', 'store': 'nowhere.jsonl'}, 'nowhere.jsonl')])
def test_what_cannot_work_is_said_before_anything_is_sent(keys, said):
    assert said in complaint(client, **{'base_url': 'http://127.0.0.1:9/v1'} | keys)


def test_a_model_without_a_price_has_no_cost(server):
    completion, usage = one(server.plan('ok'), model='mine')
    assert completion.cost_usd is None and usage.cost_usd == 0


# ---------------------------------------------------------------- keys

def test_no_key_is_needed_for_a_server_of_ones_own(server):
    url = server.plan('ok')
    assert one(url)[0].status == 'ok'


def test_the_key_is_sent_and_stands_nowhere(server, tmp_path, monkeypatch, logged):
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    url, store = server.plan('500', 'ok', key=KEY), tmp_path / 'store.jsonl'
    assert one(url, store=str(store))[0].status == 'ok'
    monkeypatch.setenv('OPENAI_API_KEY', KEY + 'x')
    message = complaint(one, url)
    assert 'Incorrect API key' in message and KEY not in message
    detail = one(server.plan('garbage'), retries=0)[0].detail  # aiohttp's exception holds the headers that were sent
    assert detail and KEY not in detail
    assert KEY not in store.read_text('utf-8') and 'earer' not in store.read_text('utf-8')
    assert not any(KEY in line for line in logged)


def test_a_proxy_of_the_environment_is_used(server, monkeypatch):
    url = server.plan('ok')
    monkeypatch.delenv('NO_PROXY')
    monkeypatch.setenv('HTTP_PROXY', server.root)  # it takes the path of an address, whatever host stands before it
    assert one(url.replace('127.0.0.1', 'far.invalid'))[0].status == 'ok'
    assert len(server.log(url)) == 1
