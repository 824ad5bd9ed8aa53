"""How long a server asks to wait: read from headers, from the text of an error, and from rate limits, and obeyed."""

import asyncio
import json
import random
from itertools import pairwise

import pytest
from client_helpers import error_message, make_client, options, prompt, run, run_one
from hypothesis import given
from hypothesis import strategies as st

from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.client.error_body import ErrorBody

NOW = 1_700_000_000.0


def wait(body='', headers=None, status=429):
    content = body if isinstance(body, str) else json.dumps(body)
    return ErrorBody(content.encode(), headers or {}, NOW, status).wait_s


@pytest.mark.parametrize(
    'headers, expected',
    [
        ({'retry-after': '7'}, 7),
        ({'retry-after': 'Tue, 14 Nov 2023 22:13:30 GMT'}, 10),
        ({'retry-after': 'Tue, 14 Nov 2023 22:13:00 GMT'}, 0),
        ({'retry-after-ms': '1500', 'retry-after': '9'}, 1.5),
        ({'retry-after': '5', 'x-ratelimit-reset-requests': '1s', 'x-ratelimit-remaining-requests': '0'}, 5),
        ({'retry-after': 'soon'}, None),
        ({'retry-after': 'nan'}, None),
        ({'retry-after': ''}, None),
        ({'retry-after': '-3'}, 0),
        ({}, None),
        ({'x-ratelimit-reset-requests': '1m30.5s', 'x-ratelimit-remaining-requests': '0'}, 90.5),
        ({'x-ratelimit-reset-tokens': '20ms', 'x-ratelimit-remaining-tokens': '0'}, 0.02),
        # the limit that is used up counts, not the one that is renewed tomorrow
        (
            {
                'x-ratelimit-reset-requests': '24h',
                'x-ratelimit-remaining-requests': '9000',
                'x-ratelimit-reset-tokens': '12s',
                'x-ratelimit-remaining-tokens': '0',
            },
            12,
        ),
        ({'x-ratelimit-reset-requests': '24h', 'x-ratelimit-reset-tokens': '12s'}, 12),
        # a limit that has requests left is no reason to wait
        ({'x-ratelimit-reset-requests': '0s', 'x-ratelimit-remaining-requests': '99'}, None),
        (
            {
                'x-ratelimit-reset-requests': '1s',
                'x-ratelimit-remaining-requests': '99',
                'x-ratelimit-reset-tokens': '12s',
            },
            12,
        ),
        ({'x-ratelimit-reset': str(int(NOW) + 8)}, 8),
        ({'x-ratelimit-reset': str(int(NOW + 8) * 1000)}, 8),
        ({'ratelimit-reset': '34'}, 34),
        ({'anthropic-ratelimit-requests-reset': '2023-11-14T22:13:54Z'}, 34),
        ({'x-ratelimit-reset-requests': 'later'}, None),
    ],
)
def test_wait_in_headers_is_read(headers, expected):
    assert wait(headers=headers) == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    'headers, expected',
    [
        ({'x-ratelimit-reset': '0s'}, None),
        ({'x-ratelimit-reset': '0s', 'x-ratelimit-remaining': '99'}, None),
        ({'x-ratelimit-reset': '7s', 'x-ratelimit-remaining': '0'}, 7),
        ({'retry-after': '7', 'x-ratelimit-reset': '0s'}, 7),
    ],
)
def test_failing_server_asks_to_wait_only_for_an_exhausted_limit(headers, expected):
    assert wait(headers=headers, status=500) == expected


@pytest.mark.parametrize(
    'text, expected',
    [
        (
            'Rate limit reached for gpt-4o on requests per min (RPM): Limit 3, Used 3, Requested 1. '
            'Please try again in 34s. Visit https://example.com/1/2 to learn more.',
            34,
        ),
        ('Please retry in 34.074824224s.', 34.07),
        ('Please try again in 1m30.5s', 90.5),
        ('Please try again in 250ms.', 0.25),
        ('Try again in 2 minutes and 5 seconds', 125),
        ('Please wait 34 seconds before the next request', 34),
        ('Too many requests, retry after 34', 34),
        ('Retry-After: 34', 34),
        ('The limit resets in 6 min', 360),
        ('Rate limit exceeded: resets at 2023-11-14T22:13:54+00:00', 34),
        ('Please try again after 2 hours', 7200),
        ('Too many requests. Please wait and try again later.', None),
        ('Limit: 3 requests / min', None),
        ('You can try again.', None),
    ],
)
def test_wait_in_the_text_of_an_error_is_read(text, expected):
    expected = expected if expected is None else pytest.approx(expected, rel=1e-3)
    assert wait(text) == expected
    assert wait({'error': {'message': text, 'code': 'rate_limit_exceeded'}}) == expected
    assert wait([{'error': {'code': 429, 'message': text, 'status': 'RESOURCE_EXHAUSTED'}}]) == expected


RETRY_INFO = {'@type': 'type.googleapis.com/google.rpc.RetryInfo', 'retryDelay': '34s'}


