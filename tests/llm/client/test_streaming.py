"""Answers that arrive piece by piece, over HTTP: the text so far, and the same record as without a stream."""

import contextlib
import gzip
import json
import time
from itertools import pairwise

import pytest
from client_helpers import KEY, make_client, prompt
from hypothesis import given
from hypothesis import strategies as st

from crslab_causal.llm.client.answer_body import read_answer
from crslab_causal.llm.client.bounded_body import BoundedBody
from crslab_causal.llm.client.event_stream import EventStream
from crslab_causal.llm.client.key_scrubber import KeyScrubber
from crslab_causal.llm.client.result import Completion

ANSWER = {'explanation': 'böse Ünder 🦊', 'ranking': [3, 1, 2], 'response': 'Watch "Heat".\nIt is loud.'}


def stream(url, text='hello', **keys):
    """Return the texts so far, the completion, and the closed client."""
    with make_client(url, **keys) as client:
        *texts, completion = client.stream(*prompt(text))
    assert isinstance(completion, Completion) and all(isinstance(each, str) for each in texts)
    return texts, completion, client


def stored(path):
    line = json.loads(path.read_text('utf-8'))
    line['response']['latency_s'] = 0
    return line


def test_text_grows_while_the_model_writes(server):
    url = server.plan('ok', answer=ANSWER, pause=0.03)
    texts, completion, client = stream(url)
    assert completion.status == 'ok' and completion.parsed.model_dump() == ANSWER
    grown = list(dict.fromkeys(texts))
    assert len(grown) >= 4 and all(later.startswith(text) for text, later in pairwise(grown))
    assert json.dumps(ANSWER).startswith(grown[-1])
    (entry,) = server.log(url)
    assert entry['body']['stream'] is True and entry['body']['stream_options'] == {'include_usage': True}
    assert client.usage.estimated == 0 and completion.input_tokens == 101 and completion.output_tokens == 20


@pytest.mark.parametrize('way', ['events', 'odd', 'ignored'])
@pytest.mark.parametrize(
    'plan',
    [
        {'answer': ANSWER},
        {'script': ['thinking']},
        {'script': ['length']},
        {'script': ['half_ranking']},
        {'script': ['refusal']},
        {'script': ['no_usage']},
        {'message': {'content': None, 'reasoning_content': '$answer'}},
        {'message': {'content': None, 'tool_calls': [{'function': {'arguments': '$answer'}}]}},
        {'message': {'content': [{'type': 'text', 'text': '$answer'}]}},
    ],
    ids=lambda plan: '-'.join([*plan, *plan.get('script', ()), *plan.get('message', ())]),
)
def test_record_is_that_of_an_answer_without_a_stream(server, tmp_path, plan, way):
    streamed, whole = tmp_path / 'streamed.jsonl', tmp_path / 'whole.jsonl'
    plan = {'n_candidate': 3, 'script': ['ok']} | plan
    texts, completion, _ = stream(server.plan(**plan, stream=way, piece=2), store=str(streamed), max_tokens=None)
    with make_client(server.plan(**plan), store=str(whole), max_tokens=None) as client:
        (expected,) = client.run([prompt()])
    assert completion._replace(latency_s=0) == expected._replace(latency_s=0)
    assert stored(streamed) == stored(whole)
    replayed, again, _ = stream(server.plan('401'), store=str(streamed), max_tokens=None, mode='replay')
    assert set(replayed) <= {''}
    assert again == completion._replace(attempts=0, replayed=True)


@pytest.mark.parametrize(
    ('refuses', 'n_calls'),
    [
        ([['stream', {'status': 400, 'body': {'error': {'message': 'Unsupported parameter: stream'}}}]], 2),
        ([['stream', {'status': 422, 'body': {'detail': [{'loc': ['body', 'stream'], 'msg': 'Extra inputs'}]}}]], 2),
        ([['stream', {'status': 501, 'body': {'error': {'message': 'streaming is not implemented'}}}]], 2),
        ([['stream', {'status': 400, 'body': {'error': {'message': 'bad request'}}}]], 2),
        ([['stream', {'status': 405, 'body': {'error': 'method not allowed'}}]], 2),
        ([['stream_options', {'status': 400, 'body': {'error': {'message': 'unknown field stream_options'}}}]], 2),
    ],
)
def test_server_that_refuses_to_stream_answers_at_once_from_then_on(server, tmp_path, refuses, n_calls):
    url, store = server.plan('ok', refuses=refuses), tmp_path / 'store.jsonl'
    with make_client(url, store=str(store)) as client:
        for text in ('one', 'two'):
            *_, completion = client.stream(*prompt(text))
            assert completion.status == 'ok'
    bodies = [entry['body'] for entry in server.log(url)]
    assert len(bodies) == n_calls + 1 and refuses[0][0] in bodies[0]
    assert not any(refuses[0][0] in body for body in bodies[1:])
    assert all('seed' in body and 'response_format' in body for body in bodies)
    assert all(json.loads(line)['response']['omitted'] == [] for line in store.read_text('utf-8').splitlines())


def test_error_in_place_of_a_stream_is_answered_without_one(server):
    url = server.plan('ok', stream='error')
    _, completion, _ = stream(url)
    assert completion.status == 'ok' and ['stream' in entry['body'] for entry in server.log(url)] == [True, False]


def test_stream_that_breaks_off_is_requested_again(server):
    url = server.plan('ok', stream='cut', answer=ANSWER)
    _, completion, client = stream(url, retries=1)
    assert completion.status == 'error' and 'broke off' in completion.detail
    assert len(server.log(url)) == 2 and client.usage.answers == 0


