"""Divergence between the distributions of two finished runs."""

from __future__ import annotations

import io

import numpy as np

from crslab_causal.base import artifacts
from crslab_causal.base.files import replace_file
from crslab_causal.experiments.analysis.distributions import kl_divergence, predictions
from crslab_causal.experiments.runner.dataset_cache import DatasetCache
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Run


def divergence(with_: Run, without: Run, split: str, store: RunStore, datasets: DatasetCache) -> np.ndarray:
    r"""Return :math:`\mathrm{KL}(p_\mathrm{with} \| p_\mathrm{without})` of two finished runs, in nats.

    This loads both models. The result is therefore also written to the folder of the first run, and read from there the
    next time.

    Args:
        with_: run of CausalKBRD whose weights were saved.
        without: another such run on the same data.
        split: ``valid`` or ``test``.
        store: folders of the runs.
        datasets: loaded datasets.

    Returns:
        One number for each sample, ``(n_sample,)``, in the order of the split.

    Raises:
        UserError: a model is not CausalKBRD, or its weights are missing.
    """
    path = store.folder(with_) / artifacts.divergence_file(split, store.folder(without))
    if not path.is_file():
        p, q = (_probabilities(run, split, store, datasets) for run in (with_, without))
        content = io.BytesIO()
        np.save(content, kl_divergence(p, q))
        replace_file(path, content.getvalue())
    return np.load(path)


def _probabilities(run: Run, split: str, store: RunStore, datasets: DatasetCache) -> np.ndarray:
    from crslab_causal.quick_start import assemble

    config = store.config(run)
    system = assemble(config, datasets.load(config), interact=True)
    return predictions(system, dict(system.splits())[split]).probability
