"""What language models have answered: a file to which lines are added, and from which a run can be replayed."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Any, BinaryIO, Iterator, Sequence

from loguru import logger

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.lock import locked
from crslab_causal.llm.client.record import Record, Response, from_line, to_line


class Store:
    """Answers by key; several processes may add to one file at a time.

    Two of them that ask the same at the same moment both pay; the answer that is first in the file counts for both.

    Args:
        path: the file, made where there is none; None: answers are kept in memory only.
        writable: False: the file must exist, and is not touched.

    Raises:
        UserError: the file cannot be read, or a line of it that is not the last is broken. What a killed process or a
            full disk left of a last line is logged and ignored, and is set aside in ``<path>.torn`` before the next
            line is added.
    """

    def __init__(self, path: str | Path | None, writable: bool = True):
        self.path = Path(path) if path is not None else None
        self.torn_bytes = 0
        """Length of a broken last line, in bytes."""
        self.duplicates = 0
        """Answers that another process has paid for, too."""
        self._index: dict[str, dict[int, Response]] = {}
        self._end = self._lines = 0
        self._open_line = False
        """The last line is whole, but for its line break."""
        self._mutex = threading.Lock()
        self._file = self._open(writable) if self.path is not None else None
        if self._file is not None:
            self._load()

    def __len__(self) -> int:
        """Number of answers."""
        return sum(map(len, self._index.values()))

    def keys(self) -> list[str]:
        """Keys that have an answer, in the order of the file."""
        return list(self._index)

    def responses(self, key: str) -> list[Response]:
        """All answers to a request, the first first; also those that another process has added since."""
        with self._mutex:
            if self._file is not None and os.fstat(self._file.fileno()).st_size > self._end:
                self._read()
            return [response for _, response in sorted(self._index.get(key, {}).items())]

    def append(self, answers: Sequence[tuple[Record, dict[str, Any]]]) -> None:
        """Adds answers, each with its request, in one write. When it returns, the disk has them; they count from then.

        Raises:
            UserError: the file cannot be written.
        """
        records = [record for record, _ in answers]
        if self._file is None:
            with self._mutex:
                self._put(*records)
            return
        lines = b''.join(to_line(record, request) for record, request in answers)
        with self._explained('written'), locked(self._file):
            with self._mutex:
                self._write(lines)
                self._put(*records)
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()

    def _open(self, writable: bool) -> BinaryIO:
        with self._explained('opened'):
            if not writable:
                return open(self.path, 'rb', buffering=0)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists()
            file = open(self.path, 'a+b', buffering=0)
            if is_new:
                _sync_folder(self.path.parent)
            return file

    def _load(self) -> None:
        try:
            with self._explained('read'), locked(self._file):
                self._read()
        except UserError:
            self._file.close()
            raise
        if self.torn_bytes:
            logger.warning(f'[{self.path}: 1 broken last line of {self.torn_bytes} bytes is ignored; the {len(self)} '
                           'answers before it are whole]')

    def _write(self, lines: bytes) -> None:
        if not self.path.exists() or not os.path.samestat(os.stat(self.path), os.fstat(self._file.fileno())):
            raise UserError(f'{self.path}: was moved or removed while in use; put it back and start again')
        self._read()
        self._set_torn_line_aside()
        rest = memoryview(b'\n' * self._open_line + lines)
        written = len(rest)
        while rest:  # a disk that fills up takes a part first, and complains about the rest
            rest = rest[self._file.write(rest):]
        self._end += written
        self._lines += lines.count(b'\n') + self._open_line
        self._open_line = False

    def _put(self, *records: Record) -> None:
        for record in records:
            known = self._index.setdefault(record.key, {})
            self.duplicates += record.number in known
            known.setdefault(record.number, record.response)

    def _read(self) -> None:
        """Reads what was added since the last time."""
        if os.fstat(self._file.fileno()).st_size < self._end:
            raise UserError(f'{self.path}: was cut while in use; start again')
        self._file.seek(self._end)
        *lines, rest = self._file.readall().split(b'\n')
        for line in lines:
            if line:  # else it is the line break that an open line had lacked
                self._put(self._parse(line))
            self._end += len(line) + 1
            self._lines += 1
            self._open_line = False
        self.torn_bytes = 0
        if rest:
            try:
                self._put(from_line(rest))
                self._end += len(rest)
                self._open_line = True
            except ValueError:  # another process is writing it, or died while it did
                self.torn_bytes = len(rest)

    def _parse(self, line: bytes) -> Record:
        try:
            return from_line(line)
        except ValueError as error:
            raise UserError(f'{self.path}, line {self._lines + 1}: {error}; remove this line, and what it answers is '
                            'asked for again') from None

    def _set_torn_line_aside(self) -> None:
        """Cuts off what follows the last whole line; the caller holds the lock, so that nobody is writing it."""
        if not self.torn_bytes:
            return
        self._file.seek(self._end)
        aside = self.path.with_name(f'{self.path.name}.torn')
        with open(aside, 'ab') as file:
            file.write(self._file.readall() + b'\n')
            file.flush()
            os.fsync(file.fileno())
        self._file.truncate(self._end)
        logger.warning(f'[{self.path}: the broken last line of {self.torn_bytes} bytes is now in {aside}]')
        self.torn_bytes = 0

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(f'{self.path}: cannot be {what} ({error.strerror}); mend that, or name another file in '
                            'llm.store: what is in this one is kept') from None


def _sync_folder(folder: Path) -> None:
    """Makes the name of a new file last as well, where folders can be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
