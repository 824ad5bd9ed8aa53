"""Group commit: answers that arrive during a write are written together afterwards, with one fsync."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from crslab_causal.llm.client.record import Payload, Record
from crslab_causal.llm.client.store import MemoryStore


class _PendingAnswer(NamedTuple):
    record: Record
    payload: Payload
    written: asyncio.Future[None]


class GroupCommit:
    """Adds the answers of one event loop to ``store``, and writes them in its own thread.

    One write runs at a time and takes all pending answers. There is one thread switch for each write, not for each
    answer.
    """

    def __init__(self, store: MemoryStore):
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix='llm-store')
        self._pending: list[_PendingAnswer] = []
        self._busy = False

    async def add(self, record: Record, payload: Payload) -> None:
        """Add an answer, and wait until it is on the disk. If the caller is cancelled, the answer is still written.

        Raises:
            UserError: the store cannot be written.
        """
        loop = asyncio.get_running_loop()
        answer = _PendingAnswer(record, payload, loop.create_future())
        self._pending.append(answer)
        if not self._busy:
            self._busy = True
            loop.call_soon(self._write)  # later, because more answers may arrive in this iteration
        await answer.written

    def close(self) -> None:
        """Write pending answers. Call it after the event loop has stopped.

        Raises:
            UserError: the store cannot be written.
        """
        self._thread.shutdown()
        if self._pending:
            self._append(self._pending)

    def _write(self) -> None:
        batch, self._pending = self._pending, []
        writing = asyncio.get_running_loop().run_in_executor(self._thread, self._append, batch)
        writing.add_done_callback(lambda _: self._finish_batch(batch, writing.exception()))

    def _append(self, batch: list[_PendingAnswer]) -> None:
        self._store.append([(answer.record, answer.payload) for answer in batch])

    def _finish_batch(self, batch: list[_PendingAnswer], error: BaseException | None) -> None:
        for answer in batch:
            if answer.written.cancelled():
                continue
            if error is None:
                answer.written.set_result(None)
            else:
                answer.written.set_exception(error)
        self._busy = bool(self._pending)
        if self._busy:
            self._write()
