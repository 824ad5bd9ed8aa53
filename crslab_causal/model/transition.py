"""Count the transitions from mentioned entities to recommended items."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.attention import time_aware_weights
from crslab_causal.model.counting import CountingModel, is_present
from crslab_causal.model.neighbours import ItemLists, item_neighbours
from crslab_causal.model.options import TransitionCountsOptions

SMALL_BATCH = 8
"""Largest number of histories for which only the transitions of their mentions are read. A product with the whole table
is faster for many histories and slower for few."""


class _Tables(NamedTuple):
    """The smoothed transitions without popularity, in two orders, and the weight of popularity."""

    by_item: Tensor
    """Smoothed transitions as a sparse matrix, ``(n_item, n_entity)``."""
    lists: ItemLists
    """The items of each entity."""
    values: Tensor
    """Smoothed transitions to the items in ``lists``, ``(n,)``."""
    popularity_share: Tensor
    """Weight of popularity for each entity, ``(n_entity,)``."""


class TransitionCounts(CountingModel):
    r"""A model that counts transitions from entities to items, smoothed by one hop of the knowledge graph.

    For each mention e an item y gets the score

    .. math::
        s(e, y) = \frac{c(e, y) + \mu\,\pi(e, y)}{c(e, \cdot) + \mu},

    where c(e, y) is the number of mentions of e in the histories of training samples with label y. The prior
    :math:`\pi` is a mixture of the items one hop from e and of popularity. The score for a history is the mean over its
    mentions, weighted as in Eq 3. For an empty history it is popularity.

    With ``seeker_weight`` above 0 the items that the seeker mentions count as labels, too, with that weight. A seeker
    names items that belong together just as a recommender does.

    Options: see :class:`crslab_causal.model.options.TransitionCountsOptions`.
    """

    item_count: Tensor
    transition: Tensor
    """Counted pairs of a mention and a label, as ``entity * n_item + item``."""
    seeker_transition: Tensor | None
    """Counted pairs of a mention and an item of the seeker; None if they are not counted."""

    def build_model(self) -> None:
        options = TransitionCountsOptions.of(self.opt)
        self.decay, self.smoothing = options.transition_decay, options.transition_smoothing
        self.neighbour_weight, self.seeker_weight = options.neighbour_weight, options.seeker_weight
        self.register_buffer('item_count', torch.zeros(self.n_item))
        self.register_buffer('transition', torch.empty(0, dtype=torch.long))
        self.register_buffer('seeker_transition', torch.empty(0, dtype=torch.long) if self.seeker_weight else None)
        self._tables: _Tables | None = None

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        # their lengths depend on the data
        self.transition = torch.empty_like(state_dict.get(prefix + 'transition', self.transition))
        if self.seeker_transition is not None:
            self.seeker_transition = torch.empty_like(
                state_dict.get(prefix + 'seeker_transition', self.seeker_transition)
            )
        self._tables = None
        super()._load_from_state_dict(state_dict, prefix, *args)

    def count(self, context_entities: Tensor, label: Tensor) -> None:
        self.transition = torch.cat([self.transition, self._pairs(context_entities, label)])
        self.item_count += torch.bincount(label, minlength=self.n_item)
        self._tables = None

    def count_seeker(self, context_entities: Tensor, label: Tensor) -> None:
        """Count the items that the seeker mentions, see :meth:`count`."""
        assert self.seeker_transition is not None
        self.seeker_transition = torch.cat([self.seeker_transition, self._pairs(context_entities, label)])
        self.item_count += self.seeker_weight * torch.bincount(label, minlength=self.n_item)
        self._tables = None

    def reset(self) -> None:
        super().reset()
        self.transition = self.transition[:0]
        if self.seeker_transition is not None:
            self.seeker_transition = self.seeker_transition[:0]
        self._tables = None

    def fit(self, data: TrainingData) -> None:
        super().fit(data)
        if self.seeker_weight:
            self.count_seeker(*(tensor.to(self.item_count.device) for tensor in data.seeker_mentions()))

    def _pairs(self, context_entities: Tensor, label: Tensor) -> Tensor:
        flat = context_entities * self.n_item + label[:, None]
        return flat[is_present(context_entities)]

    def _sparse(self, flat: Tensor, value: Tensor) -> Tensor:
        """Return the matrix ``(n_entity, n_item)`` with values at the positions ``entity * n_item + item``.

        Values at equal positions are added.
        """
        index = torch.stack([flat // self.n_item, flat % self.n_item])
        return torch.sparse_coo_tensor(index, value, (self.n_entity, self.n_item), check_invariants=False).coalesce()

    def _build_tables(self) -> _Tables:
        pairs, weight_of_pair = self.transition, torch.ones(len(self.transition), device=self.transition.device)
        if self.seeker_transition is not None:
            pairs = torch.cat([pairs, self.seeker_transition])
            weight_of_pair = torch.cat(
                [weight_of_pair, torch.full_like(self.seeker_transition, self.seeker_weight, dtype=torch.float)]
            )
        count = self._sparse(pairs, weight_of_pair)
        total = torch.bincount(pairs // self.n_item, weight_of_pair, minlength=self.n_entity)
        head, item = item_neighbours(self.edges, self.index_of_entity)
        degree = torch.bincount(head, minlength=self.n_entity)
        weight = self.neighbour_weight * self.smoothing / (total + self.smoothing)
        table = (
            self._sparse(
                count.indices()[0] * self.n_item + count.indices()[1],
                count.values() / (total + self.smoothing)[count.indices()[0]],
            )
            + self._sparse(head * self.n_item + item, (weight / degree.clamp(min=1))[head])
        ).coalesce()
        share = torch.where(degree > 0, 1 - self.neighbour_weight, 1.0) * self.smoothing / (total + self.smoothing)
        lists = ItemLists(torch.bincount(table.indices()[0], minlength=self.n_entity), table.indices()[1])
        return _Tables(table.t().coalesce(), lists, table.values(), share)

    def history_scores(self, context_entities: Tensor) -> Tensor:
        if self._tables is None:
            self._tables = self._build_tables()
        tables = self._tables
        mask = is_present(context_entities)
        weight = time_aware_weights(mask.sum(-1), context_entities.shape[1], self.decay)
        sample, position = mask.nonzero(as_tuple=True)
        entity = context_entities[sample, position]
        popularity = self.item_count / self.item_count.sum().clamp(min=1)
        mass = torch.zeros(len(mask), device=weight.device).index_add_(
            0, sample, weight[sample, position] * tables.popularity_share[entity]
        )
        mass = torch.where(mask.any(-1), mass, 1.0)
        if len(mask) <= SMALL_BATCH:
            mention, place = tables.lists.lookup(entity)
            counted = torch.zeros(len(mask), self.n_item, device=weight.device)
            value = weight[sample, position][mention] * tables.values[place]
            counted.index_put_((sample[mention], tables.lists.item[place]), value, accumulate=True)
        else:
            history = torch.zeros(self.n_entity, len(mask), device=weight.device)
            history.index_put_((entity, sample), weight[sample, position], accumulate=True)
            counted = torch.sparse.mm(tables.by_item, history).t()
        return counted + mass[:, None] * popularity
