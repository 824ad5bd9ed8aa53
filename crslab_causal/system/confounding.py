"""Fit the confounder that a configuration names."""

from __future__ import annotations

from loguru import logger

from crslab_causal.config import Config
from crslab_causal.data.confounders import NO_ADJUSTMENT, Confounder
from crslab_causal.data.dataloader import CausalDataLoader


def fit_confounder(config: Config, dataloader: CausalDataLoader, side_data: dict) -> Confounder | None:
    """Fit the confounder of ``adjustment`` to the training samples, and log its strata.

    Returns:
        The confounder; None without an adjustment.

    Raises:
        UserError: see :meth:`.Confounder.fit`.
    """
    kind = getattr(config.model, 'adjustment', NO_ADJUSTMENT)
    if kind == NO_ADJUSTMENT:
        return None
    confounder = Confounder.fit(kind, dataloader.samples, side_data, config.model.adjustment_strata, config.run.seed)
    if len(confounder.names) < 2:
        logger.warning(
            f'[adjustment: {kind}: all training samples are in one stratum, {confounder.names[0]}; this '
            'is the model without adjustment]'
        )
    shares = '; '.join(f'{name} ({share:.3f})' for name, share in zip(confounder.names, confounder.prior))
    logger.info(f'[Strata of {kind}, with P(C): {shares}]')
    return confounder
