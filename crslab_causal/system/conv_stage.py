"""The stage ``conv``: the training of the responses."""

from __future__ import annotations

import math
from typing import Iterator

import torch

from crslab_causal.base import distributed
from crslab_causal.base.training_options import ConvTrainingOptions
from crslab_causal.data.responses import ConvBatch, ResponsePairs
from crslab_causal.system.adapters import ModelAdapter
from crslab_causal.system.trainer import BatchLoss, Stage

GENERATION_BATCH_SIZE = 64
"""Number of responses that are written at one time, or whose perplexity is computed at one time."""


class ConvStage(Stage[ConvBatch]):
    """The stage that trains encoder and decoder with the cross-entropy of the responses as loss.

    It stops early when the perplexity on the validation split no longer falls.

    Args:
        options: the section ``conv``.
        adapter: adapter of the model.
        train: responses of the training split.
        valid: responses of the validation split.
        device: device of the model.
    """

    name, loss_name, seed_suffix = 'conv', 'loss', (3,)

    def __init__(
        self,
        options: ConvTrainingOptions,
        adapter: ModelAdapter,
        train: ResponsePairs,
        valid: ResponsePairs,
        device: torch.device,
    ):
        self.options: ConvTrainingOptions = options
        self.adapter, self.train, self.valid, self.device = adapter, train, valid, device
        self.train_loss = math.nan

    def n_update(self) -> int:
        return math.ceil(len(self.train) / (self.options.batch_size * self.options.update_freq))

    def batches(self, epoch: int) -> Iterator[ConvBatch]:
        return self.train.batches(self.options.batch_size, shuffle=True, desc='responses')

    def size(self, batch: ConvBatch) -> int:
        return batch.n_token

    def loss(self, batch: ConvBatch, group_size: int) -> BatchLoss:
        batch = batch.to(self.device)
        inputs = {'context_tokens': batch.context_tokens, 'response': batch.response}
        total = self.adapter.model(inputs, 'train', 'conv')[0].sum() * (batch.n_own > 0)
        # the gradients of several processes are averaged, but the update needs their sum
        share = total * (distributed.count() / group_size)
        return BatchLoss(share, batch.n_own, {'loss': total / max(1, batch.n_own)})

    def validate(self, epoch: int) -> float:
        return -cross_entropy(self.adapter, self.valid, self.device)

    def report(self, epoch: int, means: dict[str, float]) -> None:
        self.train_loss = means['loss']

    def summary(self, epoch: int, metric: float) -> str:
        return f'Conversation epoch {epoch}: loss {self.train_loss:.4g}, perplexity on valid {perplexity(-metric):.2f}'


def cross_entropy(adapter: ModelAdapter, pairs: ResponsePairs, device: torch.device) -> float:
    """Return the mean cross-entropy of a token of the responses, in nats.

    Each process computes its share of the responses.
    """
    adapter.model.eval()
    totals = torch.zeros(2, dtype=torch.float64)
    with torch.no_grad():
        for batch in pairs.batches(GENERATION_BATCH_SIZE, shuffle=False, desc='perplexity'):
            if batch.n_own:
                inputs = batch.to(device)._asdict()
                totals += torch.tensor([float(adapter.module.converse(inputs, 'valid')[0]), batch.n_own])
    loss, n_token = distributed.total(totals.to(device)).tolist()
    return loss / n_token


def perplexity(cross_entropy: float) -> float:
    """Return the perplexity of a mean cross-entropy in nats. It is infinite if it is too large for a float."""
    return math.exp(cross_entropy) if cross_entropy < 700 else math.inf
