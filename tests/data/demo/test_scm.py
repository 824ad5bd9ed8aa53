import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crslab_causal.data.demo.catalogue import Catalogue
from crslab_causal.data.demo.scm import KIND_PROBABILITIES, Mention, StructuralCausalModel
from demo_targets import p_context, p_target_do, p_target_observational

CATALOGUE = Catalogue.build(5)
MODEL = StructuralCausalModel.build(CATALOGUE, strength=0.8, seed=5)
N_MENTIONABLE = len(MODEL.mention_base)
N_FILMS = len(MODEL.popularity)

histories = st.lists(st.integers(0, N_MENTIONABLE - 1), min_size=1, max_size=4, unique=True).flatmap(
    lambda entities: st.tuples(
        *(st.builds(Mention, st.just(e), st.booleans() if e < N_FILMS else st.just(True)) for e in entities)
    )
)


def total_variation(p: np.ndarray, q: np.ndarray) -> float:
    return 0.5 * float(np.abs(p - q).sum())


def test_every_table_is_a_distribution():
    for table in (
        MODEL.context_prior,
        MODEL.mention_base,
        MODEL.mention_given_context,
        MODEL.explanation_base,
        MODEL.explanation_given_context,
    ):
        assert (table >= 0).all()
        np.testing.assert_allclose(table.sum(axis=-1), 1.0)
    films = MODEL.mention_given_context[:, :N_FILMS].sum(axis=1)
    np.testing.assert_allclose(films, KIND_PROBABILITIES['films'])


@given(histories)
@settings(max_examples=15, deadline=None)
def test_p_target_do_is_the_backdoor_sum(history):
    total = np.zeros(N_FILMS)
    for c, p_c in enumerate(MODEL.context_prior):
        for e, p_e in enumerate(MODEL.explanation_given_context[c]):
            logits = np.empty(N_FILMS)
            for y in range(N_FILMS):
                weights = [0.7 ** (len(history) - 1 - i) for i in range(len(history))]
                affinity = sum(
                    w * (1 if m.liked else -1) * MODEL.similarity[m.entity, y] for w, m in zip(weights, history)
                ) / sum(weights)
                logits[y] = MODEL.affinity_weight * affinity + MODEL.fit_weight * MODEL.fit[e, y] + MODEL.popularity[y]
            total += p_c * p_e * np.exp(logits) / np.exp(logits).sum()
            if c == 0:
                np.testing.assert_allclose(MODEL.p_target(history, e), np.exp(logits) / np.exp(logits).sum())
    np.testing.assert_allclose(p_target_do(MODEL, history), total)


@given(histories)
@settings(max_examples=25, deadline=None)
def test_observational_and_interventional_targets_agree_without_confounding(history):
    unconfounded = replace(MODEL, strength=0.0)
    np.testing.assert_allclose(p_target_observational(unconfounded, history), p_target_do(unconfounded, history))


def test_observational_and_interventional_targets_differ_more_with_stronger_confounding():
    rng = np.random.default_rng(0)
    samples = [MODEL.sample_interventional(rng).history for _ in range(200)]
    distances = []
    for strength in (0.0, 0.25, 0.5, 0.75, 1.0):
        model = replace(MODEL, strength=strength)
        distances.append(
            np.mean([total_variation(p_target_observational(model, h), p_target_do(model, h)) for h in samples])
        )
    assert distances[0] == pytest.approx(0.0, abs=1e-12)
    assert (np.diff(distances) > 0.02).all()
    assert distances[-1] > 0.3


def small_model() -> tuple[StructuralCausalModel, tuple[Mention, ...]]:
    """Return a strongly confounded model that mentions only the favourites of two contexts, and a history."""
    films = [film for context in (17, 30) for film in MODEL.mention_specific[context, :N_FILMS].argsort()[:-3:-1]]
    base = np.isin(np.arange(N_MENTIONABLE), films) / 4
    specific = MODEL.mention_specific * base
    return (
        replace(
            MODEL, strength=1.0, mention_base=base, mention_specific=specific / specific.sum(axis=1, keepdims=True)
        ),
        (Mention(int(films[0]), True), Mention(int(films[1]), True)),
    )


