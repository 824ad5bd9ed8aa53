"""The features of a context on which the weights of a pool depend."""

from __future__ import annotations

import math
from typing import Any, Mapping

import torch
from torch import Tensor

from crslab_causal.data.histories import PAD

CONTEXT_FEATURES = ('constant', 'log mentions', 'no mention', 'text')
"""Names of the features: 1; log(1 + number of mentions); whether the history is empty; whether the context has known
words."""


def context_features(batch: Mapping[str, Any]) -> Tensor:
    """Return the :data:`CONTEXT_FEATURES` of a batch, ``(batch, 4)``, in double precision.

    Args:
        batch: see :meth:`.ItemRecommender.losses_and_scores`. If it has no samples, its contexts count as contexts
            without text.
    """
    histories, samples = batch['context_entities'], batch.get('samples')
    mentions = (histories != PAD).sum(-1).double()
    has_text = torch.zeros_like(mentions)
    if samples is not None:
        flags = [sample['has_text'] and any(text for _, text in sample['context_text']) for sample in samples]
        has_text = torch.tensor(flags, dtype=torch.float64, device=mentions.device)
    return torch.stack([torch.ones_like(mentions), mentions.log1p(), (mentions == 0).double(), has_text], -1)


def length_features(mentions: int, has_text: bool) -> Tensor:
    """Return the :data:`CONTEXT_FEATURES` of a context with ``mentions`` mentions, ``(4,)``, in double precision."""
    return torch.tensor([1.0, math.log1p(mentions), float(not mentions), float(has_text)], dtype=torch.float64)
