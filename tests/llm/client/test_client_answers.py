"""What the client makes of answers, and of servers with and without schemas."""

import json

import pytest
import llm_server as faulty
from asking import ask, client, complaint, one, run
from pydantic import BaseModel, Field

from crslab_causal.llm.answer import TitleAnswer, repair_ranking
from crslab_causal.llm.client.record import Response
from crslab_causal.llm.client.structured import judge, strict_schema

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
