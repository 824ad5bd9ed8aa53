"""EASE and ItemCosine against NumPy in double precision, and against what defines them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.model.experts.co_mentions import count_co_mentions
from crslab_causal.model.experts.ease import EASE, ease_coefficients
from crslab_causal.model.experts.item_cosine import ItemCosine
from tests.model.experts.small_data import (
    N_ENTITY,
    batch,
    build,
    corpora,
    fitted,
    histories,
    label_share,
    smoothed,
    training_data,
    weights,
)

EXPERTS = pytest.mark.parametrize('expert', [EASE, ItemCosine])


def matrix(data, min_count):
    """Conversations × all entities; the columns of rare entities are zero."""
    x = np.zeros((len(data.conversations), N_ENTITY))
    for row, mentions in enumerate(data.conversations.values()):
        x[row, mentions] = 1
    x[:, x.sum(0) < min_count] = 0
    return x


def ease_reference(x, ridge):
    """Column by column: the ridge regression of each entity on all others."""
    b = np.zeros((x.shape[1], x.shape[1]))
    for j in range(x.shape[1]):
        others = [i for i in range(x.shape[1]) if i != j]
        z = x[:, others]
        b[others, j] = np.linalg.solve(z.T @ z + ridge * np.eye(len(others)), z.T @ x[:, j])
    return b


def cosine_reference(x):
    b = np.zeros((x.shape[1], x.shape[1]))
    for i in range(x.shape[1]):
        for j in range(x.shape[1]):
            norm = np.linalg.norm(x[:, i]) * np.linalg.norm(x[:, j])
            b[i, j] = x[:, i] @ x[:, j] / norm if i != j and norm else 0
    return b


def check(model, coefficients, items, data, rows, base, share):
    found = model.log_probabilities(batch(rows)).exp().tolist()
    for row, history in zip(found, rows):
        user = np.zeros(N_ENTITY)
        for entity, weight in zip(history, weights(history, base)):
            user[entity] += weight
        evidence = np.maximum(user @ coefficients, 0)[items]
        evidence[evidence < 1e-7] = 0  # rounding, where the coefficients cancel
        assert row == pytest.approx(smoothed(evidence, label_share(data, items), share), rel=1e-3, abs=1e-5)


@limits(deadline=None, max_examples=40)
@given(corpora(), histories, st.integers(1, 2), st.floats(0.5, 4), st.floats(1, 50), st.floats(0.05, 0.9))
def test_ease_is_the_ridge_regression_of_each_mention_on_the_others(corpus, rows, min_count, base, ridge, share):
    items, data = corpus
    model = fitted(EASE, items, data, min_count=min_count, history_base=base, ease_lambda=ridge, expert_smoothing=share)
    coefficients = ease_reference(matrix(data, min_count), ridge)
    coefficients[np.abs(coefficients) < 1e-7] = 0
    check(model, coefficients, items, data, rows, base, share)


@limits(deadline=None, max_examples=40)
@given(corpora(), histories, st.integers(1, 2), st.floats(0.5, 4), st.floats(0.05, 0.9))
def test_item_cosine_is_the_cosine_of_two_columns(corpus, rows, min_count, base, share):
    items, data = corpus
    model = fitted(ItemCosine, items, data, min_count=min_count, history_base=base, expert_smoothing=share)
    check(model, cosine_reference(matrix(data, min_count)), items, data, rows, base, share)


def random_gram(n=300, conversations=2000, mentions=8):
    generator = np.random.default_rng(0)
    popularity = 1 / np.arange(1, n + 1)
    x = np.zeros((conversations, n))
    for row in x:
        row[generator.choice(n, size=mentions, replace=False, p=popularity / popularity.sum())] = 1
    return x.T @ x


@pytest.mark.parametrize('ridge', [1.0, 150.0])
def test_single_precision_suffices(ridge):
    gram = random_gram()
    single = ease_coefficients(torch.tensor(gram, dtype=torch.float32), ridge)
    double = ease_coefficients(torch.tensor(gram, dtype=torch.float64), ridge)
    assert single.dtype == torch.float32 and double.abs().max() > 0.01
    assert (single - double).abs().max() < 1e-4 * double.abs().max()


def test_the_coefficients_of_ease_are_a_minimum_without_a_diagonal():
    gram = torch.tensor(random_gram(n=40), dtype=torch.float64)

    def objective(b):
        return (gram.trace() - 2 * (gram * b).sum() + (b * (gram @ b)).sum() + 20 * b.square().sum()).item()

    b = ease_coefficients(gram.clone(), 20.0)
    assert not b.diagonal().any()
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        step = torch.randn(b.shape, generator=generator, dtype=b.dtype).fill_diagonal_(0)
        for size in (1e-3, -1e-3):
            assert objective(b + size * step) > objective(b)


@given(st.lists(st.lists(st.integers(0, 6), max_size=4, unique=True), max_size=6), st.integers(1, 3))
def test_pairs_are_counted_by_conversation(conversations, min_count):
    found, gram = count_co_mentions(conversations, min_count)
    kept = [e for e in range(7) if sum(e in own for own in conversations) >= min_count]
    assert found.tolist() == kept
    assert gram.tolist() == [[sum(a in own and b in own for own in conversations) for b in kept] for a in kept]


@EXPERTS
def test_mentions_that_training_has_not_are_ignored_and_popularity_is_the_answer(expert):
    data = training_data([1, 2, 3], [[[1], [2], [1], [2]], [[1], [2]], [[0], [3], [0], [3]]])
    model = fitted(expert, [1, 2, 3], data, min_count=2)
    popularity = label_share(data, [1, 2, 3])
    for row in model.log_probabilities(batch([[], [5], [6, 4]])).exp().tolist():
        assert row == pytest.approx(popularity)
    assert model.log_probabilities(batch([[1]])).argmax() == 1  # item 2, which is mentioned with it


@EXPERTS
def test_nothing_in_training_is_mentioned_often_enough(expert):
    data = training_data([1, 2], [[[1], [2]]])
    model = fitted(expert, [1, 2], data, min_count=3)
    assert model.log_probabilities(batch([[1], []])).exp().sum(-1).tolist() == pytest.approx([1, 1])


@EXPERTS
def test_a_checkpoint_holds_what_was_learned_and_replaces_what_was_there(expert):
    data = training_data([1, 2, 3], [[[1], [2], [3]], [[1], [2]], [[3, 1], [2]]])
    model = fitted(expert, [1, 2, 3], data)
    for other in (build(expert, [1, 2, 3]), fitted(expert, [1, 2, 3], training_data([1, 2, 3], [[[1], [1]]] * 3))):
        other.load_state_dict(model.state_dict())
        assert torch.equal(other.item_scores(batch([[1], [3, 2]])), model.item_scores(batch([[1], [3, 2]])))


@EXPERTS
def test_second_fit_replaces_the_first(expert):
    first, second = training_data([1, 2], [[[1], [2]]] * 3), training_data([1, 2], [[[1, 3], [2]], [[3], [1]]])
    model = fitted(expert, [1, 2], first)
    model.fit(second)
    fresh = fitted(expert, [1, 2], second)
    for name, tensor in fresh.state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor), name
