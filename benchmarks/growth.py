"""The measurement of growing graphs."""

from __future__ import annotations

import argparse

import torch
from torch import Tensor

from benchmarks.graphs import random_graph
from benchmarks.harness import peak, reset_peak, times
from crslab_causal.model.causal_kbrd import CausalKBRD

SIZES = {'entities': 10_000, 'relations': 30, 'edges': 60_000}
"""Sizes of the graph at factor 1."""


def growth(arguments: argparse.Namespace) -> dict:
    """Measure an update on a random graph of ``factor`` times the size, with ``density`` times the edges of an entity.

    The catalogue does not grow.
    """
    sizes = {name: n * arguments.factor for name, n in SIZES.items()}
    sizes['relations'] = SIZES['relations'] * (1 + arguments.factor // 10)
    sizes['edges'] *= arguments.density
    edge_index, edge_type = random_graph(sizes['entities'], sizes['relations'], sizes['edges'])
    n_item, n_row = 1000, sizes['entities'] // 8
    generator = torch.Generator().manual_seed(1)
    rows = torch.randperm(sizes['entities'], generator=generator)[:n_row].tolist()
    side_data = {
        'item_entity_ids': rows[:n_item],
        'mentioned_entity_ids': rows,
        'entity_kg': {'edge': [], 'n_relation': sizes['relations']},
    }
    opt = {'kg_emb_dim': 128, 'gpu': [-1], 'num_neighbors': arguments.num_neighbors}
    before = reset_peak()
    model = GraphKBRD(opt, edge_index, edge_type, sizes['entities'], side_data)
    if arguments.num_neighbors:
        model.rgcn.sparse_gradient = True
        optimizer = torch.optim.Adagrad(model.parameters(), lr=5e-3)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, fused=True)
    histories = torch.tensor(rows)[torch.randint(n_row, (32, 6), generator=generator)]
    labels = torch.tensor(rows)[torch.randint(n_item, (32,), generator=generator)]

    def update() -> None:
        optimizer.zero_grad()
        model({'context_entities': histories, 'item': labels}, 'train', 'rec')[0].backward()
        optimizer.step()

    seconds = times(update, arguments.repeats, arguments.warm_up)
    return {
        'seconds': seconds,
        'memory': (peak() - before) / 2**20,
        'edges_into_rows': len(model.rgcn.index),
        'pairs': model.rgcn.n_pair,
        **sizes,
    }


class GraphKBRD(CausalKBRD):
    """The model over a graph of tensors; a list of millions of edges would dominate the measurement."""

    def __init__(self, opt: dict, edge_index: Tensor, edge_type: Tensor, n_entity: int, side_data: dict):
        self.graph = edge_index, edge_type
        side_data['entity_kg']['edge'] = [(0, 1, 0)]
        vocab = {'pad': 0, 'start': 1, 'end': 2, 'vocab_size': 3, 'n_entity': n_entity}
        super().__init__(opt, torch.device('cpu'), vocab, side_data)

    def build_model(self) -> None:
        self.edge_idx, self.edge_type = self.graph
        super().build_model()
