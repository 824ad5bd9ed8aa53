"""Progress bars with rate and remaining time, on a terminal only."""

import sys
from typing import Iterable

from tqdm import tqdm

from crslab_causal.base import distributed


def progress(steps: Iterable, desc: str) -> tqdm:
    """Wrap ``steps`` in a progress bar and return it. The bar disappears at the end and is not written to log files."""
    shown = sys.stderr.isatty() and distributed.is_first()
    return tqdm(steps, desc=desc, leave=False, disable=not shown, dynamic_ncols=True)
