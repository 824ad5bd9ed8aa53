"""What trained models give for every sample, and how far two such distributions are from each other."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
import torch

from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.errors import UserError
from crslab_causal.evaluator.ranking import expected_ranks
from crslab_causal.experiments.runs import Place, config_of, dataset_of, folder_of
from crslab_causal.experiments.suite import Run
from crslab_causal.files import replace_file
from crslab_causal.host import use_directories
from crslab_causal.model.causal_kbrd import CausalKBRD
from crslab_causal.quick_start import assemble
from crslab_causal.system.causal import EVALUATION_BATCH, CausalSystem


class Predictions(NamedTuple):
    """What a model gives for the samples of a split."""

    probability: np.ndarray
    """``(n_sample, n_item)``."""
    rank: np.ndarray
    """``(n_sample,)``: of the label, from 1."""


def predictions(system: CausalSystem, dataloader: CausalDataLoader) -> Predictions:
    """P(Y | X) of a trained CausalKBRD for every sample, or P(Y | do(X)) as it is adjusted.

    Raises:
        UserError: it is another model, whose scores are no logits.
    """
    if not isinstance(system.driver.module, CausalKBRD):
        raise UserError(f"model {system.opt['model']}: its scores are no probabilities; this study needs CausalKBRD")
    system.model.eval()
    probability, rank = [], []
    with torch.no_grad(), system.driver.group():
        for batch in dataloader.to(system.device).get_rec_data(EVALUATION_BATCH, shuffle=False, desc='predictions'):
            batch = batch.to(system.device)
            scores, _ = system.driver.scores(batch, intervene=False)
            probability.append(torch.softmax(scores.double(), -1).cpu().numpy())
            rank.append(expected_ranks(scores, batch.label, batch.seen).rank.cpu().numpy())
    return Predictions(np.concatenate(probability), np.concatenate(rank))


def total_variation(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Of the rows of ``(n, f)`` each: ``(n,)``, from 0 to 1."""
    return np.abs(p - q).sum(axis=1) / 2


def kl_divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    r""":math:`\mathrm{KL}(p \| q)` of the rows of ``(n, f)`` each, in nats: ``(n,)``; infinite if q lacks what p has."""
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0).sum(axis=1)


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
