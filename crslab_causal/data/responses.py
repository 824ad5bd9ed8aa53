"""Pairs of a context and the recommender's response, for training text models."""

from __future__ import annotations

import random
from math import ceil
from typing import Iterator, NamedTuple

import torch
from torch import Tensor

from crslab_causal.base import distributed
from crslab_causal.base.progress_bar import progress
from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.data.histories import pad_histories
from crslab_causal.data.schema import Sample

BATCHES_SORTED = 50
"""Number of consecutive batches whose pairs are sorted by length, so that the texts of a batch have similar lengths."""


class ConvBatch(NamedTuple):
    """A batch of contexts and responses."""

    context_tokens: Tensor
    """``(batch, length)``: token ids of the contexts, padded on the right."""
    response: Tensor
    """``(batch, length)``: token ids of the responses, each followed by ``end`` and padded on the right."""
    n_own: int
    """Number of response tokens that this process counts. It is 0 if a batch has fewer pairs than there are processes,
    see :class:`.RecBatch`."""
    n_token: int
    """Number of response tokens of the batch in all processes together."""

    def to(self, device: torch.device) -> ConvBatch:
        """Return the batch with its tensors on ``device``."""
        return self._replace(context_tokens=self.context_tokens.to(device), response=self.response.to(device))


class ResponsePairs:
    """The pairs of context and response of a split: the recommender's turns whose words are known.

    Conversations with items but without words (``text: false``) are left out.

    Args:
        dataloader: dataloader of the split; it converts contexts to tokens and sets the share of the split to use.
        pad: token id of padding.
        end: token id of the end of a text.
        response_truncate: maximum number of tokens of a response, ``end`` included; the first ones are kept.
    """

    def __init__(self, dataloader: CausalDataLoader, pad: int, end: int, response_truncate: int):
        turns: list[Sample] = [turn for turn in dataloader.dataset if is_spoken(turn)]
        turns = turns[: ceil(len(turns) * dataloader.scale)]
        self._pad = pad
        self._contexts = [dataloader.tokens(turn['context_tokens']) for turn in turns]
        self._responses = [[*turn['response'], end][:response_truncate] for turn in turns]

    def __len__(self) -> int:
        return len(self._responses)

    def batch(self, index: list[int], n_own: int | None = None, n_token: int | None = None) -> ConvBatch:
        """Return a batch.

        Args:
            index: positions of the pairs.
            n_own: see :class:`ConvBatch`; None: the tokens of all responses of the batch.
            n_token: see :class:`ConvBatch`; None: ``n_own``.
        """
        total = self._n_token(index)
        n_own = total if n_own is None else n_own
        return ConvBatch(
            pad_histories([self._contexts[i] for i in index], self._pad),
            pad_histories([self._responses[i] for i in index], self._pad),
            n_own,
            n_own if n_token is None else n_token,
        )

    def batches(self, batch_size: int, shuffle: bool, desc: str = '') -> Iterator[ConvBatch]:
        """Yield the batches of an epoch, each with texts of similar lengths.

        Each of several processes gets its part of every batch. The order follows the state of Python's ``random``.

        Args:
            batch_size: number of pairs of all processes together.
            shuffle: whether to shuffle the pairs and the batches.
            desc: title of the progress bar.
        """
        order = list(range(len(self)))
        if shuffle:
            random.shuffle(order)
        block = BATCHES_SORTED * batch_size
        for start in range(0, len(order), block):
            order[start : start + block] = sorted(order[start : start + block], key=self._lengths)
        starts = list(range(0, len(order), batch_size))
        if shuffle:
            random.shuffle(starts)
        for start in progress(starts, desc):
            index = order[start : start + batch_size]
            share = distributed.share(len(index))
            part = index[share.start : share.stop]
            yield self.batch(part or index[:1], self._n_token(part), self._n_token(index))

    def _n_token(self, index: list[int]) -> int:
        return sum(len(self._responses[i]) for i in index)

    def _lengths(self, i: int) -> tuple[int, int]:
        return len(self._contexts[i]), len(self._responses[i])


def is_spoken(turn: Sample) -> bool:
    """Return whether the recommender speaks in a turn and its words are known."""
    return turn['role'] == 'Recommender' and turn['has_text'] and bool(turn['response'])
