"""How a process that does nothing but train is set up."""

from __future__ import annotations

import ctypes
import platform

import torch

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h

_own = False


def take_over() -> None:
    """Sets up a process that does nothing but train, before its first tensor.

    Not for a process of others: its arithmetic changes (:func:`flush_denormals`), and what it holds when a corpus is
    loaded is kept (:func:`.long_lived`), for good.
    """
    global _own
    _own = True
    flush_denormals()


def is_own() -> bool:
    """Whether :func:`take_over` was called."""
    return _own


def flush_denormals() -> None:
    """Has the CPU take numbers below 1.2e-38 (2.2e-308 in double precision) for zero, in NumPy as well.

    In this thread and, on Linux, in those that it starts from now on.

    Where a gradient stays zero, as behind a ReLU that is off, Adam's first moment shrinks by a tenth at every update, and is
    there after some 800. Many CPUs compute with such numbers many times slower, so that later epochs take longer than the
    first. Scores stay the same: what is lost is too small to change a parameter.
    """
    torch.set_flush_denormal(True)  # False where the CPU cannot, and then nothing changes


def keep_freed_memory() -> None:
    """Has glibc keep the memory that one tensor has left for the next.

    Some models make tensors of hundreds of MB at every update. glibc maps such anew each time, and the system's zeroing of
    their pages can take as long as the arithmetic. Not part of :func:`take_over`, for the process takes more memory.
    """
    if platform.libc_ver()[0] == 'glibc':
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)  # nothing is mapped on its own
        mallopt(M_TRIM_THRESHOLD, -1)  # and the end of the heap is never given back
