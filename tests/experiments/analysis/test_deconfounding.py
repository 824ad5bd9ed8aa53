"""The study of deconfounding: true distributions against loops and random draws, and distances of a trained model."""

import json
from functools import partial
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.base.errors import UserError
from crslab_causal.command_line.run import main
from crslab_causal.data.demo.catalogue import Catalogue
from crslab_causal.data.demo.scm import LIKED_PROBABILITY, Mention, StructuralCausalModel
from crslab_causal.data.histories import pad_histories
from crslab_causal.experiments.analysis.deconfounding import distance_to_truth, study_row, true_targets
from crslab_causal.quick_start import load_system
from demo_targets import p_target_do, p_target_observational

CATALOGUE = Catalogue.build(3)
SCM = StructuralCausalModel.build(CATALOGUE, 0.8, 3)
N_FILM, N_MENTIONABLE = SCM.similarity.shape[1], len(SCM.similarity)
histories = st.lists(st.integers(0, N_MENTIONABLE - 1), min_size=1, max_size=4, unique=True)


def in_loops(history, formula):
    """Return the mean of ``formula`` over all opinions of a history."""
    total = 0
    for opinion in product((True, False), repeat=len(history)):
        share = 1.0
        for entity, like in zip(history, opinion):
            share *= (LIKED_PROBABILITY if like else 1 - LIKED_PROBABILITY) if entity < N_FILM else float(like)
        if share:
            total = total + share * formula([Mention(*pair) for pair in zip(history, opinion)])
    return total


@limits(deadline=None, max_examples=25)
@given(batch=st.lists(histories, min_size=1, max_size=4))
def test_targets_given_mentions_equal_a_loop_over_opinions(batch):
    found = true_targets(SCM, batch)

    np.testing.assert_allclose(found.do, [in_loops(h, partial(p_target_do, SCM)) for h in batch], rtol=1e-9)
    np.testing.assert_allclose(
        found.observational, [in_loops(h, partial(p_target_observational, SCM)) for h in batch], rtol=1e-9
    )
    np.testing.assert_allclose(found.do.sum(axis=1), 1)


@limits(deadline=None, max_examples=25)
@given(batch=st.lists(histories, min_size=1, max_size=4), data=st.data())
def test_targets_given_opinions_equal_the_formulas_of_the_causal_model(batch, data):
    liked = [data.draw(st.lists(st.booleans(), min_size=len(h), max_size=len(h))) for h in batch]
    found = true_targets(SCM, batch, liked)
    mentions = [[Mention(*pair) for pair in zip(*both)] for both in zip(batch, liked)]

    np.testing.assert_allclose(found.do, [p_target_do(SCM, m) for m in mentions], rtol=1e-9)
    np.testing.assert_allclose(found.observational, [p_target_observational(SCM, m) for m in mentions], rtol=1e-9)


def small_scm():
    """Return a causal model of four films, a genre and two contexts with different mentions and explanations."""
    rng = np.random.default_rng(0)
    return StructuralCausalModel(
        strength=0.9,
        context_prior=np.array([0.6, 0.4]),
        mention_base=np.full(5, 0.2),
        mention_specific=np.array([[0.6, 0.1, 0.1, 0.1, 0.1], [0.05, 0.05, 0.6, 0.2, 0.1]]),
        explanation_base=np.array([0.5, 0.5]),
        explanation_specific=np.array([[0.9, 0.1], [0.05, 0.95]]),
        similarity=rng.random((5, 4)),
        fit=np.array([[1.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 1.0]]),
        popularity=rng.normal(size=4),
        affinity_weight=1.0,
        fit_weight=4.0,
    )


def test_targets_equal_the_frequencies_of_random_draws(monkeypatch):
    """Draws with the history X have targets from P(Y | X) if observed, and from P(Y | do(X)) under intervention."""
    monkeypatch.setattr('crslab_causal.data.demo.scm.LENGTH_PROBABILITIES', (0.6, 0.4))  # otherwise most X are rare
    scm, rng = small_scm(), np.random.default_rng(1)
    for sample, name in ((scm.sample_interventional, 'do'), (scm.sample_observational, 'observational')):
        draws = [sample(rng) for _ in range(8_000)]
        for history in ([0], [2], [2, 3]):
            drawn = [d.target for d in draws if [m.entity for m in d.history] == history]
            share = np.bincount(drawn, minlength=4) / len(drawn)
            expected, other = (
                getattr(true_targets(scm, [history]), which)[0]
                for which in (name, {'do': 'observational', 'observational': 'do'}[name])
            )
            error = np.sqrt(expected * (1 - expected) / len(drawn))
            assert (np.abs(share - expected) < 4 * error).all()
            assert (np.abs(share - other) > 4 * error).any()  # there are enough draws to distinguish the two


