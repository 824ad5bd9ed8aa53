"""The items next to each entity in the knowledge graph."""

from __future__ import annotations

from typing import Sequence

import torch
from torch import Tensor


def item_neighbours(edges: Sequence[tuple[int, int, int]], index_of_entity: Tensor) -> tuple[Tensor, Tensor]:
    """Return each pair of an entity and an item that share an edge, once, without pairs of an item and itself.

    Args:
        edges: (head, tail, relation) of each edge; relation and direction do not matter.
        index_of_entity: ``(n_entity,)``, index of each entity among the items, -1 for one that is no item.

    Returns:
        ``(n_pair,)`` entity ids in ascending order, and ``(n_pair,)`` indices of the items.
    """
    edge = torch.as_tensor(edges, dtype=torch.long, device=index_of_entity.device).view(-1, 3)
    head, tail = torch.cat([edge[:, :2], edge[:, [1, 0]]]).unique(dim=0).t()
    item = index_of_entity[tail]
    hop = (item >= 0) & (head != tail)
    return head[hop], item[hop]
