"""Ranks of the labels among all items, computed from scores that may tie."""

from __future__ import annotations

from typing import Callable, NamedTuple

import numpy as np
import torch
from torch import Tensor

from crslab_causal.data.histories import NO_ITEM, PAD


class Ranks(NamedTuple):
    """The ranks of the labels of a batch. Each field has the shape ``(batch,)``."""

    rank: Tensor
    """Rank among all items, from 1."""
    rank_unseen: Tensor
    """Rank among the items that are not in the context."""
    copy: Tensor
    """Share of the items with the highest score that are in the context, from 0 to 1."""


def expected_ranks(scores: Tensor, label: Tensor, seen: Tensor) -> Ranks:
    """Return the expected rank of each label if items of equal score are put in random order.

    If g items score higher than the label and t others score the same, its rank is ``1 + g + t / 2``. So ties never
    help: a model that gives all items the same score ranks every label in the middle of the list.

    Args:
        scores: ``(batch, n_item)``.
        label: ``(batch,)``, index of the label; ``NO_ITEM`` for a label outside the catalogue, which is ranked after
            every item.
        seen: ``(batch, length)``, distinct indices of the items in the context, padded with ``PAD``.

    Raises:
        ValueError: a score is NaN.
    """
    top = scores.amax(1, keepdim=True)
    if torch.isnan(top).any():  # the maximum of a row with a NaN is NaN
        raise ValueError('the model gives NaN as a score')
    n_item = scores.shape[1]
    label_score = scores.gather(1, label.clamp(min=0)[:, None])
    flags = torch.empty(scores.shape, device=scores.device)

    def count(compare: Callable[..., Tensor], other: Tensor) -> Tensor:
        # floats are summed several times faster than booleans, and exactly up to 2^24
        return compare(scores, other, out=flags).sum(1).long()

    present = torch.ne(seen, PAD)
    seen_scores = scores.gather(1, seen.clamp(min=0))

    def rank(above: Tensor, level: Tensor) -> Tensor:
        return 1.0 + above + (level - 1) / 2

    above, level = count(torch.gt, label_score), count(torch.eq, label_score)
    seen_above = ((seen_scores > label_score) & present).sum(1)
    # a label in the context remains a candidate
    seen_level = ((seen_scores == label_score) & present & (seen != label[:, None])).sum(1)
    copy = ((seen_scores == top) & present).sum(1) / count(torch.eq, top)

    outside = torch.eq(label, NO_ITEM)
    worst = torch.full_like(copy, n_item + 1)
    return Ranks(
        torch.where(outside, worst, rank(above, level)),
        torch.where(outside, worst - present.sum(1), rank(above - seen_above, level - seen_level)),
        copy,
    )


def popularity_decile(count: np.ndarray) -> np.ndarray:
    """Return the decile of popularity of each item, from 1 (rare) to 10 (popular).

    Each decile contains a tenth of the catalogue. Items with equal counts are ordered by index.

    Args:
        count: ``(n_item,)``, how often each item is a label in the training data.

    Returns:
        ``(n_item,)``.
    """
    position = np.empty(len(count), dtype=int)
    position[np.argsort(count, kind='stable')] = np.arange(len(count))
    return 1 + position * 10 // max(1, len(count))
