"""Settings of a process that does nothing but train."""

from __future__ import annotations

import ctypes
import platform

import torch

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # constants of glibc's malloc.h

_configured = False


def configure_process() -> None:
    """Configure a process that does nothing but train. Call this before the first tensor is made.

    Do not call it from a program with another purpose. It changes floating-point arithmetic (:func:`flush_denormals`),
    and it exempts loaded data from garbage collection (:func:`.long_lived`).
    """
    global _configured
    _configured = True
    flush_denormals()


def is_configured() -> bool:
    """Return whether :func:`configure_process` was called."""
    return _configured


def flush_denormals() -> None:
    """Let the CPU treat numbers below 1.2e-38 (2.2e-308 in double precision) as zero, in NumPy as well.

    This holds in this thread and, on Linux, in the threads that it starts afterwards.

    Where a gradient stays zero, as behind an inactive ReLU, Adam's first moment shrinks by a tenth at every update.
    After some 800 updates it is that small. Many CPUs compute with such numbers many times slower, so later epochs
    would take longer than the first. The scores do not change, because the difference is too small to change a
    parameter.
    """
    torch.set_flush_denormal(True)  # returns False and does nothing if the CPU cannot do it


def keep_freed_memory() -> None:
    """Let glibc keep the memory of a freed tensor for the next tensor.

    Some models make tensors of hundreds of MB at every update. glibc maps each of them separately, and the operating
    system zeroes their pages, which can take as long as the arithmetic. :func:`configure_process` does not call this
    function, because the process then needs more memory.
    """
    if platform.libc_ver()[0] == 'glibc':
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)  # do not map single tensors
        mallopt(M_TRIM_THRESHOLD, -1)  # never return the end of the heap to the system
