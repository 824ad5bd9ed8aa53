"""A pretrained encoder of Hugging Face that reads the token ids of the dataset."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import torch
from torch import Tensor

from crslab_causal.base.errors import UserError
from crslab_causal.data.dataset.mention_order import is_item_token
from crslab_causal.model.text.encoders import TextEncoder, masked_mean


class PretrainedEncoder(TextEncoder):
    """An encoder that reads the dataset's tokens as word pieces of a pretrained tokenizer.

    The text of a dataset is already divided into words. Each word is divided into pieces once, as if a blank were
    before it. The ``@`` token of a film is replaced by its title, the token between turns by the tokenizer's separator,
    and a word outside the dataset's vocabulary by the tokenizer's unknown token. If a text has more pieces than the
    encoder has positions, the last ones are kept.

    Args:
        encoder: encoder of ``transformers``.
        pieces: list of the piece ids of each token id of the dataset.
        before: piece ids before every text.
        after: piece ids after every text.
        max_pieces: maximum number of pieces of a text, including ``before`` and ``after``.
        pad: token id of padding in the dataset.
        piece_pad: piece id of padding.
        freeze: whether the parameters of the encoder stay unchanged. Its dropout is then off.
    """

    count: Tensor
    start: Tensor
    pieces: Tensor

    def __init__(
        self,
        encoder: Any,
        pieces: Sequence[Sequence[int]],
        before: Sequence[int],
        after: Sequence[int],
        max_pieces: int,
        pad: int,
        piece_pad: int,
        freeze: bool = True,
    ):
        super().__init__(pad, encoder.config.hidden_size)
        self.encoder, self.freeze, self.piece_pad = encoder, freeze, piece_pad
        self.before, self.after = list(before), list(after)
        self.room = max_pieces - len(self.before) - len(self.after)
        count = torch.tensor([len(own) for own in pieces])
        self.register_buffer('count', count, persistent=False)
        self.register_buffer('start', count.cumsum(0) - count, persistent=False)
        self.register_buffer(
            'pieces', torch.tensor([piece for own in pieces for piece in own], dtype=torch.long), persistent=False
        )
        encoder.requires_grad_(not freeze)

    @classmethod
    def load(cls, name: str, vocab: Mapping, side_data: Mapping, freeze: bool = True) -> PretrainedEncoder:
        """Load the model and the tokenizer ``name``, a folder or a name on Hugging Face's hub.

        Raises:
            UserError: neither can be loaded, or the tokenizer lacks a pad token.
        """
        from transformers import AutoModel, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(name)
            model = AutoModel.from_pretrained(name)
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise UserError(
                f'text_encoder: {name!r} cannot be loaded ({str(error).splitlines()[0][:200]}); write '
                'transformer, gru, bag, or the folder or name of a Hugging Face model'
            ) from error
        if tokenizer.pad_token_id is None:
            raise UserError(f'text_encoder: the tokenizer of {name!r} has no pad token; name another model')
        encoder = model.get_encoder() if model.config.is_encoder_decoder else model
        positions = getattr(model.config, 'max_position_embeddings', None) or tokenizer.model_max_length
        return cls(
            encoder,
            word_pieces(tokenizer, vocab, item_titles(side_data)),
            *pieces_around(tokenizer),
            min(positions, tokenizer.model_max_length),
            vocab['pad'],
            tokenizer.pad_token_id,
            freeze,
        )

    def train(self, mode: bool = True) -> PretrainedEncoder:
        super().train(mode)
        if self.freeze:
            self.encoder.eval()
        return self

    def to_pieces(self, tokens: Tensor) -> Tensor:
        """Convert token ids, ``(batch, length)``, to piece ids, ``(batch, n)``. Both are padded on the right."""
        row, column = self.present(tokens).nonzero(as_tuple=True)
        token = tokens[row, column]
        count = self.count[token]
        row = row.repeat_interleave(count)
        # index of each piece in its token, and below in its text
        within = torch.arange(len(row), device=row.device) - (count.cumsum(0) - count).repeat_interleave(count)
        piece = self.pieces[self.start[token].repeat_interleave(count) + within]
        total = torch.bincount(row, minlength=len(tokens))
        index = torch.arange(len(row), device=row.device) - (total.cumsum(0) - total)[row]
        index = index - (total - self.room).clamp(min=0)[row]
        row, piece, index = row[index >= 0], piece[index >= 0], index[index >= 0]
        total = total.clamp(max=self.room)
        width, first = int(total.max()), len(self.before)
        result = torch.full((len(tokens), first + width + len(self.after)), self.piece_pad, device=tokens.device)
        result[:, :first] = torch.tensor(self.before, device=tokens.device, dtype=torch.long)
        result[row, first + index] = piece
        for i, own in enumerate(self.after):
            result[torch.arange(len(tokens)), first + total + i] = own
        return result

    def _vector(self, tokens: Tensor) -> Tensor:
        pieces = self.to_pieces(tokens)
        mask = pieces != self.piece_pad
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.freeze):
            states = self.encoder(input_ids=pieces, attention_mask=mask.long()).last_hidden_state
        return masked_mean(states, mask) * self.present(tokens).any(-1, keepdim=True)


def item_titles(side_data: Mapping) -> dict[str, str]:
    """Return the title of the item of each ``@`` token."""
    names = dict(zip(side_data['item_entity_ids'], side_data.get('item_names', ())))
    return {token: names[item] for token, item in side_data.get('item_of_token', {}).items() if item in names}


def pieces_around(tokenizer) -> tuple[list[int], list[int]]:
    """Return the piece ids that a tokenizer adds before and after every text."""
    whole, inner = (tokenizer(' a', add_special_tokens=special)['input_ids'] for special in (True, False))
    index = next(i for i in range(len(whole)) if whole[i : i + len(inner)] == inner)
    return whole[:index], whole[index + len(inner) :]


def word_pieces(tokenizer, vocab: Mapping, titles: Mapping[str, str]) -> list[list[int]]:
    """Return the piece ids of each token id of the dataset, see :class:`PretrainedEncoder`."""
    unknown = [] if tokenizer.unk_token_id is None else [tokenizer.unk_token_id]
    separator = next(([one] for one in (tokenizer.sep_token_id, tokenizer.eos_token_id) if one is not None), [])
    special = {vocab['pad']: [], vocab['start']: [], vocab['end']: separator, vocab['unk']: unknown}
    words: list[str] = []
    for i in range(vocab['vocab_size']):
        token = vocab['ind2tok'].get(i, '')
        words.append(titles.get(token, '') if is_item_token(token) else token)
    cut = tokenizer([f' {word}' for word in words], add_special_tokens=False)['input_ids']
    return [special.get(i, own if word else unknown) for i, (word, own) in enumerate(zip(words, cut))]
