"""Shuffled candidates and oracles."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from crslab_causal.llm.answer import repair_ranking
from crslab_causal.llm.candidates import (
    rerank_request_seed,
    shuffle_candidates,
    unshuffle,
    with_oracle,
    with_oracle_items,
)
from crslab_causal.llm.request import Candidate, Probability, RerankRequest

CANDIDATES = [Candidate(i, f'Film {i}') for i in range(20)]
REQUEST = RerankRequest([('Seeker', 'Hi')], [1, 2], [1], [], CANDIDATES)

requests = st.builds(
    RerankRequest,
    st.lists(st.tuples(st.sampled_from(['Seeker', 'Recommender']), st.text())),
    st.lists(st.integers(0, 9)),
    st.lists(st.integers(0, 9)),
    st.lists(st.integers(0, 9)),
    st.lists(st.integers(0, 30), unique=True, max_size=12).map(lambda ids: [Candidate(i, f'Film {i}') for i in ids]),
)
seeds = st.integers(0, 2**32)


def ids(request):
    return [candidate.entity for candidate in request.candidates]


def test_seed_of_a_request_is_equal_in_every_process():
    code = (
        'from crslab_causal.llm.candidates import rerank_request_seed, shuffle_candidates\n'
        'from crslab_causal.llm.request import *\n'
        'r = RerankRequest([("Seeker", "\\ud800 \\u00e9")], [1], [], [], [Candidate(i, "x") for i in range(9)])\n'
        'print(rerank_request_seed(r), shuffle_candidates(r, 7)[1])'
    )
    outputs = {
        subprocess.run(
            [sys.executable, '-c', code],
            env={'PYTHONHASHSEED': seed, 'PYTHONPATH': ':'.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ('1', '2')
    }
    assert len(outputs) == 1 and outputs != {''}


def test_seed_of_a_request_depends_on_every_field():
    others = [
        REQUEST._replace(context=[('Seeker', 'Ho')]),
        REQUEST._replace(mentions=[2, 1]),
        REQUEST._replace(liked=[]),
        REQUEST._replace(disliked=[3]),
        REQUEST._replace(candidates=CANDIDATES[::-1]),
    ]
    assert len({rerank_request_seed(request) for request in (REQUEST, *others)}) == 6


def test_seed_of_a_request_does_not_depend_on_probabilities():
    scored = [candidate._replace(probability=Probability(0.1, 0.2)) for candidate in CANDIDATES]
    assert rerank_request_seed(REQUEST._replace(candidates=scored, masked=2)) == rerank_request_seed(REQUEST)


@given(requests, seeds)
def test_shuffling_changes_only_the_order_of_candidates(request, seed):
    shuffled, order = shuffle_candidates(request, seed)
    assert shuffled.candidates == [request.candidates[i] for i in order]
    assert sorted(order) == list(range(len(request.candidates)))
    assert shuffled._replace(candidates=request.candidates) == request
    assert shuffle_candidates(request, seed) == (shuffled, order)


def test_shuffled_order_differs_between_requests_and_seeds():
    orders = [
        shuffle_candidates(REQUEST._replace(context=[('Seeker', f'Hi {i}')]), seed)[1]
        for i in range(3)
        for seed in range(3)
    ]
    assert len({tuple(order) for order in orders}) == 9


@given(requests, seeds, st.lists(st.integers(-3, 40)))
def test_unshuffled_ranking_names_the_same_items(request, seed, ranking):
    shuffled, order = shuffle_candidates(request, seed)
    unshuffled = unshuffle(ranking, order)
    for number, original in zip(ranking, unshuffled, strict=True):
        if 1 <= number <= len(order):
            assert request.candidates[original - 1] == shuffled.candidates[number - 1]
        else:
            assert original == number


def test_missing_candidates_follow_in_the_recommenders_order_after_unshuffling():
    _, order = shuffle_candidates(REQUEST, 0)
    ranking, repairs = repair_ranking(unshuffle([3, 99], order), 20, 10)
    assert ranking == [order[2], *(i for i in range(20) if i != order[2])]
    assert repairs == (1, 0, 9)


def test_oracle_changes_nothing_if_the_recommender_lists_the_label():
    assert with_oracle(REQUEST, Candidate(5, 'Film 5'), 0) == REQUEST


def test_oracle_replaces_the_last_candidate_by_a_missing_label_at_a_random_position():
    label = Candidate(77, 'Label')
    positions = set()
    for seed in range(200):
        request = with_oracle(REQUEST, label, seed)
        assert request == with_oracle(REQUEST, label, seed)
        assert [c for c in request.candidates if c != label] == CANDIDATES[:-1]
        assert request._replace(candidates=CANDIDATES) == REQUEST
        positions.add(request.candidates.index(label))
    assert positions == set(range(20))


def test_oracle_of_a_request_without_candidates_has_only_the_label():
    assert with_oracle(REQUEST._replace(candidates=[]), CANDIDATES[3], 0).candidates == [CANDIDATES[3]]


@given(requests, st.lists(st.integers(0, 40), max_size=15), seeds)
def test_conversation_oracle_has_all_items_of_the_conversation(request, items, seed):
    required = [Candidate(i, f'Film {i}') for i in items]
    result = with_oracle_items(request, required, seed)
    assert set(items) <= set(ids(result)) and len(set(ids(result))) == len(ids(result))
    assert len(result.candidates) == max(len(request.candidates), len(set(items)))
    kept = [c for c in result.candidates if c in request.candidates]
    assert kept == [c for c in request.candidates if c in kept]
    dropped = [i for i, c in enumerate(request.candidates) if c not in kept]
    others = [i for i, c in enumerate(request.candidates) if c.entity not in items]
    assert dropped == others[len(others) - len(dropped) :]
    assert with_oracle_items(request, required, seed) == result
