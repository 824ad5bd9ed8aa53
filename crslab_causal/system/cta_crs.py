"""The system CTACRS: chooses the weight of the contextual level before it tests."""

from __future__ import annotations

from loguru import logger

from crslab_causal.system.causal import CausalSystem

CONTEXT_WEIGHTS = tuple(i / 10 for i in range(11))


class CTACRSSystem(CausalSystem):
    """As :class:`.CausalSystem`, and chooses ``context_weight`` where the configuration leaves it open.

    As in the released code of CTA-CRS: of 0, 0.1 ... 1 the first with the largest sum of recall at the smallest and at
    the largest cutoff on valid. Until then the weight is 0, so that early stopping goes by the entity level.
    """

    def test_recommender(self) -> dict[str, dict]:
        if self.opt['context_weight'] is None:
            self.choose_context_weight()
        return super().test_recommender()

    def choose_context_weight(self) -> float:
        """Sets the model's ``context_weight`` to the best on valid, and returns it."""
        first, last = min(self.opt['cutoffs']), max(self.opt['cutoffs'])
        weight = self.driver.module.context_weight
        sums = []
        for candidate in CONTEXT_WEIGHTS:
            weight.fill_(candidate)
            recall = self.evaluate('valid', self.valid_dataloader, self.progress.best_epoch, full=False)['all']
            sums.append(recall[f'recall@{first}'] + recall[f'recall@{last}'])
        best = CONTEXT_WEIGHTS[sums.index(max(sums))]
        weight.fill_(best)
        logger.info(f'[Weight of the contextual level, chosen on valid: {best}]')
        return best

    def header(self) -> dict:
        return super().header() | {'context_weight': round(float(self.driver.module.context_weight), 6)}
