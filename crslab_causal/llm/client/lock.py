"""A lock between processes that dies with its holder."""

from __future__ import annotations

import contextlib
import time
from typing import BinaryIO, Iterator

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

_BEYOND = 1 << 62
"""Position of the byte that is locked on Windows, where a locked byte cannot be read by others."""


@contextlib.contextmanager
def locked(file: BinaryIO) -> Iterator[None]:
    """Holds the lock of ``file``, an open file without a buffer, against other processes.

    Waits for as long as another one holds it. A killed process holds nothing.
    """
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX)
    else:
        _lock_byte(file)
    try:
        yield
    finally:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_UN)
        else:
            file.seek(_BEYOND)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)


def _lock_byte(file: BinaryIO) -> None:
    while True:
        try:
            file.seek(_BEYOND)
            return msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            time.sleep(0.01)
