"""Addresses, and servers on one's own machine: requests in flight, time limits, prompts that are cut."""

import time

import pytest
from client_helpers import KEY, error_message, make_client, options, prompt, run, run_one

from crslab_causal.llm.client.addresses import default_concurrency, is_local, server_url
from crslab_causal.llm.client.backend import LLMBackend
from crslab_causal.llm.client.time_limit import MAX_LIMIT_S, TimeLimit
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.prompting import load_prompt

# ---------------------------------------------------------------- addresses


def test_address_of_the_environment_is_used_like_by_other_clients(server, monkeypatch):
    url = server.plan('ok', key=KEY)
    monkeypatch.setenv('OPENAI_BASE_URL', f'{url}/')
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    with make_client(None) as client:
        assert [completion.status for completion in client.run([prompt()])] == ['ok']
        assert LLMBackend(client, load_prompt('causal')).name == f'gpt-4o-mini at {url}'
    assert len(server.log(url)) == 1


def test_own_server_named_by_the_environment_needs_no_key(server, monkeypatch):
    monkeypatch.setenv('OPENAI_BASE_URL', server.plan('ok'))
    assert run_one(None)[0].status == 'ok'


def test_option_comes_before_the_environment(server, monkeypatch):
    url = server.plan('ok')
    monkeypatch.setenv('OPENAI_BASE_URL', 'http://127.0.0.1:9/v1')
    assert run_one(url)[0].status == 'ok'


@pytest.mark.parametrize('value', ['localhost:8000', 'http://me:secret-word@host/v1', 'http://host/v1?key=secret-word'])
def test_environment_without_an_address_is_an_error_that_does_not_quote_it(monkeypatch, value):
    monkeypatch.setenv('OPENAI_BASE_URL', value)
    message = error_message(make_client, None)
    assert 'OPENAI_BASE_URL' in message and 'secret-word' not in message


def test_openai_is_the_server_if_nothing_else_is_named(monkeypatch):
    monkeypatch.setenv('OPENAI_BASE_URL', ' ')
    assert server_url(LLMOptions()) == 'https://api.openai.com/v1'


@pytest.mark.parametrize(
    'url, expected',
    [
        ('http://localhost:8000/v1', True),
        ('http://127.0.0.1:11434/v1', True),
        ('http://[::1]:8000/v1', True),
        ('http://192.168.1.7/v1', True),
        ('http://10.0.0.2:8080', True),
        ('http://gpu-box:8000/v1', True),
        ('http://gpu.local/v1', True),
        ('http://host.docker.internal:11434/v1', True),
        ('https://api.openai.com/v1', False),
        ('https://8.8.8.8/v1', False),
        ('https://openrouter.ai/api/v1', False),
    ],
)
def test_local_servers_are_known_by_their_address(url, expected):
    assert is_local(url) == expected
    assert default_concurrency(LLMOptions(base_url=url)) == (4 if expected else 16)
    assert default_concurrency(LLMOptions(base_url=url, concurrency=64)) == 64


# ---------------------------------------------------------------- requests in flight and time limits


def test_local_server_gets_few_requests_at_a_time_and_answers_them_all(server):
    # one request at a time, as on a machine with one processor; with 16 in flight, the last ones would wait too long
    url = server.plan('ok', slots=1, delay=0.05)
    completions, client = run(url, map(str, range(24)), timeout_s=None)
    assert {completion.status for completion in completions} == {'ok'} and client.usage.calls == 24
    assert max(completion.latency_s for completion in completions) < 4 * 0.05 + 2
    log = server.log(url)
    in_flight = [sum(other['got'] <= entry['got'] < other['answered'] for other in log) for entry in log]
    assert max(in_flight) <= 4


def limit(**keys):
    return TimeLimit(options('http://localhost/v1', **{'timeout_s': None} | keys))


def test_time_limit_follows_the_measured_speed():
    measured = limit(max_tokens=500)
    assert measured.seconds == 600  # a local server may have to load its model first
    measured.add_answer(136.0, 151)  # SmolLM2 on a busy processor
    assert 1000 < measured.seconds < 2000
    measured.add_answer(0.1, 500)
    assert measured.seconds > 1000  # the slowest answer counts
    fast = limit(max_tokens=500)
    fast.add_answer(2.0, 100)
    assert fast.seconds == 60
    slow = limit(max_tokens=None)
    slow.add_answer(5000.0, 10)
    assert slow.seconds == MAX_LIMIT_S
    assert limit(timeout_s=5.0).seconds == 5
    assert TimeLimit(LLMOptions(base_url='https://far.example/v1')).seconds == 120


