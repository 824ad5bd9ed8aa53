"""A baseline that recommends the most popular items."""

import torch
from torch import Tensor

from crslab_causal.model.counting import CountingModel


class TargetPopularity(CountingModel):
    """Popularity of labels: it ranks items by how often they are a label in the training data.

    CRSLab's own ``Popularity`` counts the items of the contexts instead.
    """

    item_count: Tensor

    def build_model(self) -> None:
        self.register_buffer('item_count', torch.zeros(self.n_item))

    def count(self, context_entities: Tensor, label: Tensor) -> None:
        self.item_count += torch.bincount(label, minlength=self.n_item)

    def history_scores(self, context_entities: Tensor) -> Tensor:
        return self.item_count.expand(len(context_entities), -1)
