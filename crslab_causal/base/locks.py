"""Locks between processes."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Callable, Iterator

from filelock import FileLock, Timeout


@contextmanager
def hold_lock(path: Path, on_wait: Callable[[], object]) -> Iterator[None]:
    """Hold the lock of a file while the block runs. The system frees the lock of a killed process.

    The lock file is removed while its lock is held. A process that waits for a removed lock file notices this and locks
    the next lock file; filelock does so since version 4.

    Args:
        path: the lock file. Its folder is created.
        on_wait: called once if another process holds the lock, before the wait.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        on_wait()
        lock.acquire()
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes it at the release
            path.unlink()
        lock.release()
