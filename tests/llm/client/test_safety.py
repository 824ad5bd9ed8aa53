"""Servers that are hostile or careless: long answers, redirects, echoed keys, edited stores."""

import json
import resource

import pytest
from client_helpers import KEY, error_message, run_one

from crslab_causal.llm.client.bounded_body import BoundedBody
from crslab_causal.llm.client.key_scrubber import KeyScrubber
from crslab_causal.llm.client.store import Store
from crslab_causal.llm.client.transport import MAX_ANSWER_BYTES

# ---------------------------------------------------------------- length


def peak_memory_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


@pytest.mark.parametrize('fault', ['endless', 'bomb'])
def test_answer_is_read_up_to_a_limit(server, tmp_path, fault):
    before, store = peak_memory_mib(), tmp_path / 'store.jsonl'
    completion, usage = run_one(server.plan(fault), store=str(store))
    assert completion.status == 'error' and 'longer than 4 MiB' in completion.detail
    assert usage.calls == 1 and store.stat().st_size == 0
    assert peak_memory_mib() - before < 100


def test_long_content_is_not_stored(server, tmp_path):
    store = tmp_path / 'store.jsonl'
    completion, _ = run_one(server.plan('ok', content='x' * MAX_ANSWER_BYTES), store=str(store))
    assert completion.status == 'error' and store.stat().st_size == 0


def test_long_error_is_read_up_to_a_limit(server):
    completion, _ = run_one(server.plan('reply 0', replies=[{'status': 400, 'body': 'no ' * 10**6}]))
    assert completion.detail.startswith('400: no no') and len(completion.detail) < 400


@pytest.mark.parametrize('status', [200, 400])
def test_compressed_answer_is_read(server, status):
    body = {'choices': [{'message': {'content': 'x'}}]} if status == 200 else {'error': {'message': 'compressed words'}}
    script = ['reply 0', 'ok'] if status == 200 else ['reply 0']
    completion, _ = run_one(server.plan(*script, replies=[{'status': status, 'body': body, 'gzip': True}]))
    if status == 200:
        assert completion.status == 'ok' and completion.attempts == 2
    else:
        assert 'compressed words' in completion.detail


@pytest.mark.parametrize('encoding', ['br', 'gzip'])
def test_answer_that_cannot_be_decompressed_is_a_failure(server, encoding):
    reply = {'headers': {'Content-Encoding': encoding}, 'body': 'no such data'}
    completion, usage = run_one(server.plan('reply 0', 'ok', replies=[reply]))
    assert completion.status == 'ok' and usage.retries == {'connection': 1}


def test_limit_holds_for_compressed_and_decompressed_bytes():
    body = BoundedBody('', 10)
    assert body.add(b'x' * 10) and body.is_whole and not body.add(b'x') and not body.is_whole
    assert len(body.content) == 10
    with pytest.raises(ValueError):
        BoundedBody('zstd', 10)


# ---------------------------------------------------------------- redirects


