"""OpenAI's Batch form: requests in a file, answers in another one, at half the price."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from client_helpers import error_message, make_client, prompt

from crslab_causal.command_line.main import main
from crslab_causal.llm.answer import CausalAnswer, bounded_schema
from crslab_causal.llm.client import batch

PRICED = {'model': 'm', 'prices': {'m': {'input': 1.0, 'output': 10.0}}}
SCHEMA = bounded_schema(CausalAnswer, 5, 3, 1)


def prompts(*texts):
    return [(prompt(text)[0], SCHEMA) for text in texts]


def write(path, lines):
    path.write_text(''.join(json.dumps(line) + '\n' for line in lines), 'utf-8')
    return path


def read(path):
    return [json.loads(line) for line in path.read_text('utf-8').splitlines()]


def serve_batch(requests, url, results):
    """Answer the requests as a Batch API does, in another order: each line is sent to the server."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    lines = []
    for line in read(requests):
        assert line['method'] == 'POST' and line['url'] == '/v1/chat/completions'
        request = urllib.request.Request(f'{url}/chat/completions', json.dumps(line['body']).encode())
        try:
            with opener.open(request) as answer:
                status, body = answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            status, body = error.code, json.load(error)
        response = {'status_code': status, 'request_id': 'r', 'body': body}
        lines.append({'id': 'b', 'custom_id': line['custom_id'], 'response': response, 'error': None})
    return write(results, lines[::-1])


@pytest.fixture
def files(tmp_path):
    return tmp_path / 'batch.jsonl', tmp_path / 'results.jsonl', tmp_path / 'store.jsonl'


def export(url, files, *texts, **keys):
    with make_client(url, store=str(files[2]), batch=str(files[0]), **keys) as client:
        return sum(client.export(prompts(*texts), files[0]).values())


def import_answers(files, *more):
    requests, results, store = files
    return main(['batch', str(requests), str(results), *map(str, more), '--store', str(store)])


def test_batch_gives_the_answers_of_a_live_run_at_half_the_price(server, files, tmp_path, monkeypatch):
    monkeypatch.delenv('OPENAI_API_KEY', raising=False)
    url = server.plan('ok')
    texts = ('one', 'two', 'three', 'two')
    extra = {'extra': {'reasoning_effort': 'low'}, **PRICED}
    assert export(url, files, *texts, **extra) == 3 and not files[2].exists() and server.log(url) == []
    serve_batch(files[0], url, files[1])
    assert all(
        entry['body']['reasoning_effort'] == 'low'
        and entry['body']['max_completion_tokens'] == 1024
        and entry['body']['response_format']['json_schema']['schema']['properties']['ranking']['maxItems'] == 3
        for entry in server.log(url)
    )
    assert import_answers(files) == 0
    with make_client(url, mode='replay', store=str(files[2]), **extra) as client:
        batch = list(client.run(prompts(*texts)))
    with make_client(url, store=str(tmp_path / 'live.jsonl'), **extra) as client:
        live = list(client.run(prompts(*texts)))
    assert len(server.log(url)) == 6
    for ours, theirs in zip(batch, live, strict=True):
        assert (ours.parsed, ours.status, ours.cache_key) == (theirs.parsed, 'ok', theirs.cache_key)
        assert ours.cost_usd == pytest.approx(theirs.cost_usd / 2) and theirs.cost_usd > 0


def test_only_missing_answers_are_exported_and_imported_once(server, files, capsys):
    url = server.plan('ok')
    with make_client(url, store=str(files[2])) as client:
        list(client.run(prompts('one')))
    assert export(url, files, 'one', 'two') == 1
    serve_batch(files[0], url, files[1])
    assert import_answers(files) == 0 and '1 answers added' in capsys.readouterr().out
    stored = files[2].read_bytes()
    assert import_answers(files) == 0 and '0 answers added' in capsys.readouterr().out
    assert files[2].read_bytes() == stored
    assert export(url, files, 'one', 'two') == 0


def test_answer_that_cannot_be_used_is_exported_again_in_another_form(server, files):
    url = server.plan('half_ranking', 'ok')
    assert export(url, files, 'one') == 1
    serve_batch(files[0], url, files[1])
    assert import_answers(files) == 0
    assert export(url, files, 'one') == 1  # the answer was cut off: more room
    (line,) = read(files[0])
    assert line['body']['max_completion_tokens'] == 4 * 1024 and line['custom_id'].endswith('-1')
    serve_batch(files[0], url, files[1])
    assert import_answers(files) == 0 and export(url, files, 'one') == 0
    with make_client(url, mode='replay', store=str(files[2])) as client:
        (completion,) = client.run(prompts('one'))
    assert completion.status == 'ok'


