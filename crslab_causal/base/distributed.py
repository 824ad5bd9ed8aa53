"""Several processes that train one model, as ``torchrun`` starts them.

    torchrun --nproc_per_node 2 run_crslab.py --config config/causal_redial.yaml

Every process holds the whole model (the graph is small) and takes its share of each batch, so that ``rec.batch_size``
and the course of training are those of one process. The first one writes the log, the checkpoints and the results.
Without ``torchrun`` there is one process, and all of this does nothing.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any, Iterator

import torch
from torch import Tensor
from torch import distributed as dist


def rank() -> int:
    """Return the number of this process, from 0."""
    return int(os.environ.get('RANK', 0))


def count() -> int:
    """Return the number of processes."""
    return int(os.environ.get('WORLD_SIZE', 1))


def is_first() -> bool:
    """Return whether this is the process that writes files and logs."""
    return rank() == 0


def local_gpu(gpus: list[str]) -> str:
    """Return the number of the GPU that this process uses, as text, if several processes share the GPUs of ``-g``."""
    return gpus[int(os.environ.get('LOCAL_RANK', 0)) % len(gpus)]


@contextmanager
def connected(device: str) -> Iterator[None]:
    """Connect all processes while the block runs, over NCCL on GPUs and over gloo if ``device`` is ``'cpu'``."""
    if count() == 1:
        yield
        return
    dist.init_process_group('gloo' if device == 'cpu' else 'nccl')
    try:
        yield
    finally:
        dist.destroy_process_group()


@contextmanager
def first_goes_first() -> Iterator[None]:
    """Let the first process run the block before the other processes run it.

    The first process can then write a file that the others only read.
    """
    if not dist.is_initialized():
        yield
        return
    if not is_first():
        dist.barrier()
    try:
        yield
    finally:
        if is_first():
            dist.barrier()


def wait() -> None:
    """Wait until all processes have called this function."""
    if dist.is_initialized():
        dist.barrier()


def total(values: Tensor) -> Tensor:
    """Return the sum of ``values`` over the processes."""
    if dist.is_initialized():
        dist.all_reduce(values)
    return values


def collect(value: Any) -> list[Any]:
    """Return the picklable ``value`` of each process, in order."""
    if not dist.is_initialized():
        return [value]
    values = [None] * count()
    dist.all_gather_object(values, value)
    return values


def share(n: int) -> range:
    """Return the part of ``range(n)`` that belongs to this process; the parts follow each other."""
    return range(n * rank() // count(), n * (rank() + 1) // count())


def distribute(model: torch.nn.Module, find_unused: bool) -> torch.nn.Module:
    """Return ``model`` with gradients that are averaged over the processes.

    Args:
        model: a model with at least one parameter that requires a gradient.
        find_unused: whether a loss may leave some parameters without one.
    """
    if not dist.is_initialized():
        return model
    device = next(model.parameters()).device
    return torch.nn.parallel.DistributedDataParallel(
        model,
        device_ids=None if device.type == 'cpu' else [device],
        find_unused_parameters=find_unused,
        broadcast_buffers=False,
    )  # the graph never changes
