"""Histories: the entities mentioned so far, as lists and as tensors."""

from __future__ import annotations

from typing import Sequence

import torch
from torch import Tensor

PAD = -1
"""Pads a history. CRSLab pads with 0, which is a real entity in ReDial (system/kbrd.py:79)."""

MENTION_ORDERS = ('last', 'first', 'all')


def reduce_mentions(mentions: Sequence[int], order: str) -> list[int]:
    """Each entity once, at its ``last`` or ``first`` mention, or ``all`` mentions.

    Args:
        mentions: entity ids in order of appearance.
        order: one of ``MENTION_ORDERS``.
    """
    if order == 'all':
        return list(mentions)
    if order == 'first':
        return list(dict.fromkeys(mentions))
    return list(dict.fromkeys(reversed(mentions)))[::-1]


def pad_histories(histories: Sequence[list[int]], pad: int = PAD) -> Tensor:
    """``(batch, max(1, longest))``: histories as a tensor, padded on the right with ``pad``."""
    width = max([1, *map(len, histories)])
    padded = [history + [pad] * (width - len(history)) for history in histories]
    return torch.tensor(padded, dtype=torch.long).view(len(histories), width)


def leave_out(histories: Tensor, position: Tensor) -> Tensor:
    """Histories without one mention each, padded as before.

    Args:
        histories: ``(batch, length)``, padded on the right with ``PAD``.
        position: ``(batch,)``, of the mention that goes; what follows moves up.
    """
    column = torch.arange(histories.shape[1], device=histories.device)
    padded = torch.cat([histories, torch.full_like(histories[:, :1], PAD)], dim=1)
    return padded.gather(1, column + (column >= position[:, None]))
