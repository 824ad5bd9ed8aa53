"""Random knowledge graphs of any size."""

from __future__ import annotations

import torch
from torch import Tensor


def random_graph(n_entity: int, n_relation: int, n_edge: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return random edges with long-tailed degrees and relations, as in DBpedia.

    Returns:
        ``(2, n_edge)`` sources and targets, and ``(n_edge,)`` relations.
    """
    generator = torch.Generator().manual_seed(seed)

    def long_tailed(n: int) -> Tensor:
        uniform = torch.rand(n_edge, generator=generator, dtype=torch.float64)
        # the square of a uniform number has the density 1 / (2 sqrt x): few entities have most of the edges
        return (n * uniform.square()).long().clamp(max=n - 1)

    shuffled = torch.randperm(n_entity, generator=generator)
    return torch.stack([shuffled[long_tailed(n_entity)] for _ in range(2)]), long_tailed(n_relation)
