"""Asks a language model, many times at once, and pays for nothing twice."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import threading
from concurrent.futures import Future
from typing import Any, Coroutine, Generator, Iterable, Iterator

from pydantic import BaseModel

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.budget import Balance, Budget
from crslab_causal.llm.client.writer import GroupCommit
from crslab_causal.llm.client.result import Completion, Messages
from crslab_causal.llm.client.request_format import Dialect
from crslab_causal.llm.client.dispatcher import Exchange
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.client.store import Store
from crslab_causal.llm.client.transport import Transport
from crslab_causal.llm.client.counters import Usage
from crslab_causal.base.progress_bar import progress

_AHEAD = 1024
"""Requests that ``run`` has open at most: enough that one which waits long does not hold up the others."""


class LLMClient:
    """Asks the model of ``options``; to be closed, best with ``with`` or ``async with``.

    A request whose answer is in the store is never sent, and equal requests at the same time are sent once. The client
    has an event loop and a thread of its own, so that it works from plain code, from any event loop, and while the
    caller is busy with an answer. Closing it, also after Ctrl-C, sends nothing more, and waits until what was on its
    way is stored; a second Ctrl-C gives that up.

    Args:
        options: of the section ``llm``; the mode is ``live`` or ``replay``.
        backoff_s: seconds of the first back-off at most.

    Raises:
        UserError: no key, nothing to replay, a store that cannot be read, or a budget that cannot be kept to.
    """

    def __init__(self, options: LLMOptions, *, backoff_s: float = 0.5):
        if options.mode == 'offline':
            raise UserError('llm.mode: offline asks no language model; set it to live or replay')
        replaying = options.mode == 'replay'
        if replaying and options.store is None:
            raise UserError('llm.store: mode replay needs the file of a recorded run')
        self.options = options
        self._budget = Budget(options)
        dialect = Dialect(options)
        transport = None if replaying else Transport(options, dialect)
        self._store = Store(options.store, writable=not replaying)
        self._commit = GroupCommit(self._store)
        self._exchange = Exchange(options, self._store, self._commit, self._budget, dialect, transport, backoff_s)
        self._closing = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name='llm', daemon=True)
        self._thread.start()

    @property
    def usage(self) -> Usage:
        """What this client did so far."""
        return self._exchange.usage

    @property
    def balance(self) -> Balance:
        """What this client spent of its budget, and what is left."""
        return self._budget.balance

    async def complete(self, messages: Messages, schema: type[BaseModel]) -> Completion:
        """Asks for an answer of the shape of ``schema``.

        Cancelling it takes the request back, unless it was sent already: then its answer is stored.

        Args:
            messages: as the server wants them.
            schema: the model is asked for its fields, in their order.

        Raises:
            UserError: the server answers no request like this one, or the store cannot be written.
        """
        return await asyncio.wrap_future(self._submit(messages, schema))

    def run(self, requests: Iterable[tuple[Messages, type[BaseModel]]], desc: str = 'LLM') -> Iterator[Completion]:
        """Asks all ``requests``, with a progress bar; they are the arguments of ``complete``.

        Returns:
            Completions in the order of the requests, each as soon as it and those before it are there. If the caller
            stops early, what was not sent yet is not sent.

        Raises:
            UserError: as ``complete``.
        """
        with contextlib.closing(self._in_order(requests)) as completions:
            bar = progress(completions, desc)
            with contextlib.suppress(TypeError):
                bar.total = len(requests)  # type: ignore[arg-type]  # an iterator has no length
            yield from bar

    def close(self) -> None:
        """Waits for what is on its way, then closes connections and store. Safe to call twice."""
        if self._closing:
            return
        self._closing = True
        try:
            self._call(self._exchange.finish())
        except KeyboardInterrupt:
            self._call(self._exchange.finish(give_up=True))
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

    def _in_order(self, requests: Iterable[tuple[Messages, type[BaseModel]]]) -> Generator[Completion, None, None]:
        waiting: collections.deque[Future[Completion]] = collections.deque()
        try:
            for messages, schema in requests:
                waiting.append(self._submit(messages, schema))
                while waiting and (len(waiting) >= _AHEAD or waiting[0].done()):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _submit(self, messages: Messages, schema: type[BaseModel]) -> Future[Completion]:
        if self._closing:
            raise RuntimeError('this client is closed')
        return asyncio.run_coroutine_threadsafe(self._exchange.complete(messages, schema), self._loop)

    def _call(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
