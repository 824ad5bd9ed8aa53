"""From samples to batches, for our models and for CRSLab's."""

from __future__ import annotations

import random
from math import ceil
from typing import Any, Iterator, NamedTuple

import torch
from torch import Tensor

from crslab_causal.data.confounders import Confounder
from crslab_causal.base.memory import long_lived
from crslab_causal.data.histories import pad_histories, reduce_mentions
from crslab_causal.crslab_compat import BaseDataLoader, dataloader_register_table, rec_batchify
from crslab_causal.base.progress_bar import progress
from crslab_causal.base import distributed
from crslab_causal.registry import MODELS


class RecBatch(NamedTuple):
    """One batch of recommendation samples."""

    context_entities: Tensor
    """``(batch, length)``: histories, padded on the right with -1."""
    item: Tensor
    """``(batch,)``: entity ids of the labels."""
    label: Tensor
    """``(batch,)``: indices of the labels among the items, -1 for a label that is none of them."""
    seen: Tensor
    """``(batch, length)``: indices of the items in the context, padded with -1."""
    repeat: Tensor
    """``(batch,)``: whether the label is in the context."""
    stratum: Tensor
    """``(batch,)``: stratum of the confounder that ``adjustment`` names, -1 for one that training never meets."""
    n_own: int
    """How many of the samples count: all, or 0 if the batch has too few for every process (these then stand in)."""
    n_sample: int
    """Samples of the batch in all processes together."""
    crslab_batch: Any
    """What CRSLab's dataloader of the model makes of these samples; None for our models."""
    context_tokens: Tensor | None = None
    """``(batch, length)``: ids of the tokens said before, see :meth:`.CausalDataLoader.tokens`, padded on the right
    with the dataset's ``pad``; None for models that do not read them."""

    def inputs(self) -> dict[str, Tensor | None]:
        """Return what the models of this package read, see :meth:`.ItemRecommender.losses_and_scores`."""
        return {'context_entities': self.context_entities, 'item': self.item, 'stratum': self.stratum,
                'context_tokens': self.context_tokens}

    def to(self, device: torch.device) -> RecBatch:
        """Return the batch with its tensors on ``device``."""
        return self._replace(**{name: _to_device(value, device) for name, value in self._asdict().items()})


