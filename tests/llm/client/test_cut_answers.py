"""Answers that were cut off: they are requested once more with more room, and their beginning is read."""

import json

import pytest
from client_helpers import make_client, prompt, run_one
from hypothesis import given
from hypothesis import strategies as st

import llm_server
from crslab_causal.llm.answer import CausalAnswer, RankingAnswer, ReasonedTitleAnswer, TitleAnswer, bounded_schema
from crslab_causal.llm.client.answer_parser import parse_answer
from crslab_causal.llm.client.partial_answer import read_partial
from crslab_causal.llm.client.record import Response

CAUSAL = bounded_schema(CausalAnswer, 50, 10, 20)
TEXT = json.dumps({'explanation': 'a {b} "c" [1, 2', 'ranking': [3, 17, 18, 5, 50], 'response': 'Watch it.'})


def lengths(server, url):
    return [entry['body']['max_tokens'] for entry in server.log(url)]


def test_cut_answer_is_requested_once_more_with_more_room(server):
    url = server.plan('length', 'ok')
    completion, usage = run_one(url, max_tokens=100)
    assert (completion.status, completion.attempts, completion.output_tokens) == ('ok', 2, 40)
    assert lengths(server, url) == [100, 400] and usage.retries == {'length': 1}


@pytest.mark.parametrize('fault, status', llm_server.CUT.items())
def test_answer_that_is_cut_twice_is_final_and_replayed(server, tmp_path, fault, status):
    url, store = server.plan(fault), str(tmp_path / 'store.jsonl')
    completion, usage = run_one(url, store=store, max_tokens=100)
    assert (completion.status, completion.attempts) == (status, 2) and 'cut off' in completion.detail
    assert (completion.parsed is not None) == (status == 'partial')
    again, usage = run_one(url, store=store, mode='replay', max_tokens=100)
    assert again == completion._replace(attempts=0, replayed=True)
    assert run_one(url, store=store, max_tokens=100)[0] == again
    assert lengths(server, url) == [100, 400]


@pytest.mark.parametrize(
    'script, status, n_sent',
    [
        (('half_ranking', 'length'), 'partial', 2),  # the better one of two cut answers counts
        (('half_ranking', 'refusal'), 'partial', 2),
        (('length', 'half_ranking'), 'partial', 2),
        (('length', 'prose', 'ok'), 'ok', 3),
        (('prose', 'length', 'ok'), 'ok', 3),
        (('length', 'prose', 'prose'), 'invalid', 3),
        (('prose', 'length', 'length'), 'length', 3),
        (('half_ranking', 'ok'), 'ok', 2),
    ],
)
def test_best_of_several_answers_counts(server, script, status, n_sent):
    url = server.plan(*script)
    completion, _ = run_one(url, max_tokens=100, structured='schema')
    assert (completion.status, completion.attempts) == (status, n_sent)
    first_cut = min(i for i, fault in enumerate(script) if fault in llm_server.CUT)
    assert lengths(server, url) == [400 if i > first_cut else 100 for i in range(n_sent)]


def test_without_a_maximum_length_there_is_no_more_room(server):
    url = server.plan('half_ranking', 'ok')
    completion, _ = run_one(url, max_tokens=None)
    assert (completion.status, completion.attempts) == ('partial', 1)
    assert 'max_tokens' not in server.log(url)[0]['body']


def test_budget_must_have_enough_for_the_longer_answer(server):
    url = server.plan('half_ranking', 'ok')
    completion, _ = run_one(url, max_tokens=1000, budget={'tokens': 3000})
    assert (completion.status, completion.attempts) == ('partial', 1)
    assert 'cut off' in completion.detail


def test_equal_prompts_share_the_second_request(server):
    url = server.plan('length', 'ok')
    with make_client(url) as client:
        completions = list(client.run([prompt()] * 5))
    assert [completion.status for completion in completions] == ['ok'] * 5 and len(server.log(url)) == 2


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize('n', range(len(TEXT)))
def test_every_beginning_of_an_answer_is_read_as_far_as_it_is_certain(n):
    whole = json.loads(TEXT)
    parsed = read_partial(TEXT[:n], CAUSAL)
    if parsed is None:
        assert n <= TEXT.index('3,') + 1
        return
    n_read = len(parsed.ranking)
    assert parsed.ranking == whole['ranking'][:n_read] and parsed.explanation == whole['explanation']
    n_certain = sum(TEXT.index(text) + len(text) <= n for text in ('3,', '17,', '18,', '5,', '50]'))
    assert n_read == n_certain
    assert parsed.response in ('', whole['response'])


@given(st.lists(st.integers(1, 99), min_size=1, max_size=12), st.integers(0, 60))
def test_partial_ranking_is_a_beginning_of_the_ranking(ranking, n):
    text = json.dumps({'ranking': ranking, 'response': ''})
    parsed = read_partial(text[:n], RankingAnswer)
    if parsed is not None:
        assert parsed.ranking == ranking[: len(parsed.ranking)] and parsed.ranking


@given(st.text(), st.integers(0, 80))
def test_any_text_is_read_as_an_answer_with_entries_or_not_at_all(text, n):
    for schema in (CAUSAL, TitleAnswer, ReasonedTitleAnswer):
        for cut in (text, TEXT[:n] + text, text + TEXT[:n]):
            parsed = read_partial(cut, schema)
            if parsed is not None:
                assert isinstance(parsed, schema) and any(value for _, value in parsed if isinstance(value, list))


@pytest.mark.parametrize(
    'content, ranking',
    [
        ('Sure! {"explanation": "x", "ranking": [4, 5, ', [4, 5]),
        ('```json\n{"explanation": "x", "ranking": [4, 5], "respon', [4, 5]),
        ('<think>{"ranking": [1, 2, 3]} hm</think>{"explanation": "x", "ranking": [4, ', [4]),
        ('<think>{"ranking": [1, 2, 3], ', None),
        ('thoughts {"ranking": [1, 2, ]}</think>', None),
        ('{"explanation": "x", "ranking": [99, 100, ', None),
        ('{"explanation": "x", "ranking": [], "respo', None),
    ],
)
def test_only_the_answer_is_read_and_only_if_it_names_a_candidate(content, ranking):
    answer = parse_answer(Response(content, 'length', None, 1, 1, 0.1, 'm', 'json'), CAUSAL)
    assert answer.status == ('length' if ranking is None else 'partial') and answer.is_cut
    assert ranking is None or answer.parsed.ranking == ranking


def test_cut_title_is_dropped():
    text = '{"titles": ["Heat (1995)", "Ali'
    assert read_partial(text, TitleAnswer).titles == ['Heat (1995)']
    assert read_partial('{"titles": ["Ali', TitleAnswer) is None
