"""The training loop of both stages: epochs, accumulation, early stopping, checkpoints and resuming."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from itertools import islice
from typing import Any, Generic, Iterable, Iterator, NamedTuple, Sequence, TypeVar

import numpy as np
import torch
from loguru import logger
from torch import Tensor, nn

from crslab_causal.base import distributed
from crslab_causal.base.errors import UserError
from crslab_causal.base.seeding import seed_everything
from crslab_causal.base.training_options import SchedulerOptions, TrainingOptions
from crslab_causal.system.adapters import ModelAdapter
from crslab_causal.system.checkpoint import Checkpoint, Checkpoints, Progress
from crslab_causal.system.running_means import RunningMeans
from crslab_causal.system.schedule import build_optimizer, build_scheduler

Batch = TypeVar('Batch')


ESTIMATE_AFTER = 10
"""Seconds of the first epoch after which the duration of an epoch is estimated."""
SLOW_EPOCH = 120
"""Minimum duration of an epoch in seconds at which the estimate is logged."""


class BatchLoss(NamedTuple):
    """The loss of a batch."""

    share: Tensor
    """Part of the loss of the accumulation group that comes from this batch. It is differentiated."""
    weight: int
    """Number of samples or tokens over which the terms are means; 0 if none belongs to this process."""
    terms: dict[str, Tensor]
    """Mean of each term by name, for the report."""


class Stage(ABC, Generic[Batch]):
    """A stage of training. ``rec`` trains the recommender, and ``conv`` trains the responses."""

    name: str
    """Name of the stage's section in the configuration."""
    loss_name: str
    """Name of the term that is minimised."""
    options: TrainingOptions
    seed_suffix: tuple[int, ...] = ()
    """Numbers that are added to run seed and epoch, so that the stages draw different random numbers."""
    logs_updates = False
    """Whether learning rate and gradient norm are logged."""
    logs_gradient_norm = False

    @abstractmethod
    def n_update(self) -> int:
        """Return the number of updates of an epoch."""

    @abstractmethod
    def batches(self, epoch: int) -> Iterable[Batch]:
        """Return the batches of an epoch, in a new random order."""

    @abstractmethod
    def size(self, batch: Batch) -> int:
        """Return the number of samples or tokens of a batch in all processes.

        It is the weight of the batch in its accumulation group.
        """

    @abstractmethod
    def loss(self, batch: Batch, group_size: int) -> BatchLoss:
        """Return the loss of a batch.

        Args:
            batch: the batch.
            group_size: sum of :meth:`size` over the batches of its accumulation group.
        """

    @abstractmethod
    def validate(self, epoch: int) -> float:
        """Return the metric of early stopping on valid; larger is better."""

    @abstractmethod
    def report(self, epoch: int, means: dict[str, float]) -> None:
        """Report the means over the updates of an epoch."""

    @abstractmethod
    def summary(self, epoch: int, metric: float) -> str:
        """Return the line of the log about an epoch, without its duration."""

    def group(self) -> AbstractContextManager:
        """Return a context manager for the batches of an accumulation group."""
        return nullcontext()


