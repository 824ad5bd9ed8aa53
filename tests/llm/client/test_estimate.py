"""What a run will cost, estimated before its first request."""

import pytest
from client_helpers import make_client, prompt
from hypothesis import given, settings
from hypothesis import strategies as st

from crslab_causal.llm.answer import CausalAnswer, TitleAnswer, bounded_schema
from crslab_causal.llm.client.estimate import Estimate, format_seconds

PRICES = {'prices': {'m': {'input': 1.0, 'output': 10.0}}, 'model': 'm'}


def prompts(texts, schema=CausalAnswer):
    return [(prompt(f'request {text}')[0], schema) for text in texts]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 6), max_size=8), st.lists(st.integers(0, 6), max_size=8))
def test_estimated_requests_are_those_that_a_run_sends(server, tmp_path_factory, first, second):
    url, store = server.plan('ok'), str(tmp_path_factory.mktemp('store') / 'store.jsonl')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('NO_PROXY', '*')
        for texts in (first, second):
            with make_client(url, store=store, dry_run=True) as client:
                dry = client.estimate(prompts(texts))
                assert client.usage.calls == 0
            with make_client(url, store=store) as client:
                assert client.estimate(prompts(texts)) == dry
                list(client.run(prompts(texts)))
                assert (dry.prompts, dry.calls) == (len(texts), client.usage.calls)
                if dry.is_measured:
                    assert dry.output_tokens == client.usage.output_tokens
                    assert dry.input_tokens == pytest.approx(client.usage.input_tokens, rel=0.02, abs=2)
                assert client.estimate(prompts(texts)).calls == 0


def test_answers_that_would_be_requested_again_are_counted(server, tmp_path):
    url, store = server.plan('length', '500'), str(tmp_path / 'store.jsonl')
    with make_client(url, store=store, retries=0) as client:
        list(client.run(prompts('a')))
    with make_client(url, store=store) as client:
        assert client.estimate(prompts('a')).calls == 1


def test_money_and_length_follow_from_price_and_schema(server):
    with make_client(server.plan('ok'), max_tokens=1000, concurrency=4, **PRICES) as client:
        long = client.estimate(prompts('abcd', bounded_schema(CausalAnswer, 50, 10, 20)))
        titles = client.estimate(prompts('abcd', bounded_schema(TitleAnswer, 0, 0, 20)))
    for estimate in (long, titles):
        assert 4 * 200 < estimate.output_tokens < 4 * 600 and estimate.max_output_tokens == 4000
        assert estimate.usd == pytest.approx((estimate.input_tokens + 10 * estimate.output_tokens) / 1e6)
        assert estimate.max_usd == pytest.approx((estimate.input_tokens + 40_000) / 1e6)
        assert estimate.seconds == pytest.approx(estimate.output_tokens / 10 / 4)  # a local server
    with make_client(server.plan('ok'), max_tokens=None) as client:
        estimate = client.estimate(prompts('ab'))
    assert estimate.max_output_tokens is None and estimate.max_usd is None


def test_estimate_is_written_as_one_line():
    estimate = Estimate(10, 2, 8000, 2400, 8192, None, None, 4000.0, False)
    assert estimate.line() == (
        '10 prompts, 2 answered by the store or equal: 8 requests, about 8000 input and 2400 output tokens, no price '
        'in llm.prices, about 67 min (tokens and speed of the answers are assumed)'
    )
    assert [format_seconds(s) for s in (3, 89, 600, 40_000)] == ['3 s', '89 s', '10 min', '11.1 h']
