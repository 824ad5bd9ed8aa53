"""The training conversations, for models that count and for experts."""

from __future__ import annotations

import random
from functools import cached_property
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, Callable, Collection, Mapping, Sequence

import torch
from torch import Tensor

from crslab_causal.data.histories import pad_histories
from crslab_causal.data.schema import RecSample, Sample

if TYPE_CHECKING:
    from crslab_causal.data.dataloader import CausalDataLoader

LATE_SHARE = 0.1
"""Share of the training conversations that counts as the latest part."""


class TrainingData:
    """The training conversations: all turns of both speakers, and the recommendations among them.

    Args:
        turns: the samples of a :class:`.MentionDataset`, one for each turn but the first of a conversation. The turns
            of a conversation follow each other in order.
        samples: the recommendations of these turns, whose labels are items.
        index_of_item: index of each item by its entity id.
        history: function that makes a history of all mentions of a context, see :meth:`.CausalDataLoader.history`.
    """

    def __init__(
        self,
        turns: Sequence[Sample],
        samples: Sequence[RecSample],
        index_of_item: Mapping[int, int],
        history: Callable[[list[int]], list[int]],
    ):
        self.turns, self.samples, self.index_of_item, self.history = turns, samples, index_of_item, history

    @classmethod
    def of(cls, dataloader: CausalDataLoader) -> TrainingData:
        """Return the conversations of a dataloader. The option ``scale`` sets the share of their turns that is used.

        Samples whose label is not an item are left out.
        """
        turns = dataloader.dataset[: ceil(len(dataloader.dataset) * dataloader.scale)]
        samples = [sample for sample in dataloader.samples if sample['item'] in dataloader.index_of_item]
        return cls(turns, samples, dataloader.index_of_item, dataloader.history)

    @cached_property
    def histories(self) -> Tensor:
        """Histories of the samples, ``(n_sample, length)``, padded with -1."""
        return pad_histories([sample['context_entities'] for sample in self.samples])

    @cached_property
    def labels(self) -> Tensor:
        """Indices of the labels among the items, ``(n_sample,)``."""
        return torch.tensor([self.index_of_item[sample['item']] for sample in self.samples], dtype=torch.long)

    @cached_property
    def conversations(self) -> dict[str, list[int]]:
        """Distinct entities and items of each conversation with two or more turns, by the id of the conversation.

        They are the mentions of all turns. Of the last turn only the items are known.
        """
        return {
            conv_id: list(dict.fromkeys([*last['context_mentions'], *last['items']]))
            for conv_id, last in self._last_turns().items()
        }

    def _last_turns(self) -> dict[str, Sample]:
        return {turn['conv_id']: turn for turn in self.turns}

    def seeker_mentions(self) -> tuple[Tensor, Tensor]:
        """Return the items that the seeker mentions, in the form of recommendations.

        An item in the first turn of the seeker has no context and is left out.

        Returns:
            Histories of the earlier turns, ``(n, length)``, padded with -1; and indices of the items, ``(n,)``.
        """
        pairs = [
            (self.history(turn['context_mentions']), self.index_of_item[item])
            for turn in self.turns
            if turn['role'] == 'Seeker'
            for item in turn['items']
            if item in self.index_of_item
        ]
        labels = torch.tensor([label for _, label in pairs], dtype=torch.long)
        return pad_histories([history for history, _ in pairs]), labels

    def within(self, conv_ids: Collection[str]) -> TrainingData:
        """Return the part of the data that belongs to these conversations."""
        return TrainingData(
            [turn for turn in self.turns if turn['conv_id'] in conv_ids],
            [sample for sample in self.samples if sample['conv_id'] in conv_ids],
            self.index_of_item,
            self.history,
        )

    def folds(self, count: int, seed: int) -> list[set[str]]:
        """Divide the conversations into ``count`` random parts of nearly equal size, and return their ids."""
        conv_ids = sorted(self._last_turns())
        random.Random(seed).shuffle(conv_ids)
        return [set(conv_ids[part::count]) for part in range(count)]

    def latest(self) -> set[str]:
        """Return the ids of the last :data:`LATE_SHARE` of the conversations, in the order of their ids.

        ReDial numbers its conversations in the order of time.
        """
        return latest_conversations(self._last_turns(), LATE_SHARE)


def latest_conversations(conv_ids: Collection[str], share: float) -> set[str]:
    """Sort the ids and return the last ones: the fraction ``share`` of all ids, at least one.

    Digits in an id are compared as numbers, so that ``train-9`` comes before ``train-10``. An id that starts with a
    digit comes before an id that starts with a letter.
    """
    ordered = sorted(conv_ids, key=_natural)
    return set(ordered[len(ordered) - max(1, round(share * len(ordered))) :])


def _natural(conv_id: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts ``train-9`` before ``train-10``."""
    parts = (''.join(part) for _, part in groupby(conv_id, key=str.isdecimal))
    return [(0, int(part), '') if part.isdecimal() else (1, 0, part) for part in parts]
