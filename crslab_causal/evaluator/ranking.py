"""Ranks of the labels, and the scores made of them."""

from __future__ import annotations

from typing import Callable, NamedTuple

import numpy as np
import torch
from torch import Tensor

PADDING = -1


class Ranks(NamedTuple):
    """What one batch says about its labels, ``(batch,)`` each."""

    rank: Tensor
    """Among all items, from 1."""
    rank_unseen: Tensor
    """Among the items that are not in the context."""
    copy: Tensor
    """Share of the items at the top that are in the context, from 0 to 1."""


def expected_ranks(scores: Tensor, label: Tensor, seen: Tensor) -> Ranks:
    """Expected rank of each label if items of equal score are put in random order.

    With g items above the label and t others level with it the rank is ``1 + g + t / 2``. A model
    that gives all items one score so puts every label in the middle, and has no hit at any K below
    that: ties never help.

    Args:
        scores: ``(batch, n_item)``.
        label: ``(batch,)``, index of the label; -1 where it is not in the catalogue, which ranks it
            behind every item.
        seen: ``(batch, length)``, distinct indices of the items in the context, padded with -1.

    Raises:
        ValueError: a score is NaN.
    """
    top = scores.amax(1, keepdim=True)
    if torch.isnan(top).any():  # the maximum passes it on
        raise ValueError('the model gives NaN as a score')
    n_item = scores.shape[1]
    own = scores.gather(1, label.clamp(min=0)[:, None])
    flags = torch.empty(scores.shape, device=scores.device)

    def count(compare: Callable[..., Tensor], other: Tensor) -> Tensor:
        # as floats, which are summed several times faster than booleans, and exactly up to 2^24
        return compare(scores, other, out=flags).sum(1).long()

    present = seen != PADDING
    seen_scores = scores.gather(1, seen.clamp(min=0))

    def rank(above: Tensor, level: Tensor) -> Tensor:
        return 1.0 + above + (level - 1) / 2

    above, level = count(torch.gt, own), count(torch.eq, own)
    seen_above = ((seen_scores > own) & present).sum(1)
    # the label itself stays a candidate when it is a repeat
    seen_level = ((seen_scores == own) & present & (seen != label[:, None])).sum(1)
    copy = ((seen_scores == top) & present).sum(1) / count(torch.eq, top)

    outside = label < 0
    worst = torch.full_like(copy, n_item + 1)
    return Ranks(torch.where(outside, worst, rank(above, level)),
                 torch.where(outside, worst - present.sum(1), rank(above - seen_above, level - seen_level)), copy)


def popularity_decile(count: np.ndarray) -> np.ndarray:
    """``(n_item,)``, 1 to 10: each decile holds a tenth of the catalogue, 10 the most popular items.

    Args:
        count: ``(n_item,)``, how often each item is a label in the training data; ties by position.
    """
    position = np.empty(len(count), dtype=int)
    position[np.argsort(count, kind='stable')] = np.arange(len(count))
    return 1 + position * 10 // max(1, len(count))
