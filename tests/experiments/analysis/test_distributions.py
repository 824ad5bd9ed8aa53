"""Distributions of trained models, and the divergence between those of two runs."""

import math

import numpy as np
import pytest

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.distributions import kl_divergence, total_variation
from crslab_causal.experiments.analysis.divergence import divergence
from crslab_causal.experiments.analysis.ranks import read_ranks
from crslab_causal.experiments.runner.dataset_cache import DatasetCache
from crslab_causal.quick_start import load_system


def test_distances_equal_their_definition():
    p = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    q = np.array([[0.25, 0.5, 0.25], [0.0, 1.0, 0.0]])
    assert total_variation(p, q).tolist() == [0.25, 1.0]
    assert kl_divergence(p, q).tolist() == [pytest.approx(0.5 * np.log(2)), np.inf]
    assert kl_divergence(p, p).tolist() == total_variation(p, p).tolist() == [0, 0]


@pytest.fixture
def saved(write_suite, table, execute):
    """Two finished runs, with and without the causal terms, whose weights are saved."""
    rows = [
        {'title': 'with', 'id': 'with'},
        {'title': 'without', 'id': 'without', 'set': {'alpha': 0, 'beta': 0, 'rec.optimizer.lr': 0.1}},
    ]
    suite = write_suite(
        [table(rows=rows)],
        seeds=(1,),
        figures=[{'name': 'shift', 'panels': [{'title': 'a', 'table': 'main', 'with_': 'with', 'without': 'without'}]}],
    )
    runs = [run for row in suite.tables[0].rows for run in row.runs]
    for run in runs:
        assert run.save
        execute(run)
    return runs


def test_the_divergence_of_two_runs_equals_a_loop_over_their_lists(saved, store):
    found = divergence(*saved, 'valid', store, DatasetCache())

    systems = []
    for run in saved:
        config = store.config(run)
        settings = [*run.settings, *(f'{key}={config[key]}' for key in ('data_path', 'save_path', 'run_name'))]
        systems.append(load_system(str(run.config_file), settings=settings))
    slow = [sum(a * math.log(a / b) for a, b in zip(p, q)) for p, q in zip(*map(probabilities, systems), strict=True)]
    assert found == pytest.approx(slow, rel=1e-4, abs=1e-10) and max(slow) > 1e-4
    ranks = read_ranks(store.folder(saved[0]) / 'ranks_valid.jsonl')
    assert ranks.label.tolist() == [s['item'] for s in systems[0].valid_dataloader.samples]  # both have one order


def test_a_divergence_is_computed_once(saved, store, monkeypatch):
    first = divergence(*saved, 'test', store, DatasetCache())
    monkeypatch.setattr('crslab_causal.experiments.analysis.divergence.predictions', None)
    assert np.array_equal(divergence(*saved, 'test', store, DatasetCache()), first)


def test_a_run_without_weights_has_no_divergence(saved, store):
    (store.folder(saved[1]) / 'best.pth').unlink()
    with pytest.raises(UserError, match='best.pth'):
        divergence(*saved, 'valid', store, DatasetCache())


def test_a_model_whose_scores_are_not_logits_is_refused(write_suite, table, store, execute):
    (row,) = write_suite([table(rows=[{'title': 'a', 'set': {'model': 'Repeat'}}])]).tables[0].rows
    run = row.runs[0]._replace(save=True)
    execute(run)
    with pytest.raises(UserError, match='model Repeat: its scores are not probabilities'):
        divergence(run, run, 'valid', store, DatasetCache())


def probabilities(system):
    """Yield P(Y | X) of each sample of valid, one at a time."""
    for batch in system.valid_dataloader.get_rec_data(1, shuffle=False):
        weights = [math.exp(score) for score in system.adapter.scores(batch, intervene=False)[0][0].tolist()]
        yield [weight / sum(weights) for weight in weights]
