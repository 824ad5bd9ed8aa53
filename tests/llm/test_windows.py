"""Long lists that are ranked in windows, over HTTP."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_helpers import answer_all, error_message, make_pipeline, make_task, ranking_answer, shown_names

from crslab_causal.llm.request import Candidate
from crslab_causal.llm.windows import Windows
from tiny import ITEMS


def films(n):
    return [Candidate(ITEMS[0] + i, f'Film {i}') for i in range(n)]


def names_of(request, entities):
    names = {candidate.entity: candidate.name for candidate in request.candidates}
    return [names[entity] for entity in entities]


@given(st.integers(0, 60), st.integers(1, 30), st.data())
def test_every_candidate_is_in_a_window_and_neighbours_overlap(n, width, data):
    step = data.draw(st.integers(1, width))
    starts = Windows(None, None, width, step).starts(n)
    seen = {place for start in starts for place in range(start, min(start + width, n))}
    assert seen == set(range(n)) and starts[-1] == 0 and starts == sorted(starts, reverse=True)
    assert all(earlier - later <= step for earlier, later in pairwise(starts))


@pytest.mark.parametrize('n', [3, 4, 5, 11])
def test_ranking_is_that_of_windows_from_the_end_to_the_start(llm_server, n):
    url = llm_server.plan('ok', answer=ranking_answer(4, 3, 2, 1))
    task = make_task(candidates=films(n))
    with make_pipeline(url, window=4, step=2) as pipeline:
        (result,) = pipeline.answer([task])
    expected, shown = [f'Film {i}' for i in range(n)], []
    for start in [*range(n - 4, 0, -2), 0]:  # the model reverses every window
        window = expected[start : start + 4]
        shown.append(window)
        expected[start : start + 4] = window[::-1]
    assert names_of(task.request, result.ranking) == expected
    assert [shown_names(entry) for entry in llm_server.log(url)] == shown
    assert result.candidates == [candidate.entity for candidate in task.request.candidates]
    assert result.status == 'ok' and result.written == min(n, 4)


def test_number_outside_a_window_ranks_no_film(llm_server):
    url = llm_server.plan('ok', answer=ranking_answer(9, 4, 3, 2, 1))  # no window has a ninth film
    inside = llm_server.plan('ok', answer=ranking_answer(4, 3, 2, 1))
    task = make_task(candidates=films(11))
    (result,) = answer_all([task], url, window=4, step=2)
    (expected,) = answer_all([task], inside, window=4, step=2)
    assert result.ranking == expected.ranking and result.written == 4
    assert result.repairs == (len(llm_server.log(url)), 0, 0)


def test_result_has_the_keys_and_the_repairs_of_all_windows(llm_server):
    url = llm_server.plan('ok', answer=ranking_answer(2, 2, 1))  # of three films, the third is missing
    with make_pipeline(url, window=3, step=2, ranked=None) as pipeline:
        (result,) = pipeline.answer([make_task(candidates=films(7))])
        calls = pipeline.backend.summary()['usage']['calls']
    assert calls == 3 and len(result.cache_keys) == len(set(result.cache_keys)) == calls
    assert result.repairs == (0, calls, calls)


def test_costs_are_those_of_all_windows_and_the_estimate_knows_them(llm_server, tmp_path):
    url = llm_server.plan('ok', n_candidate=4)
    tasks = [make_task(f'Hi {i}', films(10)) for i in range(3)]
    options = {'window': 4, 'step': 2, 'store': str(tmp_path / 'store.jsonl')}
    with make_pipeline(url, **options) as pipeline:
        assert pipeline.estimate(tasks).calls == 12
        results = list(pipeline.answer(tasks))
        usage = pipeline.backend.summary()['usage']
    assert len(llm_server.log(url)) == usage['calls'] == 12
    assert sum(result.input_tokens for result in results) == usage['input_tokens']
    replayed = answer_all(tasks, url, **options | {'mode': 'replay'})
    assert [r._replace(replayed=False) for r in replayed] == results and all(r.replayed for r in replayed)


def test_window_without_an_answer_keeps_its_order(llm_server):
    answer = ranking_answer(4, 3, 2, 1)
    url = llm_server.plan('400', only='Film 5', answer=answer)  # the last window of six candidates is refused
    task = make_task(candidates=films(6))
    ok = llm_server.plan('ok', answer=answer)
    (whole,) = answer_all([task], ok, window=4, step=2)
    (result,) = answer_all([task], url, window=4, step=2)
    assert names_of(task.request, result.ranking) == ['Film 3', 'Film 2', 'Film 1', 'Film 0', 'Film 4', 'Film 5']
    assert result.status == 'partial' and result.detail.startswith('400') and result.ranking != whole.ranking


@pytest.mark.parametrize(
    ('keys', 'expected'),
    [
        ({'window': 4, 'step': 5}, 'llm.step: 5'),
        ({'window': 4, 'step': 2, 'permutations': 2}, 'llm.permutations: does not go together with llm.window'),
        ({'window': 4, 'step': 2, 'batch': 'b.jsonl'}, 'llm.batch: does not go together with llm.window'),
        ({'window': 4, 'step': 2, 'prompt': 'vanilla'}, 'llm.window: prompt vanilla shows no candidates'),
    ],
)
def test_options_that_do_not_go_together_are_refused(llm_server, keys, expected):
    assert error_message(llm_server.plan('ok'), **keys).startswith(expected)


def test_offline_backend_has_no_windows():
    assert 'llm.window: the offline backend' in error_message(window=4, step=2)
