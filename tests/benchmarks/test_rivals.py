"""The forms of KBRD that the benchmark compares compute the same."""

import pytest
import torch

from benchmarks.graphs import random_graph
from benchmarks.rivals import FORMS, build_kbrd


def made(form):
    torch.manual_seed(0)
    edge_index, edge_type = random_graph(40, 5, 300)
    edges = list(dict.fromkeys(zip(edge_index[0].tolist(), edge_index[1].tolist(), edge_type.tolist())))
    model, optimizer = build_kbrd(
        form,
        {'kg_emb_dim': 6, 'num_bases': 3, 'gpu': [-1]},
        torch.device('cpu'),
        {'pad': 0, 'start': 1, 'end': 2, 'vocab_size': 3, 'n_entity': 40},
        {'entity_kg': {'edge': edges, 'n_relation': 5}},
    )
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = model({'context_entities': [[3, 0, 7], [], [5]], 'item': torch.tensor([2, 9, 30])}, 'train', 'rec')[0]
        loss.backward()
        gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
        optimizer.step()
        losses.append(loss.item())
    return losses, gradients


@pytest.mark.parametrize('form', [form for form in FORMS if form != 'kbrd_shipped'])
def test_losses_and_gradients_of_three_updates_are_equal(form):
    losses, gradients = made('kbrd_shipped')
    other_losses, other_gradients = made(form)

    assert len(set(losses)) == 3
    assert other_losses == pytest.approx(losses, rel=1e-5)
    assert other_gradients.keys() == gradients.keys() and 'kg_encoder.comp' in gradients
    for name, gradient in gradients.items():
        torch.testing.assert_close(other_gradients[name], gradient, rtol=1e-3, atol=1e-5, msg=name)


def test_a_random_graph_has_the_sizes_asked_for():
    edge_index, edge_type = random_graph(1000, 9, 50_000, seed=3)
    again, _ = random_graph(1000, 9, 50_000, seed=3)

    assert edge_index.shape == (2, 50_000) and edge_type.shape == (50_000,)
    assert edge_index.min() >= 0 and edge_index.max() < 1000 and edge_type.unique().tolist() == list(range(9))
    assert torch.equal(edge_index, again)
    degree = torch.bincount(edge_index[1], minlength=1000).sort(descending=True).values
    assert degree[:100].sum() > 3 * degree[-500:].sum() / 5  # long-tailed
