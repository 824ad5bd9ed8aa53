"""Encoder-decoders: what they learn, greedy decoding against a slow reference, padding, and what is never said."""

import math

import pytest
import torch

from crslab_causal.base.errors import UserError
from crslab_causal.model.baselines.text import Seq2Seq, TransformerSeq2Seq
from tests.model.test_causal_kbrd import ITEMS, SIDE_DATA, Opt

VOCAB = {'pad': 0, 'start': 1, 'end': 2, 'unk': 3, 'vocab_size': 20, 'n_entity': 9}
PAD, START, END, UNK = range(4)
MODELS = pytest.mark.parametrize('model_class', [Seq2Seq, TransformerSeq2Seq])
CONTEXTS = [[4, 5, 6], [7, 8, 9, 10, 4], [11], [], [5, 4, 6, 12]]
RESPONSES = [[13, 14, 15], [15], [], [16, 13, 13, 13, 14, 17], [18, 19]]


def build(model_class, seed=0, side_data=SIDE_DATA, **options):
    torch.manual_seed(seed)
    base = {'token_emb_dim': 16, 'ffn_size': 32, 'dropout': 0.0, 'response_truncate': 10, 'context_truncate': 20}
    return model_class(Opt(base | options), torch.device('cpu'), VOCAB, side_data)


def padded(rows, more=0):
    width = max(1, *map(len, rows)) + more
    return torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])


def pairs(contexts=CONTEXTS, responses=RESPONSES, more=0):
    return {'context_tokens': padded(contexts, more), 'response': padded([[*row, END] for row in responses], more)}


def shaken(model):
    """As after some training: at the start all logits are nearly level."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if 'norm' not in name:
                parameter.add_(torch.randn_like(parameter) * 0.4)
    return model.eval()


def trained(model, steps=150, lr=0.01):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    inputs = pairs()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model.train()(inputs, 'train', 'conv')[0]
        loss.backward()
        optimizer.step()
    return model.eval(), float(loss.detach())


@MODELS
@pytest.mark.parametrize('n_layers', [1, 2])
def test_five_responses_are_learned_by_heart(model_class, n_layers):
    model, loss = trained(build(model_class, n_layers=n_layers))
    assert loss < 0.5  # of 17 tokens together
    assert model.respond(padded(CONTEXTS), 10) == RESPONSES
    assert model.respond(padded(CONTEXTS), 2) == [row[:2] for row in RESPONSES]


@MODELS
@pytest.mark.parametrize('n_layers', [1, 2])
@pytest.mark.parametrize('seed', range(4))
def test_greedy_decoding_equals_running_over_the_whole_prefix_each_time(model_class, n_layers, seed):
    model = shaken(build(model_class, seed, n_layers=n_layers))
    contexts = CONTEXTS + [[i % 16 + 4 for i in range(k)] for k in range(1, 9)]
    found = model.respond(padded(contexts), 9)
    for context, own in zip(contexts, found):
        said = []
        while len(said) < 9:
            with torch.no_grad():
                # whatever stands at the last place is not looked at
                logits = model.response_logits(padded([context]), torch.tensor([[*said, END]]))[0, -1]
            logits[(model.output_ids == UNK).nonzero()] = -math.inf
            token = int(model.output_ids[logits.argmax()])
            if token == END:
                break
            said.append(token)
        assert own == said
    assert len({tuple(row) for row in found}) > 1


@MODELS
def test_padding_has_no_influence(model_class):
    model = shaken(build(model_class, n_layers=2))
    together, wider = model.converse(pairs(), 'valid')[0], model.converse(pairs(more=3), 'valid')[0]
    alone = [model.converse(pairs([c], [r]), 'valid')[0] for c, r in zip(CONTEXTS, RESPONSES)]
    torch.testing.assert_close(together, sum(alone))
    torch.testing.assert_close(together, wider)
    assert model.respond(padded(CONTEXTS, 4), 8) == model.respond(padded(CONTEXTS), 8)
    scores = model.item_scores({'context_tokens': padded(CONTEXTS, 4)})
    torch.testing.assert_close(
        scores, torch.cat([model.item_scores({'context_tokens': padded([c])}) for c in CONTEXTS])
    )


@MODELS
def test_a_token_sees_those_before_it_only(model_class):
    model = shaken(build(model_class))
    one, other = (model.response_logits(padded([[4, 5]]), torch.tensor([[6, 7, last, 9, END]])) for last in (8, 10))
    torch.testing.assert_close(one[0, :3], other[0, :3])
    assert not torch.allclose(one[0, 3], other[0, 3])


@MODELS
def test_the_response_depends_on_the_conversation(model_class):
    model = shaken(build(model_class))
    one, other = model.response_logits(padded([[4, 5], [4, 6]]), torch.tensor([[7, END]] * 2))
    assert not torch.allclose(one, other)


@MODELS
def test_the_gradient_reaches_everything_and_is_finite_for_empty_conversations(model_class):
    model = build(model_class)
    model.train()(pairs(), 'train', 'conv')[0].backward()
    for name, parameter in model.named_parameters():
        if not name.startswith('context_to_item'):
            assert parameter.grad is not None and torch.isfinite(parameter.grad).all() and parameter.grad.any(), name
    assert model.context_to_item.weight.grad is None


@MODELS
def test_rare_tokens_are_the_unknown_one_which_is_never_written(model_class):
    counts = {UNK: 9, 13: 2, 14: 3, 15: 1, 16: 2}
    model = build(model_class, side_data={**SIDE_DATA, 'response_token_count': counts}, response_min_count=2)
    assert model.output_ids.tolist() == [END, UNK, 13, 14, 16]
    assert model.response_logits(padded([[4]]), torch.tensor([[15, END]])).shape == (1, 2, 5)
    rare, unknown = (model.converse(pairs([[4]], [[token]]), 'valid')[0] for token in (15, 17))
    # the first token has the same logits, and only what follows differs
    first = -torch.log_softmax(model.response_logits(padded([[4]]), torch.tensor([[15, END]]))[0, 0], -1)[1]
    assert rare > first and unknown > first
    with torch.no_grad():
        model.output_bias[1] = 100.0
    assert UNK not in model.respond(padded([[4]]), 5)[0]


@MODELS
def test_text_model_recommends_by_the_text(model_class):
    model = build(model_class)
    batch = {'context_tokens': padded([[4, 5], [6], []]), 'item': torch.tensor(ITEMS)}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        loss, terms = model.train()(batch, 'train')
        assert terms['rec_loss'] is loss
        loss.backward()
        optimizer.step()
    loss, scores = model.eval()(batch, 'test')
    assert scores.argmax(-1).tolist() == ITEMS and torch.isinf(scores[:, 1]).all()
    expected = -torch.log_softmax(model.item_scores(batch), -1).diagonal().mean()
    torch.testing.assert_close(loss, expected)
    with pytest.raises(ValueError, match='item_entity_ids'):
        model({**batch, 'item': torch.tensor([1, 2, 3])}, 'train')


@pytest.mark.parametrize(
    'model_class, options, word',
    [(TransformerSeq2Seq, {'n_heads': 3}, 'n_heads'), (Seq2Seq, {'token_emb_dim': 7}, 'token_emb_dim')],
)
def test_sizes_that_do_not_match_are_reported_in_one_line(model_class, options, word):
    with pytest.raises(UserError, match=word):
        build(model_class, **options)
