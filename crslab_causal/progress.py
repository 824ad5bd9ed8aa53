"""Progress bars with rate and remaining time, on a terminal only."""

import sys
from typing import Iterable

from tqdm import tqdm


def progress(steps: Iterable, desc: str) -> tqdm:
    """``steps``, with a bar that is wiped at the end and does not fill log files."""
    return tqdm(steps, desc=desc, leave=False, disable=not sys.stderr.isatty(), dynamic_ncols=True)
