"""What the measurements share: clocks, peak memory, batches, and the models in all their forms."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import Callable, Iterable, NamedTuple

import torch
from torch import Tensor

from benchmarks.rivals import build_kbrd
from crslab_causal.data.histories import pad_histories
from crslab_causal.model.causal_kbrd import CausalKBRD

OURS = {'ours': {}, 'ours_compiled': {}, 'ours_bases': {'num_bases': 8}, 'ours_wo_causal': {'alpha': 0.0, 'beta': 0.0}}
"""Forms of our model: what they change in its options."""


class Batch(NamedTuple):
    """Samples for a step: what our model reads, and what CRSLab's does."""

    context_entities: Tensor
    item: Tensor
    lists: list[list[int]]


def synchronise(device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def times(call: Callable[[], object], repeats: int, warm_up: int, device=torch.device('cpu')) -> list[float]:
    """Seconds of each of ``repeats`` calls."""
    for _ in range(warm_up):
        call()
    result = []
    for _ in range(repeats):
        synchronise(device)
        start = time.perf_counter()
        call()
        synchronise(device)
        result.append(time.perf_counter() - start)
    return result


def forget_peak() -> int:
    """Resident bytes now, from which on the peak counts."""
    gc.collect()
    Path('/proc/self/clear_refs').write_text('5')
    return _status('VmRSS')


def peak() -> int:
    """Largest resident bytes since :func:`forget_peak`."""
    return _status('VmHWM')


def _status(key: str) -> int:
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


def make_batches(samples: list, batch_size: int, device: torch.device) -> Iterable[Batch]:
    """Batches of samples in a fixed random order."""
    order = torch.randperm(len(samples), generator=torch.Generator().manual_seed(0)).tolist()
    for start in range(0, len(order), batch_size):
        chosen = [samples[i] for i in order[start:start + batch_size]]
        yield Batch(pad_histories([history for history, _ in chosen]).to(device),
                    torch.tensor([item for _, item in chosen], device=device), [history for history, _ in chosen])


class Trainer:
    """A model in one of the forms of the tables, and its updates."""

    def __init__(self, form: str, opt: dict, vocab: dict, side_data: dict, device: torch.device):
        torch.manual_seed(0)
        self.own = form in OURS
        if self.own:
            self.model = CausalKBRD({**opt, **OURS[form]}, device, vocab, side_data).to(device)
            self.optimizer = torch.optim.Adam(self.model.parameters(), lr=5e-3, fused=True)
            if form == 'ours_compiled':
                self.model.item_logits = torch.compile(self.model.item_logits, dynamic=True)
        else:
            self.model, self.optimizer = build_kbrd(form, {**opt, 'num_bases': 8}, device, vocab, side_data)
        self.model.train()

    def loss(self, batch: Batch) -> Tensor:
        histories = batch.context_entities if self.own else batch.lists
        return self.model({'context_entities': histories, 'item': batch.item}, 'train', 'rec')[0]

    def update(self, group: list[Batch]) -> None:
        """One update from the batches of an accumulation group."""
        self.optimizer.zero_grad()
        if self.own:
            with self.model.shared_entity_embedding():
                for batch in group:
                    self.loss(batch).backward()
        else:
            for batch in group:
                self.loss(batch).backward()
        self.optimizer.step()

    def parameters(self) -> int:
        return sum(p.numel() for p in self.model.parameters())
