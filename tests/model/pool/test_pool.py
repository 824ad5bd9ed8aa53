"""The pool against plain Python: scores, contributions, experts that are left out, checkpoints."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from pydantic import ValidationError

from crslab_causal.model.causal_kbrd import CausalKBRD
from crslab_causal.model.options import CausalKBRDOptions
from crslab_causal.model.pool.conditional_logit import LogitFit
from crslab_causal.model.pool.context import CONTEXT_FEATURES, context_features
from crslab_causal.model.pool.options import PoolOptions
from crslab_causal.model.pool.pool import Pool
from tests.model.experts.small_data import (
    batch,
    build,
    corpora,
    edge_lists,
    fitted,
    histories,
    label_share,
    smoothed,
    training_data,
)
from tests.model.test_causal_kbrd import ITEMS, SIDE_DATA, VOCAB

COUNTING = [
    'TargetPopularity',
    'TransitionCounts',
    {'model': 'EASE', 'min_count': 1, 'history_base': 2.0},
    'ItemCosine',
    'OneHop',
    'Repeat',
]


def pool_of(items, data, experts=COUNTING, edges=(), weights=None, seed=0, **options):
    """A pool whose experts have learned from ``data``, with these weights, or random ones."""
    pool = build(Pool, items, edges, experts=experts, expert_smoothing=0.4, **options)
    pool.fit_experts(data)
    shape = len(pool.active_channels()), len(CONTEXT_FEATURES)
    generator = torch.Generator().manual_seed(seed)
    theta = torch.randn(shape, generator=generator, dtype=torch.float64) if weights is None else weights
    pool.set_weights(LogitFit(theta, torch.eye(theta.numel(), dtype=torch.float64), 0.0, 0.0, 0))
    return pool


def with_samples(rows, has_text):
    return {**batch(rows), 'samples': [{'has_text': flag, 'context_text': [('Seeker', 'hi')]} for flag in has_text]}


def features(history, has_text):
    return [1.0, math.log(1 + len(history)), float(not history), float(has_text)]


@limits(deadline=None, max_examples=40)
@given(corpora(), edge_lists, histories, st.integers(0, 99), st.data())
def test_a_score_is_the_weighted_sum_of_the_experts_log_probabilities(corpus, edges, rows, seed, draw):
    from crslab_causal.model.baselines.popularity import TargetPopularity
    from crslab_causal.model.experts.ease import EASE
    from crslab_causal.model.experts.item_cosine import ItemCosine
    from crslab_causal.model.experts.one_hop import OneHop
    from crslab_causal.model.transition import TransitionCounts

    items, data = corpus
    pool = pool_of(items, data, edges=edges, seed=seed)
    has_text = draw.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    found = pool.item_scores(with_samples(rows, has_text)).tolist()

    prior = label_share(data, items)
    experts = [
        fitted(EASE, items, data, min_count=1, history_base=2.0, expert_smoothing=0.4),
        fitted(ItemCosine, items, data, expert_smoothing=0.4),
        fitted(OneHop, items, data, edges, expert_smoothing=0.4),
    ]
    for n, (row, history) in enumerate(zip(found, rows)):
        values = [
            [
                math.log(p)
                for p in smoothed(
                    fitted(model, items, data, edges).history_scores(batch([history])['context_entities'])[0].tolist(),
                    prior,
                    0.4,
                )
            ]
            for model in (TargetPopularity, TransitionCounts)
        ]
        values += [expert.log_probabilities(batch([history]))[0].tolist() for expert in experts]
        own = [entity for entity in history if entity in items]
        values += [[float(item in own) for item in items], [float(own[-1:] == [item]) for item in items]]
        weights = [sum(t * f for t, f in zip(theta, features(history, has_text[n]))) for theta in pool.weights.tolist()]
        expected = [sum(w * value[i] for w, value in zip(weights, values)) for i in range(len(items))]
        assert row == pytest.approx(expected, rel=1e-4, abs=1e-4)


@limits(deadline=None, max_examples=40)
@given(corpora(), histories, st.integers(0, 99))
def test_contributions_sum_to_the_score(corpus, rows, seed):
    items, data = corpus
    pool = pool_of(items, data, seed=seed)
    contributions = pool.contributions(batch(rows))
    assert contributions.shape == (len(rows), len(pool.channels), len(items))
    torch.testing.assert_close(contributions.sum(1), pool.item_scores(batch(rows)), rtol=1e-4, atol=1e-4)
    lone = torch.zeros(7, 4, dtype=torch.float64)
    lone[2, 0] = 2.0
    pool.set_weights(LogitFit(lone, torch.eye(28, dtype=torch.float64), 0.0, 0.0, 0))
    only = pool.contributions(batch(rows))
    assert not only[:, [0, 1, 3, 4, 5, 6]].any()
    torch.testing.assert_close(only[:, 2], 2 * pool.values(batch(rows))[:, 2])


def test_channels_are_named_by_their_experts_and_what_differs():
    pool = build(Pool, [1, 2], experts=['EASE', {'model': 'EASE', 'history_base': 4.0}, 'Repeat'])
    assert pool.channels == ['EASE', 'EASE (history_base 4.0)', 'in the context', 'latest item']


@given(histories, st.data())
def test_context_features_equal_their_definition(rows, draw):
    flags = draw.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    assert CONTEXT_FEATURES == ('constant', 'log mentions', 'no mention', 'text')
    for found, row, flag in zip(context_features(with_samples(rows, flags)).tolist(), rows, flags):
        assert found == pytest.approx(features(row, flag))
    assert not context_features(batch(rows))[:, 3].any()


def test_padding_is_not_read_as_text():
    silent = {**batch([[1]]), 'samples': [{'has_text': True, 'context_text': [('Seeker', '')]}]}
    assert context_features(silent)[0, 3] == 0


DATA = training_data([1, 2, 3], [[[1], [2], [3]], [[1], [2]], [[3, 1], [2], [1, 3]], [[4], [3], [5]]])


def test_seen_items_are_filtered_for_new_labels():
    both = {objective: pool_of([1, 2, 3], DATA, objective=objective) for objective in ('all', 'new')}
    scores = {name: pool.item_scores(batch([[2, 4, 1], []])) for name, pool in both.items()}
    assert (scores['new'][0] == -torch.inf).tolist() == [True, True, False]
    assert torch.equal(scores['new'][1], scores['all'][1]) and scores['new'][0, 2] == scores['all'][0, 2]


def test_an_expert_that_lacks_something_is_left_out(tmp_path):
    pool = pool_of([1, 2, 3], DATA, experts=['EASE', 'CausalKBRD', 'Repeat'])
    assert pool.missing_experts() == {'CausalKBRD': 'recommender: names no saved run'}
    assert pool.active.tolist() == [True, False, True] and pool.active_channels().tolist() == [0, 2, 3]
    without = pool_of([1, 2, 3], DATA, experts=['EASE', 'Repeat'])
    assert torch.equal(pool.item_scores(batch([[1], []])), without.item_scores(batch([[1], []])))
    assert not pool.weights[1].any() and not pool.contributions(batch([[1]]))[:, 1].any()
    assert pool.covariance.diagonal().view(4, 4)[:, 0].tolist() == [1, 0, 1, 1]


def test_a_recommender_takes_part_and_is_in_the_checkpoint():
    def new():
        return Pool({'experts': ['CausalKBRD', 'EASE']}, torch.device('cpu'), VOCAB, SIDE_DATA).eval()

    options = CausalKBRDOptions(kg_emb_dim=4, item_bias=True, rgcn_aggr='mean')
    torch.manual_seed(0)
    recommender = CausalKBRD(options, torch.device('cpu'), VOCAB, SIDE_DATA).eval()
    torch.nn.init.normal_(recommender.item_bias)
    pool, other = new(), new()
    pool.members[0].take(options, recommender.state_dict())
    pool.fit_experts(training_data(ITEMS, [[[ITEMS[0]], [ITEMS[1]]]] * 2))
    theta = torch.zeros(2, 4, dtype=torch.float64)
    theta[0, 0] = 1.0
    pool.set_weights(LogitFit(theta, torch.eye(8, dtype=torch.float64), 0.0, 0.0, 0))

    rows = batch([ITEMS[:2], []])
    expected = recommender.item_scores(rows).log_softmax(-1)
    torch.testing.assert_close(pool.item_scores(rows), expected)
    with pool.shared_entity_embedding():
        torch.testing.assert_close(pool.item_scores(rows), expected)
    assert not any(parameter.requires_grad for parameter in pool.parameters())

    assert other.missing_experts()
    other.load_state_dict(pool.state_dict())
    torch.testing.assert_close(other.item_scores(rows), expected)
    assert not other.missing_experts()


@limits(deadline=None, max_examples=20)
@given(corpora(), histories)
def test_a_checkpoint_holds_the_pool(corpus, rows):
    items, data = corpus
    pool, other = pool_of(items, data), build(Pool, items, experts=COUNTING, expert_smoothing=0.4)
    other.load_state_dict(pool.state_dict())
    assert torch.equal(other.item_scores(batch(rows)), pool.item_scores(batch(rows)))
    assert torch.equal(other.covariance, pool.covariance)


@pytest.mark.parametrize(
    'keys, message',
    [
        ({'experts': ['KBRD']}, "'KBRD' is not an expert; choose among .*EASE"),
        ({'experts': [{'history_base': 2.0}]}, 'None is not an expert'),
        ({'experts': [{'model': 'EASE', 'ease_lamda': 2.0}]}, 'EASE: ease_lamda: no such key'),
        ({'experts': [{'model': 'EASE', 'ease_lambda': -1.0}]}, 'EASE: ease_lambda: must be more than 0'),
        ({'experts': ['EASE', 'EASE']}, 'EASE is listed twice'),
        ({'experts': [{'model': 'CausalKBRD', 'alpha': 0.0}]}, 'options of the run that recommender names'),
        ({'experts': []}, 'at least 1 item'),
        ({'experts': ['EASE'], 'recommender': 'x', 'fit_on': 'valid'}, 'experts does not list CausalKBRD'),
        ({'recommender': 'x'}, 'write fit_on: valid'),
    ],
)
def test_mistakes_in_the_options_are_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        PoolOptions(**keys)


def test_the_smoothing_of_an_entry_comes_before_that_of_the_pool_and_that_before_the_default():
    experts = ['EASE', {'model': 'EASE', 'expert_smoothing': 0.1}, 'MentionTransformer']
    experts += [{'model': 'MentionTransformer', 'expert_smoothing': 0.02}]
    pool = build(Pool, [1, 2, 3], experts=experts, expert_smoothing=0.4)
    assert [member.expert.options.expert_smoothing for member in pool.members] == [0.4, 0.1, 0.4, 0.02]


@limits(deadline=None, max_examples=20)
@given(corpora(), histories, st.integers(0, 99))
def test_an_explained_list_has_the_order_and_the_sums_of_the_scores(corpus, rows, seed):
    items, data = corpus
    pool = pool_of(items, data, seed=seed)
    for row in rows:
        scores = pool.item_scores(batch([row]))[0].tolist()
        listed = pool.explain_list(row, len(items) + 3)
        assert sorted(entity for entity, _ in listed) == sorted(items)
        sums = [sum(added.values()) for _, added in listed]
        assert sums == pytest.approx([scores[items.index(entity)] for entity, _ in listed], rel=1e-4, abs=1e-4)
        assert sums == pytest.approx(sorted(scores, reverse=True), rel=1e-4, abs=1e-4)
        assert all(list(added) == pool.channels for _, added in listed)
