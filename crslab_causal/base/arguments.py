"""Types of arguments of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path


def path_argument(text: str) -> Path:
    """Return the path that an argument names; ``~`` is the home folder, and all other signs are taken as they are.

    Raises:
        ArgumentTypeError: The text is empty, as that of an unset variable of the shell.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError('is empty; name a file or folder')
    return Path(text).expanduser()
