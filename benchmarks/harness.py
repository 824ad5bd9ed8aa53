"""Shared parts of the measurements: times, peak memory, batches, and all forms of the models."""

from __future__ import annotations

import argparse
import gc
import pickle
import time
from pathlib import Path
from typing import Callable, Iterator, NamedTuple

import torch
from torch import Tensor

from benchmarks.rivals import build_kbrd
from crslab_causal.data.histories import pad_histories
from crslab_causal.model.causal_kbrd import CausalKBRD

CPU = torch.device('cpu')
OURS = {'ours': {}, 'ours_compiled': {}, 'ours_bases': {'num_bases': 8}, 'ours_wo_causal': {'alpha': 0.0, 'beta': 0.0}}
"""Forms of our model, and the options that each changes."""


class Batch(NamedTuple):
    """Samples of an update in the formats of our model and of CRSLab's."""

    context_entities: Tensor
    """Histories of our model, padded."""
    item: Tensor
    """Labels."""
    lists: list[list[int]]
    """Histories of CRSLab's model."""


def prepared(arguments: argparse.Namespace) -> tuple[dict, dict, dict, dict]:
    """Return options, vocab, side data and samples, as ``prepare`` of ``benchmarks/cases.py`` has written them."""
    return pickle.loads((arguments.cache / f'{arguments.dataset}.pkl').read_bytes())


def synchronise(device: torch.device) -> None:
    """Wait until the device has finished."""
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def times(call: Callable[[], object], repeats: int, warm_up: int, device: torch.device = CPU) -> list[float]:
    """Return the seconds of each of ``repeats`` calls."""
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


def reset_peak() -> int:
    """Reset the peak of the memory, and return the bytes that are resident now."""
    gc.collect()
    Path('/proc/self/clear_refs').write_text('5')
    return _status('VmRSS')


def peak() -> int:
    """Return the largest number of resident bytes since :func:`reset_peak`."""
    return _status('VmHWM')


def _status(key: str) -> int:
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


def make_batches(samples: list, batch_size: int, device: torch.device) -> Iterator[Batch]:
    """Yield batches of samples in a fixed random order."""
    order = torch.randperm(len(samples), generator=torch.Generator().manual_seed(0)).tolist()
    for start in range(0, len(order), batch_size):
        chosen = [samples[i] for i in order[start : start + batch_size]]
        yield Batch(
            pad_histories([history for history, _ in chosen]).to(device),
            torch.tensor([item for _, item in chosen], device=device),
            [history for history, _ in chosen],
        )


class Trainer:
    """A model in one of the forms of the tables, and its updates.

    Args:
        form: form of the model.
        opt: options of the model.
        vocab, side_data: vocabulary and side data of the dataset.
        device: device of the model.
    """

    def __init__(self, form: str, opt: dict, vocab: dict, side_data: dict, device: torch.device):
        torch.manual_seed(0)
        self.is_ours = form in OURS
        if self.is_ours:
            self.model = CausalKBRD({**opt, **OURS[form]}, device, vocab, side_data).to(device)
            self.optimizer = torch.optim.Adam(self.model.parameters(), lr=5e-3, fused=True)
            if form == 'ours_compiled':
                self.model.item_logits = torch.compile(self.model.item_logits, dynamic=True)
        else:
            self.model, self.optimizer = build_kbrd(form, {**opt, 'num_bases': 8}, device, vocab, side_data)
        self.model.train()

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        histories = batch.context_entities if self.is_ours else batch.lists
        return self.model({'context_entities': histories, 'item': batch.item}, 'train', 'rec')[0]

    def update(self, group: list[Batch]) -> None:
        """Do one update from the batches of an accumulation group."""
        self.optimizer.zero_grad()
        if self.is_ours:
            with self.model.shared_entity_embedding():
                for batch in group:
                    self.loss(batch).backward()
        else:
            for batch in group:
                self.loss(batch).backward()
        self.optimizer.step()

    def parameters(self) -> int:
        """Return the number of parameters."""
        return sum(p.numel() for p in self.model.parameters())
