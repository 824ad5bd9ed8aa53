"""The whole recommender: against loops over Eqs 2 to 6, and where histories are empty or short."""

import math

import numpy as np
import pytest
import torch

import crslab_causal
from crslab_causal.data.histories import pad_histories
from crslab_causal.model.causal_kbrd import CausalKBRD

ITEMS, OTHERS = [2, 3, 0], [7, 8]
EDGES = [(1, 2, 0), (2, 1, 0), (7, 3, 1), (3, 7, 1), (1, 0, 1), (0, 1, 1), (3, 3, 2), (8, 2, 0)]
VOCAB = {'pad': 0, 'start': 1, 'end': 2, 'vocab_size': 10, 'n_entity': 9}
SIDE_DATA = {'item_entity_ids': ITEMS, 'mentioned_entity_ids': OTHERS, 'entity_kg': {'edge': EDGES, 'n_relation': 3}}


class Opt(dict):
    """What CRSLab's get_model needs of a Config."""

    @property
    def opt(self):
        return self


def build(**options) -> CausalKBRD:
    torch.manual_seed(0)
    model = CausalKBRD(Opt({'kg_emb_dim': 6, 'gpu': [-1], **options}), torch.device('cpu'), VOCAB, SIDE_DATA)
    with torch.no_grad():  # as after some training: Glorot's values are too small to tell errors from zero
        for parameter in model.parameters():
            parameter.normal_()
    return model


def reference(model: CausalKBRD, history: list[int], decay: float, bias: np.ndarray):
    """p and p_bar of Eqs 2 to 6 for one history, for the intervention ``zero``, in loops."""
    rows = ITEMS + OTHERS
    pairs = sorted({(r, h) for h, t, r in EDGES if t in rows and h != t})
    vector = {pair: model.rgcn.pair_weight[i].detach().numpy().astype(float) for i, pair in enumerate(pairs)}
    h = {}
    for i, e in enumerate(rows):
        total = model.rgcn.self_loop[i].detach().numpy().astype(float)
        for head, tail, r in EDGES:
            if tail == e and head != e:
                total = total + vector[r, head]
        h[e] = np.maximum(total, 0)

    norm = sum(decay**j for j in range(len(history)))
    weights = [decay**i / norm for i in range(len(history))]
    user = sum((w * h[e] for w, e in zip(weights, history)), np.zeros(6))
    intervened = sum((w * h[e] for w, e in zip(weights[:-1], history[:-1])), np.zeros(6))

    def probabilities(u):
        scores = np.array([u @ h[item] for item in ITEMS]) + bias
        exp = np.exp(scores - scores.max())
        return exp / exp.sum()

    return probabilities(user), probabilities(intervened)


@pytest.mark.parametrize('item_bias', [False, True])
@pytest.mark.parametrize('history', [[7, 8, 2], [2], [3, 0, 3], []])
def test_equals_a_loop_over_the_equations(history, item_bias):
    model = build(item_bias=item_bias, attention_decay=1.5)
    bias = model.item_bias.detach().numpy() if item_bias else np.zeros(3)
    logits = model.item_logits(pad_histories([history, [7, 8, 2, 3]]))  # padded by a longer neighbour

    p, p_bar = reference(model, history, 1.5, bias)
    np.testing.assert_allclose(torch.softmax(logits.observed[0], -1).detach().numpy(), p, rtol=1e-4)
    np.testing.assert_allclose(torch.softmax(logits.intervened[0], -1).detach().numpy(), p_bar, rtol=1e-4)


def test_an_empty_history_knows_nothing():
    observed, intervened = build().item_logits(pad_histories([[]]))

    assert torch.softmax(observed, -1).tolist()[0] == pytest.approx([1 / 3] * 3)
    assert torch.equal(observed, intervened)


def test_one_mention_under_zero_leaves_a_zero_user_vector():
    observed, intervened = build().item_logits(pad_histories([[7]]))

    assert intervened.tolist() == [[0.0] * 3]
    assert observed.abs().sum() > 0


def test_entity_0_is_an_entity():
    model = build()

    assert not torch.allclose(*(model.item_logits(pad_histories([h])).observed for h in ([0, 7], [7])))


