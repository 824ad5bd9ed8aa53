"""Batches of recommendation samples, for this package's models and for CRSLab's."""

from __future__ import annotations

import random
from copy import copy
from math import ceil
from typing import Any, Iterator, NamedTuple

import torch
from torch import Tensor

from crslab_causal.base import distributed
from crslab_causal.base.memory import long_lived
from crslab_causal.base.progress_bar import progress
from crslab_causal.crslab_compat import BaseDataLoader, dataloader_register_table, rec_batchify
from crslab_causal.data.confounders import Confounder
from crslab_causal.data.dataset.mention_order import reduce_mentions
from crslab_causal.data.histories import NO_ITEM, PAD, pad_histories
from crslab_causal.data.schema import RecSample, Sample, Settings, Vocab
from crslab_causal.registry import MODELS


class RecBatch(NamedTuple):
    """A batch of recommendation samples."""

    context_entities: Tensor
    """``(batch, length)``: histories, padded on the right with ``PAD``."""
    item: Tensor
    """``(batch,)``: entity ids of the labels."""
    label: Tensor
    """``(batch,)``: indices of the labels among the items, ``NO_ITEM`` for a label outside the catalogue."""
    seen: Tensor
    """``(batch, length)``: indices of the items in the context, padded with ``PAD``."""
    repeat: Tensor
    """``(batch,)``: whether the label is in the context."""
    stratum: Tensor
    """``(batch,)``: strata of the confounder that ``adjustment`` names; ``UNKNOWN_STRATUM`` for a stratum without
    training samples."""
    n_own: int
    """Number of samples that this process counts. It is 0 if a batch has fewer samples than there are processes. The
    process then gets a sample of another process, so that it takes part in the update, but adds nothing to the loss."""
    n_sample: int
    """Number of samples of the batch in all processes together."""
    crslab_batch: Any
    """The batch that CRSLab's own dataloader makes of these samples; None for this package's models."""
    context_tokens: Tensor | None = None
    """``(batch, length)``: token ids of the context, see :meth:`.CausalDataLoader.tokens`, padded on the right with the
    vocabulary's ``pad``; None for models that do not read the text."""
    samples: list[RecSample] | None = None
    """The samples themselves, for models that read their original text; None for other models."""

    def inputs(self) -> dict[str, Any]:
        """Return the tensors that the models of this package read, see :meth:`.ItemRecommender.losses_and_scores`."""
        return {
            'context_entities': self.context_entities,
            'item': self.item,
            'stratum': self.stratum,
            'context_tokens': self.context_tokens,
            'samples': self.samples,
        }

    def to(self, device: torch.device | str) -> RecBatch:
        """Return the batch with all its tensors moved to ``device``, including the tensors in ``crslab_batch``."""
        return self._replace(**{name: _move(value, device) for name, value in self._asdict().items()})


