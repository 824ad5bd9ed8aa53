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
"""Number of texts that :func:`by_length` encodes at a time."""


def by_length(encode: Callable[[Tensor], Tensor], tokens: Tensor, lengths: Tensor) -> Tensor:
    """Return ``encode(tokens)``, computed on groups of texts of similar length to save time on padding.

    Args:
        encode: function from token ids ``(rows, width)`` to ``(rows, ...)``; padding must not change its result.
        tokens: ``(batch, length)``, padded on the right.
        lengths: ``(batch,)``, number of tokens.
    """
    order = torch.argsort(lengths)
    parts = order.split(ROWS_TOGETHER)
    widths = lengths[torch.stack([part[-1] for part in parts])].tolist()  # one transfer from the GPU
    done = torch.cat([encode(tokens[part, : max(1, width)]) for part, width in zip(parts, widths)])
    return done[torch.argsort(order)]


def masked_mean(states: Tensor, present: Tensor) -> Tensor:
    """Return the mean of the states at the positions that have a token, ``(batch, d)``; zero for an empty text.

    Args:
        states: ``(batch, length, d)``, states.
        present: ``(batch, length)``, mask of the positions that have a token.
    """
    weight = present.to(states.dtype)
    total = torch.einsum('bl,bld->bd', weight, states)
    return total / weight.sum(-1, keepdim=True).clamp(min=1)


class TextEncoder(nn.Module):
    """An encoder that turns the token ids of each text into one vector.

    Args:
        pad: token id of padding.
        dim: size of a vector.
    """

    def __init__(self, pad: int, dim: int):
        super().__init__()
        self.pad, self.dim = pad, dim

    def present(self, tokens: Tensor) -> Tensor:
        """Return a mask of the positions that have a token, ``(batch, length)``."""
        return tokens != self.pad

    def vector(self, tokens: Tensor) -> Tensor:
        """Return a vector for each text, ``(batch, dim)``; it is zero for an empty text.

        Args:
            tokens: ``(batch, length)``, token ids padded on the right.
        """
        return by_length(self._vector, tokens, self.present(tokens).sum(-1))

    @abstractmethod
    def _vector(self, tokens: Tensor) -> Tensor:
        """Compute :meth:`vector` for texts of similar length."""


class TokenEncoder(TextEncoder):
    """An encoder that returns a state for each token. The vector of a text is the mean of the states of its tokens."""

    embedding: nn.Embedding

    @abstractmethod
    def forward(self, tokens: Tensor) -> Tensor:
        """Return the state of each token, ``(batch, length, dim)``. The states of padding have no meaning."""

    def _vector(self, tokens: Tensor) -> Tensor:
        return masked_mean(self(tokens), self.present(tokens))


class BagEncoder(TokenEncoder):
    """An encoder that returns the embeddings of the tokens.

    It is the fastest one, and ignores the order of the words.
    """

    def __init__(self, vocab_size: int, pad: int, dim: int, dropout: float = 0.0):
        super().__init__(pad, dim)
        self.embedding = token_embedding(vocab_size, dim, pad)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.dropout(self.embedding(tokens))


class GRUEncoder(TokenEncoder):
    """A bidirectional GRU encoder. Half of a state comes from each direction.

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
    """A `Transformer <https://arxiv.org/abs/1706.03762>`_ encoder with learned positions and pre-normalisation.

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
    """Return token embeddings with expected length 1 (standard deviation ``1 / sqrt(dim)``).

    The one of ``pad`` is zero.
    """
    embedding = nn.Embedding(vocab_size, dim, padding_idx=pad)
    nn.init.normal_(embedding.weight, std=1 / math.sqrt(dim))
    with torch.no_grad():
        embedding.weight[pad].zero_()
    return embedding


def check_heads(dim: int, n_heads: int) -> None:
    """Check the number of attention heads.

    Raises:
        UserError: ``n_heads`` does not divide ``dim``.
    """
    if dim % n_heads:
        raise UserError(f'n_heads: {n_heads} heads do not divide token_emb_dim {dim}; choose one that does')
