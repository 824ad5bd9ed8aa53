"""Histories, which are the entities mentioned so far, as tensors."""

from __future__ import annotations

from typing import Sequence

import torch
from torch import Tensor

PAD = -1
"""Padding of histories and of other rows of ids. CRSLab pads with 0, which is a real entity in ReDial
(system/kbrd.py:79)."""
NO_ITEM = -1
"""Index that stands for a label outside the catalogue."""


def pad_histories(histories: Sequence[list[int]], pad: int = PAD) -> Tensor:
    """Return histories as a tensor ``(batch, max(1, longest))``, padded on the right with ``pad``."""
    width = max([1, *map(len, histories)])
    padded = [history + [pad] * (width - len(history)) for history in histories]
    return torch.tensor(padded, dtype=torch.long).view(len(histories), width)


def remove_mention(histories: Tensor, position: Tensor) -> Tensor:
    """Return histories from each of which one mention is removed, padded as before.

    Args:
        histories: ``(batch, length)``, padded on the right with ``PAD``.
        position: ``(batch,)``, position of the mention to remove; later mentions move up by one.
    """
    column = torch.arange(histories.shape[1], device=histories.device)
    padded = torch.cat([histories, torch.full_like(histories[:, :1], PAD)], dim=1)
    return padded.gather(1, column + (column >= position[:, None]))