def _move(value: Any, device: torch.device | str) -> Any:
    """Move a tensor, or all tensors in a dict, list or tuple, to ``device``, and return the result."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _move(item, device) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and any(isinstance(item, Tensor) for item in value):
        return [_move(item, device) for item in value]
    return value


class CausalDataLoader(BaseDataLoader):
    """The recommendation samples of a split: one for each item that a turn of the recommender mentions.

    The samples are the same for every model. CRSLab's loaders differ in the turns that they score (KBRD, KGSF,
    ReDial: the recommender's; TGReDialDataLoader: both speakers'), so that their scores cannot be compared. The
    samples here are those of KBRD; an item that a turn mentions twice makes two samples, as in KBRD.

    It serves every model of the package, also those without causal terms: "Causal" in its name means the package.

    Models whose class has a true ``reads_tokens`` also get the text, as token ids.

    Options: ``mention_order``, ``entity_truncate``, ``scale``, for models that read the text ``context_truncate``, and
    those of CRSLab's own loader of the model.

    Args:
        opt: configuration.
        dataset: samples of a :class:`.MentionDataset`, one for each turn.
        vocab: the vocabulary of that dataset.
    """

    dataset: list[Sample]
    samples: list[RecSample]

    def __init__(self, opt: Settings, dataset: list[Sample], vocab: Vocab):
        super().__init__(opt, dataset)
        self.mention_order = opt.get('mention_order', 'last')
        self.entity_truncate = opt.get('entity_truncate', None)
        entry = MODELS[opt['model']]
        self.crslab_loader = None
        """CRSLab's own dataloader of the model; None for this package's models."""
        if entry.crslab_loader is not None:
            self.crslab_loader = dataloader_register_table[entry.crslab_loader](opt, dataset, vocab)
        self.reads_tokens, self.reads_samples = entry.reads_tokens, entry.reads_samples
        self._pad, self._end = vocab['pad'], vocab['end']
        self.index_of_item = {item: i for i, item in enumerate(vocab['item_entity_ids'])}
        """Index of each item among the items, by its entity id."""
        with long_lived():
            self.samples = self.rec_process_fn()
            self._tensorise()

    def __len__(self) -> int:
        return len(self.samples)

    def _tensorise(self) -> None:
        """Convert all samples to tensors once, so that batches need no conversion."""
        contexts = [{*s['context_mentions'], *s['context_items']} for s in self.samples]
        self._histories = pad_histories([s['context_entities'] for s in self.samples])
        self._lengths = (self._histories != PAD).sum(-1)
        self._items = torch.tensor([s['item'] for s in self.samples], dtype=torch.long)
        self._labels = torch.tensor(
            [self.index_of_item.get(s['item'], NO_ITEM) for s in self.samples], dtype=torch.long
        )
        self._seen = pad_histories(
            [[self.index_of_item[e] for e in context if e in self.index_of_item] for context in contexts]
        )
        self._repeats = torch.tensor([s['item'] in c for s, c in zip(self.samples, contexts)], dtype=torch.bool)
        self._strata = torch.tensor([s.get('stratum', 0) for s in self.samples], dtype=torch.long)
        self._tokens: Tensor | None = None
        if self.reads_tokens:
            self._tokens = pad_histories([self.tokens(s['context_tokens']) for s in self.samples], self._pad)
            self._token_lengths = torch.ne(self._tokens, self._pad).sum(-1)

    def to(self, device: torch.device) -> CausalDataLoader:
        """Move the tensors of all samples to ``device``, so that batches are made on it."""
        for name in ('_histories', '_items', '_labels', '_seen', '_repeats', '_strata'):
            setattr(self, name, getattr(self, name).to(device))
        if self._tokens is not None:
            self._tokens = self._tokens.to(device)
        return self

    def stratify(self, confounder: Confounder) -> None:
        """Set the key ``stratum`` of each sample. Without this call all samples are in stratum 0."""
        for sample in self.samples:
            sample['stratum'] = confounder.stratum(sample)
        self._strata = torch.tensor([s['stratum'] for s in self.samples], dtype=torch.long, device=self._items.device)

    def drop_labels_outside_catalogue(self) -> int:
        """Remove samples whose label is not an item, because no model can learn them. Return their number."""
        inside = [s for s in self.samples if s['item'] in self.index_of_item]
        dropped = len(self.samples) - len(inside)
        if dropped:
            self.samples = inside
            self._tensorise()
        return dropped

    def label_count(self) -> Tensor:
        """Return how often each item is a label, ``(n_item,)``."""
        return torch.bincount(self._labels[self._labels != NO_ITEM], minlength=len(self.index_of_item)).cpu()

    def rec_process_fn(self) -> list[RecSample]:
        """Return the samples of the dataset with ``item``, and with ``context_entities`` in the configured order."""
        samples: list[RecSample] = [
            {**turn, 'item': item, 'context_entities': self.history(turn['context_mentions'])}
            for turn in self.dataset
            if turn['role'] == 'Recommender'
            for item in turn['items']
        ]
        return samples[: ceil(len(samples) * self.scale)]

    def history(self, mentions: list[int]) -> list[int]:
        """Return the history that consists of ``mentions``, which are in the order of the text."""
        history = reduce_mentions(mentions, self.mention_order)
        return history[-self.entity_truncate :] if self.entity_truncate else history

    def tokens(self, turns: list[list[int]]) -> list[int]:
        """Return the last ``context_truncate`` token ids of the turns, with ``end`` after each turn that has text."""
        flat = [token for turn in turns if turn for token in (*turn, self._end)]
        return flat[-self.opt['context_truncate'] :]

    def rec_batchify(self, index: Tensor, n_own: int | None = None, n_sample: int | None = None) -> RecBatch:
        """Return a batch of samples of this split.

        Args:
            index: ``(batch,)``, positions in ``samples``.
            n_own: see :class:`RecBatch`; None: all of them.
            n_sample: see :class:`RecBatch`; None: ``n_own``.
        """
        n_own = len(index) if n_own is None else n_own
        crslab_batch = None
        if self.crslab_loader is not None:
            crslab_batch = rec_batchify(self.crslab_loader, [self.samples[i] for i in index.tolist()])
        width = max(1, int(self._lengths[index].max()))
        rows = index.to(self._items.device)
        tokens = None
        if self._tokens is not None:
            tokens = self._tokens[rows, : max(1, int(self._token_lengths[index].max()))]
        return RecBatch(
            context_entities=self._histories[rows, :width],
            item=self._items[rows],
            label=self._labels[rows],
            seen=self._seen[rows],
            repeat=self._repeats[rows],
            stratum=self._strata[rows],
            n_own=n_own,
            n_sample=n_own if n_sample is None else n_sample,
            crslab_batch=crslab_batch,
            context_tokens=tokens,
            samples=[self.samples[i] for i in index.tolist()] if self.reads_samples else None,
        )

    def batch_of(self, samples: list[RecSample]) -> RecBatch:
        """Return a batch of samples that are not of this split, on the CPU."""
        loader = copy(self)
        loader.samples = samples
        loader._tensorise()
        return loader.rec_batchify(torch.arange(len(samples)))

    def get_rec_data(
        self, batch_size: int, shuffle: bool = True, desc: str = '', shared: bool = False
    ) -> Iterator[RecBatch]:
        """Yield the batches of an epoch. The order follows the state of Python's ``random``, as in CRSLab.

        Args:
            batch_size: number of samples of all processes together.
            shuffle: whether to shuffle the samples.
            desc: title of the progress bar.
            shared: whether each of several processes gets a part: with ``shuffle`` a part of every batch, so that the
                updates are those of a single process; without it a contiguous part of the samples.
        """
        positions = list(range(len(self.samples)))
        if shuffle:
            random.shuffle(positions)
        order = torch.tensor(positions, dtype=torch.long)
        if shared and not shuffle:
            order = order[list(distributed.share(len(order)))]
        for start in progress(range(0, len(order), batch_size), desc):
            index = order[start : start + batch_size]
            if not (shared and shuffle):
                yield self.rec_batchify(index)
                continue
            part = index[distributed.share(len(index))]
            yield self.rec_batchify(part if len(part) else index[:1], len(part), len(index))
