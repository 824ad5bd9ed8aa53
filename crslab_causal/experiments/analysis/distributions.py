"""Predicted distributions of trained models, and distances between distributions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from crslab_causal.base.errors import UserError
from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.evaluator.ranking import expected_ranks
from crslab_causal.model.causal_kbrd import CausalKBRD
from crslab_causal.system.causal import CausalSystem
from crslab_causal.system.evaluation import EVALUATION_BATCH_SIZE


class Predictions(NamedTuple):
    """Predictions of a model for the samples of a split."""

    probability: np.ndarray
    """``(n_sample, n_item)``: the predicted distributions over items."""
    rank: np.ndarray
    """``(n_sample,)``: the rank of the label, from 1."""


def predictions(system: CausalSystem, dataloader: CausalDataLoader) -> Predictions:
    """Return the predictions of a trained CausalKBRD.

    They are P(Y | X), or P(Y | do(X)) if the model adjusts for a confounder.

    Raises:
        UserError: the model is not CausalKBRD. The scores of other models are not logits.
    """
    if not isinstance(system.adapter.module, CausalKBRD):
        raise UserError(f'model {system.opt["model"]}: its scores are not probabilities; use CausalKBRD for this study')
    system.model.eval()
    probability, rank = [], []
    with torch.no_grad(), system.adapter.group():
        for batch in dataloader.to(system.device).get_rec_data(
            EVALUATION_BATCH_SIZE, shuffle=False, desc='predictions'
        ):
            batch = batch.to(system.device)
            scores, _ = system.adapter.scores(batch, intervene=False)
            probability.append(torch.softmax(scores.double(), -1).cpu().numpy())
            rank.append(expected_ranks(scores, batch.label, batch.seen).rank.cpu().numpy())
    return Predictions(np.concatenate(probability), np.concatenate(rank))


def total_variation(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the total variation between the rows of two ``(n, f)`` arrays, as ``(n,)`` numbers from 0 to 1."""
    return np.abs(p - q).sum(axis=1) / 2


def kl_divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    r"""Return :math:`\mathrm{KL}(p \| q)` between the rows of two ``(n, f)`` arrays, as ``(n,)`` numbers in nats.

    It is infinite where q is 0 and p is not.
    """
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0).sum(axis=1)
