"""The store of a language model's answers: an append-only file from which a run can be replayed."""

from __future__ import annotations

import contextlib
import os
import threading
from io import FileIO
from pathlib import Path
from typing import Iterator, Sequence

from filelock import FileLock
from loguru import logger

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.claims import Claims
from crslab_causal.llm.client.record import Payload, Record, Response, from_line, to_line

_LOCK_POLL_S = 0.005
"""Seconds between two attempts to lock the store."""


class MemoryStore:
    """A store of answers that is kept in memory only."""

    def __init__(self) -> None:
        self.duplicates = 0
        """Number of answers that another process has also paid for."""
        self._index: dict[str, dict[int, Response]] = {}
        self._mutex = threading.Lock()

    def __len__(self) -> int:
        """Return the number of answers."""
        return sum(map(len, self._index.values()))

    def keys(self) -> list[str]:
        """Return the keys that have an answer, in the order of their first answers."""
        return list(self._index)

    def responses(self, key: str) -> list[Response]:
        """Return all answers to the payload with this key, first one first."""
        with self._mutex:
            return [response for _, response in sorted(self._index.get(key, {}).items())]

    def claim(self, key: str) -> contextlib.AbstractContextManager[bool]:
        """Claim a request, and return whether no other process has claimed it. The claim ends with the block."""
        return contextlib.nullcontext(True)

    def append(self, answers: Sequence[tuple[Record, Payload]]) -> None:
        """Add answers, each together with its payload."""
        with self._mutex:
            self._add(*(record for record, _ in answers))

    def close(self) -> None:
        """Release the store."""

    def _add(self, *records: Record) -> None:
        for record in records:
            known = self._index.setdefault(record.key, {})
            self.duplicates += record.number in known
            known.setdefault(record.number, record.response)


class Store(MemoryStore):
    """A store of answers in a file.

    Several processes can use the file at the same time without sending a request twice.

    A process claims a request before it sends it (:class:`.Claims`), and the other processes then wait for its answer.
    The lock file ``<path>.lock`` lets one process write at a time. The locks and claims of a killed process are
    released. Reading takes no lock, so a run can be replayed from a read-only medium.

    Args:
        path: the file. It is created if it does not exist and the store is writable.
        writable: if False, the file must exist and is not changed.

    Raises:
        UserError: the file cannot be read, or a line other than the last one is broken. A broken last line, left by a
            killed process or a full disk, is logged and ignored. The next append moves it to ``<path>.torn``.
    """

    def __init__(self, path: str | Path, writable: bool = True):
        super().__init__()
        self.path = Path(path)
        self.torn_bytes = 0
        """Length of a broken last line, in bytes."""
        self._end = 0
        """Position after the last complete record, in bytes."""
        self._n_lines = 0
        self._lacks_line_break = False
        """Whether the last line is complete but has no line break."""
        self._lock = FileLock(f'{path}.lock', poll_interval=_LOCK_POLL_S)
        self._claims = Claims(self.path.with_name(f'{self.path.name}.claims'))
        self._file = self._open(writable)
        try:
            # a writer in another process must not be mistaken for a broken last line
            with self._explain_errors('read'), self._lock if writable else contextlib.nullcontext():
                self._read()
        except UserError:
            self._file.close()
            raise
        if self.torn_bytes:
            logger.warning(
                f'[{self.path}: ignoring a broken last line of {self.torn_bytes} bytes; the {len(self)} '
                'answers before it are complete]'
            )

    def responses(self, key: str) -> list[Response]:
        """Return all answers to the payload with this key, first one first.

        Read the answers that other processes have added.
        """
        with self._mutex:
            if os.fstat(self._file.fileno()).st_size > self._end:
                self._read()
        return super().responses(key)

    def claim(self, key: str) -> contextlib.AbstractContextManager[bool]:
        """Claim a request, and return whether no other process has claimed it. The claim ends with the block."""
        return self._claims.claim(key)

    def append(self, answers: Sequence[tuple[Record, Payload]]) -> None:
        """Add answers, each together with its payload, in one write. They are on the disk when this method returns.

        Raises:
            UserError: the file cannot be written.
        """
        lines = b''.join(to_line(record, payload) for record, payload in answers)
        with self._explain_errors('written'), self._lock:
            with self._mutex:
                self._write(lines)
                self._add(*(record for record, _ in answers))
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._claims.close()
        self._file.close()

    def _open(self, writable: bool) -> FileIO:
        with self._explain_errors('opened'):
            if not writable:
                return open(self.path, 'rb', buffering=0)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists()
            file = open(self.path, 'a+b', buffering=0)
            if is_new:
                _sync_folder(self.path.parent)
            return file

    def _write(self, lines: bytes) -> None:
        if not self.path.exists() or not os.path.samestat(os.stat(self.path), os.fstat(self._file.fileno())):
            raise UserError(f'{self.path}: was moved or removed while in use; put it back and start again')
        self._read()
        self._move_torn_line()
        rest = memoryview(b'\n' * self._lacks_line_break + lines)
        n_bytes = len(rest)
        while rest:  # a disk that runs full writes a part first, and fails at the rest
            rest = rest[self._file.write(rest) :]
        self._end += n_bytes
        self._n_lines += lines.count(b'\n') + self._lacks_line_break
        self._lacks_line_break = False

    def _read(self) -> None:
        """Read the lines that were added since the last call."""
        if os.fstat(self._file.fileno()).st_size < self._end:
            raise UserError(f'{self.path}: was truncated while in use; start again')
        self._file.seek(self._end)
        *lines, rest = self._file.readall().split(b'\n')
        for line in lines:
            if line:  # an empty line is the missing line break of the line before
                self._add(self._parse(line))
            self._end += len(line) + 1
            self._n_lines += 1
            self._lacks_line_break = False
        self.torn_bytes = 0
        if rest:
            try:
                self._add(from_line(rest))
                self._end += len(rest)
                self._lacks_line_break = True
            except ValueError:  # another process is writing this line, or was killed while it did
                self.torn_bytes = len(rest)

    def _parse(self, line: bytes) -> Record:
        try:
            return from_line(line)
        except ValueError as error:
            raise UserError(
                f'{self.path}, line {self._n_lines + 1}: {error}; remove this line, its answer will be requested again'
            ) from None

    def _move_torn_line(self) -> None:
        """Move a broken last line to ``<path>.torn``.

        The caller must hold the lock, so that no process is writing the line.
        """
        if not self.torn_bytes:
            return
        self._file.seek(self._end)
        torn_path = self.path.with_name(f'{self.path.name}.torn')
        with open(torn_path, 'ab') as file:
            file.write(self._file.readall() + b'\n')
            file.flush()
            os.fsync(file.fileno())
        self._file.truncate(self._end)
        logger.warning(f'[{self.path}: moved the broken last line of {self.torn_bytes} bytes to {torn_path}]')
        self.torn_bytes = 0

    @contextlib.contextmanager
    def _explain_errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(
                f'{self.path}: cannot be {action} ({error.strerror}); fix this, or name another file in '
                'llm.store; the answers in this file are kept'
            ) from None


def _sync_folder(folder: Path) -> None:
    """Flush the entry of a new file to the disk, if the operating system can open folders."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
