"""The intervention M on one mentioned entity (Eq 5)."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import torch
from torch import Tensor, nn

from crslab_causal.data.histories import PAD, remove_mention

POSITIONS = ('last', 'random', 'all')


class InterventionKind(NamedTuple):
    """A choice of the matrix M, which Eq 5 leaves open."""

    apply: Callable[[Tensor, Any], Tensor]
    r"""Function :math:`(h, W) \mapsto M h` from ``(batch, d)`` to ``(batch, d)``."""
    learned: bool = False
    """Whether M has a learned layer W, which is passed to ``apply``."""


def _noise(h: Tensor, _: Any) -> Tensor:
    return h + torch.randn_like(h) * h.norm(dim=-1, keepdim=True) / h.shape[-1] ** 0.5


INTERVENTIONS: dict[str, InterventionKind] = {
    'zero': InterventionKind(lambda h, _: torch.zeros_like(h)),
    'bernoulli': InterventionKind(lambda h, _: h * torch.randint(2, h.shape, device=h.device)),
    'learned': InterventionKind(lambda h, gate: torch.sigmoid(gate(h)) * h, learned=True),
    'noise': InterventionKind(_noise),
}
r"""The choices of M by the value of ``intervention:``. To add one, add an entry.

- ``zero``: :math:`M h = 0`;
- ``bernoulli``: each dimension is kept with probability 1/2;
- ``learned``: a gate, :math:`M h = \sigma(W h + b) \odot h`;
- ``noise``: Gaussian noise of the size of h, :math:`M h = h + \epsilon\,\|h\| / \sqrt d`.
"""


class Intervention(nn.Module):
    r"""Replaces the vector :math:`h_n` of one mention by :math:`M h_n`.

    Eq 5 writes :math:`\bar h^E = \sum_{i<n} w_i h_i + w_n M h_n` and leaves M open.

    Args:
        kind: a key of :data:`INTERVENTIONS`.
        embedding_dim: size d of a vector.
        position: ``'last'`` intervenes on :math:`h_n`, the paper's choice; ``'random'`` on a mention that is drawn at
            every call; ``'all'`` on the user vector itself, :math:`\bar h^E = M h^E`. The last two are controls. If
            they gain as much as ``'last'``, the gain does not come from the last mention. With ``'all'`` and ``zero``
            :math:`\bar p` is uniform, except for the item bias, and the KL term is label smoothing.

    Raises:
        ValueError: there is no such kind or position.
    """

    def __init__(self, kind: str, embedding_dim: int, position: str = 'last'):
        super().__init__()
        if kind not in INTERVENTIONS:
            raise ValueError(f'intervention must be one of {tuple(INTERVENTIONS)}, not {kind!r}')
        if position not in POSITIONS:
            raise ValueError(f'position must be one of {POSITIONS}, not {position!r}')
        self.kind, self.position = kind, position
        self.gate = nn.Linear(embedding_dim, embedding_dim) if INTERVENTIONS[kind].learned else None

    def choose(self, lengths: Tensor) -> Tensor:
        """Return the index of the mention to intervene on, ``(batch,)``; 0 for an empty history."""
        last = (lengths - 1).clamp(min=0)
        if self.position != 'random':
            return last
        return (torch.rand(lengths.shape, device=lengths.device) * (last + 1)).long()

    def forward(self, h: Tensor) -> Tensor:
        """Apply M to each row of a tensor of shape ``(batch, d)``."""
        return INTERVENTIONS[self.kind].apply(h, self.gate)

    def on_history(self, histories: Tensor, chosen: Tensor) -> Tensor:
        """Remove the mentions on which the intervention acts, for a model that has no vectors to replace.

        The mention from :meth:`choose` is removed, whatever M is. If the position is ``all``, every mention is removed.

        Args:
            histories: ``(batch, length)``, padded on the right.
            chosen: ``(batch,)``, from :meth:`choose`.
        """
        return torch.full_like(histories, PAD) if self.position == 'all' else remove_mention(histories, chosen)

    def extra_repr(self) -> str:
        return f'{self.kind}, position={self.position}'