def test_without_confounding_both_targets_are_equal():
    free = StructuralCausalModel.build(CATALOGUE, 0.0, 3)
    found = true_targets(free, [[0, 5], [130], [N_FILM + 1, 2, 3]])
    np.testing.assert_allclose(found.do, found.observational)


# ---------------------------------------------------------------- a whole run


@pytest.fixture
def system(workplace):
    settings = {
        'dataset': 'CausalDemo',
        'model': 'CausalKBRD',
        'kg_emb_dim': 8,
        'cutoffs': [1, 10],
        'demo_train': 300,
        'alpha': 0.0,
        'beta': 0.0,
        'adjustment': 'turn',
        'rec': {'epoch': 2, 'optimizer': {'lr': 0.01}},
    }
    (workplace / 'demo.yaml').write_text(yaml.safe_dump(settings), 'utf-8')
    assert main(['-c', 'demo.yaml', '--data_path', 'data', '-ss']) == 0
    return load_system('demo.yaml', settings=['data_path=data'])


def test_distances_of_a_run_equal_loops_over_its_samples(system):
    """Every sample also contains the whole history of its conversation as it was drawn."""
    scm = StructuralCausalModel.build(Catalogue.build(2024), 0.8, 2024)
    uris = Catalogue.build(2024).uris
    of_entity = {system.vocab['entity2id'][uri]: i for i, uri in enumerate(uris)}
    labels = [of_entity[s['item']] for s in system.train_dataloader.samples]
    popularity = (np.bincount(labels, minlength=N_FILM) + 1) / (len(labels) + N_FILM)
    recommender = system.recommender()
    row = study_row(system)
    results = json.loads((system.folder / 'results.json').read_text('utf-8'))['splits']

    for split in ('interventional', 'test'):
        found = distance_to_truth(system, split)
        expected = {key: [] for key in found['mentions']}
        loader = dict(system.splits())[split]
        assert found['samples'] == len(loader) == 400
        for sample in loader.samples:
            drawn = sample['scm']['history']
            assert [uris[of_entity[m]] for m in sample['context_mentions']] == [m['entity'] for m in drawn]
            assert [m not in sample['context_disliked'] for m in sample['context_mentions']] == [
                m['liked'] for m in drawn
            ]
            history = [of_entity[m] for m in sample['context_mentions']]
            do = in_loops(history, partial(p_target_do, scm))
            observational = in_loops(history, partial(p_target_observational, scm))
            model = np.zeros(N_FILM)
            model[[of_entity[m] for m in system.item_ids]] = np.exp(scores_of(recommender, sample))
            for key, (p, q) in {
                'model': (do, model),
                'model_to_observational': (observational, model),
                'observational': (do, observational),
                'popularity': (do, popularity),
            }.items():
                expected[key].append([np.abs(p - q).sum() / 2, (p * np.log(p / q)).sum()])
        for key, values in expected.items():
            tv, kl = np.mean(values, axis=0)
            assert found['mentions'][key] == {'tv': pytest.approx(tv, rel=1e-4), 'kl': pytest.approx(kl, rel=1e-4)}
            assert row[f'{split}_{key}_tv'] == found['mentions'][key]['tv']
        for k in (1, 10):
            assert row[f'{split}_recall@{k}'] == pytest.approx(results[split]['all'][f'recall@{k}'])
    assert row['adjustment'] == 'turn' and row['confounding'] == 0.8
    with pytest.raises(UserError, match="split 'train' does not exist; choose one of valid, test, interventional"):
        distance_to_truth(system, 'train')


def scores_of(recommender, sample):
    """Return the log-probabilities of all items after a sample's history, in the order of the items."""
    with torch.no_grad():
        logits = recommender.model.item_logits(pad_histories([sample['context_entities']]), intervene=False).observed
    return torch.log_softmax(logits[0].double(), -1).numpy()


def test_another_dataset_or_model_is_refused():
    with pytest.raises(UserError, match='dataset ReDial: .* is known of CausalDemo only'):
        distance_to_truth(SimpleNamespace(opt={'dataset': 'ReDial'}), 'test')
