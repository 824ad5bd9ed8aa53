"""Cohen's kappa against scikit-learn, against slow references, and by simulation."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from crslab_causal.experiments.analysis.agreement import Kappa, cohens_kappa

RATINGS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=40)


@settings(deadline=None)
@given(RATINGS, st.sampled_from([None, 'linear', 'quadratic']))
def test_kappa_equals_that_of_scikit_learn(ratings, weights):
    first, second = np.array(ratings).T
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        theirs = cohen_kappa_score(first, second, labels=[1, 2, 3, 4, 5], weights=weights)
    found = cohens_kappa(first, second, weights, draws=50)
    assert found.n == len(ratings)
    assert found.kappa == pytest.approx(theirs, nan_ok=True)
    assert found.low <= found.high or math.isnan(found.low)
    assert cohens_kappa(second, first, weights, draws=50) == pytest.approx(found, nan_ok=True)


def test_an_unused_step_of_the_scale_counts():
    """With ranks instead of ratings, 1, 4 and 5 would be a scale of even steps."""
    first, second = [1, 4, 5, 1, 4, 5], [1, 5, 5, 4, 4, 5]
    assert cohens_kappa(first, second, 'quadratic').kappa == pytest.approx(
        cohen_kappa_score(first, second, labels=[1, 2, 3, 4, 5], weights='quadratic')
    )
    assert cohens_kappa(first, second, 'quadratic').kappa != pytest.approx(
        cohen_kappa_score(first, second, weights='quadratic')
    )


def test_raters_who_give_one_rating_to_all_items():
    assert np.isnan(cohens_kappa([3, 3, 3], [3, 3, 3])[:3]).all()
    assert cohens_kappa([3, 3, 3], [1, 2, 3]).kappa == 0
    assert cohens_kappa([3, 3], [1, 1]) == Kappa(0, 0, 0, 2)  # no agreement, and none is expected by chance


def test_perfect_agreement_is_one():
    found = cohens_kappa([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], 'linear')
    assert found[:3] == (1, 1, 1)  # draws of one item five times have no kappa and are left out


def test_the_interval_of_kappa_equals_that_of_a_loop_over_draws():
    rng = np.random.default_rng(2)
    first = rng.integers(1, 6, 80)
    second = np.clip(first + rng.integers(-1, 2, 80), 1, 5)
    slow = []
    for _ in range(800):
        index = rng.integers(80, size=80)
        slow.append(cohen_kappa_score(first[index], second[index], weights='quadratic', labels=[1, 2, 3, 4, 5]))
    found = cohens_kappa(first, second, 'quadratic', draws=5000)
    assert [found.low, found.high] == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.02)


def test_the_interval_of_kappa_has_its_nominal_coverage_for_correlated_items():
    """Raters agree on all five answers of a context or on none, so that these are hardly more than one observation."""
    rng = np.random.default_rng(4)

    def rate(n_context):
        first = rng.integers(1, 6, (n_context, 5))
        same = rng.random((n_context, 1)) < 0.5  # agree on all answers of a context, or by chance
        return first.ravel(), np.where(same, first, rng.integers(1, 6, (n_context, 5))).ravel()

    # the truth: (0.5 + 0.5 / 5 - 1 / 5) / (1 - 1 / 5) = 0.5
    by_context = by_item = 0
    for seed in range(300):
        first, second = rate(60)
        found = cohens_kappa(first, second, clusters=np.arange(300) // 5, draws=400, seed=seed)
        by_context += found.low <= 0.5 <= found.high
        found = cohens_kappa(first, second, draws=400, seed=seed)
        by_item += found.low <= 0.5 <= found.high
    assert by_context / 300 == pytest.approx(0.95, abs=0.04)
    assert by_item / 300 < 0.85


@pytest.mark.parametrize(
    ('first', 'second', 'clusters'),
    [([], [], None), ([1], [1, 2], None), ([1, 2], [1, 2], [0]), ([1, math.nan], [1, 2], None)],
)
def test_ratings_of_different_lengths_are_refused(first, second, clusters):
    with pytest.raises(ValueError):
        cohens_kappa(first, second, clusters=clusters)


def test_one_cluster_gives_no_interval():
    found = cohens_kappa([1, 2, 3], [1, 2, 2], clusters=['c'] * 3)
    assert found.kappa == pytest.approx(cohen_kappa_score([1, 2, 3], [1, 2, 2])) and np.isnan(found[1:3]).all()