def test_scores_are_of_all_entities_and_rank_items_only():
    loss, scores = build()({'context_entities': [[7], []], 'item': torch.tensor([3, 2])}, 'test', 'rec')

    assert scores.shape == (2, 9)
    assert sorted(scores[0].isfinite().nonzero().flatten().tolist()) == sorted(ITEMS)
    assert loss.isfinite()


def test_loss_of_a_batch_equals_a_computation_by_hand():
    model = build(alpha=2.0, beta=0.5)
    histories, items = [[7, 8, 2], [2]], [3, 0]
    loss, _ = model({'context_entities': histories, 'item': torch.tensor(items)}, 'train', 'rec')

    expected = []
    for history, item in zip(histories, items):
        p, q = reference(model, history, 1.5, np.zeros(3))
        y = ITEMS.index(item)
        cosine = [x[y] / math.sqrt((x * x).sum()) for x in (p, q)]
        expected.append(-math.log(p[y]) + 2 * (cosine[1] - cosine[0]) + 0.5 * (q * np.log(q / p)).sum())
    assert loss.item() == pytest.approx(np.mean(expected), rel=1e-4)


def test_lists_and_tensors_are_the_same_batch():
    model, item = build(), torch.tensor([3, 2])
    from_lists, from_tensor = (
        model({'context_entities': c, 'item': item}, 'test', 'rec')[1]
        for c in ([[7, 8], [2]], pad_histories([[7, 8], [2]]))
    )

    assert torch.equal(from_lists, from_tensor)


def test_an_entity_without_a_row_is_named():
    with pytest.raises(ValueError, match='entity 5 is neither an item nor in mentioned_entity_ids'):
        build().item_logits(pad_histories([[5]]))


@pytest.mark.parametrize('sizes', [[2, 2, 2, 2], [3, 3, 2]])
@pytest.mark.parametrize('options', [{}, {'intervention': 'learned'}, {'num_bases': 2}, {'item_bias': True}])
def test_a_group_with_shared_embedding_equals_one_big_batch(sizes, options):
    histories = [[7], [8, 2], [], [3, 0], [2, 7, 8], [0], [7, 3], [8]]
    items = torch.tensor([2, 3, 0, 2, 0, 0, 3, 2])
    model = build(**options)
    model({'context_entities': histories, 'item': items}, 'train', 'rec')[0].backward()
    expected = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}

    model.zero_grad()
    with model.shared_entity_embedding():
        start = 0
        for size in sizes:
            part = slice(start, start + size)
            loss, _ = model({'context_entities': histories[part], 'item': items[part]}, 'train', 'rec')
            (loss * size / len(items)).backward()
            start += size
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-4, atol=1e-6, msg=name)
        assert expected[name].abs().sum() > 0, name


def test_crslab_builds_the_class_by_its_name():
    crslab_causal.register()
    from crslab.model import get_model

    model = get_model(Opt(kg_emb_dim=6, gpu=[-1]), 'CausalKBRD', torch.device('cpu'), VOCAB, SIDE_DATA)
    assert isinstance(model, CausalKBRD)


def test_the_conversation_stage_of_kbrd_uses_its_user_vector():
    model = build(conv={'epoch': 1}, token_emb_dim=4, n_heads=2, n_layers=1, ffn_size=4, user_proj_dim=4)
    batch = {'context_tokens': torch.tensor([[3, 4, 5]]), 'response': torch.tensor([[1, 6, 2]])}

    losses = [model({**batch, 'context_entities': [history]}, 'train', 'conv')[0] for history in ([7, 8], [2])]
    assert torch.stack(losses).isfinite().all()
    model.eval()
    with torch.no_grad():
        first, second = (
            model({**batch, 'context_entities': [history]}, 'valid', 'conv')[0].item() for history in ([7, 8], [2])
        )
    assert first != second


def test_a_label_that_is_not_an_item_is_refused():
    with pytest.raises(ValueError, match='a label is not one of item_entity_ids'):
        build()({'context_entities': [[7]], 'item': torch.tensor([8])}, 'test', 'rec')


def test_result_equals_double_precision():
    observed, _ = build().double().item_logits(pad_histories([[7, 8], [2]]))
    assert observed.dtype == torch.double
