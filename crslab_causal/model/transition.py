"""Transitions from the entities mentioned to the item recommended."""

from __future__ import annotations

import torch
from torch import Tensor

from crslab_causal.model.attention import time_aware_weights
from crslab_causal.model.counting import CountingModel, is_present
from crslab_causal.model.options import TransitionCountsOptions


class TransitionCounts(CountingModel):
    r"""Entity to item transition counts, smoothed by one hop of the knowledge graph.

    For each mention e the items are scored by

    .. math::
        s(e, y) = \frac{c(e, y) + \mu\,\pi(e, y)}{c(e, \cdot) + \mu},

    with c(e, y) the number of mentions of e in the histories of training samples with label y, and the
    prior :math:`\pi` a mixture of the items one hop from e and of popularity. A history is scored by
    the mean over its mentions, weighted as in Eq 3; an empty one by popularity.

    Options: see :class:`crslab_causal.model.options.TransitionCountsOptions`.
    """

    item_count: Tensor
    transition: Tensor

    def build_model(self) -> None:
        options = TransitionCountsOptions.of(self.opt)
        self.decay, self.smoothing = options.transition_decay, options.transition_smoothing
        self.neighbour_weight = options.neighbour_weight
        self.register_buffer('item_count', torch.zeros(self.n_item))
        self.register_buffer('transition', torch.empty(0, dtype=torch.long))
        self._tables: tuple[Tensor, Tensor] | None = None

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        # its length is data
        self.transition = torch.empty_like(state_dict.get(prefix + 'transition', self.transition))
        self._tables = None
        super()._load_from_state_dict(state_dict, prefix, *args)

    def count(self, context_entities: Tensor, label: Tensor) -> None:
        there = is_present(context_entities)
        flat = context_entities * self.n_item + label[:, None]
        self.transition = torch.cat([self.transition, flat[there]])
        self.item_count += torch.bincount(label, minlength=self.n_item)
        self._tables = None

    def _sparse(self, flat: Tensor, value: Tensor) -> Tensor:
        """``(n_entity, n_item)``, from positions ``entity * n_item + item``; duplicates add up."""
        index = torch.stack([flat // self.n_item, flat % self.n_item])
        return torch.sparse_coo_tensor(index, value, (self.n_entity, self.n_item), check_invariants=False).coalesce()

    def _build_tables(self) -> tuple[Tensor, Tensor]:
        """Smoothed transitions without popularity ``(n_item, n_entity)``, and popularity's weight by entity."""
        count = self._sparse(self.transition, torch.ones(len(self.transition), device=self.transition.device))
        total = torch.bincount(self.transition // self.n_item, minlength=self.n_entity)
        edge = torch.as_tensor(self.edges, dtype=torch.long, device=total.device).view(-1, 3)
        head, tail = torch.cat([edge[:, :2], edge[:, [1, 0]]]).unique(dim=0).t()
        item = self.index_of_entity[tail]
        hop = (item >= 0) & (head != tail)
        head, item = head[hop], item[hop]
        degree = torch.bincount(head, minlength=self.n_entity)
        weight = self.neighbour_weight * self.smoothing / (total + self.smoothing)
        table = (self._sparse(count.indices()[0] * self.n_item + count.indices()[1],
                              count.values() / (total + self.smoothing)[count.indices()[0]])
                 + self._sparse(head * self.n_item + item, (weight / degree.clamp(min=1))[head])).coalesce()
        share = torch.where(degree > 0, 1 - self.neighbour_weight, 1.0) * self.smoothing / (total + self.smoothing)
        return table.t().coalesce(), share

    def history_scores(self, context_entities: Tensor) -> Tensor:
        if self._tables is None:
            self._tables = self._build_tables()
        table, share = self._tables
        there = is_present(context_entities)
        weight = time_aware_weights(there.sum(-1), context_entities.shape[1], self.decay)
        sample, position = there.nonzero(as_tuple=True)
        entity = context_entities[sample, position]
        history = torch.zeros(self.n_entity, len(there), device=weight.device)
        history.index_put_((entity, sample), weight[sample, position], accumulate=True)
        popularity = self.item_count / self.item_count.sum().clamp(min=1)
        mass = torch.zeros(len(there), device=weight.device).index_add_(0, sample, weight[sample, position]
                                                                        * share[entity])
        mass = torch.where(there.any(-1), mass, 1.0)
        return torch.sparse.mm(table, history).t() + mass[:, None] * popularity
