"""Rankings of one list in several orders, aggregated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_helpers import CANDIDATES, NAMES, answer_all, error_message, make_task, ranking_answer, shown_names

from crslab_causal.llm.permutations import aggregate_rankings, closest_ranking
from tiny import ALIEN, BIG, GODFATHER, HEAT, ITEMS, STAR_WARS

rankings = st.lists(st.permutations(range(6)).flatmap(lambda p: st.integers(0, 6).map(lambda n: p[:n])), min_size=1)


def test_borda_counts_decide_and_ties_keep_the_recommenders_order():
    ranking, confidence = aggregate_rankings([[2, 0, 1], [2, 1], [1, 2, 0]], 3)
    assert ranking == [2, 1, 0]  # 8, 6 and 3 points
    assert confidence == [2 / 3, 2 / 3, 2 / 3]
    assert aggregate_rankings([[1, 0], [0, 1]], 2) == ([0, 1], [0.5, 1.0])
    assert aggregate_rankings([[]], 3) == ([], [])


def test_places_beyond_the_requested_ones_give_no_points():
    assert aggregate_rankings([[0, 1, 2], [0, 2, 1]], 1).ranking == [0, 1, 2]


@given(rankings, st.integers(1, 6))
def test_aggregate_has_every_ranked_item_once_with_a_confidence(rankings, n_ranked):
    ranking, confidence = aggregate_rankings(rankings, n_ranked)
    assert sorted(ranking) == sorted(set().union(*rankings)) and len(confidence) == len(ranking)
    assert all(0 <= share <= 1 for share in confidence)
    assert aggregate_rankings(rankings[::-1], n_ranked) == (ranking, pytest.approx(confidence))
    for place, item in enumerate(ranking):
        assert confidence[place] == pytest.approx(sum(item in r[: place + 1] for r in rankings) / len(rankings))


@given(st.permutations(range(6)), st.integers(1, 5), st.integers(1, 6))
def test_equal_rankings_aggregate_to_themselves_with_full_confidence(ranking, k, n_ranked):
    aggregate = aggregate_rankings([ranking[:n_ranked]] * k, n_ranked)
    assert aggregate == (ranking[:n_ranked], [1.0] * n_ranked)


@given(rankings, st.permutations(range(6)))
def test_closest_ranking_has_the_same_first_item_if_any_has(rankings, ranked):
    i = closest_ranking(rankings, ranked)
    assert 0 <= i < len(rankings)
    if any(ranking[:1] == ranked[:1] for ranking in rankings):
        assert rankings[i][:1] == ranked[:1]


# ---------------------------------------------------------------- the pipeline


def test_every_order_is_a_request_and_the_rankings_are_aggregated(server):
    """The model puts the first candidate that it sees first: a pure position bias, which cancels out."""
    url = server.plan(answer=ranking_answer(1, 2, 3, 4, 5))
    tasks = [make_task(f'question {i}') for i in range(3)]
    results = answer_all(tasks, url, permutations=4, concurrency=1)
    orders = [shown_names(entry) for entry in server.log(url)]
    assert len(orders) == 12 and len({tuple(order) for order in orders}) > 6
    for result, shown in zip(results, zip(*[iter(orders)] * 4)):
        points = {item: sum(5 - order.index(NAMES[item]) for order in shown) for item in ITEMS}
        assert [points[item] for item in result.ranking] == sorted(points.values(), reverse=True)
        assert result.confidence == [
            sum(order.index(NAMES[item]) <= place for order in shown) / 4 for place, item in enumerate(result.ranking)
        ]
        assert (result.status, result.written, result.candidates) == ('ok', 5, list(ITEMS))
        assert result.input_tokens >= 400 and result.output_tokens == 80
    again = answer_all(tasks, server.plan(answer=ranking_answer(1, 2, 3, 4, 5)), permutations=4)
    assert [r.ranking for r in again] == [r.ranking for r in results]


def test_response_is_replaced_if_it_recommends_another_item(server):
    url = server.plan(answer=ranking_answer(1, response='Watch the first.'))
    results = answer_all([make_task(f'question {i}') for i in range(8)], url, permutations=3, ranked=1)
    for result in results:
        assert result.response == 'Watch the first.'  # each first item was the first of some answer
        assert result.confidence[0] in (pytest.approx(1 / 3), pytest.approx(2 / 3), 1.0) and result.written <= 3
    url = server.plan('ok', 'wrong_keys', answer=ranking_answer(2, 1, response='Watch.'))
    (single,) = answer_all([make_task()], url, permutations=1)
    assert single.confidence == []


def test_missing_answers_make_the_result_partial(server):
    rates = {'500': 0.5}
    url = server.plan(rates=rates, seed=1, answer=ranking_answer(3, 1))
    results = answer_all([make_task(f'question {i}') for i in range(12)], url, permutations=2, concurrency=1)
    statuses = {result.status for result in results}
    assert statuses == {'ok', 'partial', 'error'}
    for result in results:
        assert (result.status == 'error') == (result.written == 0)
        assert bool(result.detail) == (result.status != 'ok')
        assert sorted(result.ranking) == sorted(ITEMS)


def test_oracle_and_replay_with_several_orders(server, tmp_path):
    url, store = server.plan('ok', n_candidate=3), str(tmp_path / 'store.jsonl')
    tasks = [make_task(f'{i}', CANDIDATES[:3], GODFATHER) for i in range(2)]
    keys = {'permutations': 3, 'oracle': 'label', 'store': store}
    live = answer_all(tasks, url, **keys)
    assert all(sorted(result.candidates) == sorted([ALIEN, HEAT, GODFATHER]) for result in live)
    replayed = answer_all(tasks, mode='replay', **keys)
    assert [result._replace(replayed=False) for result in replayed] == live
    assert {STAR_WARS, BIG}.isdisjoint(live[0].ranking)


@pytest.mark.parametrize(
    'keys, message',
    [
        ({'permutations': 2}, 'llm.permutations: the offline backend'),
        (
            {'permutations': 2, 'mode': 'live', 'prompt': 'vanilla'},
            'llm.permutations: prompt vanilla shows no candidates',
        ),
    ],
)
def test_unsupported_permutations_are_rejected(keys, message):
    assert message in error_message(**keys)
