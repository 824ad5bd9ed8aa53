"""The conditional logit against SciPy, and its standard errors against a bootstrap."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import log_softmax

from crslab_causal.model.pool.conditional_logit import Choices, fit_conditional_logit


def draw(n=60, n_channel=2, n_feature=2, n_item=5, seed=0, excluded=False, weights=None):
    """Random samples, whose labels follow the model with ``weights``."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n, n_channel, n_item)).astype(np.float32)
    context = generator.normal(size=(n, n_feature))
    if weights is None:
        weights = generator.normal(size=(n_channel, n_feature))
    left_out = np.zeros((n, n_item), dtype=bool)
    if excluded:
        left_out = generator.random((n, n_item)) < 0.4
        left_out[:, 0] = False
    scores = np.einsum('nc,nci->ni', context @ weights.T, values)
    scores[left_out] = -np.inf
    label = (scores + generator.gumbel(size=scores.shape)).argmax(1)
    return Choices(
        torch.from_numpy(values),
        torch.from_numpy(context),
        torch.from_numpy(label),
        torch.from_numpy(left_out) if excluded else None,
    )


def objective(choices, theta, ridge):
    total = ridge / 2 * theta @ theta
    theta = theta.reshape(choices.values.shape[1], -1)
    for n, label in enumerate(choices.label.tolist()):
        scores = (theta @ choices.context[n].numpy()) @ choices.values[n].double().numpy()
        if choices.excluded is not None:
            scores[choices.excluded[n].numpy()] = -np.inf
        total -= log_softmax(scores)[label]
    return total


@limits(deadline=None, max_examples=15)
@given(
    st.integers(1, 30),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(2, 5),
    st.integers(0, 99),
    st.booleans(),
    st.floats(0.1, 10),
)
def test_newton_search_finds_the_optimum_of_scipy(n, n_channel, n_feature, n_item, seed, excluded, ridge):
    choices = draw(n, n_channel, n_feature, n_item, seed, excluded)
    fit = fit_conditional_logit(choices, ['a'] * n, ridge, tolerance=1e-14)
    expected = minimize(lambda theta: objective(choices, theta, ridge), np.zeros(n_channel * n_feature), tol=1e-10)
    assert fit.weights.flatten().tolist() == pytest.approx(expected.x, abs=2e-4)
    found = objective(choices, fit.weights.flatten().numpy(), ridge)
    assert found <= expected.fun + 1e-9
    assert fit.log_likelihood == pytest.approx((ridge / 2 * float(fit.weights.square().sum()) - found) / n)
    assert fit.gradient < 1e-4


def test_many_samples_give_back_the_weights_that_made_them():
    weights = np.array([[1.0, -0.5], [0.3, 0.8]])
    fit = fit_conditional_logit(draw(n=20000, weights=weights), [str(i) for i in range(20000)], ridge=1e-3)
    errors = fit.covariance.diagonal().sqrt().view_as(fit.weights)
    assert (fit.weights - torch.from_numpy(weights)).abs().max() < 4 * errors.max() < 0.1
    assert fit.steps < 15


def test_separable_samples_have_an_optimum_by_the_ridge():
    values = torch.zeros(10, 1, 3)
    values[:, 0, 0] = 100.0
    choices = Choices(values, torch.ones(10, 1, dtype=torch.float64), torch.zeros(10, dtype=torch.long))
    fit = fit_conditional_logit(choices, list('abcdefghij'), ridge=1.0)
    assert 0 < fit.weights.item() < 1 and fit.gradient < 1e-3


def test_a_channel_that_all_items_share_and_one_that_is_excluded_change_nothing():
    choices = draw(excluded=True)
    groups = ['a'] * len(choices.label)
    constant = torch.cat([choices.values, torch.ones_like(choices.values[:, :1])], 1)
    with_constant = fit_conditional_logit(choices._replace(values=constant), groups, 1.0)
    plain = fit_conditional_logit(choices, groups, 1.0)
    torch.testing.assert_close(with_constant.weights[:2], plain.weights, atol=1e-5, rtol=1e-5)
    assert with_constant.weights[2].abs().max() < 1e-8

    scrambled = torch.where(choices.excluded[:, None], torch.full_like(choices.values, 50.0), choices.values)
    other = fit_conditional_logit(choices._replace(values=scrambled), groups, 1.0)
    torch.testing.assert_close(other.weights, plain.weights, atol=1e-5, rtol=1e-5)


def test_standard_errors_are_those_of_a_bootstrap_over_the_groups():
    n_group, size = 120, 4
    one = draw(n=n_group, n_feature=1, seed=3)
    # every group is one sample, four times: the errors are those of 120 samples, not of 480
    choices = Choices(*(None if column is None else column.repeat_interleave(size, 0) for column in one))
    groups = [str(i // size) for i in range(n_group * size)]
    fit = fit_conditional_logit(choices, groups, ridge=0.1)
    errors = fit.covariance.diagonal().sqrt()

    generator = np.random.default_rng(0)
    refits = []
    for _ in range(150):
        rows = torch.from_numpy(
            np.concatenate([size * g + np.arange(size) for g in generator.integers(0, n_group, n_group)])
        )
        sample = Choices(*(None if column is None else column[rows] for column in choices))
        refits.append(fit_conditional_logit(sample, ['a'] * len(rows), ridge=0.1).weights.flatten())
    refits = torch.stack(refits)
    assert errors.tolist() == pytest.approx(refits.std(0).tolist(), rel=0.25)
    draws = fit.bootstrap(2000, seed=1).flatten(1)
    assert draws.mean(0).tolist() == pytest.approx(fit.weights.flatten().tolist(), abs=0.1 * float(errors.max()))
    for share in (0.1, 0.9):
        gap = (draws.quantile(share, 0) - refits.quantile(share, 0)).abs()
        assert (gap < 0.5 * errors).all()
    alone = fit_conditional_logit(choices, [str(i) for i in range(len(groups))], ridge=0.1).covariance.diagonal().sqrt()
    assert errors.tolist() == pytest.approx((2 * alone).tolist(), rel=1e-6)


def test_values_that_are_not_finite_are_an_error():
    choices = draw()
    choices.values[3, 0, 2] = torch.nan
    with pytest.raises(ArithmeticError, match='do not converge'):
        fit_conditional_logit(choices, ['a'] * 60, 1.0)


def test_evaluation_without_samples_is_an_error():
    with pytest.raises(ValueError, match='at least one sample'):
        fit_conditional_logit(draw(n=0), [], 1.0)