def test_a_failed_stream_is_repeated_like_any_other_request(server):
    url = server.plan('429', '503', 'reset', 'ok')
    _, completion, client = stream(url)
    assert completion.status == 'ok' and client.usage.calls == 4
    _, completion, _ = stream(server.plan('prose', 'cut', 'ok'))
    assert completion.status == 'ok' and completion.attempts == 3


@pytest.mark.parametrize('way', ['endless', 'bomb'])
def test_stream_is_read_up_to_a_limit(server, way):
    url = server.plan('ok', stream=way)
    _, completion, client = stream(url)
    assert completion.status == 'error' and 'longer than 4 MiB' in completion.detail
    (entry,) = server.log(url)
    assert entry['pieces'] < 64 and client.usage.calls == 1


def test_caller_who_stops_ends_the_answer_at_once(server, tmp_path):
    url, store = server.plan('ok', pause=0.1, piece=1), tmp_path / 'store.jsonl'
    with make_client(url, store=str(store), budget={'calls': 9}) as client:
        started = time.monotonic()
        with contextlib.closing(client.stream(*prompt())) as pieces:
            next(piece for piece in pieces if piece)
        assert time.monotonic() - started < 5
        end = time.monotonic() + 5
        while not server.log(url)[0].get('aborted'):
            assert time.monotonic() < end
            time.sleep(0.05)
        assert client.balance.spent.calls == 1 and client.balance.unsure.tokens > 0
    assert time.monotonic() - started < 8 and store.read_bytes() == b''


def test_streamed_text_never_shows_the_api_key(server, monkeypatch):
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    escaped = ''.join(f'\\u{ord(char):04x}' for char in KEY)
    for written in (KEY, escaped):
        content = f'{{"explanation": "so", "ranking": [1], "response": "Key {written}{", yes" * 30}."}}'
        texts, completion, _ = stream(server.plan('ok', content=content, piece=4, pause=0.01))
        assert completion.parsed.response.startswith('Key [OPENAI_API_KEY], yes')
        shown = [text.partition('Key ')[2] for text in texts]
        assert all(not text or '[OPENAI_API_KEY]'.startswith(text[:16]) for text in shown), shown
        assert any(shown)


@pytest.mark.parametrize(
    'plan',
    [
        {'completion': {'model': 'gpt $key'}},
        {'choice': {'finish_reason': 'stop $key'}},
        {'message': {'refusal': 'no, $key'}},
        {'message': {'content': None, 'reasoning_content': '$key $answer'}},
        {'message': {'content': None, 'tool_calls': [{'function': {'arguments': '{"$key": $answer}'}}]}},
    ],
    ids=str,
)
def test_key_is_not_stored(server, tmp_path, monkeypatch, plan):
    monkeypatch.setenv('OPENAI_API_KEY', KEY)
    texts, completion, _ = stream(server.plan('ok', **plan), store=str(tmp_path / 'store.jsonl'))
    stored_text = (tmp_path / 'store.jsonl').read_text('utf-8')
    assert '[OPENAI_API_KEY]' in stored_text and KEY not in f'{stored_text} {texts} {completion}'


def test_equal_prompts_share_a_stream(server):
    url = server.plan('ok', pause=0.02)
    with make_client(url) as client:
        one, two = client.stream(*prompt()), client.stream(*prompt())
        next(one), next(two)
        *_, first = one
        *_, second = two
    assert first.parsed == second.parsed and len(server.log(url)) == 1 and second.replayed


# ---------------------------------------------------------------- the parts alone


@given(st.sampled_from(['\n', '\r\n', '\r']), st.lists(st.integers(0, 500), max_size=9))
def test_events_do_not_depend_on_where_the_bytes_are_cut(end, cuts):
    events = [{'model': 'm', 'choices': [{'delta': {'content': piece}}]} for piece in ('ä"', '\n🦊', '}')]
    events.append({'choices': [{'delta': {}, 'finish_reason': 'stop'}], 'usage': {'prompt_tokens': 7}})
    texts = [*(json.dumps(event, ensure_ascii=False) for event in events), '[DONE]']
    content = ''.join(f'data: {text}{end}{end}' for text in texts).encode()
    stream, ends = EventStream(10_000), sorted(min(cut, len(content)) for cut in cuts)
    for start, stop in zip([0, *ends], [*ends, len(content)]):
        assert stream.add(content[start:stop])
    answer = read_answer(stream.body())
    assert (answer.content, answer.finish_reason, answer.model, answer.input_tokens) == ('ä"\n🦊}', 'stop', 'm', 7)
    assert stream.is_complete and stream.is_done


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_an_answer_or_a_failure(content, is_event):
    stream = EventStream(200)
    if stream.add(b'data: ' * is_event + content):
        assert isinstance(stream.body(), bytes)


def test_compressed_stream_is_read_piece_by_piece_up_to_a_limit():
    content = b''.join(b'data: {"choices": [{"delta": {"content": "%d"}}]}\n\n' % i for i in range(100))
    packed, body, events = gzip.compress(content), BoundedBody('gzip', len(content)), EventStream(10_000)
    for start in range(0, len(packed), 7):
        assert body.add(packed[start : start + 7]) and events.add(body.take())
    assert events.content == ''.join(map(str, range(100))) and not events.is_complete
    body = BoundedBody('gzip', len(content) - 1)
    assert not body.add(packed) and len(body.take()) == len(content) - 1


def test_end_that_may_become_the_key_is_held_back():
    scrub = KeyScrubber(KEY)
    for n in range(1, len(KEY)):
        assert scrub.scrub_beginning(f'a {KEY[:n]}') == 'a '
        assert scrub.scrub_beginning(f'a {KEY[:n]}!') == f'a {KEY[:n]}!'
    assert scrub.scrub_beginning(f'a {KEY}') == 'a [OPENAI_API_KEY]'
    assert KeyScrubber('').scrub_beginning('sk') == 'sk'
