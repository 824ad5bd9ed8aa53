"""Decoders of responses, which predict the next token from the tokens before it."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crslab_causal.model.text.encoders import TokenEncoder, masked_mean


class Memory(NamedTuple):
    """The encoded conversations of a batch, which a decoder reads."""

    states: Tensor
    """States of the encoder, ``(batch, length, d)``."""
    absent: Tensor
    """Mask of the positions without a token, ``(batch, length)``. The first position of an empty conversation counts as
    a token."""
    vector: Tensor
    """Mean of the states, ``(batch, d)``."""

    @classmethod
    def of(cls, encoder: TokenEncoder, tokens: Tensor) -> Memory:
        """Encode conversations.

        Args:
            encoder: encoder of the tokens.
            tokens: ``(batch, length)``, token ids padded on the right.
        """
        states, present = encoder(tokens), encoder.present(tokens)
        absent = ~present
        absent[:, 0] = False
        return cls(states, absent, masked_mean(states, present))

    def rows(self, kept: Tensor) -> Memory:
        """Return the memory of some of the conversations, given by indices or by a mask."""
        return Memory(*(tensor[kept] for tensor in self))


class Decoder(nn.Module):
    """The base class of decoders, which turn embedded tokens into states that predict the next tokens.

    A decoder reads whole responses (:meth:`forward`), or one token at a time (:meth:`step`). The first dimension of its
    state is the batch.
    """

    @abstractmethod
    def forward(self, embedded: Tensor, memory: Memory) -> Tensor:
        """Return the state after each token, ``(batch, length, d)``. It does not depend on later tokens.

        Args:
            embedded: ``(batch, length, d)``, embedded tokens.
            memory: the encoded conversations.
        """

    @abstractmethod
    def start(self, memory: Memory) -> Tensor:
        """Return the state before the first token."""

    @abstractmethod
    def step(self, embedded: Tensor, state: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Read one more token, ``(batch, d)``, and return the output, ``(batch, d)``, and the new state."""


class GRUDecoder(Decoder):
    """A GRU decoder with `Luong's <https://arxiv.org/abs/1508.04025>`_ attention (score ``general``).

    It has no input feeding.
    """

    def __init__(self, dim: int, n_layers: int = 1, dropout: float = 0.0):
        super().__init__()
        self.n_layers = n_layers
        self.initial = nn.Linear(dim, n_layers * dim)
        self.gru = nn.GRU(dim, dim, n_layers, batch_first=True, dropout=dropout if n_layers > 1 else 0.0)
        self.query = nn.Linear(dim, dim, bias=False)
        self.combine = nn.Linear(2 * dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, embedded: Tensor, memory: Memory) -> Tensor:
        return self._run(embedded, self.start(memory), memory)[0]

    def start(self, memory: Memory) -> Tensor:
        return torch.tanh(self.initial(memory.vector)).unflatten(-1, (self.n_layers, -1))

    def step(self, embedded: Tensor, state: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        output, state = self._run(embedded[:, None], state, memory)
        return output[:, 0], state

    def _run(self, embedded: Tensor, state: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        output, state = self.gru(self.dropout(embedded), state.transpose(0, 1).contiguous())
        score = self.query(output) @ memory.states.transpose(1, 2)
        weight = torch.softmax(score.masked_fill(memory.absent[:, None], -math.inf), -1)
        attended = torch.tanh(self.combine(torch.cat([weight @ memory.states, output], -1)))
        return self.dropout(attended), state.transpose(0, 1)


class TransformerDecoder(Decoder):
    """A Transformer decoder with learned positions and pre-normalisation. Each step computes the whole prefix again.

    Args:
        max_length: maximum number of tokens, including the start token.
    """

    def __init__(
        self,
        dim: int,
        n_layers: int = 1,
        n_heads: int = 2,
        ffn_size: int = 128,
        dropout: float = 0.0,
        max_length: int = 64,
    ):
        super().__init__()
        self.position = nn.Embedding(max_length, dim)
        nn.init.normal_(self.position.weight, std=0.02)
        layer = nn.TransformerDecoderLayer(dim, n_heads, ffn_size, dropout, 'gelu', batch_first=True, norm_first=True)
        self.layers = nn.TransformerDecoder(layer, n_layers, nn.LayerNorm(dim))
        self.dropout = nn.Dropout(dropout)

    def forward(self, embedded: Tensor, memory: Memory) -> Tensor:
        length = embedded.shape[1]
        later = torch.ones(length, length, dtype=torch.bool, device=embedded.device).triu(1)
        return self.layers(
            self.dropout(embedded + self.position.weight[:length]),
            memory.states,
            tgt_mask=later,
            memory_key_padding_mask=memory.absent,
            tgt_is_causal=True,
        )

    def start(self, memory: Memory) -> Tensor:
        return memory.vector.new_empty(len(memory.vector), 0, memory.vector.shape[-1])

    def step(self, embedded: Tensor, state: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        state = torch.cat([state, embedded[:, None]], 1)
        return self(state, memory)[:, -1], state
