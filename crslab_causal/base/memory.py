"""Python's garbage collector, where millions of lists are built that stay."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import Iterator

from crslab_causal.base import process_setup


@contextmanager
def long_lived() -> Iterator[None]:
    """Builds what stays, a corpus, without the collector: its searches for cycles are half of the time of loading.

    They find nothing, because samples have no cycles. In a process that only trains (:func:`.take_over`) they never look at
    it later either, which would take most of a second each time: :func:`gc.freeze` exempts all that there is at the end
    of the block. What is garbage before goes first; a cycle that becomes garbage afterwards stays.
    """
    enabled = gc.isenabled()
    if process_setup.is_own():
        gc.collect()
    gc.disable()
    try:
        yield
        if process_setup.is_own():
            gc.freeze()
    finally:
        if enabled:
            gc.enable()