def sampling_error(n_cells: int, n_samples: int) -> float:
    """Return a bound that the error of an empirical distribution exceeds once in 1000 cases (McDiarmid)."""
    return 0.5 * np.sqrt(n_cells / n_samples) + np.sqrt(np.log(1000) / (2 * n_samples))


def test_enumeration_agrees_with_sampling():
    model, history = small_model()
    rng = np.random.default_rng(1)
    met = [draw for draw in (model.sample_observational(rng) for _ in range(15_000)) if draw.history == history]
    n = len(met)
    genre_of = [CATALOGUE.genres.index(film.genres[0]) for film in CATALOGUE.films]

    def genres(p_target: np.ndarray) -> np.ndarray:
        """Return the distribution of the main genre of the target."""
        return np.bincount(genre_of, weights=p_target)

    contexts = np.bincount([draw.context for draw in met], minlength=36) / n
    targets = genres(np.bincount([draw.target for draw in met], minlength=N_FILMS) / n)
    assert total_variation(contexts, p_context(model, history)) < sampling_error(36, n)
    assert total_variation(targets, genres(p_target_observational(model, history))) < sampling_error(8, n)
    assert total_variation(targets, genres(p_target_do(model, history))) > sampling_error(8, n), 'the test has no power'


def test_interventional_histories_do_not_depend_on_the_context():
    rng = np.random.default_rng(2)

    def dependence(draws) -> float:
        """Return the distance from independence of the season and the main genre of the first film."""
        table = np.zeros((4, 8))
        for draw in draws:
            entity = draw.history[0].entity
            if entity < N_FILMS:
                table[draw.context // 9, CATALOGUE.genres.index(CATALOGUE.films[entity].genres[0])] += 1
        table /= table.sum()
        return total_variation(table, np.outer(table.sum(axis=1), table.sum(axis=0)))

    n = 4000
    assert dependence([MODEL.sample_interventional(rng) for _ in range(n)]) < sampling_error(4 * 8, n)
    assert dependence([MODEL.sample_observational(rng) for _ in range(n)]) > 2 * sampling_error(4 * 8, n)


def test_interventional_targets_follow_p_target_do():
    """Mean log-likelihood of the interventional targets is highest under P(Y|do(X))."""
    rng = np.random.default_rng(3)
    draws = [MODEL.sample_interventional(rng) for _ in range(1500)]
    do = np.mean([np.log(p_target_do(MODEL, d.history)[d.target]) for d in draws])
    observational = np.mean([np.log(p_target_observational(MODEL, d.history)[d.target]) for d in draws])
    assert do > observational + 0.1


def test_the_history_affects_the_target():
    film = 0
    liked, disliked = (MODEL.p_target((Mention(film, liked),), 0) for liked in (True, False))
    similar = int(MODEL.similarity[film].argmax())
    assert liked[similar] > disliked[similar]
    other = next(f for f in range(N_FILMS) if f != similar and MODEL.similarity[f, similar] == 0)
    order = (Mention(other, True), Mention(film, True))
    assert MODEL.affinity(order)[similar] > MODEL.affinity(order[::-1])[similar], 'the later mention weighs more'


def test_dict_round_trip_is_exact():
    restored = StructuralCausalModel.from_dict(json.loads(json.dumps(MODEL.to_dict())))
    history = (Mention(3, False), Mention(N_FILMS + 1, True))
    assert (p_target_do(restored, history) == p_target_do(MODEL, history)).all()
    assert (p_target_observational(restored, history) == p_target_observational(MODEL, history)).all()
    draws = [model.sample_observational(np.random.default_rng(0)) for model in (MODEL, restored)]
    assert draws[0] == draws[1]


@pytest.mark.parametrize('strength', [-0.1, 1.5])
def test_a_strength_outside_its_range_is_an_error(strength):
    with pytest.raises(ValueError, match='not between 0 and 1'):
        StructuralCausalModel.build(CATALOGUE, strength, 0)
