"""The stage ``rec``: the training of the recommender."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Iterator

import numpy as np

from crslab_causal.base import distributed
from crslab_causal.base.training_options import RecTrainingOptions
from crslab_causal.crslab_compat import AverageMetric
from crslab_causal.data.dataloader import CausalDataLoader, RecBatch
from crslab_causal.system.evaluation import RecEvaluation
from crslab_causal.system.trainer import BatchLoss, Stage


class RecStage(Stage[RecBatch]):
    """The stage that trains the recommender. A ranking metric on the validation split decides when it stops.

    Args:
        options: the section ``rec``.
        evaluation: evaluation of the model.
        train: samples of the training split.
        valid: samples of the validation split.
        trained: whether the model has parameters. If not, each process counts all samples.
    """

    name, loss_name, logs_updates = 'rec', 'rec_loss', True

    def __init__(
        self,
        options: RecTrainingOptions,
        evaluation: RecEvaluation,
        train: CausalDataLoader,
        valid: CausalDataLoader,
        trained: bool,
    ):
        self.options: RecTrainingOptions = options
        self.evaluation, self.train, self.valid, self.trained = evaluation, train, valid, trained
        self.adapter, self.evaluator = evaluation.adapter, evaluation.evaluator
        self.logs_gradient_norm = self.evaluator.tensorboard

    def n_update(self) -> int:
        return -(-len(self.train) // (self.options.batch_size * self.options.update_freq))

    def batches(self, epoch: int) -> Iterator[RecBatch]:
        self.evaluator.reset_metrics()
        return self.train.get_rec_data(
            self.options.batch_size, shuffle=True, desc=f'epoch {epoch}', shared=self.trained
        )

    def size(self, batch: RecBatch) -> int:
        return batch.n_sample

    def loss(self, batch: RecBatch, group_size: int) -> BatchLoss:
        terms = self.adapter.loss_terms(batch.to(self.evaluation.device))
        # the gradients of several processes are averaged, but the update needs their sum
        share = terms['rec_loss'] * (batch.n_own * distributed.count() / group_size)
        return BatchLoss(share, batch.n_own, terms)

    def group(self) -> AbstractContextManager:
        return self.adapter.group()

    def validate(self, epoch: int = -1, report: bool = True) -> float:
        self.evaluation.evaluate('valid', self.valid, epoch, full=False, report=report)
        metric = self.evaluator.metric(self.options.metric)
        return metric if np.isfinite(metric) else float('-inf')

    def report(self, epoch: int, means: dict[str, float]) -> None:
        for name, mean in means.items():
            self.evaluator.optim_metrics.add(name, AverageMetric(mean))
        self.evaluator.report(epoch=epoch, mode='train')

    def summary(self, epoch: int, metric: float) -> str:
        return f'Epoch {epoch}: {self.options.metric} {100 * metric:.2f}'
