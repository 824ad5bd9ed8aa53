"""The client against a real server on the loopback: every fault, and what it costs."""

import asyncio
import json
import multiprocessing
import os
import signal
import time

import pytest

import server as faulty
from loguru import logger
from pydantic import BaseModel, Field

from crslab_causal.errors import UserError
from crslab_causal.llm.answer import CausalAnswer, TitleAnswer, repair_ranking
from crslab_causal.llm.calling.client import LLMClient
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.calling.pace import LONGEST_WAIT_S, Pace, retry_after_s
from crslab_causal.llm.calling.record import Response
from crslab_causal.llm.calling.structured import judge, strict_schema

KEY = 'sk-secret-0123456789'


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    with faulty.Running(tmp_path_factory.mktemp('server')) as running:
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ('OPENAI_API_KEY', 'OPENAI_BASE_URL'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('NO_PROXY', '*')


@pytest.fixture
def logged():
    lines = []
    sink = logger.add(lambda message: lines.append(str(message)), level='INFO', format='{message}')
    yield lines
    logger.remove(sink)


def ask(text='hello'):
    return [{'role': 'system', 'content': 'You recommend.'}, {'role': 'user', 'content': text}], CausalAnswer


def options(base_url, **keys):
    return LLMOptions(**{'mode': 'live', 'base_url': base_url, 'retries': 3, 'timeout_s': 20.0} | keys)


def client(base_url, **keys):
    return LLMClient(options(base_url, **keys), backoff_s=0.002)


def run(base_url, texts=('hello',), **keys):
    """Completions of ``texts``, and the client that got them."""
    with client(base_url, **keys) as asked:
        return list(asked.run([ask(text) for text in texts])), asked


def one(base_url, **keys):
    (completion,), asked = run(base_url, **keys)
    return completion, asked.usage


def complaint(function, *args, **kwargs):
    with pytest.raises(UserError) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert message and '\n' not in message
    return message


# ---------------------------------------------------------------- answers

@pytest.mark.parametrize('structured', ['schema', 'json'])
@pytest.mark.parametrize('fault', [fault for fault in faulty.GOOD if fault != 'no_usage'])
def test_an_answer_that_can_be_used(server, fault, structured):
    url = server.plan(fault)
    completion, usage = one(url, structured=structured)
    assert (completion.status, completion.attempts, completion.replayed) == ('ok', 1, False)
    assert completion.parsed.explanation.startswith('because of')
    assert (completion.input_tokens, completion.output_tokens) == (101, 20)
    assert completion.cost_usd == pytest.approx((101 * 0.15 + 20 * 0.60) / 1e6)
    assert completion.latency_s > 0
    ranking, repairs = repair_ranking(completion.parsed.ranking, 5)
    assert sorted(ranking) == list(range(5))
    assert repairs == {'duplicates': (0, 1, 1), 'unknown': (1, 0, 1), 'omitted': (0, 0, 1)}.get(fault, (0, 0, 0))
    assert (usage.calls, usage.answers, dict(usage.statuses)) == (1, 1, {'ok': 1})
    assert [entry['form'] for entry in server.log(url)] == [structured]


def test_tokens_that_the_server_does_not_say_are_estimated(server):
    completion, usage = one(server.plan('no_usage'))
    assert completion.input_tokens > 0 and completion.output_tokens > 0 and usage.estimated == 1
    assert usage.input_tokens == completion.input_tokens


@pytest.mark.parametrize('fault, status', sorted(faulty.UNUSABLE.items()))
def test_an_answer_that_cannot_be_used_is_stored(server, tmp_path, fault, status):
    url, store = server.plan(fault), str(tmp_path / 'store.jsonl')
    completion, usage = one(url, store=store, structured='schema')
    paid = 3 if status == 'invalid' else 1
    assert (completion.status, completion.parsed, completion.attempts) == (status, None, paid)
    assert completion.detail and '\n' not in completion.detail
    assert completion.output_tokens == 20 * paid
    assert usage.retries['invalid'] == paid - 1
    again, usage = one(url, store=store, structured='schema')
    assert again == completion._replace(attempts=0, replayed=True)
    assert (usage.calls, usage.replayed) == (0, 1)
    assert one(url, store=store, mode='replay')[0] == again
    assert len(server.log(url)) == paid


def test_an_answer_that_cannot_be_used_is_asked_for_with_another_seed(server):
    url = server.plan('wrong_keys', 'cut', 'ok')
    completion, usage = one(url)
    assert (completion.status, completion.attempts, completion.input_tokens) == ('ok', 3, 303)
    assert [entry['body']['seed'] for entry in server.log(url)] == [2020, 2021, 2022]
    assert usage.cost_usd == pytest.approx(completion.cost_usd)


def test_a_third_answer_is_not_paid_for_twice(server, tmp_path):
    store = tmp_path / 'store.jsonl'
    one(server.plan('prose', 'prose', 'ok'), store=str(store))
    store.write_bytes(b''.join(store.read_bytes().splitlines(keepends=True)[:2]))
    url = server.plan('ok')
    completion, usage = one(url, store=str(store))
    assert (completion.status, completion.attempts, completion.output_tokens) == ('ok', 1, 60)
    assert server.log(url)[0]['body']['seed'] == 2022


def test_parts_of_an_answer():
    def status(content, finish='stop', schema=TitleAnswer):
        return judge(Response(content, finish, None, 1, 1, 0.1, 'm', 'json'), schema)
    good = '{"reasoning": "r", "titles": ["Heat"], "response": "x"}'
    assert status(good + '\n' * 500, 'length').status == 'ok'
    assert status(good[:-1], 'length').status == 'length'
    assert status('{' * 5000).status == 'invalid'
    assert status('[' * 50_000 + '{"a":' * 50_000).status == 'invalid'
    assert status(good.replace('"r"', '"\\ud800"')).parsed.reasoning == '?'
    assert 'titles' in status(good.replace('["Heat"]', '3')).detail
    assert status(f'{{"note": 1}} and {good}').parsed.titles == ['Heat']


def test_half_a_pair_of_utf16_in_a_dialogue_is_sent_as_a_question_mark(server):
    url = server.plan('ok')
    assert run(url, ['so \ud83d sad'])[0][0].status == 'ok'
    assert server.log(url)[0]['text'] == 'so ? sad'


def test_the_schema_is_strict_and_keeps_its_order():
    class Inner(BaseModel):
        """Not for the model."""
        title: str = 'x'

    class Outer(BaseModel):
        """Not for the model."""
        why: str = Field(description='for the model')
        description: int = 3
        inner: list[Inner] = []
    schema = strict_schema(Outer)
    assert list(schema['properties']) == schema['required'] == ['why', 'description', 'inner']
    assert schema['properties']['why'] == {'description': 'for the model', 'type': 'string'}
    assert schema['$defs']['Inner'] == {'properties': {'title': {'type': 'string'}}, 'type': 'object',
                                        'additionalProperties': False, 'required': ['title']}
    assert 'Not for' not in json.dumps(schema)


# ---------------------------------------------------------------- schemas

def test_a_server_without_schemas_is_found_out_once(server, tmp_path):
    url, store = server.plan(schemas=False), str(tmp_path / 'store.jsonl')
    completions, asked = run(url, 'abcdef', store=store, concurrency=1)
    assert {completion.status for completion in completions} == {'ok'}
    forms = [entry['form'] for entry in server.log(url)]
    assert forms == ['schema', *['json'] * 6]
    assert asked.usage.schema_fallback and asked.usage.retries['schema'] == 1
    system = server.log(url)[1]['body']['messages'][0]['content']
    assert system.startswith('You recommend.\n\n') and '"explanation"' in system
    # another form of asking does not make it another request
    assert run(server.plan('ok'), 'abcdef', store=store, structured='schema')[1].usage.calls == 0


def test_without_schemas_many_at_once_all_get_an_answer(server):
    url = server.plan(schemas=False, delay=0.02)
    completions, asked = run(url, map(str, range(20)), concurrency=8)
    assert {completion.status for completion in completions} == {'ok'}
    assert asked.usage.calls == len(server.log(url)) == 20 + asked.usage.retries['schema'] <= 28


def test_a_server_that_ignores_schemas_is_found_out_by_its_first_answer(server):
    url = server.plan('prose', 'ok')
    with client(url) as asked:
        for text in 'ab':
            assert [completion.status for completion in asked.run([ask(text)])] == ['ok']
    assert [entry['form'] for entry in server.log(url)] == ['schema', 'json', 'json', 'json']
    assert asked.usage.schema_fallback


def test_a_server_that_enforces_schemas_is_not_given_up_for_one_bad_answer(server):
    url = server.plan('prose', 'ok', only='bad')
    with client(url) as asked:
        for text in ('good', 'bad'):
            assert [completion.status for completion in asked.run([ask(text)])] == ['ok']
    assert [entry['form'] for entry in server.log(url)] == ['schema'] * 3
    assert not asked.usage.schema_fallback


def test_schema_and_nothing_else(server):
    assert 'llm.structured' in complaint(one, server.plan(schemas=False), structured='schema')


def test_a_server_that_wants_max_completion_tokens_gets_it(server):
    url = server.plan(max_tokens=False)
    assert one(url)[0].status == 'ok'
    assert server.log(url)[1]['body']['max_completion_tokens'] == 1024


# ---------------------------------------------------------------- failures

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


# ---------------------------------------------------------------- loops

def test_results_come_in_order_from_an_iterator_of_any_length(server):
    texts = [str(number % 200) for number in range(1500)]
    with client(server.plan('500', 'ok', only='7'), concurrency=32) as asked:
        completions = list(asked.run(ask(text) for text in texts))
        with pytest.raises(RuntimeError):
            asked.close()
            next(asked.run([ask()]))
    assert len(completions) == 1500 and len({completion.prompt_hash for completion in completions}) == 200
    again, _ = run(server.plan('ok'), texts[:20])
    assert [each.prompt_hash for each in again] == [each.prompt_hash for each in completions[:20]]


def test_who_stops_early_pays_for_no_more(server, tmp_path):
    url, store = server.plan(delay=0.02), tmp_path / 'store.jsonl'
    with client(url, store=str(store), concurrency=4) as asked:
        for completion in asked.run([ask(str(number)) for number in range(200)]):
            break
    assert len(server.log(url)) < 100
    assert len(store.read_bytes().splitlines()) == len(server.log(url))


def test_it_works_in_any_event_loop(server):
    url = server.plan('ok')

    async def main():
        async with client(url) as asked:
            return await asyncio.gather(*(asked.complete(*ask(text)) for text in 'abca'))
    completions = asyncio.run(main())
    assert [completion.status for completion in completions] == ['ok'] * 4
    assert len(server.log(url)) == 3


def test_cancelled_before_it_is_sent_it_is_not_and_afterwards_it_is_stored(server):
    url = server.plan(delay=0.2)

    async def main():
        async with client(url, concurrency=1) as asked:
            sent, unsent = (asyncio.ensure_future(asked.complete(*ask(text))) for text in ('sent', 'unsent'))
            while not server.log(url):
                await asyncio.sleep(0.01)
            sent.cancel()
            unsent.cancel()
            await asyncio.gather(sent, unsent, return_exceptions=True)
            return await asked.complete(*ask('sent')), asked.usage
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


def test_a_second_ctrl_c_gives_up(server, tmp_path):
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


def test_ctrl_c_stores_what_is_on_its_way(server, tmp_path):
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
