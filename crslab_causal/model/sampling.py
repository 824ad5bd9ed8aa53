"""Neighbour sampling, for graphs with too many edges to visit all of them at each update."""

from __future__ import annotations

import warnings

import torch
import torch_geometric.typing
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.loader import NeighborLoader

from crslab_causal.base.errors import UserError


class EdgeSampler:
    """Draws ``num_neighbors`` edges into every row that has more edges, with PyG's ``NeighborLoader``.

    Each drawn edge of a row with n edges counts n / ``num_neighbors`` times, so that the expected sum over the drawn
    edges is the sum over all edges. Edges are drawn with replacement, because without replacement torch-sparse 0.6.18
    prefers the first edges of a row: it never draws the last one. Rows with fewer edges keep all of them.

    Args:
        source: ``(n_edge,)``, column of each edge, in the order of rows.
        offset: ``(n_row + 1,)``, index at which the edges of each row begin.
        n_source: number of columns.
        num_neighbors: edges to draw for each row.

    Raises:
        UserError: neither pyg-lib nor torch-sparse is installed; PyG needs one of them to sample.
    """

    def __init__(self, source: Tensor, offset: Tensor, n_source: int, num_neighbors: int):
        if not (torch_geometric.typing.WITH_PYG_LIB or torch_geometric.typing.WITH_TORCH_SPARSE):
            raise UserError(
                'num_neighbors: the neighbour sampling of torch-geometric needs pyg-lib, or torch-scatter '
                'and torch-sparse (see its installation page); without num_neighbors all edges are used'
            )
        degree = offset.diff()
        n_row = len(degree)
        row = torch.repeat_interleave(torch.arange(n_row), degree)
        large = degree > num_neighbors
        self._kept = (~large[row]).nonzero().squeeze(1)
        graph = Data(edge_index=torch.stack([source + n_row, row]), num_nodes=n_row + n_source)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # PyG warns that pyg-lib would be faster
            self._loader = NeighborLoader(
                graph,
                num_neighbors=[num_neighbors],
                input_nodes=large.nonzero().squeeze(1),
                batch_size=max(1, int(large.sum())),
                replace=True,
            )
        drawn = degree.clamp(max=num_neighbors)
        self.offset = torch.cat([drawn.new_zeros(1), drawn.cumsum(0)])
        """Index at which the drawn edges of each row begin, ``(n_row + 1,)``."""
        self.scale = (degree / drawn.clamp(min=1))[row]
        """Number of times that an edge counts if it is drawn, ``(n_edge,)``."""

    def draw(self) -> Tensor:
        """Draw edges, and return their indices in the order of rows."""
        drawn = [batch.e_id for batch in self._loader]
        return torch.cat([self._kept, *drawn]).sort().values
