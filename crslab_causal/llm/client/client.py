"""The client of a language model. It sends many requests at a time, and it pays for no answer twice."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import threading
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any, Callable, Coroutine, Generator, Iterable, Iterator, Sized

from pydantic import BaseModel

from crslab_causal.base.errors import UserError
from crslab_causal.base.progress_bar import progress
from crslab_causal.llm.client.batch import batch_requests, write_requests
from crslab_causal.llm.client.budget import Balance, Budget
from crslab_causal.llm.client.counters import Usage
from crslab_causal.llm.client.dispatcher import Dispatcher
from crslab_causal.llm.client.estimate import Estimate, estimate_run
from crslab_causal.llm.client.progress_log import ProgressLog
from crslab_causal.llm.client.request_format import RequestFormat
from crslab_causal.llm.client.result import Completion, Messages
from crslab_causal.llm.client.store import MemoryStore, Store
from crslab_causal.llm.client.transport import Transport
from crslab_causal.llm.client.writer import GroupCommit
from crslab_causal.llm.options import LLMOptions

_MAX_PENDING = 1024
"""Maximum number of prompts that ``run`` holds at a time. It is large, so that one slow prompt does not delay the
others."""

_STREAM_POLL_S = 0.1
"""Seconds between two readings of the text of an unfinished answer."""


class LLMClient:
    """Client of the model of ``options``. Use it as a (synchronous or asynchronous) context manager, or call ``close``.

    A prompt whose answer is in the store is never sent, and equal prompts at the same time are sent once. The client
    has its own event loop and thread, so that it works from synchronous code, from any event loop, and while the caller
    processes an answer. Closing the client, also after Ctrl-C, sends nothing more and waits until the answers in flight
    are stored; a second Ctrl-C gives up on them.

    What an interruption costs, if there is a store:

    - Ctrl-C, an exception, the end of the budget: nothing.
    - Ctrl-C in the chat: the answer that is being written, because the connection is closed, so that the model stops.
    - A kill (SIGKILL, no memory, a power cut) or a second Ctrl-C: the answers to the requests in flight, at most
      ``llm.concurrency`` for each kill. The next run sends these requests once more, and no others.
    - A second run on the same store at the same time: nothing. It waits for the answers to requests that the first run
      is sending, and sends others meanwhile.

    Without a store, every run pays for all its answers.

    Args:
        options: section ``llm`` with mode ``live`` or ``replay``.
        backoff_s: maximum of the first backoff, in seconds.

    Raises:
        UserError: the key is missing, there is nothing to replay, the store cannot be read, or the budget cannot be
            enforced.
    """

    def __init__(self, options: LLMOptions, *, backoff_s: float = 0.5):
        if options.mode not in ('live', 'replay'):
            raise UserError(f'llm.mode: {options.mode} uses no language model; set it to live or replay')
        is_replay = options.mode == 'replay'
        if is_replay and options.store is None:
            raise UserError('llm.store: mode replay needs the store of a recorded run; name its file')
        sends = not is_replay and not options.dry_run and options.batch is None
        self.options = options
        self._budget = Budget(options)
        request_format = RequestFormat(options)
        transport = Transport(options, request_format) if sends else None
        has_store = options.store is not None and (sends or is_replay or Path(options.store).exists())
        self._store = Store(options.store, writable=sends) if options.store and has_store else MemoryStore()
        self._commit = GroupCommit(self._store)
        self._dispatcher = Dispatcher(
            options, self._store, self._commit, self._budget, request_format, transport, backoff_s
        )
        self._closing = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name='llm', daemon=True)
        self._thread.start()

    @property
    def usage(self) -> Usage:
        """Return the counters of this client so far."""
        return self._dispatcher.usage

    @property
    def balance(self) -> Balance:
        """Return the amounts of the budget that this client has spent, and the amounts that are left."""
        return self._budget.balance

    async def complete(self, messages: Messages, schema: type[BaseModel]) -> Completion:
        """Return the completion of a prompt.

        If the caller is cancelled, the prompt is not sent. If it has been sent already, its answer is stored.

        Args:
            messages: messages of the prompt.
            schema: schema of the answer. The model writes its fields in their order.

        Raises:
            UserError: the server cannot answer any request, or the store cannot be written.
        """
        return await asyncio.wrap_future(self._submit(messages, schema))

    def stream(self, messages: Messages, schema: type[BaseModel]) -> Generator[str | Completion, None, None]:
        """Yield the text of an answer while the model writes it, and at the end the completion.

        The completion, and what is stored, do not differ from those of ``complete``. A text comes several times a
        second, also if it has not grown. It begins again if a further answer is requested. Without a stream (the answer
        is in the store, or the server sends it at once) it stays empty.

        If the caller stops early, the connection is closed, so that the server stops writing. This answer is then not
        stored; the budget counts it as if it were as long as allowed.

        Args:
            messages: messages of the prompt.
            schema: schema of the answer.

        Raises:
            UserError: see ``complete``.
        """
        texts = ['']

        def add(text: str) -> None:
            texts[0] = text

        future = self._submit(messages, schema, add)
        try:
            while not wait([future], _STREAM_POLL_S).done:
                yield texts[0]
            yield future.result()
        finally:
            future.cancel()

    def run(self, prompts: Iterable[tuple[Messages, type[BaseModel]]], desc: str = 'LLM') -> Iterator[Completion]:
        """Complete all prompts, with a progress bar on a terminal and a line in the log every ``llm.log_every_s``.

        Args:
            prompts: arguments of ``complete``.
            desc: title of the progress bar.

        Returns:
            The completions in the order of the prompts, each as soon as it and all before it are available. If the
            caller stops early, prompts that were not sent yet are not sent.

        Raises:
            UserError: see ``complete``.
        """
        n_prompts = len(prompts) if isinstance(prompts, Sized) else None
        with (
            contextlib.closing(self._complete_in_order(prompts)) as completions,
            ProgressLog(self._loop, self.usage, n_prompts, self.options.log_every_s),
        ):
            bar = progress(completions, desc)
            bar.total = n_prompts
            yield from bar

    def estimate(self, prompts: Iterable[tuple[Messages, type[BaseModel]]]) -> Estimate:
        """Estimate the cost of prompts without sending them.

        Args:
            prompts: arguments of ``complete``.
        """
        payloads = ((self._dispatcher.build_payload(messages, schema), schema) for messages, schema in prompts)
        return estimate_run(self.options, self._store, payloads)

    def export(self, prompts: Iterable[tuple[Messages, type[BaseModel]]], path: str | Path) -> dict[str, int]:
        """Write the requests that the store has no final answer to, for a Batch API, and send nothing.

        Args:
            prompts: arguments of ``complete``.
            path: file to write, the first one if there are too many requests for one file.

        Returns:
            The number of requests in each file.
        """
        payloads = ((self._dispatcher.build_payload(messages, schema), schema) for messages, schema in prompts)
        return write_requests(path, batch_requests(self.options, self._store, payloads))

    def close(self, give_up: bool = False) -> None:
        """Wait for the answers in flight, then close connections and store. A second call does nothing.

        Args:
            give_up: cancel the requests in flight instead of waiting for their answers.
        """
        if self._closing:
            return
        self._closing = True
        try:
            self._call(self._dispatcher.finish(give_up))
        except KeyboardInterrupt:
            self._call(self._dispatcher.finish(give_up=True))
            raise
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            with contextlib.closing(self._store):
                self._commit.close()

    def __enter__(self) -> LLMClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> LLMClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    def _complete_in_order(
        self,
        prompts: Iterable[tuple[Messages, type[BaseModel]]],
    ) -> Generator[Completion, None, None]:
        pending: collections.deque[Future[Completion]] = collections.deque()
        try:
            for messages, schema in prompts:
                pending.append(self._submit(messages, schema))
                while pending and (len(pending) >= _MAX_PENDING or pending[0].done()):
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()

    def _submit(
        self,
        messages: Messages,
        schema: type[BaseModel],
        on_content: Callable[[str], None] | None = None,
    ) -> Future[Completion]:
        if self._closing:
            raise RuntimeError('this client is closed')
        return asyncio.run_coroutine_threadsafe(self._dispatcher.complete(messages, schema, on_content), self._loop)

    def _call(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
