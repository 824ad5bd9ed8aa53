"""The layer of Eq 2 where the graph is poor, and what it stores and repeats."""

import math

import pytest
import torch
from torch_geometric.nn import RGCNConv

from crslab_causal.model.rgcn import PairRGCN

DEVICES = ['cpu', pytest.param('cuda', marks=pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU'))]


def graph(n_entity, n_relation, n_edge, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randint(n_entity, (2, n_edge), generator=generator),
        torch.randint(n_relation, (n_edge,), generator=generator),
    )


@pytest.mark.parametrize('num_bases', [None, 2])
@pytest.mark.parametrize('aggr', ['add', 'mean'])
@pytest.mark.parametrize('edges', [[], [(2, 2, 0)], [(0, 1, 0), (1, 2, 1)]], ids=['none', 'self-loop', 'elsewhere'])
def test_without_an_edge_into_a_row_its_own_vector_is_left(edges, aggr, num_bases):
    edge = torch.tensor(edges, dtype=torch.long).view(-1, 3)
    layer = PairRGCN(5, 4, edge[:, :2].t(), edge[:, 2], torch.tensor([4, 0]), num_bases=num_bases, aggr=aggr)

    out = layer()
    assert torch.equal(out, layer.self_loop)
    out.sum().backward()
    assert torch.equal(layer.self_loop.grad, torch.ones(2, 4))


@pytest.mark.parametrize('num_bases', [None, 3])
def test_a_graph_with_self_loops_equals_pyg_on_the_graph_without(num_bases):
    edge_index, edge_type = graph(6, 2, 60)
    kept = edge_index[0] != edge_index[1]
    assert not kept.all()
    conv = RGCNConv(6, 4, 2, num_bases=num_bases, aggr='mean', bias=False)
    layer = PairRGCN(6, 4, edge_index, edge_type, torch.arange(6), num_bases=num_bases, aggr='mean')
    with torch.no_grad():
        layer.self_loop.copy_(conv.root)
        if num_bases is None:
            pairs = sorted(set(zip(edge_type[kept].tolist(), edge_index[0, kept].tolist())))
            layer.pair_weight.copy_(torch.stack([conv.weight[pair] for pair in pairs]))
        else:  # 60 edges use every entity and both relations
            layer.basis.copy_(conv.weight)
            layer.coefficient.copy_(conv.comp)

    torch.testing.assert_close(layer(), conv(None, edge_index[:, kept], edge_type[kept]))


def test_an_edge_that_stands_twice_counts_twice_with_add_and_once_with_mean():
    edge_index, edge_type = torch.tensor([[0, 0], [1, 1]]), torch.tensor([0, 0])
    for aggr, times in (('add', 2.0), ('mean', 1.0)):
        layer = PairRGCN(2, 3, edge_index, edge_type, torch.tensor([1]), aggr=aggr)
        torch.testing.assert_close(layer(), layer.self_loop + times * layer.pair_weight)


def test_the_order_of_the_rows_is_the_order_of_the_output():
    edge_index, edge_type = graph(8, 2, 40)
    sorted_rows, shuffled = torch.arange(8), torch.tensor([5, 0, 7, 2, 1, 6, 4, 3])
    first, second = (PairRGCN(8, 3, edge_index, edge_type, rows) for rows in (sorted_rows, shuffled))
    with torch.no_grad():
        second.pair_weight.copy_(first.pair_weight)
        second.self_loop.copy_(first.self_loop[shuffled])

    torch.testing.assert_close(second(), first()[shuffled])


@pytest.mark.parametrize('device', DEVICES)
def test_pool_gives_the_same_numbers_at_every_run(device):
    edge_index, edge_type = graph(500, 4, 20_000)  # many edges into each row, and from each pair
    layer = PairRGCN(500, 32, edge_index, edge_type, torch.arange(500), aggr='mean').to(device)
    weight = torch.randn(500, 32, generator=torch.Generator().manual_seed(1)).to(device)

    def run():
        layer.zero_grad()
        out = layer()
        (out * weight).sum().backward()
        return [out.detach().clone(), *(p.grad.clone() for p in layer.parameters())]

    first = run()
    for _ in range(5):
        assert all(torch.equal(a, b) for a, b in zip(first, run(), strict=True))


def test_starts_in_the_range_of_pygs_initial_weights():
    # Glorot's bound for a one-hot input of 500 and an output of 32
    bound = math.sqrt(6 / (500 + 32))
    edge_index, edge_type = graph(500, 2, 3000)
    layer = PairRGCN(500, 32, edge_index, edge_type, torch.arange(500), bias=True)

    for weight in (layer.pair_weight, layer.self_loop, RGCNConv(500, 32, 2).weight):
        assert 0.99 * bound < weight.abs().max() <= bound
        # uniform in (-b, b): standard deviation b / sqrt(3)
        assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.03)
    assert not layer.bias.any()


def test_a_checkpoint_holds_parameters_only():
    edge_index, edge_type = graph(8, 2, 40)
    for num_bases in (None, 2):
        layer = PairRGCN(8, 3, edge_index, edge_type, torch.arange(8), num_bases=num_bases, bias=True)
        assert set(layer.state_dict()) == {name for name, _ in layer.named_parameters()}
