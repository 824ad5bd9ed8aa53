"""The client with usable and unusable answers, and with servers that do or do not enforce schemas."""

import json

import pytest
from client_helpers import error_message, make_client, prompt, run, run_one
from pydantic import BaseModel, Field

import llm_server
from crslab_causal.llm.answer import ReasonedTitleAnswer, repair_ranking
from crslab_causal.llm.client.answer_parser import parse_answer
from crslab_causal.llm.client.record import Response
from crslab_causal.llm.client.structured import strict_schema

# ---------------------------------------------------------------- answers


@pytest.mark.parametrize('structured', ['schema', 'json'])
@pytest.mark.parametrize('fault', [fault for fault in llm_server.USABLE if fault != 'no_usage'])
def test_usable_answer_is_parsed(server, fault, structured):
    url = server.plan(fault)
    completion, usage = run_one(url, structured=structured)
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


def test_unreported_tokens_are_estimated(server):
    completion, usage = run_one(server.plan('no_usage'))
    assert completion.input_tokens > 0 and completion.output_tokens > 0 and usage.estimated == 1
    assert usage.input_tokens == completion.input_tokens


@pytest.mark.parametrize('fault, status', sorted(llm_server.UNUSABLE.items()))
def test_unusable_answer_is_stored(server, tmp_path, fault, status):
    url, store = server.plan(fault), str(tmp_path / 'store.jsonl')
    completion, usage = run_one(url, store=store, structured='schema')
    n_paid = {'invalid': 3, 'length': 2}.get(status, 1)
    assert (completion.status, completion.parsed, completion.attempts) == (status, None, n_paid)
    assert completion.detail and '\n' not in completion.detail
    assert completion.output_tokens == 20 * n_paid
    assert usage.retries[status] == n_paid - 1
    again, usage = run_one(url, store=store, structured='schema')
    assert again == completion._replace(attempts=0, replayed=True)
    assert (usage.calls, usage.replayed) == (0, 1)
    assert run_one(url, store=store, mode='replay')[0] == again
    assert len(server.log(url)) == n_paid


def test_invalid_answer_is_requested_again_with_another_seed(server):
    url = server.plan('wrong_keys', 'cut', 'ok')
    completion, usage = run_one(url)
    assert (completion.status, completion.attempts, completion.input_tokens) == ('ok', 3, 303)
    assert [entry['body']['seed'] for entry in server.log(url)] == [2020, 2021, 2022]
    assert usage.cost_usd == pytest.approx(completion.cost_usd)


def test_resumed_run_pays_only_for_the_missing_third_answer(server, tmp_path):
    store = tmp_path / 'store.jsonl'
    run_one(server.plan('prose', 'prose', 'ok'), store=str(store))
    store.write_bytes(b''.join(store.read_bytes().splitlines(keepends=True)[:2]))
    url = server.plan('ok')
    completion, _ = run_one(url, store=str(store))
    assert (completion.status, completion.attempts, completion.output_tokens) == ('ok', 1, 60)
    assert server.log(url)[0]['body']['seed'] == 2022


def test_incomplete_and_malformed_answers_are_handled():
    def status(content, finish='stop', schema=ReasonedTitleAnswer):
        return parse_answer(Response(content, finish, None, 1, 1, 0.1, 'm', 'json'), schema)

    good = '{"reasoning": "r", "titles": ["Heat"], "response": "x"}'
    assert status(good + '\n' * 500, 'length').status == 'ok'
    assert status(good[:-1], 'length').status == 'partial'
    assert status(good[:20], 'length').status == 'length'
    assert status('{' * 5000).status == 'invalid'
    assert status('[' * 50_000 + '{"a":' * 50_000).status == 'invalid'
    assert status(good.replace('"r"', '"\\ud800"')).parsed.reasoning == '?'
    assert 'titles' in status(good.replace('["Heat"]', '3')).detail
    assert status(f'{{"note": 1}} and {good}').parsed.titles == ['Heat']


def test_unpaired_surrogate_in_a_dialogue_is_sent_as_a_question_mark(server):
    url = server.plan('ok')
    assert run(url, ['so \ud83d sad'])[0][0].status == 'ok'
    assert server.log(url)[0]['text'] == 'so ? sad'


def test_schema_is_strict_and_keeps_its_order():
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
    assert schema['$defs']['Inner'] == {
        'properties': {'title': {'type': 'string'}},
        'type': 'object',
        'additionalProperties': False,
        'required': ['title'],
    }
    assert 'Not for' not in json.dumps(schema)


# ---------------------------------------------------------------- schemas


def test_server_that_rejects_schemas_is_detected_once(server, tmp_path):
    url, store = server.plan(schemas=False), str(tmp_path / 'store.jsonl')
    completions, client = run(url, 'abcdef', store=store, concurrency=1)
    assert {completion.status for completion in completions} == {'ok'}
    forms = [entry['form'] for entry in server.log(url)]
    assert forms == ['schema', *['json'] * 6]
    assert client.usage.schema_fallback and client.usage.retries['schema'] == 1
    system = server.log(url)[1]['body']['messages'][0]['content']
    assert system.startswith('You recommend.\n\n') and '"explanation"' in system
    # the form in which the schema is requested is not part of the key
    assert run(server.plan('ok'), 'abcdef', store=store, structured='schema')[1].usage.calls == 0


def test_concurrent_prompts_to_a_server_without_schemas_are_all_answered(server):
    url = server.plan(schemas=False, delay=0.02)
    completions, client = run(url, map(str, range(20)), concurrency=8)
    assert {completion.status for completion in completions} == {'ok'}
    assert client.usage.calls == len(server.log(url)) == 20 + client.usage.retries['schema'] <= 28


def test_server_that_ignores_schemas_is_detected_by_its_first_answer(server):
    url = server.plan('prose', 'ok')
    with make_client(url) as client:
        for text in 'ab':
            assert [completion.status for completion in client.run([prompt(text)])] == ['ok']
    assert [entry['form'] for entry in server.log(url)] == ['schema', 'json', 'json', 'json']
    assert client.usage.schema_fallback


def test_one_invalid_answer_does_not_disprove_that_schemas_are_enforced(server):
    url = server.plan('prose', 'ok', only='bad')
    with make_client(url) as client:
        for text in ('good', 'bad'):
            assert [completion.status for completion in client.run([prompt(text)])] == ['ok']
    assert [entry['form'] for entry in server.log(url)] == ['schema'] * 3
    assert not client.usage.schema_fallback


def test_structured_schema_needs_a_server_that_accepts_schemas(server):
    assert 'llm.structured' in error_message(run_one, server.plan(schemas=False), structured='schema')


def test_max_completion_tokens_is_sent_to_a_server_that_requires_it(server):
    url = server.plan(max_tokens=False)
    assert run_one(url)[0].status == 'ok'
    assert server.log(url)[1]['body']['max_completion_tokens'] == 1024
