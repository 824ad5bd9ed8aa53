"""Chooses the weight of a mixture of two distributions, which training does not see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from crslab_causal.system.causal import CausalSystem


def mixture_key(system: CausalSystem) -> str | None:
    """The option that holds the weight of the model's mixture; None if it mixes nothing.

    A model with a mixture has the class attributes ``mixture_key``, which is also the name of the buffer with the weight,
    and ``mixture_weights``, from which it is to be chosen.
    """
    key = getattr(system.driver.module, 'mixture_key', None)
    return key if key is not None and getattr(system.driver.module, key) is not None else None


def choose_weight(system: CausalSystem, key: str) -> float:
    """Sets the weight to the best on valid, and returns it.

    As in the released code of CTA-CRS: the first with the largest sum of recall at the smallest and at the largest
    cutoff. Until then the weight is 0, so that early stopping goes by one of the two alone.
    """
    first, last = min(system.opt['cutoffs']), max(system.opt['cutoffs'])
    weight, candidates = getattr(system.driver.module, key), system.driver.module.mixture_weights
    sums = []
    for candidate in candidates:
        weight.fill_(candidate)
        recall = system.evaluate('valid', system.valid_dataloader, system.progress.best_epoch, full=False)['all']
        sums.append(recall[f'recall@{first}'] + recall[f'recall@{last}'])
    best = candidates[sums.index(max(sums))]
    weight.fill_(best)
    logger.info(f'[{key}, chosen on valid: {best}]')
    return best
