"""How far the distributions of two finished runs are from each other."""

from __future__ import annotations

import io

import numpy as np

from crslab_causal.experiments.analysis.distributions import kl_divergence, predictions
from crslab_causal.experiments.runner.execution import dataset_of
from crslab_causal.experiments.runner.runs import Place, config_of, folder_of
from crslab_causal.experiments.suite.suite import Run
from crslab_causal.base.files import replace_file
from crslab_causal.crslab_compat import use_directories
from crslab_causal.quick_start import assemble


def divergence(with_: Run, without: Run, split: str, place: Place) -> np.ndarray | None:
    r""":math:`\mathrm{KL}(p_\mathrm{with} \| p_\mathrm{without})` of two finished runs, in nats.

    It is kept in the folder of the first, since both models have to be loaded for it.

    Args:
        with_, without: of CausalKBRD on the same data.
        split: ``valid`` or ``test``.
        place: of the runs.

    Returns:
        ``(n_sample,)``, in the order of the split; None if the weights of a run were not saved.
    """
    if any(not (folder_of(run, place) / 'best.pth').is_file() for run in (with_, without)):
        return None
    other = folder_of(without, place)
    path = folder_of(with_, place) / f'kl_{split}_{other.parent.name}_{other.name}.npy'
    if not path.is_file():
        p, q = (_probabilities(run, split, place) for run in (with_, without))
        content = io.BytesIO()
        np.save(content, kl_divergence(p, q))
        replace_file(path, content.getvalue())
    return np.load(path)


def _probabilities(run: Run, split: str, place: Place) -> np.ndarray:
    config = config_of(run, place)
    use_directories(config['data_path'], config['save_path'])
    system = assemble(config, dataset_of(config), interact=True)
    return predictions(system, dict(system.splits())[split]).probability