@pytest.mark.parametrize(
    'body, expected',
    [
        ([{'error': {'code': 429, 'message': 'quota', 'details': [{'links': []}, RETRY_INFO]}}], 34),
        ({'error': {'message': 'busy', 'details': [{'retryDelay': {'seconds': 34, 'nanos': 0}}]}}, 34),
        ({'message': 'busy', 'retry_after': 34}, 34),
        ({'error': {'message': 'busy', 'retry_after_ms': 500}}, 0.5),
        ({'error': 'Model is currently loading', 'estimated_time': 20.5}, 20.5),
        ({'error': {'message': 'raw', 'metadata': {'raw': json.dumps({'retryAfterSeconds': '3'})}}}, 3),
        ({'retry_after': None, 'retryDelay': 'soon'}, None),
        ({'retry_after': 10**400}, None),
    ],
)
def test_wait_in_the_fields_of_an_error_is_read(body, expected):
    assert wait(body) == expected


@given(st.text(alphabet='try again in 0123456789.smhd-T:Z retry wait', max_size=60), st.text(max_size=20))
def test_reading_a_wait_from_any_text_raises_no_error(text, value):
    for seconds in (wait(text), wait({'retryDelay': text}), wait(headers={'x-ratelimit-reset': value})):
        assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    'reply',
    [
        {'status': 429, 'body': {'error': {'message': 'Rate limit reached. Please try again in 400ms.'}}},
        {'status': 429, 'body': [{'error': {'message': 'quota', 'details': [RETRY_INFO | {'retryDelay': '0.4s'}]}}]},
        {'status': 503, 'body': {'error': 'The model is loading', 'estimated_time': 0.4}},
        {
            'status': 429,
            'headers': {'x-ratelimit-reset-requests': '400ms', 'x-ratelimit-remaining-requests': '0'},
            'body': {'error': {'message': 'slow down'}},
        },
    ],
)
def test_server_gets_the_time_that_it_asks_for(server, reply):
    url = server.plan('reply 0', 'ok', replies=[reply])
    completion, usage = run_one(url, retries=1)
    first, second = server.log(url)
    assert completion.status == 'ok' and usage.calls == 2
    assert 0.4 <= second['got'] - first['answered'] < 3


@pytest.mark.parametrize(
    'headers',
    [
        {'x-ratelimit-reset': '0s'},
        {'x-ratelimit-reset': '0s', 'x-ratelimit-remaining': '99'},
        {'x-ratelimit-reset': '0s', 'x-ratelimit-remaining': '0'},
        {'Retry-After': '0'},
    ],
)
def test_failing_server_gets_longer_and_longer_waits_whatever_its_headers_say(server, headers, monkeypatch):
    monkeypatch.setattr(random.Random, 'uniform', lambda self, low, high: high)  # the longest random waits
    reply = {'status': 500, 'headers': headers, 'body': {'error': {'message': 'internal error'}}}
    url = server.plan(*['reply 0'] * 3, 'ok', only='fails', replies=[reply])
    with LLMClient(options(url, retries=3, concurrency=1), backoff_s=0.1) as client:
        completions = list(client.run([prompt('another'), prompt('fails')]))
    assert [completion.status for completion in completions] == ['ok', 'ok']
    waits = [later['got'] - earlier['answered'] for earlier, later in pairwise(server.log(url)[1:])]
    assert len(waits) == 3 and all(wait >= 0.1 * 2**n for n, wait in enumerate(waits))


def test_server_that_is_busy_but_answers_others_uses_up_no_retries(server):
    # Each request named busy is refused four times, which is more often than it may fail. The server refuses it when
    # two others have come since it came. The second of them is sent when the first one is answered, so that the
    # client has an answer between any two refusals, however slow the machine is.
    reply = {'status': 429, 'headers': {'Retry-After': '0.01'}, 'body': {'error': {'message': 'slow down'}}}
    url = server.plan(*['reply 0'] * 4, 'ok', only='busy', after=2, replies=[reply])

    async def run_all(client):
        others = [await client.complete(*prompt('other'))]  # before the first answer, other rules hold
        busy = asyncio.gather(*(client.complete(*prompt(f'busy {number}')) for number in range(7)))
        while not busy.done():
            others.append(await client.complete(*prompt(f'other {len(others)}')))
        return [*await busy, *others]

    with make_client(url, retries=1, concurrency=8) as client:  # one slot is left to the others
        completions = asyncio.run(run_all(client))
    assert {completion.status for completion in completions} == {'ok'}
    assert client.usage.retries['429'] == 7 * 4


def test_run_stops_if_the_server_is_busy_for_every_request(server):
    reply = {'status': 429, 'headers': {'Retry-After': '0.01'}, 'body': {'error': {'message': 'slow down'}}}
    url = server.plan('reply 0', replies=[reply])
    assert 'slow down' in error_message(run, url, map(str, range(50)), retries=2, concurrency=2)
    assert len(server.log(url)) <= 3 * 6
