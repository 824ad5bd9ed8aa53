"""Text encoders: padding, empty texts, order, and gradients."""

import math

import pytest
import torch

from crslab_causal.base.errors import UserError
from crslab_causal.model.options import CTACRSOptions
from crslab_causal.model.text.build import build_text_encoder
from crslab_causal.model.text.encoders import (
    ROWS_TOGETHER,
    BagEncoder,
    GRUEncoder,
    TransformerEncoder,
    by_length,
    masked_mean,
)

PAD, SIZE, DIM = 0, 12, 8
KINDS = ('transformer', 'gru', 'bag')


def build(kind, **options):
    torch.manual_seed(1)
    chosen = CTACRSOptions(**{'text_encoder': kind, 'token_emb_dim': DIM, 'context_truncate': 20, **options})
    return build_text_encoder(chosen, {'pad': PAD, 'vocab_size': SIZE}, {})


def texts(*rows):
    width = max(1, *map(len, rows))
    return torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('n_layers', [1, 2])
def test_padding_has_no_influence(kind, n_layers):
    encoder = build(kind, n_layers=n_layers).eval()
    rows = [[3, 4, 5], [7], [2, 9, 9, 1, 4, 6], [], [5, 4, 3]]
    together = encoder.vector(texts(*rows))
    alone = torch.cat([encoder.vector(texts(row)) for row in rows])
    wider = encoder.vector(torch.cat([texts(*rows), torch.full((len(rows), 5), PAD)], 1))

    assert together.shape == (5, DIM) and torch.isfinite(together).all()
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(together, wider)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('training', [False, True])
def test_an_empty_text_is_the_zero_vector_and_harms_no_gradient(kind, training):
    encoder = build(kind).train(training)
    vectors = encoder.vector(texts([], [3, 4], []))
    vectors.pow(2).sum().backward()

    assert not vectors[0].any() and not vectors[2].any() and vectors[1].any()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters())


@pytest.mark.parametrize('kind, sees_order', [('transformer', True), ('gru', True), ('bag', False)])
def test_only_encoders_with_positions_depend_on_the_order_of_words(kind, sees_order):
    encoder = build(kind).eval()
    one, other = encoder.vector(texts([3, 4, 5, 6], [6, 4, 5, 3]))
    assert torch.allclose(one, other, atol=1e-5) != sees_order


@pytest.mark.parametrize('kind', KINDS)
def test_every_parameter_gets_a_gradient(kind):
    encoder = build(kind)
    encoder.vector(texts([3, 4, 5], [6, 4])).pow(3).sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in encoder.parameters())


def test_rows_in_any_number_keep_their_order():
    lengths = torch.randint(0, 9, (3 * ROWS_TOGETHER + 5,), generator=torch.Generator().manual_seed(3))
    tokens = texts(*[[1 + i % 7] * int(n) for i, n in enumerate(lengths)])
    widths = []

    def encode(rows):
        widths.append(rows.shape[1])
        return rows.sum(-1)

    assert torch.equal(by_length(encode, tokens, lengths), tokens.sum(-1))
    assert widths == sorted(widths) and widths[0] < 8  # short ones apart from long ones


def test_masked_mean_ignores_padding():
    states = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [math.inf, 9.0]], [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]])
    states[0, 2] = 99.0
    present = torch.tensor([[True, True, False], [False, False, False]])
    assert masked_mean(states, present).tolist() == [[2.0, 3.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    'options, word',
    [
        ({'text_encoder': 'transformer', 'n_heads': 3}, 'n_heads'),
        ({'text_encoder': 'gru', 'token_emb_dim': 7}, 'token_emb_dim'),
    ],
)
def test_sizes_that_do_not_match_are_reported_in_one_line(options, word):
    with pytest.raises(UserError, match=word):
        build(options.pop('text_encoder'), **options)


def test_classes_are_found_by_name():
    assert [type(build(kind)) for kind in KINDS] == [TransformerEncoder, GRUEncoder, BagEncoder]
