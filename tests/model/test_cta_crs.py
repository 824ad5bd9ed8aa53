"""CTA-CRS: two levels and their mixture."""

import pytest
import torch

from crslab_causal.base.errors import UserError
from crslab_causal.data.histories import pad_histories
from crslab_causal.model.baselines.cta_crs import CTACRS
from tests.model.test_causal_kbrd import ITEMS, SIDE_DATA, VOCAB, Opt

PAD = VOCAB['pad']


def build(seed=0, **options) -> CTACRS:
    torch.manual_seed(seed)
    base = {'kg_emb_dim': 6, 'token_emb_dim': 8, 'gpu': [-1], 'num_bases': 2, 'rgcn_aggr': 'mean', 'dropout': 0.0}
    return CTACRS(Opt(base | options), torch.device('cpu'), VOCAB, SIDE_DATA)


def batch(histories, texts, items=None):
    width = max(1, *map(len, texts))
    tokens = torch.tensor([[*row, *[PAD] * (width - len(row))] for row in texts])
    return {
        'context_entities': pad_histories(histories),
        'context_tokens': tokens,
        'item': torch.tensor(items or [ITEMS[0]] * len(texts)),
    }


def scores(model, *arguments):
    inputs = batch(*arguments)
    return model.eval().item_scores(inputs)


ENCODERS = pytest.mark.parametrize('text_encoder', ['transformer', 'gru', 'bag'])


@ENCODERS
def test_scores_are_log_probabilities_over_the_items(text_encoder):
    model = build(text_encoder=text_encoder)
    inputs = batch([[7, 2], []], [[4, 5, 6], []])
    loss, found = model(inputs, 'test')

    assert loss.ndim == 0 and found.shape == (2, VOCAB['n_entity'])
    assert torch.isinf(found[:, [1, 4, 5, 6, 7, 8]]).all()
    torch.testing.assert_close(found[:, ITEMS], scores(model, [[7, 2], []], [[4, 5, 6], []]))
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(2))
    assert set(model.train()(inputs, 'train')[1]) == {'rec_loss', 'entity_loss', 'context_loss'}


def test_the_mixture_is_that_of_both_levels_probabilities():
    for rho in (0.0, 0.3, 1.0):
        model = build(context_weight=rho)
        inputs = batch([[7, 2], [3]], [[4, 5], [6]])
        p, q = (torch.softmax(x, -1) for x in model.level_logits(inputs['context_entities'], inputs['context_tokens']))
        expected = (1 - rho) * p + rho * q
        torch.testing.assert_close(scores(model, [[7, 2], [3]], [[4, 5], [6]]).exp(), expected)
        assert torch.isfinite(scores(model, [[7, 2], [3]], [[4, 5], [6]])).all()


@ENCODERS
def test_the_gradient_reaches_both_levels(text_encoder):
    model = build(text_encoder=text_encoder)
    with torch.no_grad():
        model.entity_level.rgcn.self_loop.normal_()  # at the start ReLU may hide a row
    model(batch([[7, 2], [3]], [[4, 5], [6]]), 'train')[0].backward()
    for level in (model.entity_level, model.text_encoder, model.context_to_item):
        assert all(p.grad is not None and torch.isfinite(p.grad).all() and p.grad.any() for p in level.parameters())


def test_the_loss_is_the_sum_of_both_cross_entropies():
    model = build()
    inputs = batch([[7, 2], [3]], [[4, 5], [6]], [3, 0])
    total, terms = model(inputs, 'train')
    label = torch.tensor([ITEMS.index(3), ITEMS.index(0)])
    parts = [
        -torch.log_softmax(x, -1)[[0, 1], label].mean()
        for x in model.level_logits(inputs['context_entities'], inputs['context_tokens'])
    ]
    torch.testing.assert_close(total, sum(parts))
    torch.testing.assert_close([terms['entity_loss'], terms['context_loss']], parts)
    assert terms['rec_loss'] is total


@ENCODERS
def test_padding_has_no_influence(text_encoder):
    model = build(text_encoder=text_encoder)
    together = scores(model, [[7, 2, 3], [], [3]], [[4, 5, 6, 7], [9], []])
    for i, (history, text) in enumerate((([7, 2, 3], [4, 5, 6, 7]), ([], [9]), ([3], []))):
        torch.testing.assert_close(scores(model, [history], [text])[0], together[i])


@ENCODERS
def test_scores_depend_on_the_words_and_equal_the_biases_without_words(text_encoder):
    model = build(text_encoder=text_encoder, context_weight=1.0)
    one, other, none = scores(model, [[7]] * 3, [[4, 5], [4, 6], []])
    assert not torch.allclose(one, other)
    torch.testing.assert_close(none, torch.log_softmax(model.context_to_item.bias, -1))


def test_unchosen_weight_leaves_only_the_entity_level():
    model = build()
    found = scores(model, [[7, 2], []], [[4], [5, 6]])
    assert model.context_weight.isnan()
    model.context_weight.fill_(0.0)
    assert torch.equal(found, scores(model, [[7, 2], []], [[4], [5, 6]]))


def test_without_the_contextual_level_it_is_kbrd_without_the_causal_part():
    model = build(context_weight=0.0)
    histories = [[7, 2, 3], [8], []]
    expected = model.entity_level.item_logits(pad_histories(histories), intervene=False).observed
    torch.testing.assert_close(scores(model, histories, [[4], [5, 6], []]), torch.log_softmax(expected, -1))


@ENCODERS
def test_text_expert_learns_labels_that_only_the_text_shows(text_encoder):
    model = build(text_encoder=text_encoder, context_weight=0.5)
    histories, texts, items = [[7]] * 3, [[4, 6, 5], [4, 7, 5], [4, 8, 5]], ITEMS
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        model.train()(batch(histories, texts, items), 'train')[0].backward()
        optimizer.step()
    assert scores(model, histories, texts).argmax(-1).tolist() == [0, 1, 2]
    # the same words elsewhere, in a text of another length, and none of the others know
    assert scores(model, histories, [[6, 4], [7, 4], [8, 4]]).argmax(-1).tolist() == [0, 1, 2]
    model.context_weight.fill_(0.0)
    assert len(set(scores(model, histories, texts).argmax(-1).tolist())) == 1


@pytest.mark.parametrize('item', [1, 7])
def test_a_label_that_is_not_an_item_is_refused(item):
    with pytest.raises(ValueError, match='item_entity_ids'):
        build()(batch([[7]], [[4]], [item]), 'train')


def test_wrong_number_of_heads_is_reported_in_one_line():
    with pytest.raises(UserError, match='n_heads: 3 heads do not divide token_emb_dim 8'):
        build(n_heads=3)
