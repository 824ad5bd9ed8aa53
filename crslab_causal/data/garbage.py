"""Python's garbage collector, where millions of lists are built that stay."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def long_lived() -> Iterator[None]:
    """Builds what stays, a corpus: the collector neither runs meanwhile nor looks at it later.

    Its searches for cycles are half of the time of loading, and most of a second each from then on; they find nothing,
    because samples have no cycles. What is no longer referred to is freed as ever. Garbage goes before, so that none
    is kept with the rest (:func:`gc.freeze` takes all there is).
    """
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if enabled:
            gc.enable()
