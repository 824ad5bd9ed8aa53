"""CRSLab's KBRD in every form that keeps its bases, from as shipped to as fast as we could make it.

All compute the same scores and gradients (``tests/benchmarks/test_rivals.py``); the user vector is mended
in all of them, because as shipped it is zero, which costs nothing and learns nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.nn import RGCNConv

from crslab_causal.host import KBRDRepaired, mend_rgcn_backward
from crslab_causal.model.rgcn import Places, WeightedBags


class BagRGCNConv(RGCNConv):
    """``RGCNConv`` over one-hot features as one sparse product with all bases, instead of a loop over relations."""

    places: Places | None = None

    def forward(self, x, edge_index, edge_type):
        if self.places is None:
            self._prepare(edge_index, edge_type)
        values = (self.comp[self.relation] * self.norm[:, None]).flatten()
        out = WeightedBags.apply(values, self.weight.flatten(0, 1), self.places)
        return out + self.root + (0 if self.bias is None else self.bias)

    def _prepare(self, edge_index: Tensor, edge_type: Tensor) -> None:
        n_entity, order = self.in_channels_l, torch.argsort(edge_index[1], stable=True)
        (source, target), self.relation = edge_index[:, order], edge_type[order]
        _, group, size = torch.unique(self.relation * n_entity + target, return_inverse=True, return_counts=True)
        self.norm = 1.0 / size[group]
        column = source[:, None] + n_entity * torch.arange(self.num_bases, device=source.device)
        self.places = Places.of(target.repeat_interleave(self.num_bases), column.flatten(), n_entity,
                                n_entity * self.num_bases)


FORMS = {'kbrd_shipped': "KBRD, PyG's RGCNConv as shipped",
         'kbrd_unbind': 'KBRD, with `weight.unbind(0)`',
         'kbrd_bags': 'KBRD, best form that keeps its bases'}


def build_kbrd(form: str, opt, device, vocab: dict, side_data: dict) -> tuple[KBRDRepaired, torch.optim.Optimizer]:
    """KBRD in one of ``FORMS``, with the optimizer of CRSLab's ``config/crs/kbrd/redial.yaml``."""
    model = KBRDRepaired(opt, device, vocab, side_data).to(device)
    if form == 'kbrd_unbind':
        mend_rgcn_backward(model)
    if form == 'kbrd_bags':
        model.kg_encoder.__class__ = BagRGCNConv
    fused = {'fused': True} if form == 'kbrd_bags' else {}
    return model, torch.optim.Adam(model.parameters(), lr=3e-3, **fused)
