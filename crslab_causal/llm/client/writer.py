"""Group commit: what is answered while the disk is busy is written together, with one fsync."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from crslab_causal.llm.client.record import Record
from crslab_causal.llm.client.store import Store


class _Answer(NamedTuple):
    record: Record
    request: dict[str, Any]
    written: asyncio.Future[None]


class GroupCommit:
    """Adds answers to ``store`` from one event loop, and writes them in a thread of its own.

    One write is under way at a time. It takes all that waits, so that threads change once for a write and not for each
    answer.
    """

    def __init__(self, store: Store):
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix='llm-store')
        self._waiting: list[_Answer] = []
        self._busy = False

    async def add(self, record: Record, request: dict[str, Any]) -> None:
        """Returns when the disk has the answer. Who is cancelled does not wait for it, but it is written.

        Raises:
            UserError: the store cannot be written.
        """
        loop = asyncio.get_running_loop()
        answer = _Answer(record, request, loop.create_future())
        self._waiting.append(answer)
        if not self._busy:
            self._busy = True
            loop.call_soon(self._write)  # not at once: others are answered in the same turn of the loop
        await answer.written

    def close(self) -> None:
        """Writes what nobody waited for; the loop does not run any more.

        Raises:
            UserError: the store cannot be written.
        """
        self._thread.shutdown()
        if self._waiting:
            self._append(self._waiting)

    def _write(self) -> None:
        batch, self._waiting = self._waiting, []
        writing = asyncio.get_running_loop().run_in_executor(self._thread, self._append, batch)
        writing.add_done_callback(lambda _: self._settle(batch, writing.exception()))

    def _append(self, batch: list[_Answer]) -> None:
        self._store.append([(answer.record, answer.request) for answer in batch])

    def _settle(self, batch: list[_Answer], error: BaseException | None) -> None:
        for answer in batch:
            if answer.written.cancelled():
                continue
            if error is None:
                answer.written.set_result(None)
            else:
                answer.written.set_exception(error)
        self._busy = bool(self._waiting)
        if self._busy:
            self._write()
