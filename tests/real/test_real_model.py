"""CausalLLM with a real language model behind a real server: SmolLM2-135M-Instruct on llama.cpp, by ``make test-real``.

These are tests of the plumbing: prompts, schemas, requests, parsing, repair, store, reports and chat. The model is far
too small to rank films; nothing here says how good a ranking is. It is used because it is real: its answers are cut
off, repeat numbers, leave numbers out, and end early, as those of any model do from time to time.
"""

import io
import json
import os
import subprocess
import sys
import time

import pytest
from real_server import MAX_TOKENS, ROOT, VARIABLE, LlamaServer

from crslab_causal.command_line.run import main
from crslab_causal.llm.answer import CausalAnswer
from crslab_causal.llm.client.answer_policy import MORE_ROOM
from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.options import LLMOptions

pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason=f'run `make test-real`, or set {VARIABLE}')

STATUSES = {'ok', 'partial', 'length', 'invalid'}
RANKING = (
    'llm_local',
    'llm_redial_full',
    'llm_redial_no_causal_wording',
    'llm_redial_no_explanation',
    'llm_redial_shuffled',
    'llm_redial_oracle',
    'llm_redial_oracle_conversation',
)
TITLES = ('llm_redial_vanilla', 'llm_redial_few_shot', 'llm_redial_chain_of_thought')


def stored(tmp_path):
    return [json.loads(line) for line in (tmp_path / 'store.jsonl').read_text('utf-8').splitlines()]


@pytest.mark.parametrize('config', RANKING)
def test_each_configuration_that_ranks_candidates_runs(answer, tmp_path, config):
    summary, (record,) = answer(config)
    assert set(summary['statuses']) <= STATUSES and record['status'] in STATUSES
    assert sorted(record['ranking']) == sorted(record['candidates'])
    if 'oracle' in config:
        assert record['label'] in record['candidates']
    else:
        assert len(record['candidates']) == 5
    assert record['response'] and record['latency_s'] > 0
    check_usage(summary, stored(tmp_path))


@pytest.mark.parametrize('config', TITLES)
def test_each_configuration_that_writes_titles_runs(answer, tmp_path, config):
    summary, (record,) = answer(config, 'llm.titles=3', 'llm.examples=1')
    assert set(summary['statuses']) <= STATUSES
    if record['status'] in ('ok', 'partial'):
        assert record['titles'] and len(record['ranking']) + record['unmatched'] <= len(record['titles'])
    lines = stored(tmp_path)
    assert ('<examples>' in lines[0]['request']['messages'][1]['content']) == ('few_shot' in config)
    check_usage(summary, lines)


def check_usage(summary, lines):
    """Check that the server took the whole request, and that the counters agree with the store."""
    usage = summary['usage']
    assert usage['calls'] == usage['answers'] == len(lines) >= 1
    assert usage['omitted'] == [] and not usage['estimated'] and not usage['cut_prompts']
    assert {line['response']['model'] for line in lines} == {'smollm2-135m'}
    assert usage['input_tokens'] == sum(line['response']['input_tokens'] for line in lines) > 100
    assert all(0 < line['response']['output_tokens'] <= MORE_ROOM * MAX_TOKENS for line in lines)
    # a real prompt has about four characters for each token: the estimates of the client rest on this
    for line in lines:
        n_characters = sum(len(message['content']) for message in line['request']['messages'])
        assert 2.5 < n_characters / line['response']['input_tokens'] < 5


def test_replay_needs_neither_server_nor_model(answer, llama):
    before_first = llama.n_requests()
    first, (record,) = answer('llm_redial_full')
    before = llama.n_requests()
    assert before - before_first == first['usage']['calls'] >= 1
    again, (replayed,) = answer('llm_redial_full', 'llm.mode=replay', 'llm.base_url=http://127.0.0.1:9/v1')
    changed = {'backend', 'replayed'}
    assert {key: value for key, value in replayed.items() if key not in changed} == {
        key: value for key, value in record.items() if key not in changed
    }
    assert replayed['replayed'] and again['usage']['calls'] == 0 and llama.n_requests() == before
    assert again['generation'] == first['generation']


