"""Lists of items for each entity, such as the items next to it in the knowledge graph."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import torch
from torch import Tensor


class ItemLists(NamedTuple):
    """A list of items for each entity. All lists are stored in one tensor, one after the other."""

    length: Tensor
    """Number of items of each entity, ``(n_entity,)``."""
    item: Tensor
    """The items of all lists, ``(n_item,)``. Those of the first entity come first."""

    def lookup(self, entity: Tensor) -> tuple[Tensor, Tensor]:
        """Look up the lists of several entities.

        Args:
            entity: ``(m,)``, entity ids.

        Returns:
            Two tensors of shape ``(n,)``, where n is the total length of the lists. For each item of the lists, the
            first one is the index in ``entity`` of the entity that the item belongs to. The second one is the index of
            the item in the attribute ``item``.
        """
        length = self.length[entity]
        owner = torch.arange(len(entity), device=length.device).repeat_interleave(length)
        number = torch.arange(len(owner), device=length.device) - (length.cumsum(0) - length)[owner]
        first = self.length.cumsum(0) - self.length
        return owner, first[entity[owner]] + number


def item_neighbours(edges: Sequence[tuple[int, int, int]], index_of_entity: Tensor) -> tuple[Tensor, Tensor]:
    """Return the pairs of an entity and an item that share an edge.

    Each pair occurs once; an item is not paired with itself.

    Args:
        edges: (head, tail, relation) of each edge; relation and direction do not matter.
        index_of_entity: ``(n_entity,)``, index of each entity among the items, -1 for an entity that is not an item.

    Returns:
        Entity ids in ascending order, ``(n_pair,)``, and indices of the items, ``(n_pair,)``.
    """
    edge = torch.as_tensor(edges, dtype=torch.long, device=index_of_entity.device).view(-1, 3)
    n_entity = len(index_of_entity)
    pair = torch.cat([edge[:, 0] * n_entity + edge[:, 1], edge[:, 1] * n_entity + edge[:, 0]]).unique()
    head, tail = pair // n_entity, pair % n_entity
    item = index_of_entity[tail]
    hop = (item >= 0) & (head != tail)
    return head[hop], item[hop]
