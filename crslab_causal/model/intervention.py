"""The intervention M on one mentioned entity (Eq 5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crslab_causal.data.histories import PAD, remove_mention

INTERVENTIONS = ('zero', 'bernoulli', 'learned', 'noise')
POSITIONS = ('last', 'random', 'all')


class Intervention(nn.Module):
    r"""Replaces the vector :math:`h_n` of one mention by :math:`M h_n`.

    Eq 5 writes :math:`\bar h^E = \sum_{i<n} w_i h_i + w_n M h_n` and leaves M open. Offered are

    - ``zero``: :math:`M h = 0`;
    - ``bernoulli``: each dimension is kept with probability 1/2;
    - ``learned``: a gate, :math:`M h = \sigma(W h + b) \odot h`;
    - ``noise``: Gaussian noise of the size of h, :math:`M h = h + \epsilon\,\|h\| / \sqrt d`.

    Args:
        kind: one of ``INTERVENTIONS``.
        embedding_dim: size d of a vector.
        position: ``'last'`` intervenes on :math:`h_n`, the paper's choice; ``'random'`` on a mention
            drawn anew at every call; ``'all'`` on the user vector itself, :math:`\bar h^E = M h^E`. The
            last two are controls: a random mention is no treatment, and ``'all'`` singles out no mention,
            so that what they gain too is not due to intervening on the last one. ``'all'`` with ``zero``
            makes :math:`\bar p` uniform but for the item bias, and its KL term label smoothing.
    """

    def __init__(self, kind: str, embedding_dim: int, position: str = 'last'):
        super().__init__()
        if kind not in INTERVENTIONS:
            raise ValueError(f'intervention must be one of {INTERVENTIONS}, not {kind!r}')
        if position not in POSITIONS:
            raise ValueError(f'position must be one of {POSITIONS}, not {position!r}')
        self.kind, self.position = kind, position
        self.gate = nn.Linear(embedding_dim, embedding_dim) if kind == 'learned' else None

    def choose(self, lengths: Tensor) -> Tensor:
        """``(batch,)``: the index of the one mention to intervene on, 0 for an empty history."""
        last = (lengths - 1).clamp(min=0)
        if self.position != 'random':
            return last
        return (torch.rand(lengths.shape, device=lengths.device) * (last + 1)).long()

    def forward(self, h: Tensor) -> Tensor:
        """``(batch, d) -> (batch, d)``: M applied to each row."""
        if self.kind == 'zero':
            return torch.zeros_like(h)
        if self.kind == 'bernoulli':
            return h * torch.randint(2, h.shape, device=h.device)
        if self.kind == 'learned':
            return torch.sigmoid(self.gate(h)) * h
        return h + torch.randn_like(h) * h.norm(dim=-1, keepdim=True) / h.shape[-1] ** 0.5

    def on_history(self, histories: Tensor, chosen: Tensor) -> Tensor:
        """``(batch, length)``: what the intervention leaves of histories, for a model that has no vectors to replace.

        The mention that :meth:`choose` chose is left out, whatever M is; at position ``all`` every mention is.
        """
        return torch.full_like(histories, PAD) if self.position == 'all' else remove_mention(histories, chosen)

    def extra_repr(self) -> str:
        return f'{self.kind}, position={self.position}'
