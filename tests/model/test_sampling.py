"""Neighbour sampling; most of it needs torch-sparse or pyg-lib, which PyPI has no builds of."""

import pytest
import torch
import torch_geometric.typing

from crslab_causal.base.errors import UserError
from crslab_causal.model.rgcn import PairRGCN

installed = torch_geometric.typing.WITH_PYG_LIB or torch_geometric.typing.WITH_TORCH_SPARSE
needs_sampling = pytest.mark.skipif(not installed, reason='neither pyg-lib nor torch-sparse is installed')


def layer(num_neighbors, **options):
    generator = torch.Generator().manual_seed(1)
    edge_index = torch.randint(12, (2, 120), generator=generator)
    edge_type = torch.randint(3, (120,), generator=generator)
    torch.manual_seed(2)
    return PairRGCN(12, 5, edge_index, edge_type, torch.arange(10), num_neighbors=num_neighbors, **options)


@pytest.mark.skipif(installed, reason='pyg-lib or torch-sparse is installed')
def test_missing_data_are_reported():
    with pytest.raises(UserError, match='num_neighbors: .* needs pyg-lib, or torch-scatter and torch-sparse'):
        layer(3)


@needs_sampling
@pytest.mark.parametrize('options', [{}, {'num_bases': 2}, {'aggr': 'mean'}])
def test_sampling_all_neighbours_equals_using_all_edges(options):
    exact, sampled = layer(None, **options), layer(1000, **options)
    target = torch.randn(10, 5)
    for made in (exact, sampled):
        (made() * target).sum().backward()

    torch.testing.assert_close(sampled(), exact())
    for own, other in zip(sampled.parameters(), exact.parameters()):
        torch.testing.assert_close(own.grad, other.grad)


@needs_sampling
def test_the_mean_over_draws_is_the_full_sum():
    sampled = layer(4)
    with torch.no_grad():
        draws = torch.stack([sampled() for _ in range(4000)])
        exact = sampled.eval()()

    assert draws.std(0).max() > 0
    error = draws.std(0) / 4000**0.5
    assert ((draws.mean(0) - exact).abs() <= 5 * error + 1e-6).all()


@needs_sampling
def test_a_sparse_gradient_holds_the_pairs_drawn_only():
    dense, sparse = layer(2), layer(2)
    sparse.sparse_gradient = True
    for made in (dense, sparse):
        torch.manual_seed(5)
        made().sum().backward()

    assert sparse.pair_weight.grad.is_sparse
    torch.testing.assert_close(sparse.pair_weight.grad.to_dense(), dense.pair_weight.grad)
    touched = sparse.pair_weight.grad.coalesce().indices().numel()
    assert touched <= 2 * 10 < sparse.n_pair