def test_time_limit_doubles_when_it_is_too_short(logged):
    doubled = limit()
    doubled.add_timeout(600.0)
    doubled.add_timeout(600.0)  # a second request that was sent under the old limit
    assert doubled.seconds == 1200
    doubled.add_answer(1.0, 1000)
    assert doubled.seconds == 1200  # a fast answer does not undo it
    for _ in range(9):
        doubled.add_timeout(doubled.seconds)
    assert doubled.seconds == MAX_LIMIT_S
    fixed = limit(timeout_s=5.0)
    fixed.add_timeout(5.0)
    assert fixed.seconds == 5
    assert sum('no answer within 600 s' in line for line in logged) == 1


def test_server_that_never_answers_ends_the_run(server):
    started = time.monotonic()
    message = error_message(run, server.plan('slow'), map(str, range(100)), timeout_s=0.2, retries=1, concurrency=4)
    assert 'no answer within 0.2 s' in message and 'llm.base_url' in message
    assert time.monotonic() - started < 10


# ---------------------------------------------------------------- prompts that are cut


def usage_of(n):
    return {'usage': {'prompt_tokens': n, 'completion_tokens': 20}}


def test_prompt_that_the_server_cuts_is_noticed_once(server, logged):
    texts = [f'{number} {"a long conversation " * 600}' for number in range(3)]  # 12,000 characters
    url = server.plan('ok', completion=usage_of(1500))
    completions, client = run(url, texts)
    assert {completion.status for completion in completions} == {'ok'}
    assert client.usage.cut_prompts == 3 and client.usage.summary()['cut_prompts'] == 3
    assert sum('may have cut the prompt' in line for line in logged) == 1
    assert {completion.input_tokens for completion in completions} == {1500}  # what it has read is what it may bill


def test_prompt_that_the_server_reads_as_a_whole_is_not_reported(server, logged):
    completions, client = run(server.plan('ok', completion=usage_of(2400)), ['a long conversation ' * 600])
    assert completions[0].status == 'ok' and client.usage.cut_prompts == 0
    assert not any('cut the prompt' in line for line in logged)


# ---------------------------------------------------------------- reported tokens


@pytest.mark.parametrize(
    'usage',
    [
        {'prompt_tokens': 0, 'completion_tokens': 0},
        {'prompt_tokens': 10**30, 'completion_tokens': 20},
        {'prompt_tokens': 20, 'completion_tokens': 10**9},
        {'prompt_tokens': -5, 'completion_tokens': 20},
        {'prompt_tokens': 20, 'completion_tokens': 0},
        {'prompt_tokens': 20.5, 'completion_tokens': '20'},
        {'prompt_tokens': True, 'completion_tokens': 20},
        {'prompt_tokens': 20},
        None,
        'many',
    ],
)
def test_impossible_tokens_are_estimated(server, usage):
    completion, counters = run_one(server.plan('ok', completion={'usage': usage}), budget={'usd': 5.0})
    assert completion.status == 'ok' and counters.estimated == 1
    assert 0 < completion.input_tokens < 30 and 10 < completion.output_tokens < 60
    assert counters.input_tokens == completion.input_tokens and counters.cost_usd < 1e-4


def test_thoughts_of_a_model_are_possible_tokens(server):
    completion, counters = run_one(
        server.plan('ok', completion={'usage': {'prompt_tokens': 30, 'completion_tokens': 5000}})
    )
    assert completion.output_tokens == 5000 and counters.estimated == 0


def test_budget_ends_although_the_server_reports_no_tokens(server):
    url = server.plan('ok', completion={'usage': {'prompt_tokens': 0, 'completion_tokens': 0}})
    completions, client = run(url, map(str, range(200)), budget={'tokens': 3000}, concurrency=2, max_tokens=100)
    assert {completion.status for completion in completions} == {'ok', 'budget'}
    assert len(server.log(url)) < 100 and client.balance.spent.tokens <= 3000
