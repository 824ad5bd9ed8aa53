"""Eq 2: against a loop, and against PyG's layer in output and gradients."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.nn import RGCNConv

from crslab_causal.model.rgcn import PairRGCN
from crslab_causal.model.sparse_rgcn import SparseRGCNConv

N_ENTITY, N_RELATION, DIM = 7, 3, 4


@st.composite
def graphs(draw):
    """Edges without self-loops, duplicates allowed, and some of the entities in any order."""
    edge = st.tuples(st.integers(0, N_ENTITY - 1), st.integers(0, N_ENTITY - 1), st.integers(0, N_RELATION - 1))
    edges = draw(st.lists(edge.filter(lambda e: e[0] != e[1]), min_size=1, max_size=25))
    rows = draw(st.lists(st.integers(0, N_ENTITY - 1), min_size=1, max_size=N_ENTITY, unique=True))
    index = torch.tensor(edges)
    return index[:, :2].t(), index[:, 2], torch.tensor(rows)


def copied_from(conv: RGCNConv, edge_index, edge_type, rows, **options) -> PairRGCN:
    """A PairRGCN with the weights of PyG's layer: a pair (r, e') holds row e' of W_r."""
    layer = PairRGCN(N_ENTITY, DIM, edge_index, edge_type, rows, **options)
    into_rows = torch.isin(edge_index[1], rows)
    source, relation = edge_index[0][into_rows], edge_type[into_rows]
    with torch.no_grad():
        layer.self_loop.copy_(conv.root[rows])
        if conv.bias is not None:
            layer.bias.copy_(conv.bias)
        if options.get('num_bases') is None:
            for i, pair in enumerate(sorted({(int(r), int(s)) for r, s in zip(relation, source)})):
                layer.pair_weight[i] = conv.weight[pair]
        else:
            layer.basis.copy_(conv.weight[:, source.unique()])
            layer.coefficient.copy_(conv.comp[relation.unique()])
    return layer


