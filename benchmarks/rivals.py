"""CRSLab's KBRD in several forms that keep its bases, from the shipped one to the fastest one.

All forms compute the same scores and gradients (``tests/benchmarks/test_rivals.py``). The user vector is repaired in
all of them: as shipped it is zero, so that nothing is computed and nothing is learnt.
"""

from __future__ import annotations

import torch
from torch_geometric.nn import RGCNConv
from torch_geometric.nn.conv.rgcn_conv import masked_edge_index

from crslab_causal.model.baselines.kbrd_repaired import KBRDRepaired
from crslab_causal.model.sparse_rgcn import use_sparse_rgcn


class UnbindRGCNConv(RGCNConv):
    """``RGCNConv`` with one line changed.

    The backward pass of ``weight[i, x]`` fills the whole relation x entity x dim tensor with zeros for each relation.
    ``unbind`` before the loop avoids that.
    """

    def forward(self, x, edge_index, edge_type):
        """Return the new entity vectors, as ``RGCNConv`` does for indices ``x``."""
        weight = torch.einsum('rb,bio->rio', self.comp, self.weight).unbind(0)
        out = self.root + (0 if self.bias is None else self.bias)
        size = (self.in_channels_l, self.in_channels_l)
        for i in range(self.num_relations):
            edges = masked_edge_index(edge_index, edge_type == i)
            out = out + self.propagate(edges, x=weight[i], edge_type_ptr=None, size=size)
        return out


FORMS = {
    'kbrd_shipped': "KBRD, repaired, with PyG's RGCNConv",
    'kbrd_unbind': 'KBRD, repaired, with `weight.unbind(0)`',
    'kbrd_bags': 'KBRD, repaired, best form that keeps its bases',
}


def build_kbrd(form: str, opt, device, vocab: dict, side_data: dict) -> tuple[KBRDRepaired, torch.optim.Optimizer]:
    """Return KBRD in one of :data:`FORMS`, and the optimizer of CRSLab's ``config/crs/kbrd/redial.yaml``."""
    model = KBRDRepaired(opt, device, vocab, side_data).to(device)
    if form == 'kbrd_unbind':
        model.kg_encoder.__class__ = UnbindRGCNConv
    if form == 'kbrd_bags':
        use_sparse_rgcn(model)
    fused = {'fused': True} if form == 'kbrd_bags' else {}
    return model, torch.optim.Adam(model.parameters(), lr=3e-3, **fused)
