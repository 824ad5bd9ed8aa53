"""Models that recommend and respond from the words of the conversation alone."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from crslab_causal.model.base import ItemRecommender
from crslab_causal.model.options import Seq2SeqOptions, TransformerSeq2SeqOptions
from crslab_causal.model.text.decoders import Decoder, GRUDecoder, Memory, TransformerDecoder
from crslab_causal.model.text.encoders import GRUEncoder, TokenEncoder, TransformerEncoder


class EncoderDecoder(ItemRecommender):
    """An encoder of the conversation, a linear layer to the items, and a decoder of the response.

    Items are scored by the mean of the encoder's states. The response is written token by token. Encoder, decoder and
    output share the token embeddings. The output contains the tokens that occur at least ``response_min_count`` times
    in the responses of the training data. All other tokens are replaced by the unknown token. The model reads no
    knowledge graph and no list of entities. It knows the items of a conversation by their ``@`` tokens and their names.

    The constructor and ``forward`` are those of CRSLab's models. ``side_data`` may contain ``response_token_count``, as
    it does for the datasets of this package. Without it the output contains every token.
    """

    encoder: TokenEncoder
    decoder: Decoder
    output_ids: Tensor
    index_of_token: Tensor
    options_class: type[Seq2SeqOptions | TransformerSeq2SeqOptions]

    def _build(self, opt: Any, device: torch.device, vocab: Mapping[str, Any], side_data: Mapping[str, Any]) -> None:
        self.options = self.options_class.of(opt)
        self.vocab_size = vocab['vocab_size']
        self.pad, self.start, self.end, self.unk = (vocab[name] for name in ('pad', 'start', 'end', 'unk'))
        self.token_count = side_data.get('response_token_count')
        super()._build(opt, device, vocab, side_data)

    def build_model(self) -> None:
        self.encoder = self.build_encoder()
        self.decoder = self.build_decoder()
        self.context_to_item = nn.Linear(self.encoder.dim, self.n_item)
        nn.init.zeros_(self.context_to_item.bias)
        self._build_output()

    def _build_output(self) -> None:
        min_count = self.options.response_min_count
        often = (
            range(self.vocab_size)
            if self.token_count is None
            else (token for token, count in self.token_count.items() if count >= min_count)
        )
        output_ids = torch.tensor(sorted({self.unk, self.end, *often} - {self.pad, self.start}))
        index = torch.full((self.vocab_size,), int((output_ids == self.unk).nonzero()))
        index[output_ids] = torch.arange(len(output_ids))
        self.register_buffer('output_ids', output_ids, persistent=False)
        self.register_buffer('index_of_token', index, persistent=False)
        self.output_bias = nn.Parameter(torch.zeros(len(output_ids)))

    @abstractmethod
    def build_encoder(self) -> TokenEncoder:
        """Return the encoder of the conversation."""

    @abstractmethod
    def build_decoder(self) -> Decoder:
        """Return the decoder of the response."""

    # ------------------------------------------------------------ recommendation

    def item_scores(self, batch: Mapping[str, Any]) -> Tensor:
        """Return the logits of the items, ``(batch, n_item)``. They depend on the words, not on the history."""
        return self.context_to_item(self.encoder.vector(batch['context_tokens']))

    def losses_and_scores(self, batch: Mapping[str, Any], mode: str) -> tuple[dict[str, Tensor], Tensor]:
        """Compute the cross-entropy of the labels, and the logits of the items.

        Raises:
            ValueError: a label is not an item.
        """
        logits = self.item_scores(batch)
        return {'rec_loss': F.cross_entropy(logits, self.label_index(batch['item']))}, logits

    # ------------------------------------------------------------ conversation

    def output_logits(self, states: Tensor) -> Tensor:
        """Return the logits of the tokens in ``output_ids``, ``(..., n_output)``.

        Args:
            states: ``(..., d)``, states of the decoder.
        """
        return F.linear(states, self.encoder.embedding(self.output_ids), self.output_bias)

    def response_logits(self, context_tokens: Tensor, response: Tensor) -> Tensor:
        """Return the logits of each token of ``response``, given the tokens before it: ``(batch, length, n_output)``.

        Args:
            context_tokens: ``(batch, length)`` token ids, padded on the right.
            response: ``(batch, length)`` token ids, ended by ``end`` and padded on the right.
        """
        begun = torch.cat([response.new_full((len(response), 1), self.start), response[:, :-1]], 1)
        memory = Memory.of(self.encoder, context_tokens)
        return self.output_logits(self.decoder(self.encoder.embedding(begun), memory))

    def converse(self, batch: dict, mode: str) -> tuple[Tensor, None]:
        """Return the summed cross-entropy of all tokens of ``response``; see :meth:`response_logits`."""
        response = batch['response']
        mask = response != self.pad
        logits = self.response_logits(batch['context_tokens'], response)[mask]
        return F.cross_entropy(logits, self.index_of_token[response[mask]], reduction='sum'), None

    @torch.no_grad()
    def respond(self, context_tokens: Tensor, max_length: int) -> list[list[int]]:
        """Write responses greedily, and return their token ids without ``end``. The unknown token is never written.

        Args:
            context_tokens: ``(batch, length)``, padded on the right.
            max_length: maximum number of tokens of a response.
        """
        n = len(context_tokens)
        memory = Memory.of(self.encoder, context_tokens)
        state, token = self.decoder.start(memory), context_tokens.new_full((n,), self.start)
        alive, written = torch.arange(n, device=token.device), context_tokens.new_full((n, max_length), self.end)
        unknown = self.index_of_token[self.unk]
        for index in range(max_length):
            output, state = self.decoder.step(self.encoder.embedding(token), state, memory)
            logits = self.output_logits(output)
            logits[:, unknown] = -torch.inf
            token = self.output_ids[logits.argmax(-1)]
            written[alive, index] = token
            going_on = token != self.end
            if not going_on.any():
                break
            alive, token, state, memory = alive[going_on], token[going_on], state[going_on], memory.rows(going_on)
        return [row[: row.index(self.end)] if self.end in row else row for row in written.tolist()]


class Seq2Seq(EncoderDecoder):
    """A bidirectional GRU that reads the conversation, and a GRU with attention that writes the response.

    The model is that of `Sutskever et al. <https://arxiv.org/abs/1409.3215>`_ with the attention of `Luong et al.
    <https://arxiv.org/abs/1508.04025>`_.

    Options: :class:`crslab_causal.model.options.Seq2SeqOptions`.
    """

    options_class = Seq2SeqOptions

    def build_encoder(self) -> GRUEncoder:
        options = self.options
        return GRUEncoder(self.vocab_size, self.pad, options.token_emb_dim, options.n_layers, options.dropout)

    def build_decoder(self) -> GRUDecoder:
        return GRUDecoder(self.encoder.dim, self.options.n_layers, self.options.dropout)


class TransformerSeq2Seq(EncoderDecoder):
    """The encoder and the decoder of the Transformer of `Vaswani et al. <https://arxiv.org/abs/1706.03762>`_.

    Options: :class:`crslab_causal.model.options.TransformerSeq2SeqOptions`.
    """

    options_class = TransformerSeq2SeqOptions

    def build_encoder(self) -> TransformerEncoder:
        return TransformerEncoder(
            self.vocab_size,
            self.pad,
            self.options.token_emb_dim,
            **self._layers(),
            max_length=self.options.context_truncate,
        )

    def build_decoder(self) -> TransformerDecoder:
        return TransformerDecoder(self.encoder.dim, **self._layers(), max_length=self.options.response_truncate + 1)

    def _layers(self) -> dict:
        return self.options.model_dump(include={'n_layers', 'n_heads', 'ffn_size', 'dropout'})