def _to_device(value: Any, device: torch.device) -> Any:
    """Move a tensor, and the tensors of a dict or a list, to ``device``."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _to_device(part, device) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_device(part, device) for part in value]
    return value


class CausalDataLoader(BaseDataLoader):
    """Recommendation samples: one for each item named in a recommender's turn, whatever the model.

    CRSLab's loaders differ in which turns they score (KBRD, KGSF, ReDial: the recommender's;
    TGReDialDataLoader: both sides'), so that their numbers cannot be compared. Here the samples are
    those of KBRD for every model; an item named twice in a turn is two samples, as there.

    Models whose class has a true ``reads_tokens`` also get the text, as token ids.

    Options: ``mention_order``, ``entity_truncate``, ``scale``, for models that read tokens ``context_truncate``, and
    those of CRSLab's loader of the model.

    Args:
        opt: configuration.
        dataset: samples of a :class:`.MentionDataset`, one for each turn.
        vocab: as CRSLab's datasets give it, and ``item_entity_ids``.
    """

    def __init__(self, opt, dataset: list[dict], vocab: dict):
        super().__init__(opt, dataset)
        self.mention_order = opt.get('mention_order', 'last')
        self.entity_truncate = opt.get('entity_truncate', None)
        entry = MODELS[opt['model']]
        self.crslab_loader = entry.crslab_loader and dataloader_register_table[entry.crslab_loader](opt, dataset, vocab)
        self.reads_tokens = entry.reads_tokens
        self._pad, self._end = vocab.get('pad'), vocab.get('end')
        self._index_of_item = {item: i for i, item in enumerate(vocab['item_entity_ids'])}
        with long_lived():
            self.samples = self.rec_process_fn()
            self._tensorise()

    def __len__(self) -> int:
        return len(self.samples)

    def _tensorise(self) -> None:
        """All samples as tensors, once, instead of lists at every batch."""
        contexts = [{*s['context_mentions'], *s['context_items']} for s in self.samples]
        self._histories = pad_histories([s['context_entities'] for s in self.samples])
        self._lengths = (self._histories >= 0).sum(-1)
        self._items = torch.tensor([s['item'] for s in self.samples], dtype=torch.long)
        self._labels = torch.tensor([self._index_of_item.get(s['item'], -1) for s in self.samples], dtype=torch.long)
        self._seen = pad_histories([[self._index_of_item[e] for e in context if e in self._index_of_item]
                                    for context in contexts])
        self._repeats = torch.tensor([s['item'] in c for s, c in zip(self.samples, contexts)], dtype=torch.bool)
        self._strata = torch.tensor([s.get('stratum', 0) for s in self.samples], dtype=torch.long)
        self._tokens = None
        if self.reads_tokens:
            self._tokens = pad_histories([self.tokens(s['context_tokens']) for s in self.samples], self._pad)
            self._token_lengths = (self._tokens != self._pad).sum(-1)

    def to(self, device: torch.device) -> CausalDataLoader:
        """Moves the tensors of all samples to ``device``, so that batches are made there."""
        for name in ('_histories', '_items', '_labels', '_seen', '_repeats', '_strata'):
            setattr(self, name, getattr(self, name).to(device))
        if self._tokens is not None:
            self._tokens = self._tokens.to(device)
        return self

    def stratify(self, confounder: Confounder) -> None:
        """Puts the stratum of each sample on it, under the key ``stratum``; without this call all are in stratum 0."""
        for sample in self.samples:
            sample['stratum'] = confounder.stratum(sample)
        self._strata = torch.tensor([s['stratum'] for s in self.samples], dtype=torch.long, device=self._items.device)

    def drop_labels_outside_catalogue(self) -> int:
        """Removes samples whose label is not an item, which no model can learn, and says how many."""
        inside = [s for s in self.samples if s['item'] in self._index_of_item]
        dropped = len(self.samples) - len(inside)
        if dropped:
            self.samples = inside
            self._tensorise()
        return dropped

    def label_count(self) -> Tensor:
        """``(n_item,)``: how often each item is a label."""
        return torch.bincount(self._labels[self._labels >= 0], minlength=len(self._index_of_item)).cpu()

    def rec_process_fn(self) -> list[dict]:
        """The samples of the dataset, with ``item`` and with ``context_entities`` in the order asked for."""
        samples = [{**turn, 'item': item, 'context_entities': self.history(turn['context_mentions'])}
                   for turn in self.dataset if turn['role'] == 'Recommender' for item in turn['items']]
        return samples[:ceil(len(samples) * self.scale)]

    def history(self, mentions: list[int]) -> list[int]:
        """The history made of all ``mentions``, which are in order of appearance."""
        history = reduce_mentions(mentions, self.mention_order)
        return history[-self.entity_truncate:] if self.entity_truncate else history

    def tokens(self, turns: list[list[int]]) -> list[int]:
        """The last ``context_truncate`` token ids of a conversation, with an ``end`` behind each turn that has text."""
        flat = [token for turn in turns if turn for token in (*turn, self._end)]
        return flat[-self.opt['context_truncate']:]

    def rec_batchify(self, index: Tensor, n_own: int | None = None, n_sample: int | None = None) -> RecBatch:
        """The batch of the samples at ``index``; see :class:`RecBatch` for the numbers, by default all."""
        width = max(1, int(self._lengths[index].max()))
        crslab_batch = None
        if self.crslab_loader is not None:
            crslab_batch = rec_batchify(self.crslab_loader, [self.samples[i] for i in index.tolist()])
        n_own = len(index) if n_own is None else n_own
        there = index.to(self._items.device)
        tokens = None
        if self._tokens is not None:
            tokens = self._tokens[there, :max(1, int(self._token_lengths[index].max()))]
        return RecBatch(self._histories[there, :width], self._items[there], self._labels[there], self._seen[there],
                        self._repeats[there], self._strata[there], n_own, n_own if n_sample is None else n_sample, crslab_batch,
                        tokens)

    def get_rec_data(self, batch_size: int, shuffle: bool = True, desc: str = '',
                     shared: bool = False) -> Iterator[RecBatch]:
        """Batches of an epoch; the order follows Python's ``random`` state, as in CRSLab.

        Args:
            batch_size: of all processes together.
            shuffle: whether to draw the order.
            desc: title of the progress bar.
            shared: give each of several processes its part: of every batch if shuffled, which makes
                the same updates as one process; otherwise of the samples, in order.
        """
        order = list(range(len(self.samples)))
        if shuffle:
            random.shuffle(order)
        order = torch.tensor(order, dtype=torch.long)
        if shared and not shuffle:
            order = order[list(distributed.share(len(order)))]
        for start in progress(range(0, len(order), batch_size), desc):
            index = order[start:start + batch_size]
            if not (shared and shuffle):
                yield self.rec_batchify(index)
                continue
            own = index[distributed.share(len(index))]
            yield self.rec_batchify(own if len(own) else index[:1], len(own), len(index))
