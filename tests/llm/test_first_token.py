"""Rankings by the log-probabilities of the first token, over HTTP."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_helpers import NAMES, answer_all, error_message, make_pipeline, make_task
from pydantic import ValidationError

from crslab_causal.base.errors import UserError
from crslab_causal.llm.answer import LABELS, LabelAnswer, bounded_schema
from crslab_causal.llm.first_token import read_tokens, top_tokens
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.request import Candidate
from tiny import ITEMS

# the text after the best label, tokens that are no labels, a label in two forms, and a label of no candidate
TOKENS = {'The': -0.5, 'B': -1.0, ' A': -1.5, '"A': -1.2, 'E': -1.6, 'a': -1.7, 'BC': -1.8, 'C': -3.0}


def films(n):
    return [Candidate(ITEMS[0] + i, f'Film {i}') for i in range(n)]


@pytest.fixture(autouse=True)
def names(monkeypatch):
    for candidate in films(45):
        monkeypatch.setitem(NAMES, candidate.entity, candidate.name)


def answer_one(url, n, **keys):
    task = make_task(candidates=films(n))
    (result,) = answer_all([task], url, prompt='first_token', **keys)
    return result, [entity - ITEMS[0] for entity in result.ranking]


def test_ranking_is_that_of_the_labels_probabilities(llm_server):
    url = llm_server.plan('ok', top_logprobs=TOKENS)
    result, ranking = answer_one(url, 4)
    assert math.exp(-1.5) + math.exp(-1.2) > math.exp(-1.0)  # A counts twice, and so comes first
    assert ranking == [0, 1, 2, 3] and result.status == 'ok' and result.written == 3
    assert result.repairs.missing == 1 and result.repairs.unknown == 0
    assert result.response and result.explanation == ''  # a template
    (entry,) = llm_server.log(url)
    body = entry['body']
    assert (body['logprobs'], body['top_logprobs'], body['max_tokens']) == (True, 20, 1)
    assert 'response_format' not in body and 'JSON schema' not in str(body['messages'])
    assert 'A. "Film 0"' in entry['text'] and 'D. "Film 3"' in entry['text'] and result.output_tokens == 1


def test_answer_is_recorded_and_replayed(llm_server, tmp_path):
    url, store = llm_server.plan('ok', top_logprobs=TOKENS), str(tmp_path / 'store.jsonl')
    result, _ = answer_one(url, 4, store=store)
    line = json.loads((tmp_path / 'store.jsonl').read_text('utf-8'))
    assert json.loads(line['response']['content']) == {'text': 'The', 'top_logprobs': TOKENS}
    replayed, _ = answer_one(llm_server.plan('401'), 4, store=store, mode='replay')
    assert replayed._replace(replayed=False) == result


@pytest.mark.parametrize('n', [1, 20, 21, 45])
def test_more_candidates_than_labels_are_ranked_in_windows(llm_server, n):
    url = llm_server.plan('ok', top_logprobs='last')
    result, ranking = answer_one(url, n)
    expected = list(range(n))
    for start in [*range(n - 20, 0, -10), 0]:  # every window is reversed
        expected[start : start + 20] = expected[start : start + 20][::-1]
    assert ranking == expected and result.written == min(n, 20)
    assert len(llm_server.log(url)) == len([*range(n - 20, 0, -10), 0])


def test_server_without_log_probabilities_is_named_at_once(llm_server):
    for plan in (
        {'script': ['ok']},
        {
            'script': ['ok'],
            'refuses': [['top_logprobs', {'status': 400, 'body': {'error': {'message': 'top_logprobs?'}}}]],
        },
        {'script': ['ok'], 'choice': {'logprobs': {'content': []}}},
        {'script': ['ok'], 'choice': {'logprobs': 'x'}},
    ):
        url = llm_server.plan(**plan)
        with pytest.raises(UserError) as caught:
            answer_all([make_task(f'Hi {i}', films(4)) for i in range(30)], url, prompt='first_token', concurrency=1)
        assert 'log-probabilities' in str(caught.value) and 'llm.prompt' in str(caught.value)
        assert len(llm_server.log(url)) == 1


def test_tokens_without_a_label_are_not_an_answer_and_are_not_requested_again(llm_server):
    url = llm_server.plan('ok', top_logprobs={'<think>': -0.1, 'Z': -3.0})
    result, ranking = answer_one(url, 4)
    assert result.status == 'invalid' and 'are not labels' in result.detail and ranking == [0, 1, 2, 3]
    assert len(llm_server.log(url)) == 1


def test_permutations_are_aggregated(llm_server):
    url = llm_server.plan('ok', top_logprobs='last')
    result, ranking = answer_one(url, 6, permutations=3, candidates=6)
    assert sorted(ranking) == list(range(6)) and len(result.confidence) == 6 and len(llm_server.log(url)) == 3


def test_estimate_counts_one_token_for_each_window(llm_server):
    with make_pipeline(llm_server.plan('ok'), prompt='first_token') as pipeline:
        estimate = pipeline.estimate([make_task(candidates=films(45))])
    assert (estimate.calls, estimate.output_tokens, estimate.max_output_tokens) == (4, 4, 4)


@pytest.mark.parametrize(
    ('keys', 'expected'),
    [
        ({'window': 21}, 'llm.window: 21'),
        ({'permutations': 2}, 'llm.permutations: needs all candidates'),
        ({'batch': 'b.jsonl'}, 'llm.batch: `crslab-causal batch` does not import log-probabilities'),
    ],
)
def test_options_that_do_not_go_together_are_refused(llm_server, keys, expected):
    assert error_message(llm_server.plan('ok'), prompt='first_token', **keys).startswith(expected)


def test_parameters_of_the_client_cannot_be_passed_on():
    with pytest.raises(ValidationError):
        LLMOptions(extra={'top_logprobs': 3})


# ---------------------------------------------------------------- the parts alone


@given(st.dictionaries(st.text(max_size=3), st.floats(-50, 0)), st.integers(1, 20))
def test_only_labels_of_candidates_are_ranked(tokens, n):
    answer = bounded_schema(LabelAnswer, n, n, 20).from_tokens(tokens)
    if answer is not None:
        assert set(answer.ranking) <= set(range(1, n + 1)) and len(set(answer.ranking)) == len(answer.ranking)
    labelled = {LABELS[i]: -float(i) for i in range(n)}
    assert bounded_schema(LabelAnswer, n, n, 20).from_tokens(labelled).ranking == list(range(1, n + 1))


@pytest.mark.parametrize(
    ('logprobs', 'expected'),
    [
        ({'content': [{'token': 'A', 'logprob': -1, 'top_logprobs': [{'token': 'B', 'logprob': -2.5}]}]}, {'B': -2.5}),
        ({'content': [{'token': 'A', 'logprob': -1, 'top_logprobs': []}]}, {'A': -1.0}),
        ({'tokens': ['A'], 'top_logprobs': [{'A': -1.5, 'B': -2}]}, {'A': -1.5, 'B': -2.0}),
        ({'content': [{'token': 'A', 'logprob': None}]}, None),
        ({'content': []}, None),
        ({'content': None}, None),
        (None, None),
    ],
)
def test_forms_of_servers(logprobs, expected):
    content = top_tokens(json.dumps({'choices': [{'message': {'content': 'A'}, 'logprobs': logprobs}]}).encode())
    assert (None if content is None else read_tokens(content)) == expected


def test_edited_records_are_not_an_answer():
    assert read_tokens('no JSON') == read_tokens('{"top_logprobs": [1]}') == read_tokens('[]') == {}