@settings(max_examples=60, deadline=None)
@given(graphs(), st.sampled_from([None, 2]), st.sampled_from(['add', 'mean']), st.booleans())
def test_equals_pyg_in_output_and_gradients(graph, num_bases, aggr, bias):
    edge_index, edge_type, rows = graph
    conv = RGCNConv(N_ENTITY, DIM, N_RELATION, num_bases=num_bases, aggr=aggr, bias=bias)
    if bias:
        torch.nn.init.normal_(conv.bias)
    layer = copied_from(conv, edge_index, edge_type, rows, num_bases=num_bases, aggr=aggr, bias=bias)
    weights = torch.randn(len(rows), DIM)

    expected = conv(None, edge_index, edge_type)[rows]
    out = layer()
    torch.testing.assert_close(out, expected, rtol=1e-5, atol=1e-6)

    (expected * weights).sum().backward()
    (out * weights).sum().backward()
    torch.testing.assert_close(layer.self_loop.grad, conv.root.grad[rows], rtol=1e-5, atol=1e-6)
    if bias:
        torch.testing.assert_close(layer.bias.grad, conv.bias.grad, rtol=1e-5, atol=1e-6)
    into_rows = torch.isin(edge_index[1], rows)
    source, relation = edge_index[0][into_rows], edge_type[into_rows]
    if num_bases is None:
        pairs = sorted({(int(r), int(s)) for r, s in zip(relation, source)})
        for i, pair in enumerate(pairs):
            torch.testing.assert_close(layer.pair_weight.grad[i], conv.weight.grad[pair], rtol=1e-5, atol=1e-6)
        assert conv.weight.grad.count_nonzero() <= len(pairs) * DIM  # no other pair has a gradient
    else:
        torch.testing.assert_close(layer.basis.grad, conv.weight.grad[:, source.unique()], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(layer.coefficient.grad, conv.comp.grad[relation.unique()], rtol=1e-5, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(graphs(), st.sampled_from(['add', 'mean']))
def test_equals_a_loop_over_eq_2(graph, aggr):
    edge_index, edge_type, rows = graph
    layer = PairRGCN(N_ENTITY, DIM, edge_index, edge_type, rows, aggr=aggr)
    edges = list(zip(*edge_index.tolist(), edge_type.tolist()))
    pairs = sorted({(r, s) for s, t, r in edges if t in rows.tolist()})
    vector = {pair: layer.pair_weight[i].detach().numpy() for i, pair in enumerate(pairs)}

    expected = np.zeros((len(rows), DIM))
    for i, e in enumerate(rows.tolist()):
        expected[i] += layer.self_loop[i].detach().numpy()
        for r in range(N_RELATION):
            neighbours = [s for s, t, relation in edges if t == e and relation == r]
            z = 1 if aggr == 'add' else max(1, len(neighbours))
            for neighbour in neighbours:
                expected[i] += vector[r, neighbour] / z
    np.testing.assert_allclose(layer().detach().numpy(), expected, rtol=1e-5, atol=1e-6)


def test_result_equals_a_computation_by_hand():
    # 0 -r0-> 2, 1 -r0-> 2, 0 -r1-> 2; rows: 2 alone. Pairs (r, source): (0,0), (0,1), (1,0)
    layer = PairRGCN(
        3, 1, torch.tensor([[0, 1, 0], [2, 2, 2]]), torch.tensor([0, 0, 1]), torch.tensor([2]), aggr='mean'
    )
    with torch.no_grad():
        layer.pair_weight.copy_(torch.tensor([[2.0], [4.0], [10.0]]))
        layer.self_loop.fill_(100.0)

    assert layer().item() == 100 + (2 + 4) / 2 + 10
    layer.weight.fill_(1.0)  # Z = 1
    assert layer().item() == 100 + 2 + 4 + 10


def test_self_loops_of_the_graph_equal_the_self_loop_of_the_layer():
    plain = PairRGCN(3, DIM, torch.tensor([[0], [1]]), torch.tensor([0]), torch.arange(3))
    looped = PairRGCN(3, DIM, torch.tensor([[0, 0, 2], [1, 0, 2]]), torch.tensor([0, 1, 1]), torch.arange(3))

    assert looped.n_pair == plain.n_pair == 1


def test_only_pairs_with_an_edge_into_a_row_have_parameters():
    edge_index = torch.tensor([[0, 0, 1, 2], [3, 4, 3, 5]])
    layer = PairRGCN(6, DIM, edge_index, torch.tensor([0, 0, 1, 0]), torch.tensor([3, 4]))

    assert layer.n_pair == 2  # (0, 0), which reaches both rows, and (1, 1); nothing for entity 2
    assert sum(p.numel() for p in layer.parameters()) == (2 + 2) * DIM


def test_unknown_aggregation_is_refused():
    with pytest.raises(ValueError, match="'add' or 'mean', not 'max'"):
        PairRGCN(2, DIM, torch.tensor([[0], [1]]), torch.tensor([0]), torch.arange(2), aggr='max')


@settings(max_examples=20, deadline=None)
@given(graphs())
def test_pygs_layer_as_one_sparse_product_is_equal(graph):
    edge_index, edge_type, _ = graph
    conv = RGCNConv(N_ENTITY, DIM, N_RELATION, num_bases=2)
    sparse = RGCNConv(N_ENTITY, DIM, N_RELATION, num_bases=2)
    sparse.load_state_dict(conv.state_dict())
    sparse.__class__ = SparseRGCNConv
    weights = torch.randn(N_ENTITY, DIM)

    for layer in (conv, sparse):
        (layer(None, edge_index, edge_type) * weights).sum().backward()
    torch.testing.assert_close(sparse(None, edge_index, edge_type), conv(None, edge_index, edge_type))
    for name, parameter in conv.named_parameters():
        torch.testing.assert_close(dict(sparse.named_parameters())[name].grad, parameter.grad, rtol=1e-5, atol=1e-6)
