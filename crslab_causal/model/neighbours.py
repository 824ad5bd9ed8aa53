"""Lists of items for each entity, such as those next to it in the knowledge graph."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import torch
from torch import Tensor


class ItemLists(NamedTuple):
    """A list of items for each entity, one behind the other."""

    length: Tensor
    """``(n_entity,)``: number of items of each entity."""
    item: Tensor
    """``(n,)``: the items, those of the first entity first."""

    def lookup(self, entity: Tensor) -> tuple[Tensor, Tensor]:
        """Return the items of some entities.

        Args:
            entity: ``(m,)``, entity ids.

        Returns:
            For each item of each of them ``(n,)`` the position in ``entity``, and ``(n,)`` the position in ``item``.
        """
        length = self.length[entity]
        owner = torch.arange(len(entity), device=length.device).repeat_interleave(length)
        number = torch.arange(len(owner), device=length.device) - (length.cumsum(0) - length)[owner]
        first = self.length.cumsum(0) - self.length
        return owner, first[entity[owner]] + number


def item_neighbours(edges: Sequence[tuple[int, int, int]], index_of_entity: Tensor) -> tuple[Tensor, Tensor]:
    """Return each pair of an entity and an item that share an edge, once, without pairs of an item and itself.

    Args:
        edges: (head, tail, relation) of each edge; relation and direction do not matter.
        index_of_entity: ``(n_entity,)``, index of each entity among the items, -1 for one that is no item.

    Returns:
        ``(n_pair,)`` entity ids in ascending order, and ``(n_pair,)`` indices of the items.
    """
    edge = torch.as_tensor(edges, dtype=torch.long, device=index_of_entity.device).view(-1, 3)
    n_entity = len(index_of_entity)
    pair = torch.cat([edge[:, 0] * n_entity + edge[:, 1], edge[:, 1] * n_entity + edge[:, 0]]).unique()
    head, tail = pair // n_entity, pair % n_entity
    item = index_of_entity[tail]
    hop = (item >= 0) & (head != tail)
    return head[hop], item[hop]