def test_killed_run_continues_where_it_was(arguments, answer, tmp_path):
    settings = ('llm.samples=2', 'llm.concurrency=1', 'llm.candidates=3')
    command = [sys.executable, str(ROOT / 'run_crslab.py'), *arguments('llm_redial_full', *settings)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while not (tmp_path / 'store.jsonl').exists() or not (tmp_path / 'store.jsonl').read_bytes().count(b'\n'):
        assert child.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    child.kill()
    child.wait()
    kept = (tmp_path / 'store.jsonl').read_bytes()
    summary, records = answer('llm_redial_full', *settings)
    assert (tmp_path / 'store.jsonl').read_bytes().startswith(kept)
    lines = stored(tmp_path)
    assert len(records) == 2 and summary['usage']['calls'] == len(lines) - kept.count(b'\n')
    assert len({(line['key'], line['number']) for line in lines}) == len(lines)


def test_ranking_by_the_first_token(answer, tmp_path):
    summary, (record,) = answer('llm_redial_full', 'llm.prompt=first_token')
    assert summary['statuses'] == {'ok': 1} and record['written'] >= 1
    assert sorted(record['ranking']) == sorted(record['candidates']) and len(record['candidates']) == 5
    (line,) = stored(tmp_path)
    tokens = json.loads(line['response']['content'])['top_logprobs']
    assert len(tokens) == 20 and max(tokens.values()) <= 0 and line['response']['output_tokens'] == 1


def test_chat_with_a_real_model_answers(arguments, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, 'stdin', io.StringIO('I love comedy\n/why\n'))
    monkeypatch.setattr(sys.stdout, 'isatty', lambda: True, raising=False)  # so that the answer is streamed
    assert main([*arguments('llm_redial_full', 'llm.candidates=5'), '-i']) == 0
    schema = stored(tmp_path)[0]['request']['schema']
    assert list(schema['properties']) == ['response', 'ranking', 'explanation']
    output = capsys.readouterr().out
    assert 'Answers by: smollm2-135m at http://127.0.0.1' in output
    assert 'Heard: Comedy' in output and '  1. ' in output


# ---------------------------------------------------------------- the client alone


def options(server, **keys):
    return LLMOptions(mode='live', base_url=server.url, model='smollm2-135m', max_tokens=40, **keys)


def prompts(*texts):
    return [([{'role': 'user', 'content': f'{text} Answer in JSON.'}], CausalAnswer) for text in texts]


def test_server_enforces_the_schema(llama):
    with LLMClient(options(llama)) as client:
        (completion,) = client.run(prompts('Rank film 1 and film 2.'))
    assert completion.status in ('ok', 'partial', 'length') and not client.usage.schema_fallback


def test_stream_of_a_real_server_gives_the_same_record(llama, tmp_path):
    records = []
    (messages, schema), settings = prompts('Rank film 1 and film 2.')[0], {'temperature': 0.0}
    for name in ('streamed', 'whole'):
        store = tmp_path / f'{name}.jsonl'
        with LLMClient(options(llama, store=str(store), **settings)) as client:
            *texts, completion = (
                client.stream(messages, schema) if name == 'streamed' else client.run([(messages, schema)])
            )
        lines = [json.loads(line) for line in store.read_text('utf-8').splitlines()]
        records.append([{**line, 'response': {**line['response'], 'latency_s': 0}} for line in lines])
        if name == 'streamed':
            grown = [text for text in dict.fromkeys(texts) if text]
            assert len(grown) >= 3 and grown[0].startswith('{') and len(grown[0]) < len(grown[-1])
            assert completion.status in STATUSES and not client.usage.estimated
    assert records[0] == records[1]


def test_schema_in_the_prompt_is_answered_too(llama):
    with LLMClient(options(llama, structured='json')) as client:
        (completion,) = client.run(prompts('Rank film 1 and film 2.'))
    assert completion.status in STATUSES and client.usage.answers >= 1


def test_null_and_extra_parameters_reach_the_server(llama):
    # llama.cpp's own parameter n_predict shortens the answer: so it has arrived
    with LLMClient(options(llama, temperature=None, seed=None, extra={'n_predict': 3})) as client:
        (completion,) = client.run(prompts('Rank film 1 and film 2.'))
    assert completion.status == 'length' and completion.output_tokens == 2 * 3  # requested twice


def test_prompt_that_is_longer_than_the_context_is_reported(llama):
    with LLMClient(options(llama)) as client:
        (completion,) = client.run(prompts('A film. ' * 6000))
    assert completion.status == 'error' and 'context' in completion.detail and client.usage.calls == 1


def test_killed_server_ends_the_run_and_keeps_the_answers(tmp_path):
    store = tmp_path / 'store.jsonl'
    with (
        LlamaServer(tmp_path) as dying,
        LLMClient(options(dying, store=str(store), retries=1), backoff_s=0.01) as client,
    ):
        (first,) = client.run(prompts('Rank film 1 and film 2.'))
        dying.kill()
        (lost,) = client.run(prompts('Rank film 3 and film 4.'))
    assert first.status in STATUSES and lost.status == 'error' and dying.url in lost.detail
    assert len(store.read_bytes().splitlines()) == client.usage.answers
