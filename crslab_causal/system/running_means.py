"""Weighted means over the updates of an epoch."""

from __future__ import annotations

from collections import Counter

import torch
from torch import Tensor

from crslab_causal.base import distributed


class RunningMeans:
    """Weighted means by name.

    The sums stay on the device, because reading them at every update would make the CPU wait for the device.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor | float] = {}
        self._counts: Counter[str] = Counter()

    def add(self, n: int, **means: Tensor | float) -> None:
        """Add the means over ``n`` samples, by name."""
        for name, mean in means.items():
            self._sums[name] = self._sums.get(name, 0.0) + (mean.detach() if isinstance(mean, Tensor) else mean) * n
            self._counts[name] += n

    def compute(self, device: torch.device) -> dict[str, float]:
        """Return the mean of each name over all processes.

        Args:
            device: device on which the processes exchange their sums.
        """
        if not self._sums:
            return {}
        sums = [[float(self._sums[name]), self._counts[name]] for name in self._sums]
        totals = distributed.total(torch.tensor(sums, dtype=torch.float64, device=device))
        return dict(zip(self._sums, (totals[:, 0] / totals[:, 1]).tolist()))
