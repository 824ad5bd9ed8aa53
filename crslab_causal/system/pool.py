"""The system of the pool, which fits its experts and its weights."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Mapping, Sequence

from loguru import logger

from crslab_causal.base.errors import UserError
from crslab_causal.chat.live_context import LiveContexts
from crslab_causal.chat.recommenders.pool import PoolRecommender
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.pool.context import CONTEXT_FEATURES
from crslab_causal.model.pool.fitting import PoolFit, fit_pool, standard_errors, weights_by_length
from crslab_causal.model.pool.members import RecommenderMember
from crslab_causal.model.pool.pool import Pool
from crslab_causal.system import checkpoint
from crslab_causal.system.adapters import ItemRecommenderAdapter
from crslab_causal.system.causal import CausalSystem
from crslab_causal.system.checkpoint import Progress


class PoolAdapter(ItemRecommenderAdapter):
    """The adapter of the pool. If CausalKBRD is an expert, its entity vectors are computed once for many batches."""

    def group(self) -> AbstractContextManager:
        return self.module.shared_entity_embedding()

    def recommender(
        self, contexts: LiveContexts, mentioned: Sequence[int], names: Mapping[int, str]
    ) -> PoolRecommender:
        entities = dict.fromkeys([*self.item_entity_ids.tolist(), *mentioned])
        return PoolRecommender(self.module, contexts, list(entities), names)


class PoolSystem(CausalSystem):
    """The system that fits a pool instead of training it for epochs, and tests it like the other systems.

    ``results.json`` also has the weights with their standard errors, under ``pool``.
    """

    fitted: PoolFit | None = None

    @property
    def pool(self) -> Pool:
        """The model."""
        return self.adapter.module

    def _prepare_training(self) -> None:
        super()._prepare_training()
        if self.config.model.recommender is not None:
            path = checkpoint.find_recommender(Path(self.config.model.recommender))
            options, weights = checkpoint.load_expert(path, self.identity, self.device)
            for member in self.pool.members:
                if isinstance(member, RecommenderMember):
                    member.take(options, weights)
            logger.info(f'[Expert CausalKBRD from {path.parent}]')

    def train_recommender(self) -> None:
        """Fit the weights and the experts of the pool. Do nothing if they were restored from a checkpoint."""
        if self.progress.finished:
            return
        started = time.perf_counter()
        data, valid = map(TrainingData.of, (self.train_dataloader, self.valid_dataloader))
        try:
            self.fitted = fit_pool(self.pool, data, valid, self.seed)
        except ValueError as error:
            raise UserError(f'model Pool: {error}; choose another fit_on') from error
        self.pool.eval()
        metric = self.stage.validate(epoch=0)
        self.trainer.progress = Progress(1, 0, metric, True, time.perf_counter() - started)
        logger.info(f'[Weights of the pool, with standard errors]\n{weight_table(self.pool)}')
        self.trainer.save(self.pool.state_dict())

    def run_metadata(self) -> dict[str, Any]:
        return {**super().run_metadata(), 'pool': self.weight_record()}

    def weight_record(self) -> dict[str, Any]:
        """Return the weights of the pool and how they were fitted, as the section ``pool`` of ``results.json``."""
        record: dict[str, Any] = {
            'features': list(CONTEXT_FEATURES),
            'channels': [self.pool.channels[i] for i in self.pool.active_channels().tolist()],
            'missing': self.pool.missing_experts(),
        }
        chosen = self.pool.active_channels()
        record['weights'] = self.pool.weights[chosen].tolist()
        record['standard_errors'] = standard_errors(self.pool)[chosen].tolist()
        if self.fitted is not None:  # a restored run does not have these numbers
            record |= {
                'samples': self.fitted.samples,
                'conversations': self.fitted.conversations,
                'log_likelihood': self.fitted.logit.log_likelihood,
                'steps': self.fitted.logit.steps,
                'by_length': weights_by_length(self.pool, self.fitted.logit, self.fitted.has_text, self.seed),
            }
        return record


def weight_table(pool: Pool) -> str:
    """Return the weights and their standard errors as text, a line for each channel."""
    errors = standard_errors(pool)
    lines = [' | '.join(['channel', *CONTEXT_FEATURES])]
    for i in pool.active_channels().tolist():
        cells = (f'{w:.2f} ± {e:.2f}' for w, e in zip(pool.weights[i].tolist(), errors[i].tolist()))
        lines.append(' | '.join([pool.channels[i], *cells]))
    return '\n'.join(lines)
