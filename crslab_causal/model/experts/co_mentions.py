"""The base class of experts that count which entities are mentioned in the same conversations."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from itertools import chain
from typing import Any, Mapping

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn import functional as F

from crslab_causal.data.histories import PAD
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.attention import time_aware_weights
from crslab_causal.model.experts.base import Expert
from crslab_causal.model.experts.options import CoMentionOptions


class CoMentionExpert(Expert):
    r"""An expert with a coefficient for each pair of a mentioned entity and an item.

    X is the binary matrix of conversations × entities. Only entities that occur in at least ``min_count`` conversations
    have a column. The coefficients B are a function of the Gram matrix :math:`X^\top X`. A history :math:`e_1 \dots
    e_n` gives an item y the evidence

    .. math:: \max\bigl(0, \textstyle\sum_i w_i B_{e_i y}\bigr)

    with the weights :math:`w_i` of Eq 3, where ``history_base`` replaces lambda. Entities and items without a column
    give and get no evidence.
    """

    options_class: type[CoMentionOptions] = CoMentionOptions
    options: CoMentionOptions
    entities: Tensor
    """Entity ids of the columns of X, ``(n_row,)``."""
    items: Tensor
    """Indices of the items that are among ``entities``, ``(n_column,)``."""
    coefficients: Tensor
    """Coefficients B, ``(n_row, n_column)``."""

    def build_model(self) -> None:
        super().build_model()
        self.register_buffer('entities', torch.empty(0, dtype=torch.long))
        self.register_buffer('items', torch.empty(0, dtype=torch.long))
        self.register_buffer('coefficients', torch.empty(0, 0))

    @abstractmethod
    def fit_coefficients(self, gram: Tensor) -> Tensor:
        """Return the coefficients of all pairs of entities, ``(n_row, n_row)``, with 0 on the diagonal.

        Args:
            gram: ``(n_row, n_row)``, number of conversations that mention each pair. It may be overwritten.
        """

    def fit_evidence(self, data: TrainingData) -> None:
        device = self.coefficients.device
        entities, gram = count_co_mentions(list(data.conversations.values()), self.options.min_count)
        self.entities = entities.to(device)
        item = self.index_of_entity[self.entities]
        self.items = item[item >= 0]
        self.coefficients = self.fit_coefficients(gram.to(device))[:, item >= 0].contiguous()

    def evidence(self, batch: Mapping[str, Any]) -> Tensor:
        histories = batch['context_entities']
        weight = time_aware_weights((histories != PAD).sum(-1), histories.shape[1], self.options.history_base)
        row_of_entity = torch.full((self.n_entity,), -1, device=histories.device)
        row_of_entity[self.entities] = torch.arange(len(self.entities), device=histories.device)
        row = torch.where(histories != PAD, row_of_entity[histories.clamp(min=0)], -1)
        evidence = torch.zeros(len(histories), self.n_item, device=histories.device)
        if not len(self.entities):
            return evidence
        known = row >= 0
        bag_start = known.sum(-1).cumsum(0) - known.sum(-1)
        # reads only the rows of the mentions, because a product with all rows is slower for one history
        summed = F.embedding_bag(
            row[known], self.coefficients, bag_start, mode='sum', per_sample_weights=weight[known].to(self.coefficients)
        )
        evidence[:, self.items] = summed.clamp(min=0)
        return evidence


def count_co_mentions(conversations: list[list[int]], min_count: int) -> tuple[Tensor, Tensor]:
    """Count the conversations that mention each entity and each pair of entities.

    Args:
        conversations: the entities of each conversation, each once.
        min_count: minimum number of conversations that mention an entity. Other entities are left out.

    Returns:
        The entities in ascending order, ``(n,)``; and the Gram matrix, ``(n, n)``, whose diagonal counts single
        entities.
    """
    count = Counter(chain.from_iterable(conversations))
    entities = sorted(entity for entity, n in count.items() if n >= min_count)
    column = {entity: i for i, entity in enumerate(entities)}
    pairs = [(row, column[entity]) for row, own in enumerate(conversations) for entity in own if entity in column]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    shape = len(conversations), len(entities)
    matrix = sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
    gram = torch.from_numpy((matrix.T @ matrix).toarray())
    return torch.tensor(entities, dtype=torch.long), gram
