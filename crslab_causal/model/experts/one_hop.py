"""An expert that recommends the items next to the mentions in the knowledge graph."""

from __future__ import annotations

from typing import Any, Mapping

import torch
from torch import Tensor

from crslab_causal.data.histories import PAD
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.attention import time_aware_weights
from crslab_causal.model.experts.base import Expert
from crslab_causal.model.experts.options import OneHopOptions
from crslab_causal.model.neighbours import ItemLists, item_neighbours


class OneHop(Expert):
    r"""An expert for the items one hop from the mentions, whatever the relation and its direction.

    A history :math:`e_1 \dots e_n` gives an item y the evidence

    .. math:: \sum_i w_i \frac{[y \in N(e_i)]}{\lvert N(e_i) \rvert}

    where :math:`N(e)` are the items other than e that share an edge with e, and :math:`w_i` are the weights of Eq 3
    with ``history_base`` in the place of lambda. Only the popularity, which smooths the evidence, is learned.

    Options: :class:`.OneHopOptions`.
    """

    options_class = OneHopOptions
    options: OneHopOptions
    degree: Tensor
    """Number of items next to each entity, ``(n_entity,)``."""
    neighbours: Tensor
    """Indices of the items next to each entity, as one list: first those next to entity 0, then those next to entity 1,
    and so on."""

    def build_model(self) -> None:
        super().build_model()
        assert self.side_data is not None
        index_of_entity = torch.full((self.n_entity,), -1)
        index_of_entity[self.item_entity_ids] = torch.arange(self.n_item)
        head, item = item_neighbours(self.side_data['entity_kg']['edge'], index_of_entity)
        self.register_buffer('degree', torch.bincount(head, minlength=self.n_entity), persistent=False)
        self.register_buffer('neighbours', item, persistent=False)

    def fit_evidence(self, data: TrainingData) -> None:
        """Do nothing, because there is nothing to learn."""

    def evidence(self, batch: Mapping[str, Any]) -> Tensor:
        histories = batch['context_entities']
        mask = histories != PAD
        weight = time_aware_weights(mask.sum(-1), histories.shape[1], self.options.history_base)
        sample, position = mask.nonzero(as_tuple=True)
        entity = histories[sample, position]
        mention, place = ItemLists(self.degree, self.neighbours).lookup(entity)
        share = (weight[sample, position] / self.degree[entity].clamp(min=1))[mention]
        evidence = torch.zeros(len(histories), self.n_item, device=share.device)
        return evidence.index_put_((sample[mention], self.neighbours[place]), share, accumulate=True)
