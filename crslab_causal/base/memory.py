"""Python's garbage collector, while a corpus of millions of lists is built."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import Iterator

from crslab_causal.base import process_setup


@contextmanager
def long_lived() -> Iterator[None]:
    """Switch the garbage collector off while the block builds a corpus.

    The collector searches for reference cycles. These searches take half of the time of loading and find nothing,
    because samples have no cycles. In a process that only trains (:func:`.configure_process`), later searches also skip
    the corpus: :func:`gc.freeze` exempts all objects that exist at the end of the block. Each of these searches would
    take most of a second. Cycles that exist before the block are collected first. Cycles among the exempt objects are
    never freed.
    """
    enabled = gc.isenabled()
    if process_setup.is_configured():
        gc.collect()
    gc.disable()
    try:
        yield
        if process_setup.is_configured():
            gc.freeze()
    finally:
        if enabled:
            gc.enable()
