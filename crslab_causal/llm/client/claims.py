"""Claims on requests, which prevent two runs with one store from sending the same request at the same time.

A claim is a lock on one byte of the file ``<store>.claims``. The position of the byte follows from the request's key.
The file stays empty. The operating system releases the locks of a process when it ends, even if it is killed. If two
requests have the same position (of 2**60), one of them waits for the other.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from pathlib import Path
from typing import Iterator

from loguru import logger

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_DIGITS = 15
"""Number of hexadecimal digits of a key that give the position of its byte."""


class Claims:
    """The claims of this process on the requests of one store.

    If the operating system or the file system has no such locks, every claim is granted. Two runs may then send one
    request twice.

    Args:
        path: the file of the locks. It is created at the first claim.
    """

    def __init__(self, path: Path):
        self._path = path
        self._file: _LockFile | None = None
        self._is_supported = fcntl is not None

    @contextlib.contextmanager
    def claim(self, key: str) -> Iterator[bool]:
        """Claim a request until the ``with`` block ends, and return whether the claim is granted."""
        position = int(key[:_DIGITS], 16)
        is_granted = self._is_supported and self._lock(position)
        try:
            yield is_granted or not self._is_supported
        finally:
            if is_granted and self._file is not None:
                self._file.unlock(position)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.release()
            self._file = None

    def _lock(self, position: int) -> bool:
        try:
            if self._file is None:
                self._file = _LockFile.shared(self._path)
            return self._file.lock(position)
        except OSError as error:
            self._is_supported = False
            logger.warning(
                f'[{self._path}: cannot be locked ({error.strerror}); two runs on this store at the same time may send '
                'one request twice]'
            )
            return False


class _LockFile:
    """A file whose bytes can be locked.

    A process opens each file only once, because closing a second handle would release all its locks.
    """

    _open: dict[str, _LockFile] = {}
    _mutex = threading.Lock()

    def __init__(self, path: str):
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._n_users = 0
        self._held: set[int] = set()

    @classmethod
    def shared(cls, path: Path) -> _LockFile:
        """Return this process's lock file for a path. Every call must be followed by a call of ``release``."""
        resolved = os.path.realpath(path)
        with cls._mutex:
            file = cls._open.get(resolved)
            if file is None:
                file = cls._open[resolved] = cls(resolved)
            file._n_users += 1
            return file

    def release(self) -> None:
        """Close the file if no other object in this process uses it."""
        with self._mutex:
            self._n_users -= 1
            if not self._n_users:
                del self._open[self._path]
                os.close(self._descriptor)

    def lock(self, position: int) -> bool:
        """Lock a byte, and return whether this succeeded."""
        with self._mutex:
            if position in self._held:
                return False
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, position)
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EAGAIN):
                    return False
                raise
            self._held.add(position)
            return True

    def unlock(self, position: int) -> None:
        """Unlock a byte."""
        with self._mutex:
            self._held.discard(position)
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, position)
