"""Pairs of a conversation and the recommender's response, for training on language."""

from __future__ import annotations

import random
from math import ceil
from typing import Iterator, NamedTuple

import torch
from torch import Tensor

from crslab_causal.base import distributed
from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.data.histories import pad_histories
from crslab_causal.base.progress_bar import progress

BATCHES_SORTED = 50
"""Batches whose pairs are sorted by length together, so that one batch has like lengths."""


class ConvBatch(NamedTuple):
    """One batch of responses."""

    context_tokens: Tensor
    """``(batch, length)``: token ids, padded on the right."""
    response: Tensor
    """``(batch, length)``: token ids, ended by ``end`` and padded on the right."""
    n_own: int
    """Tokens of the responses that count: all, or 0 if the batch has too few for every process."""
    n_token: int
    """Tokens of the batch's responses in all processes together."""

    def to(self, device: torch.device) -> ConvBatch:
        return self._replace(context_tokens=self.context_tokens.to(device), response=self.response.to(device))


class ResponsePairs:
    """The recommender's turns of a split that have words.

    Conversations of which the items are known but not the words (``text: false``) are left out.

    Args:
        dataloader: of the split; says how contexts become tokens, and which share of the split is used.
        pad, end: token ids.
        response_truncate: most tokens of a response, of which the first are kept, ``end`` included.
    """

    def __init__(self, dataloader: CausalDataLoader, pad: int, end: int, response_truncate: int):
        turns = [turn for turn in dataloader.dataset if is_spoken(turn)]
        turns = turns[:ceil(len(turns) * dataloader.scale)]
        self._pad = pad
        self._contexts = [dataloader.tokens(turn['context_tokens']) for turn in turns]
        self._responses = [[*turn['response'], end][:response_truncate] for turn in turns]

    def __len__(self) -> int:
        return len(self._responses)

    def batch(self, index: list[int], n_own: int | None = None, n_token: int | None = None) -> ConvBatch:
        """The pairs at ``index``; for the numbers see :class:`ConvBatch`."""
        total = self._tokens(index)
        n_own = total if n_own is None else n_own
        return ConvBatch(pad_histories([self._contexts[i] for i in index], self._pad),
                         pad_histories([self._responses[i] for i in index], self._pad), n_own,
                         n_own if n_token is None else n_token)

    def batches(self, batch_size: int, shuffle: bool, desc: str = '') -> Iterator[ConvBatch]:
        """Batches of an epoch, of like lengths; each of several processes gets its part of every batch.

        Args:
            batch_size: of all processes together.
            shuffle: whether to draw the order, from Python's ``random``.
            desc: title of the progress bar.
        """
        order = list(range(len(self)))
        if shuffle:
            random.shuffle(order)
        together = BATCHES_SORTED * batch_size
        for start in range(0, len(order), together):
            order[start:start + together] = sorted(order[start:start + together], key=self._lengths)
        starts = list(range(0, len(order), batch_size))
        if shuffle:
            random.shuffle(starts)
        for start in progress(starts, desc):
            index = order[start:start + batch_size]
            share = distributed.share(len(index))
            own = index[share.start:share.stop]
            yield self.batch(own or index[:1], self._tokens(own), self._tokens(index))

    def _tokens(self, index: list[int]) -> int:
        return sum(len(self._responses[i]) for i in index)

    def _lengths(self, i: int) -> tuple[int, int]:
        return len(self._contexts[i]), len(self._responses[i])


def is_spoken(turn: dict) -> bool:
    """Whether a turn is the recommender's, and its words are known."""
    return turn['role'] == 'Recommender' and turn['has_text'] and bool(turn['response'])