@pytest.mark.parametrize('status', [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(server, monkeypatch, status):
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    other = server.plan('ok')
    location = f'{other}/chat/completions?key=$key'
    url = server.plan('reply 0', replies=[{'status': status, 'headers': {'Location': location}}])
    message = error_message(run_one, url)
    assert other in message and 'llm.base_url' in message and KEY not in message
    assert server.log(other) == [] and len(server.log(url)) == 1


# ---------------------------------------------------------------- keys


def escaped(text):
    return ''.join(f'\\u{ord(char):04x}' for char in text)


ECHOES = {
    'content': {'content': 'The key is $key.'},
    'escaped content': {
        'content': json.dumps({'explanation': KEY, 'ranking': [1], 'response': 'x'}).replace(KEY, escaped(KEY))
    },
    'twice escaped content': {
        'content': json.dumps(
            json.dumps({'explanation': KEY, 'ranking': [1], 'response': 'x'}).replace(KEY, escaped(KEY))
        )
    },
    'model': {'completion': {'model': 'gpt $key'}},
    'finish_reason': {'choice': {'finish_reason': 'stop $key'}},
    'refusal': {'message': {'refusal': 'no, $key'}},
    'reasoning': {'message': {'content': None, 'reasoning_content': '$key $answer'}},
    'tool call': {'message': {'content': None, 'tool_calls': [{'function': {'arguments': '{"$key": $answer}'}}]}},
    'parts': {'message': {'content': [{'type': 'text', 'text': '$key'}, {'type': 'text', 'text': '$answer'}]}},
}
ERROR_ECHOES = {
    'message': {'status': 400, 'body': {'error': {'message': 'Bad key $key'}}},
    'text': {'status': 500, 'body': 'header: Bearer $key'},
    'refused parameter': {'status': 400, 'body': {'error': {'message': 'seed with $key', 'param': 'seed'}}},
    'schema': {'status': 400, 'body': {'error': {'message': 'response_format with $key'}}},
    'wait': {
        'status': 429,
        'body': {'error': {'message': '$key: try again in 9999s'}},
        'headers': {'Retry-After': '0'},
    },
    'error in 200': {'status': 200, 'body': {'error': {'message': 'No, $key'}}},
    'html': {'status': 200, 'body': '<html>$key'},
    '401': {'status': 401, 'body': {'error': {'message': 'Incorrect API key provided: $key'}}},
    '404': {'status': 404, 'body': {'error': {'message': 'no model for $key'}}},
}


@pytest.mark.parametrize('place', ECHOES)
def test_key_in_an_answer_reaches_neither_completion_nor_store_nor_log(server, tmp_path, monkeypatch, logged, place):
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    store = tmp_path / 'store.jsonl'
    completion, _ = run_one(server.plan('ok', **ECHOES[place]), store=str(store))
    written = store.read_text('utf-8')
    assert '[OPENAI_API_KEY]' in written
    for text in (repr(completion), written, ''.join(logged), json.dumps(json.loads(written.splitlines()[0]))):
        assert KEY not in text and escaped(KEY) not in text


@pytest.mark.parametrize('place', ERROR_ECHOES)
def test_key_in_an_error_reaches_neither_completion_nor_log(server, monkeypatch, logged, capsys, place):
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    url = server.plan('reply 0', replies=[ERROR_ECHOES[place]])
    try:
        detail = run_one(url, retries=1)[0].detail
    except Exception as error:
        detail = str(error)
    assert '[OPENAI_API_KEY]' in detail
    assert KEY not in detail + ''.join(logged) + ''.join(capsys.readouterr())


@pytest.mark.parametrize(
    'text',
    [
        KEY,
        KEY.upper(),
        escaped(KEY),
        escaped(KEY).upper().replace('\\U', '\\u'),
        KEY.replace('-', '%2D'),
        KEY.replace('s', '\\\\u0073'),
        KEY.replace('s', '&#115;').replace('k', '&#x6B;'),
    ],
)
def test_every_form_of_the_key_is_replaced(text):
    assert KeyScrubber(KEY)(f'a {text} b') == 'a [OPENAI_API_KEY] b'


def test_placeholder_for_a_key_is_not_replaced():
    assert KeyScrubber('none')('none of them') == 'none of them' and KeyScrubber('')('x') == 'x'


# ---------------------------------------------------------------- edited stores


def edit(store, change):
    line = json.loads(store.read_text('utf-8'))
    change(line)
    store.write_text(json.dumps(line) + '\n', 'utf-8')


EDITS = {
    'request': lambda line: line['request']['messages'][1].update(content='another question'),
    'model': lambda line: line['request'].update(model='gpt-5'),
    'temperature': lambda line: line['request']['parameters'].update(temperature=0.0),
    'schema': lambda line: line['request']['schema'].update(required=[]),
    'key': lambda line: line.update(key='0' * 64),
    'no request': lambda line: line.pop('request'),
    'tokens': lambda line: line['response'].update(input_tokens=-5),
    'too many tokens': lambda line: line['response'].update(output_tokens=10**12),
    'number': lambda line: line.update(number=-3),
    'latency': lambda line: line['response'].update(latency_s=float('nan')),
    'negative latency': lambda line: line['response'].update(latency_s=-1.0),
    'omitted': lambda line: line['response'].update(omitted=[1]),
}


@pytest.mark.parametrize('name', EDITS)
@pytest.mark.parametrize('mode', ['live', 'replay'])
def test_edited_line_of_a_store_is_noticed(server, tmp_path, name, mode):
    store, url = tmp_path / 'store.jsonl', server.plan('ok')
    run_one(url, store=str(store))
    edit(store, EDITS[name])
    message = error_message(run_one, url, store=str(store), mode=mode)
    assert f'{store}, line 1' in message
    assert len(server.log(url)) == 1


def test_line_of_an_older_version_is_read(server, tmp_path):
    store, url = tmp_path / 'store.jsonl', server.plan('ok')
    completion, _ = run_one(url, store=str(store))
    edit(store, lambda line: line['response'].pop('omitted'))
    assert run_one(url, store=str(store), mode='replay')[0] == completion._replace(attempts=0, replayed=True)
    reopened = Store(store, writable=False)
    assert [response.omitted for response in reopened.responses(completion.cache_key)] == [()]
    reopened.close()
