"""CausalKBRD with each option against loops over Eqs 2 to 6, on random graphs; H shared by several calls."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.data.histories import pad_histories
from crslab_causal.model.causal_kbrd import CausalKBRD

N_ENTITY, N_RELATION, DIM = 9, 2, 3
VOCAB = {'pad': 0, 'start': 1, 'end': 2, 'vocab_size': 10, 'n_entity': N_ENTITY}

entities = st.integers(0, N_ENTITY - 1)
histories = st.lists(entities, max_size=5)


def build(edges, items, others=None, **options):
    side_data = {'item_entity_ids': items, 'entity_kg': {'edge': edges, 'n_relation': N_RELATION}}
    if others is not None:
        side_data['mentioned_entity_ids'] = others
    model = CausalKBRD({'kg_emb_dim': DIM, 'gpu': [-1], **options}, torch.device('cpu'), VOCAB, side_data)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(generator=generator)
    return model


def small_model(**options):
    return build([(1, 2, 0), (2, 1, 0), (7, 3, 1), (3, 7, 1)], [2, 3, 4], [7, 8], **options)


def loop_over_eq_2(model, edges, rows, aggr):
    """H by entity. The rows of the pairs are sorted by relation, then source."""
    used = [(s, t, r) for s, t, r in edges if s != t and t in rows]
    pairs = sorted({(r, s) for s, t, r in used})
    weights = {name: parameter.detach().double().numpy() for name, parameter in model.rgcn.named_parameters()}
    if 'pair_weight' in weights:
        vector = {pair: weights['pair_weight'][i] for i, pair in enumerate(pairs)}
    else:
        sources, relations = sorted({s for r, s in pairs}), sorted({r for r, s in pairs})
        vector = {}
        for r, s in pairs:
            vector[r, s] = np.zeros(DIM)
            for b in range(len(weights['basis'])):
                a = weights['coefficient'][relations.index(r)][b]
                vector[r, s] = vector[r, s] + a * weights['basis'][b][sources.index(s)]
    h = {}
    for i, entity in enumerate(rows):
        total = weights['self_loop'][i].copy()
        for source, target, relation in used:
            if target == entity:
                z = sum(t == entity and r == relation for s, t, r in used) if aggr == 'mean' else 1
                total += vector[relation, source] / z
        h[entity] = np.maximum(total, 0)
    return h


def loop_over_eqs_3_to_6(h, history, items, decay, intervene, bias):
    """Logits of p and of the intervened p."""
    norm = sum(decay**j for j in range(len(history)))
    user, after = np.zeros(DIM), np.zeros(DIM)
    for i, entity in enumerate(history):
        w = decay**i / norm
        user += w * h[entity]
        after += w * (intervene(h[entity]) if i == len(history) - 1 else h[entity])
    return (
        [float(np.dot(user, h[item])) + bias[n] for n, item in enumerate(items)],
        [float(np.dot(after, h[item])) + bias[n] for n, item in enumerate(items)],
    )


@limits(deadline=None, max_examples=40)
@given(
    edges=st.lists(st.tuples(entities, entities, st.integers(0, N_RELATION - 1)), min_size=1, max_size=25),
    items=st.lists(entities, min_size=1, max_size=5, unique=True),
    batch=st.lists(histories, min_size=1, max_size=4),
    decay=st.floats(0.5, 2.5),
    aggr=st.sampled_from(['add', 'mean']),
    num_bases=st.sampled_from([None, 2]),
    item_bias=st.booleans(),
    kind=st.sampled_from(['zero', 'learned']),
)
def test_equals_loops_whatever_the_options(edges, items, batch, decay, aggr, num_bases, item_bias, kind):
    model = build(
        edges, items, attention_decay=decay, rgcn_aggr=aggr, num_bases=num_bases, item_bias=item_bias, intervention=kind
    )
    rows = items + [entity for entity in range(N_ENTITY) if entity not in items]
    h = loop_over_eq_2(model, edges, rows, aggr)
    bias = model.item_bias.detach().numpy() if item_bias else np.zeros(len(items))

    def intervene(vector):
        if kind == 'zero':
            return np.zeros(DIM)
        w, b = (p.detach().numpy() for p in model.intervention.gate.parameters())
        return vector / (1 + np.exp(-(w @ vector + b)))

    observed, intervened = model.item_logits(pad_histories(batch))
    expected = [loop_over_eqs_3_to_6(h, history, items, decay, intervene, bias) for history in batch]
    np.testing.assert_allclose(observed.detach(), [p for p, _ in expected], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(intervened.detach(), [p for _, p in expected], rtol=1e-4, atol=1e-4)


def test_a_random_position_intervenes_on_every_mention_in_turn():
    model = small_model(intervention_position='random')
    history = [2, 7, 3]
    rows = [2, 3, 4, 7, 8]
    h = loop_over_eq_2(model, [(1, 2, 0), (2, 1, 0), (7, 3, 1), (3, 7, 1)], rows, 'add')
    norm = 1 + 1.5 + 2.25
    without_one = []
    for left_out in range(3):
        user = sum(1.5**i / norm * h[e] for i, e in enumerate(history) if i != left_out)
        without_one.append([float(np.dot(user, h[item])) for item in (2, 3, 4)])
    assert np.ptp(without_one, axis=0).max() > 0.01

    drawn = model.item_logits(pad_histories([history] * 60)).intervened.detach().numpy()
    which = [next(i for i, logits in enumerate(without_one) if np.allclose(row, logits, atol=1e-5)) for row in drawn]
    assert set(which) == {0, 1, 2}


@pytest.mark.parametrize('item_bias', [False, True])
def test_position_all_with_zero_leaves_only_the_item_bias(item_bias):
    model = small_model(intervention_position='all', item_bias=item_bias)
    intervened = model.item_logits(pad_histories([[2, 7, 3], [], [7]])).intervened

    expected = model.item_bias if item_bias else torch.zeros(3)
    torch.testing.assert_close(intervened, expected.expand(3, 3))


def test_position_all_intervenes_on_the_user_vector():
    model = small_model(intervention_position='all', intervention='learned')
    batch = pad_histories([[2, 7, 3], [7]])
    embedding = model.entity_embedding()
    user = model.encode_user(batch, embedding)
    expected = torch.nn.functional.linear(model.intervention(user), embedding[:3])

    torch.testing.assert_close(model.item_logits(batch).intervened, expected)


def test_mentions_are_left_out_in_training_only():
    model = small_model(entity_dropout=0.5)
    batch = pad_histories([[2, 7, 3]] * 40)
    torch.manual_seed(0)

    assert len(model.train().item_logits(batch).observed.unique(dim=0)) > 3  # of the seven subsets that are not empty
    assert len(model.eval().item_logits(batch).observed.unique(dim=0)) == 1


@pytest.mark.parametrize('options', [{}, {'item_bias': True}, {'intervention': 'learned'}])
def test_padding_changes_nothing(options):
    model = small_model(**options)
    narrow = model.item_logits(torch.tensor([[7, 2], [3, -1], [-1, -1]]))
    wide = model.item_logits(torch.tensor([[7, 2] + [-1] * 50, [3] + [-1] * 51, [-1] * 52]))

    torch.testing.assert_close(wide.observed, narrow.observed)
    torch.testing.assert_close(wide.intervened, narrow.intervened)


def test_without_bias_an_empty_history_has_no_loss_but_that_of_chance():
    model = small_model()
    loss, terms = model({'context_entities': [[], []], 'item': torch.tensor([2, 4])}, 'train', 'rec')

    assert loss.item() == pytest.approx(np.log(3))
    assert terms['causal_loss'].item() == pytest.approx(0) and terms['kl'].item() == pytest.approx(0)


@pytest.mark.parametrize('mode', ['valid', 'test'])
def test_scores_are_the_logits_at_the_items_entity_ids(mode):
    model = small_model()
    _, scores = model({'context_entities': [[7, 2]], 'item': torch.tensor([3])}, mode, 'rec')

    assert scores.shape == (1, N_ENTITY)
    torch.testing.assert_close(scores[:, [2, 3, 4]], model.item_logits(torch.tensor([[7, 2]])).observed)
    assert (scores[:, [0, 1, 5, 6, 7, 8]] == -torch.inf).all()


def test_training_gives_the_loss_and_its_terms():
    model = small_model()
    loss, terms = model({'context_entities': [[7]], 'item': torch.tensor([3])}, 'train', 'rec')
    assert loss.requires_grad and terms['rec_loss'] is loss
    total = terms['cross_entropy'] + model.alpha * terms['causal_loss'] + model.beta * terms['kl']
    torch.testing.assert_close(loss.detach(), total)


def test_without_causal_terms_the_intervention_takes_no_part():
    batch = {'context_entities': [[7, 2], [3]], 'item': torch.tensor([3, 4])}
    model = small_model(alpha=0.0, beta=0.0, intervention='learned')
    loss, _ = model(batch, 'train', 'rec')
    loss.backward()

    logits = model.item_logits(pad_histories(batch['context_entities'])).observed
    assert loss.item() == pytest.approx(torch.nn.functional.cross_entropy(logits, torch.tensor([1, 2])).item())
    assert all(parameter.grad is None for parameter in model.intervention.parameters())


# ---------------------------------------------------------------- H shared by several calls


def test_a_shared_embedding_is_computed_once_and_forgotten_at_the_end():
    model, history = small_model(), torch.tensor([[7, 2]])
    calls = []
    model.rgcn.register_forward_hook(lambda *_: calls.append(1))
    with torch.no_grad(), model.shared_entity_embedding():
        inside = [model.item_logits(history).observed for _ in range(3)]
    assert len(calls) == 1
    assert torch.equal(inside[0], inside[2])
    torch.testing.assert_close(model.item_logits(history).observed, inside[0])

    with torch.no_grad():
        model.rgcn.self_loop.add_(1.0)
    assert not torch.allclose(model.item_logits(history).observed, inside[0])


def test_a_call_that_fails_leaves_no_embedding_behind():
    model, history = small_model(), torch.tensor([[7, 2]])
    with pytest.raises(ValueError, match='entity 5'), model.shared_entity_embedding():
        model.item_logits(torch.tensor([[5]]))
    with torch.no_grad():
        before = model.item_logits(history).observed
        model.rgcn.self_loop.add_(1.0)
        assert not torch.allclose(model.item_logits(history).observed, before)


def test_a_group_draws_one_dropout_mask():
    model, history = small_model(embedding_dropout=0.5).train(), torch.tensor([[7, 2, 3]])
    with model.shared_entity_embedding():
        first, second = (model.item_logits(history).observed for _ in range(2))
    assert torch.equal(first, second)

    drawn = {tuple(model.item_logits(history).observed[0].tolist()) for _ in range(20)}
    assert len(drawn) > 1
    model.eval()
    assert torch.equal(model.item_logits(history).observed, model.item_logits(history).observed)


# ---------------------------------------------------------------- conversation stage


def conversational(**options):
    return build(
        [(1, 2, 0), (7, 3, 1)],
        [2, 3, 4],
        [7, 8],
        conv={'batch_size': 2},
        token_emb_dim=8,
        n_heads=2,
        n_layers=1,
        ffn_size=8,
        user_proj_dim=8,
        dropout=0.0,
        relu_dropout=0.0,
        **options,
    )


def test_the_conversation_stage_trains_the_graph_as_well():
    model = conversational()
    batch = {
        'context_tokens': torch.tensor([[3, 4, 5], [6, 7, 0]]),
        'context_entities': [[7, 2], []],
        'response': torch.tensor([[4, 5, 2], [6, 2, 0]]),
    }
    loss, predictions = model(batch, 'train', 'conv')
    loss.backward()

    assert torch.isfinite(loss) and predictions.shape == (2, 3)
    assert model.rgcn.self_loop.grad.abs().sum() > 0
    assert model(batch, 'test', 'conv').shape[0] == 2


def test_conversation_layers_are_built_only_with_a_section_conv():
    assert not hasattr(small_model(), 'decoder') and hasattr(conversational(), 'decoder')
