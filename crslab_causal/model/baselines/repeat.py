"""A baseline that recommends the items of the context."""

import torch
from torch import Tensor

from crslab_causal.model.counting import CountingModel, is_present


class Repeat(CountingModel):
    """Repetition of the context: it recommends the items of the context, the latest first.

    All other items have equal scores.

    Its scores are high if labels repeat the context. They show how much of a model's score can come from repetition.
    """

    def build_model(self) -> None:
        pass

    def count(self, context_entities: Tensor, label: Tensor) -> None:
        """Do nothing, because there is nothing to learn."""

    def history_scores(self, context_entities: Tensor) -> Tensor:
        item = torch.where(is_present(context_entities), self.index_of_entity[context_entities.clamp(min=0)], -1)
        position = torch.arange(1, item.shape[1] + 1, dtype=torch.float, device=item.device).expand(item.shape)
        # the additional column n_item collects mentions that are not items
        scores = torch.zeros(len(item), self.n_item + 1, device=item.device)
        scores.scatter_reduce_(1, torch.where(item < 0, self.n_item, item), position, 'amax')
        return scores[:, : self.n_item]
