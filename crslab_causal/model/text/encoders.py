"""Encoders of token ids, trained from scratch."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from crslab_causal.base.errors import UserError

ROWS_TOGETHER = 32
"""Rows that :func:`by_length` gives an encoder at once, about."""


def by_length(encode: Callable[[Tensor], Tensor], tokens: Tensor, lengths: Tensor) -> Tensor:
    """``encode(tokens)``, rows of like lengths together, so that little padding is computed.

    Args:
        encode: from ``(rows, width)`` token ids to ``(rows, ...)``; what is padding must not matter.
        tokens: ``(batch, length)``, padded on the right.
        lengths: ``(batch,)``, number of tokens.
    """
    order = torch.argsort(lengths)
    parts = order.split(ROWS_TOGETHER)
    widths = lengths[torch.stack([part[-1] for part in parts])].tolist()  # read at once, which a GPU waits for
    done = torch.cat([encode(tokens[part, : max(1, width)]) for part, width in zip(parts, widths)])
    return done[torch.argsort(order)]


def masked_mean(states: Tensor, present: Tensor) -> Tensor:
    """``(batch, d)``: mean of ``(batch, length, d)`` where ``present``; the zero vector for a row without any."""
    weight = present.to(states.dtype)
    total = torch.einsum('bl,bld->bd', weight, states)
    return total / weight.sum(-1, keepdim=True).clamp(min=1)


class TextEncoder(nn.Module):
    """From token ids to one vector for each text.

    Args:
        pad: token id that pads; everything else is text.
        dim: size of a vector.
    """

    def __init__(self, pad: int, dim: int):
        super().__init__()
        self.pad, self.dim = pad, dim

    def present(self, tokens: Tensor) -> Tensor:
        """``(batch, length)``: where there is a token."""
        return tokens != self.pad

    def vector(self, tokens: Tensor) -> Tensor:
        """``(batch, dim)`` for token ids ``(batch, length)``, padded on the right; zero for an empty text."""
        return by_length(self._vector, tokens, self.present(tokens).sum(-1))

    @abstractmethod
    def _vector(self, tokens: Tensor) -> Tensor:
        """:meth:`vector` of texts of like length."""


class TokenEncoder(TextEncoder):
    """Gives each token a state, and each text the mean of its tokens' states."""

    embedding: nn.Embedding

    @abstractmethod
    def forward(self, tokens: Tensor) -> Tensor:
        """``(batch, length, dim)``: states for token ids ``(batch, length)``; those of padding mean nothing."""

    def _vector(self, tokens: Tensor) -> Tensor:
        return masked_mean(self(tokens), self.present(tokens))


class BagEncoder(TokenEncoder):
    """The embedding of each token by itself: the fastest, and blind to order."""

    def __init__(self, vocab_size: int, pad: int, dim: int, dropout: float = 0.0):
        super().__init__(pad, dim)
        self.embedding = token_embedding(vocab_size, dim, pad)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.dropout(self.embedding(tokens))


class GRUEncoder(TokenEncoder):
    """A bidirectional GRU; half of a state comes from each direction.

    Raises:
        UserError: ``dim`` is odd.
    """

    def __init__(self, vocab_size: int, pad: int, dim: int, n_layers: int = 1, dropout: float = 0.0):
        super().__init__(pad, dim)
        if dim % 2:
            raise UserError(f'token_emb_dim: {dim} is odd, and both directions of a GRU share it; write an even number')
        self.embedding = token_embedding(vocab_size, dim, pad)
        self.gru = nn.GRU(
            dim, dim // 2, n_layers, batch_first=True, bidirectional=True, dropout=dropout if n_layers > 1 else 0.0
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        lengths = self.present(tokens).sum(-1).clamp(min=1).cpu()  # an empty text is read as one pad token
        packed = pack_padded_sequence(
            self.dropout(self.embedding(tokens)), lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=tokens.shape[1])
        return self.dropout(states)


class TransformerEncoder(TokenEncoder):
    """`Transformer <https://arxiv.org/abs/1706.03762>`_ layers over tokens with learned positions, normed first.

    Raises:
        UserError: ``n_heads`` does not divide ``dim``.
    """

    def __init__(
        self,
        vocab_size: int,
        pad: int,
        dim: int,
        n_layers: int = 1,
        n_heads: int = 2,
        ffn_size: int = 128,
        dropout: float = 0.0,
        max_length: int = 128,
    ):
        super().__init__(pad, dim)
        check_heads(dim, n_heads)
        self.embedding = token_embedding(vocab_size, dim, pad)
        self.position = nn.Embedding(max_length, dim)
        nn.init.normal_(self.position.weight, std=0.02)
        layer = nn.TransformerEncoderLayer(dim, n_heads, ffn_size, dropout, 'gelu', batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, n_layers, nn.LayerNorm(dim), enable_nested_tensor=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        padding = ~self.present(tokens)
        padding[:, 0] = False  # a text without a token would have nothing to attend to, and become NaN
        position = self.position.weight[: tokens.shape[1]]
        return self.layers(self.dropout(self.embedding(tokens) + position), src_key_padding_mask=padding)


def token_embedding(vocab_size: int, dim: int, pad: int) -> nn.Embedding:
    """Embeddings of standard deviation ``1 / sqrt(dim)``, so that a token's has length 1; that of ``pad`` is zero."""
    embedding = nn.Embedding(vocab_size, dim, padding_idx=pad)
    nn.init.normal_(embedding.weight, std=1 / math.sqrt(dim))
    with torch.no_grad():
        embedding.weight[pad].zero_()
    return embedding


def check_heads(dim: int, n_heads: int) -> None:
    """Raises:
    UserError: ``n_heads`` does not divide ``dim``.
    """
    if dim % n_heads:
        raise UserError(f'n_heads: {n_heads} heads do not divide token_emb_dim {dim}; choose one that does')
