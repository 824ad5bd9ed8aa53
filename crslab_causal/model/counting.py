"""What the models that count share."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from crslab_causal.data.histories import PAD
from crslab_causal.crslab_compat import BaseModel


class CountingModel(BaseModel):
    """A recommender that is trained by one pass of counting.

    Constructor and ``forward`` are those of CRSLab's models. Counts are buffers, so that checkpoints
    hold them.
    """

    def __init__(self, opt, device, vocab: dict, side_data: dict):
        self.n_entity, self.n_item = vocab['n_entity'], len(side_data['item_entity_ids'])
        self.edges = side_data['entity_kg']['edge']
        self.item_entity_ids = torch.as_tensor(side_data['item_entity_ids'])
        super().__init__(opt, device)
        index_of_entity = torch.full((self.n_entity,), -1, dtype=torch.long)
        index_of_entity[self.item_entity_ids] = torch.arange(self.n_item)
        self.register_buffer('index_of_entity', index_of_entity, persistent=False)

    @abstractmethod
    def count(self, context_entities: Tensor, label: Tensor) -> None:
        """Takes in histories ``(batch, length)``, padded with -1, and labels ``(batch,)``, item indices."""

    @abstractmethod
    def item_scores(self, context_entities: Tensor) -> Tensor:
        """``(batch, n_item)`` scores for histories ``(batch, length)``, padded with -1."""

    def forward(self, batch: dict, mode: str, stage: str = 'rec') -> tuple[Tensor, Tensor | None]:
        """A loss of 0 and scores ``(batch, n_entity)``; counts, and gives no scores, in training."""
        loss = torch.zeros((), device=self.index_of_entity.device)
        if mode == 'train':
            self.count(batch['context_entities'], self.index_of_entity[batch['item']])
            return loss, None
        scores = torch.full((len(batch['item']), self.n_entity), -torch.inf, device=loss.device)
        scores[:, self.item_entity_ids] = self.item_scores(batch['context_entities'])
        return loss, scores


def present(context_entities: Tensor) -> Tensor:
    """``(batch, length)``: where a history has a mention."""
    return context_entities != PAD
