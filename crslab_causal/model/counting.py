"""The base class of models that are trained by counting."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Mapping

import torch
from torch import Tensor

from crslab_causal.data.histories import PAD
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.base import ItemRecommender


class CountingModel(ItemRecommender):
    """A recommender that is trained by one pass of counting. Its counts are buffers, so checkpoints contain them."""

    def __init__(self, opt: Any, device: torch.device, vocab: Mapping[str, Any], side_data: Mapping[str, Any]):
        self.edges = side_data['entity_kg']['edge']
        super().__init__(opt, device, vocab, side_data)

    @abstractmethod
    def count(self, context_entities: Tensor, label: Tensor) -> None:
        """Count training samples.

        Args:
            context_entities: ``(batch, length)``, histories padded with -1.
            label: ``(batch,)``, indices of the labels among the items.
        """

    def reset(self) -> None:
        """Set all counts to 0."""
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                buffer.zero_()

    def fit(self, data: TrainingData) -> None:
        """Set all counts to 0, and count all training samples."""
        self.reset()
        device = self.index_of_entity.device
        self.count(data.histories.to(device), data.labels.to(device))

    @abstractmethod
    def history_scores(self, context_entities: Tensor) -> Tensor:
        """Return the scores of all items, ``(batch, n_item)``.

        Args:
            context_entities: ``(batch, length)``, histories padded with -1.
        """

    def item_scores(self, batch: Mapping[str, Any]) -> Tensor:
        return self.history_scores(batch['context_entities'])

    def losses_and_scores(self, batch: Mapping[str, Any], mode: str) -> tuple[dict[str, Tensor], Tensor | None]:
        """Count the batch in training, and score it otherwise. The loss is 0."""
        terms = {'rec_loss': torch.zeros((), device=self.index_of_entity.device)}
        if mode == 'train':
            self.count(batch['context_entities'], self.index_of_entity[batch['item']])
            return terms, None
        return terms, self.item_scores(batch)


def is_present(context_entities: Tensor) -> Tensor:
    """Return a mask of shape ``(batch, length)`` that is true at the mentions of a history."""
    return context_entities != PAD
