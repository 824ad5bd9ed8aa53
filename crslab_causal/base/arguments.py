"""Types of arguments of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path


def path_argument(text: str) -> Path:
    """Return the path that an argument names. ``~`` is the home folder; all other characters are kept.

    Raises:
        ArgumentTypeError: The text is empty, for example because a variable of the shell is not set.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError('is empty; name a file or folder')
    return Path(text).expanduser()