def test_failed_and_missing_requests_are_counted_and_stay_missing(server, files, capsys):
    url = server.plan('429')
    export(url, files, 'one', 'two', 'three')
    serve_batch(files[0], url, files[1])
    lines = read(files[1])
    lines[1] |= {'response': None, 'error': {'code': 'batch_expired', 'message': 'This request expired.'}}
    write(files[1], lines[:2])
    assert import_answers(files) == 1
    output = capsys.readouterr()
    assert '1 requests failed: 429 fault 429' in output.out and '1 requests failed: This request expired.' in output.out
    assert '1 requests are not in the results' in output.out and '3 requests have no answer' in output.err
    assert export(url, files, 'one', 'two', 'three') == 3


@pytest.mark.parametrize('kind', ['another batch', 'edited', 'no JSON', 'no results'])
def test_files_that_are_not_a_batch_are_refused_in_one_line(server, files, capsys, kind):
    url = server.plan('ok')
    export(url, files, 'one')
    serve_batch(files[0], url, files[1])
    if kind == 'another batch':
        export(url, files, 'two')
    elif kind == 'edited':
        (line,) = read(files[0])
        line['body']['messages'][1]['content'] = 'other'
        write(files[0], [line])
    elif kind == 'no JSON':
        files[1].write_text('<html>\n')
    else:
        files[1].unlink()
    capsys.readouterr()
    assert import_answers(files) == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and ('batch.jsonl' in error or 'results.jsonl' in error)
    assert not files[2].exists() or not files[2].read_bytes()


@pytest.mark.parametrize(('limit', 'value'), [('MAX_REQUESTS', 2), ('MAX_BYTES', 2000)])
def test_more_than_one_file_takes_is_written_to_several_batches(server, files, tmp_path, monkeypatch, limit, value):
    monkeypatch.setattr(batch, limit, value)
    url, texts = server.plan('ok'), [f'text {i}' for i in range(5)]
    with make_client(url, store=str(files[2]), batch=str(files[0])) as client:
        written = client.export(prompts(*texts), files[0])
    parts = [Path(path) for path in written]
    assert [part.name for part in parts] == ['batch.jsonl', *(f'batch-{i}.jsonl' for i in range(2, len(parts) + 1))]
    assert (
        len(parts) >= 3 and [len(read(part)) for part in parts] == list(written.values()) and sum(written.values()) == 5
    )
    assert all(part.stat().st_size <= 2000 for part in parts) or limit == 'MAX_REQUESTS'
    for part in parts:
        serve_batch(part, url, files[1])
        assert import_answers((part, files[1], files[2])) == 0
    with make_client(url, mode='replay', store=str(files[2])) as client:
        assert {completion.status for completion in client.run(prompts(*texts))} == {'ok'}
    # a smaller batch of this name leaves no file of the larger one, and deletes nothing else
    (tmp_path / f'batch-{len(parts) + 1}.jsonl').write_text('mine\n')
    assert export(url, files, 'text 9') == 1
    assert (
        sorted(path.name for path in tmp_path.glob('batch*')) == ['batch.jsonl', f'batch-{len(parts) + 1}.jsonl'][::-1]
    )


def test_parameters_that_the_service_refuses_are_left_out_of_the_next_batch(server, files, capsys):
    refusals = [
        ['seed', {'status': 400, 'body': {'error': {'message': "Unsupported parameter: 'seed'", 'param': 'seed'}}}],
        ['temperature', {'status': 400, 'body': {'error': {'message': "'temperature' does not support 1.0"}}}],
    ]
    url = server.plan('ok', refuses=refusals)
    for refused in ('seed', 'temperature', None):
        assert export(url, files, 'one', 'two') == 2
        serve_batch(files[0], url, files[1])
        assert import_answers(files) == (1 if refused else 0)
        assert (f'the service refuses {refused}: the next batch' in capsys.readouterr().out) == bool(refused)
    assert [sorted({'seed', 'temperature'} & set(entry['body'])) for entry in server.log(url)[::2]] == [
        ['seed', 'temperature'],
        ['temperature'],
        [],
    ]
    # the keys are those of a run that sends everything: its answers are found
    with make_client(server.plan('401'), mode='replay', store=str(files[2])) as client:
        assert [completion.status for completion in client.run(prompts('one', 'two'))] == ['ok', 'ok']
    assert {tuple(line['response']['omitted']) for line in read(files[2])} == {('temperature', 'seed')}


def test_refused_schema_is_reported(server, files, capsys):
    reply = {'status': 400, 'body': {'error': {'message': 'Invalid parameter: response_format of type json_schema'}}}
    url = server.plan('ok', refuses=[['response_format', reply]])
    export(url, files, 'one')
    serve_batch(files[0], url, files[1])
    assert import_answers(files) == 1 and 'response_format of type json_schema' in capsys.readouterr().out


def test_schema_in_the_prompt_is_refused(server, files):
    assert 'llm.structured' in error_message(export, server.plan('ok'), files, 'one', structured='json')