class Trainer(Generic[Batch]):
    """Trains a model in one stage, and keeps the weights of the best epoch.

    There are four differences from CRSLab's systems. The gradient is that of the loss and not of its square
    (system/base.py:185). A batch of an accumulation group is weighted by its number of samples. The weights of the best
    epoch are kept, not the last ones. Every epoch has its own seed, so that a run that was killed and resumed ends like
    an uninterrupted run.

    Args:
        stage: the stage to train.
        adapter: adapter of the model.
        seed: seed of the run.
        device: device of the model.
        checkpoints: checkpoints of the stage.
        identity: configuration and data of the run, saved with the checkpoints, see :func:`.checkpoint.load`.
    """

    def __init__(
        self,
        stage: Stage[Batch],
        adapter: ModelAdapter,
        seed: int,
        device: torch.device,
        checkpoints: Checkpoints,
        identity: dict[str, Any],
    ):
        self.stage, self.adapter, self.seed, self.device = stage, adapter, seed, device
        self.checkpoints, self.identity = checkpoints, identity
        self.options = stage.options
        self.parameters: list[nn.Parameter] = [p for p in adapter.module.parameters() if p.requires_grad]
        self.progress = Progress(0)
        self.means = RunningMeans()
        self.optimizer = self.scheduler = None
        if self.parameters:
            self.prepare_optimizer(self.options.lr_scheduler)

    @property
    def epochs(self) -> int:
        """Number of epochs. It is 1 for a model that is trained by counting."""
        return self.options.epoch if self.parameters else 1

    def prepare_optimizer(self, schedule: SchedulerOptions) -> None:
        """Build a new optimizer, and its learning rate schedule."""
        self.optimizer = build_optimizer(self.options.optimizer, self.parameters)
        self.adapter.configure_optimizer(self.optimizer, self._reads_gradients)
        self.scheduler = build_scheduler(self.optimizer, schedule, self.stage.n_update() * self.epochs)

    @property
    def _reads_gradients(self) -> bool:
        """Whether the norm of the gradients is computed."""
        return bool(self.options.gradient_clip) or self.stage.logs_gradient_norm

    def fit(self) -> None:
        """Train until early stopping or the last epoch, then put the weights of the best epoch into the model."""
        best = self.checkpoints.load_best(self.identity, self.device) if self.progress.epoch else None
        if self.progress.epoch == 0 and not self.progress.finished:
            self.adapter.pretrain(self)
        while not self.progress.finished:
            done, started = self.progress, time.perf_counter()
            seed_everything(self.seed, done.epoch, *self.stage.seed_suffix)
            self._train_epoch(done.epoch)
            metric = self.stage.validate(done.epoch)
            improved = metric > done.best_metric or best is None
            if improved:
                best = deepcopy(self.adapter.module.state_dict())
            best_epoch = done.epoch if improved else done.best_epoch
            stopped = self._stops(done.epoch, best_epoch)
            seconds = time.perf_counter() - started
            self.progress = Progress(
                done.epoch + 1,
                best_epoch,
                metric if improved else done.best_metric,
                stopped or done.epoch + 1 >= self.epochs,
                done.seconds + seconds,
            )
            logger.info(
                f'[{self.stage.summary(done.epoch, metric)}, best epoch {best_epoch}, {seconds:.1f} s]'
                + (' [Early stop]' if stopped else '')
            )
            self.save(best)
        self.adapter.module.load_state_dict(best)

    def _stops(self, epoch: int, best_epoch: int) -> bool:
        """Return whether early stopping ends the training after ``epoch``."""
        return self.options.early_stop and epoch - best_epoch >= self.options.impatience

    def _train_epoch(self, epoch: int) -> None:
        self.adapter.model.train()
        started, n_update, announced = time.perf_counter(), 0, self.progress.epoch > 0
        batches: Iterator[Batch] = iter(self.stage.batches(epoch))
        while group := list(islice(batches, self.options.update_freq)):
            self.update(group)
            n_update, seconds = n_update + 1, time.perf_counter() - started
            if not announced and seconds > ESTIMATE_AFTER:
                announced = True
                self._announce(seconds / n_update * self.stage.n_update())
        means = self.means.compute(self.device)
        self.means = RunningMeans()
        loss = means[self.stage.loss_name]
        if not np.isfinite(loss):
            raise UserError(
                f'training of {self.stage.name} diverged in epoch {epoch}: the loss is {loss}; '
                f'lower {self.stage.name}.optimizer.lr, or set {self.stage.name}.gradient_clip'
            )
        self.stage.report(epoch, means)

    def _announce(self, seconds: float) -> None:
        """If the training is long, log its expected duration, and advice that makes it faster."""
        if seconds < SLOW_EPOCH:
            return
        hint = self.adapter.advice_if_slow
        logger.info(
            f'[About {seconds / 60:.0f} min an epoch, at most {self.epochs} epochs or '
            f'{seconds * self.epochs / 3600:.1f} h]' + (f' [{hint}]' if hint else '')
        )

    def update(self, group: Sequence[Batch]) -> None:
        """Update the parameters once, from the batches of an accumulation group."""
        size = sum(map(self.stage.size, group))
        if self.optimizer is not None:
            self.optimizer.zero_grad()
        with self.stage.group():
            for batch in group:
                with self.adapter.accumulating(last=batch is group[-1]):
                    loss = self.stage.loss(batch, size)
                    if self.optimizer is not None:
                        loss.share.backward()
                if loss.weight:
                    self.means.add(loss.weight, **loss.terms)
        if self.optimizer is None or self.scheduler is None:
            return
        if self.stage.logs_updates:
            self.means.add(1, lr=self.scheduler.get_last_lr()[0])
        if self._reads_gradients:
            norm = nn.utils.clip_grad_norm_(self.parameters, self.options.gradient_clip or float('inf'))
            if self.stage.logs_updates:
                self.means.add(1, **{'grad norm': norm})
        self.optimizer.step()
        self.scheduler.step()

    # ------------------------------------------------------------ checkpoints

    def checkpoint(self) -> Checkpoint:
        """Return the state of the training, with the weights in the model."""
        return Checkpoint(
            self.adapter.module.state_dict(),
            self.optimizer and self.optimizer.state_dict(),
            self.scheduler and self.scheduler.state_dict(),
            self.progress,
            self.identity,
        )

    def save(self, best: dict[str, Any]) -> None:
        """Write the checkpoints, if enough time has passed since the last ones.

        Args:
            best: weights of the best epoch.
        """
        if distributed.is_first():
            self.checkpoints.save(self.checkpoint(), best)

    def restore(self) -> None:
        """Continue from the last checkpoint.

        Raises:
            UserError: there is no checkpoint, or it belongs to another run.
        """
        last = self.checkpoints.load_last(self.identity, self.device)
        self.adapter.module.load_state_dict(last.model)
        done = last.progress
        stopped = self._stops(done.epoch - 1, done.best_epoch)
        self.progress = done._replace(finished=done.finished and (stopped or done.epoch >= self.epochs))
        if self.optimizer is not None and self.scheduler is not None:
            self.optimizer.load_state_dict(last.optimizer)
            self.scheduler.load_state_dict(last.scheduler)
