"""The R-GCN of Eq 2 as one sparse product over (relation, entity) pairs."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from crslab_causal.model.sampling import EdgeSampler
from crslab_causal.model.sparse import SparsePattern, SparseProduct, WeightedBags, csr


class PairRGCN(nn.Module):
    r"""An R-GCN layer over one-hot entity features, which computes only the rows that are needed.

    Eq 2 of the paper, before the ReLU, is

    .. math::
        h_e = \sum_{r \in R'} \sum_{e' \in N_e^r} \frac{1}{Z_{e,r}} W_r h_{e'},

    where :math:`R'` contains all relations and one self-loop (`"Modeling Relational Data with Graph Convolutional
    Networks" <https://arxiv.org/abs/1703.06103>`_). With one-hot input :math:`W_r h_{e'}` is one vector for each pair
    :math:`(r, e')`. The layer is therefore ``H = A @ pair_embedding``, with :math:`A_{e,(r,e')} = 1/Z_{e,r}`. Only
    pairs that have an edge into one of ``rows`` get a parameter. :class:`torch_geometric.nn.RGCNConv` stores all
    ``n_relation * n_entity`` of them, and writes all of them in its backward pass. Outputs and gradients are equal to
    those of ``RGCNConv`` (``tests/model/test_rgcn.py``).

    Args:
        n_entity: number of entities.
        embedding_dim: size of an output row.
        edge_index: ``(2, n_edge)``, sources and targets; a message runs from source to target. Edges with source equal
            to target are dropped, because :math:`R'` has a self-loop.
        edge_type: ``(n_edge,)``, relation of each edge.
        rows: ``(n_row,)``, distinct entities whose embeddings are computed.
        num_bases: number of bases V in :math:`W_r = \sum_b a_{rb} V_b`; None: every relation has its own parameters.
        aggr: ``'add'`` for Z = 1 (the paper) or ``'mean'`` for Z = :math:`|N_e^r|` (the default of PyG and of CRSLab's
            KBRD).
        bias: whether to add a learned vector to every row.
        num_neighbors: maximum number of edges into each row, drawn at every call in training, see
            :class:`.EdgeSampler`; None: all edges.
    """

    row_of_entity: Tensor
    index: Tensor
    offset: Tensor
    weight: Tensor
    index_t: Tensor
    offset_t: Tensor
    weight_t: Tensor
    sampled_offset: Tensor
    sampled_weight: Tensor
    pair_relation: Tensor

    sparse_gradient = False
    """Whether ``pair_weight`` gets a sparse gradient. The optimizer then visits only the pairs that were drawn, which
    is exact for SGD without momentum and for Adagrad. It needs ``num_neighbors`` and no ``num_bases``."""

    def __init__(
        self,
        n_entity: int,
        embedding_dim: int,
        edge_index: Tensor,
        edge_type: Tensor,
        rows: Tensor,
        num_bases: int | None = None,
        aggr: str = 'add',
        bias: bool = False,
        num_neighbors: int | None = None,
    ):
        super().__init__()
        if aggr not in ('add', 'mean'):
            raise ValueError(f"aggr must be 'add' or 'mean', not {aggr!r}")
        self.n_entity, self.n_row, self.embedding_dim = n_entity, len(rows), embedding_dim
        self.num_bases, self.aggr = num_bases, aggr

        row_of_entity = torch.full((n_entity,), -1, dtype=torch.long)
        row_of_entity[rows] = torch.arange(self.n_row)
        self.register_buffer('row_of_entity', row_of_entity, persistent=False)
        (source, target), relation = edge_index, edge_type
        kept = (source != target) & (row_of_entity[target] >= 0)
        source, row, relation = source[kept], row_of_entity[target[kept]], relation[kept]
        pair, pair_of_edge = torch.unique(relation * n_entity + source, return_inverse=True)
        self.n_pair = len(pair)
        if num_bases is None:
            self.pair_weight = nn.Parameter(torch.empty(self.n_pair, embedding_dim))
        else:
            entity, pair_source = torch.unique(pair % n_entity, return_inverse=True)
            relation_used, pair_relation = torch.unique(pair // n_entity, return_inverse=True)
            self.register_buffer('pair_relation', pair_relation, persistent=False)
            # the embedding of a pair is a sum over the rows that its entity has in each basis
            column = pair_source[:, None] + len(entity) * torch.arange(num_bases)
            pattern = SparsePattern.of(
                torch.arange(self.n_pair).repeat_interleave(num_bases),
                column.flatten(),
                self.n_pair,
                len(entity) * num_bases,
            )
            for name, tensor in pattern._asdict().items():
                self.register_buffer(f'basis_{name}', tensor, persistent=False)
            self.basis = nn.Parameter(torch.empty(num_bases, len(entity), embedding_dim))
            self.coefficient = nn.Parameter(torch.empty(len(relation_used), num_bases))
        self.self_loop = nn.Parameter(torch.empty(self.n_row, embedding_dim))
        self.bias = nn.Parameter(torch.zeros(embedding_dim)) if bias else None

        value = torch.ones(len(row))
        if aggr == 'mean':
            _, group, size = torch.unique(relation * self.n_row + row, return_inverse=True, return_counts=True)
            value = 1.0 / size[group]
        for name, tensor in zip(('index', 'offset', 'weight'), csr(row, pair_of_edge, value, self.n_row)):
            self.register_buffer(name, tensor, persistent=False)
        self.sampler = None
        if num_neighbors is not None:
            self.sampler = EdgeSampler(self.index, self.offset, self.n_pair, num_neighbors)
            self.register_buffer('sampled_offset', self.sampler.offset, persistent=False)
            self.register_buffer('sampled_weight', self.weight * self.sampler.scale, persistent=False)
        for name, tensor in zip(('index', 'offset', 'weight'), csr(pair_of_edge, row, value, self.n_pair)):
            self.register_buffer(f'{name}_t', tensor, persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        r"""Draw the parameters as ``RGCNConv`` does: by Glorot's rule, with the one-hot input as fan-in.

        The bound, :math:`\sqrt{6 / (n_{entity} + d)}`, is small on a large graph. A wider bound lowers the recall on
        ReDial at the paper's learning rate.
        """
        bound = math.sqrt(6 / (self.n_entity + self.embedding_dim))
        for weight in (self.self_loop, self.pair_weight if self.num_bases is None else self.basis):
            nn.init.uniform_(weight, -bound, bound)
        if self.num_bases is not None:
            bound = math.sqrt(6 / sum(self.coefficient.shape))
            nn.init.uniform_(self.coefficient, -bound, bound)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def pair_embedding(self) -> Tensor:
        """Return :math:`W_r h_{e'}` for each pair that has an edge, ``(n_pair, embedding_dim)``."""
        if self.num_bases is None:
            return self.pair_weight
        pattern = SparsePattern(*(getattr(self, f'basis_{name}') for name in SparsePattern._fields))
        return WeightedBags.apply(self.coefficient[self.pair_relation].flatten(), self.basis.flatten(0, 1), pattern)

    def forward(self) -> Tensor:
        """Return the vectors of the entities ``rows`` by Eq 2, without the final ReLU: ``(n_row, embedding_dim)``."""
        if self.sampler is not None and self.training:
            out = self._sampled_product(self.sampler)
        else:
            # Eq 2: H = A @ pair_embedding, before its ReLU
            out = SparseProduct.apply(
                self.pair_embedding(), self.index, self.offset, self.weight, self.index_t, self.offset_t, self.weight_t
            )
        out = out + self.self_loop
        return out if self.bias is None else out + self.bias

    def _sampled_product(self, sampler: EdgeSampler) -> Tensor:
        pair = self.pair_embedding()
        drawn = sampler.draw().to(self.index.device)
        return F.embedding_bag(
            self.index[drawn],
            pair,
            self.sampled_offset,
            mode='sum',
            include_last_offset=True,
            per_sample_weights=self.sampled_weight[drawn].to(pair.dtype),
            sparse=self.sparse_gradient and self.num_bases is None,
        )

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}({self.embedding_dim}, n_row={self.n_row}, n_pair={self.n_pair}, '
            f'num_bases={self.num_bases}, aggr={self.aggr})'
        )
