"""From a request to its completion, through store, budget and server; everything here runs in one event loop."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from loguru import logger
from pydantic import BaseModel

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.budget import Amount, Budget, cost_usd
from crslab_causal.llm.client.writer import GroupCommit
from crslab_causal.llm.client.result import UNANSWERED, Completion, Messages, Status, count_tokens
from crslab_causal.llm.client.request_format import Dialect
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.client.backoff import Pace
from crslab_causal.llm.client.record import Record, Response, hash_and_size
from crslab_causal.llm.client.store import Store
from crslab_causal.llm.client.structured import Verdict, judge, sound, strict_schema
from crslab_causal.llm.client.transport import Failure, Transport
from crslab_causal.llm.client.counters import Usage

MOST_ANSWERS = 3
"""Answers that are paid for until one can be used. Refusals and cut answers are not asked for again."""

_TEMPLATE_TOKENS = 256
"""Most tokens that a server's chat template, or the wish for JSON, adds to a request."""


@dataclasses.dataclass
class _Flight:
    """A request on its way, for all who wait for it."""

    key: str
    request: dict[str, Any]
    size: int
    """Bytes of its texts, at most."""
    schema: type[BaseModel]
    task: asyncio.Task[Completion] = dataclasses.field(init=False)
    waiting: int = 0
    sending: bool = False
    """From when it is sent until the store has its answer: it may be paid for, and is not cut short."""
    attempts: int = 0


class Exchange:
    """Sends what is not in the store, and nothing twice.

    Args:
        transport: None: nothing is sent, the store is replayed.
        backoff_s: see ``Pace``.
    """

    def __init__(self, options: LLMOptions, store: Store, commit: GroupCommit, budget: Budget, dialect: Dialect,
                 transport: Transport | None, backoff_s: float):
        self.usage = Usage()
        self._options = options
        self._store, self._commit, self._budget = store, commit, budget
        self._dialect, self._transport = dialect, transport
        self._pace = Pace(backoff_s)
        self._price = options.prices.get(options.model)
        self._slots = asyncio.Semaphore(options.concurrency)
        self._flights: dict[str, _Flight] = {}
        self._mistake: UserError | None = None
        self._closing = False

    async def complete(self, messages: Messages, schema: type[BaseModel]) -> Completion:
        """See ``LLMClient.complete``."""
        request = self._request(messages, schema)
        key, size = hash_and_size(request)
        self.usage.requests += 1
        flight = self._flights.get(key)
        joined = flight is not None
        if flight is None:
            flight = self._flights[key] = _Flight(key, request, size, schema)
            flight.task = asyncio.create_task(self._fly(flight))
            flight.task.add_done_callback(lambda _: self._forget(flight))
        flight.waiting += 1
        try:
            completion = await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.sending:
                self._drop(flight)
        if joined:
            self.usage.coalesced += 1
            paid = completion.status not in UNANSWERED
            completion = completion._replace(attempts=0, replayed=paid)
        self.usage.statuses[completion.status] += 1
        return completion

    async def finish(self, give_up: bool = False) -> None:
        """Sends nothing more; waits for what is on its way, or gives it up; closes the connections."""
        self._closing = True
        sending = sum(flight.sending for flight in self._flights.values())
        if sending and not give_up:
            logger.info(f'[LLM: waiting for {sending} answers that are on their way]')
        for flight in list(self._flights.values()):
            if not flight.sending:
                self._drop(flight)
        mine = asyncio.current_task()
        while others := asyncio.all_tasks() - {mine}:
            for task in others if give_up else ():
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        if self._transport is not None:
            await self._transport.close()

    def _request(self, messages: Messages, schema: type[BaseModel]) -> dict[str, Any]:
        options = self._options
        messages = [{name: sound(text) for name, text in message.items()} for message in messages]
        return {'model': options.model, 'messages': messages, 'schema': strict_schema(schema),
                'parameters': {'temperature': options.temperature, 'seed': options.seed,
                               'max_tokens': options.max_tokens}}

    def _drop(self, flight: _Flight) -> None:
        self._forget(flight)  # at once: who asks the same from now on must not join a flight that is being ended
        flight.task.cancel()

    def _forget(self, flight: _Flight) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]
        if flight.task.done() and not flight.task.cancelled():
            flight.task.exception()  # marks it as seen: who waited got it, and maybe nobody did

    async def _fly(self, flight: _Flight) -> Completion:
        responses = self._store.responses(flight.key)
        while True:
            verdict = judge(responses[-1], flight.schema) if responses else None
            if verdict is not None and flight.attempts:
                self._dialect.learn(responses[-1], verdict)
                self.usage.schema_fallback = self._dialect.fell_back
            usable = verdict is not None and (verdict.status != 'invalid' or len(responses) >= MOST_ANSWERS)
            if usable or self._transport is None:
                self.usage.replayed += bool(responses) and not flight.attempts
                return self._completion(flight, responses, verdict, 'missing', 'not in the store')
            if verdict is not None:
                self.usage.retries['invalid'] += 1
            try:
                await self._ask(flight, len(responses))
            except Failure as failure:
                status: Status = 'budget' if failure.cause == 'budget' else 'error'
                return self._completion(flight, responses, verdict, status, failure.detail)
            responses = self._store.responses(flight.key)

    def _completion(self, flight: _Flight, responses: list[Response], verdict: Verdict | None, otherwise: Status,
                    why: str) -> Completion:
        """What the last answer is worth; without any, status ``otherwise``."""
        if verdict is None:
            return Completion(None, otherwise, flight.key, 0, 0, 0.0, None if self._price is None else 0.0,
                              flight.attempts, False, why)
        read, written = map(sum, zip(*(count_tokens(flight.request, response) for response in responses)))
        return Completion(verdict.parsed, verdict.status, flight.key, read, written, responses[-1].latency_s,
                          cost_usd(self._price, read, written), flight.attempts, not flight.attempts, verdict.detail)

    async def _ask(self, flight: _Flight, number: int) -> None:
        """Gets an answer into the store, however often the request has to be sent for it.

        Raises:
            Failure: there is none.
        """
        most = flight.size + _TEMPLATE_TOKENS  # a token has a byte at least
        failures = 0
        while True:
            async with self._slots:
                await self._pace.wait()
                self._check(flight)
                reserved = await self._budget.reserve(most)
                if reserved is None:
                    raise Failure('budget', 'llm.budget is used up')
                try:
                    response = await self._send(flight, number, reserved)
                except Failure as error:
                    failure = error
                except UserError as error:
                    self._mistake = self._mistake or error
                    raise
                else:
                    # in its slot until it is stored: a killed run loses as many answers as there are slots, at most
                    await self._record(flight, number, response)
                    return
            delay = 0.0
            if failure.cause in ('schema', 'max_tokens'):
                self.usage.schema_fallback = self._dialect.fell_back
            else:
                failures += 1
                self._give_up_at(failure, failures)
                delay = self._pace.delay(failures, failure.wait_s)
                if failure.cause == '429' or failure.wait_s is not None:
                    self._pace.hold(delay)
            self.usage.retries[failure.cause] += 1
            await asyncio.sleep(delay)

    def _give_up_at(self, failure: Failure, failures: int) -> None:
        if failure.again and failures <= self._options.retries:
            return
        tries = f' ({failures} tries)' if failures > 1 else ''
        if not self.usage.answers and (failure.cause == 'body' or not failure.reached):
            self._mistake = self._mistake or UserError(
                f'{failure.detail}{tries}; nothing was answered so far: check llm.base_url, and that the server runs')
            raise self._mistake
        raise Failure(failure.cause, failure.detail + tries)

    def _check(self, flight: _Flight) -> None:
        """Last look before something is sent."""
        if self._mistake is not None:
            raise UserError(str(self._mistake))
        if self._closing or not flight.waiting:
            self._forget(flight)
            raise asyncio.CancelledError

    async def _send(self, flight: _Flight, number: int, reserved: Amount) -> Response:
        calls = 0
        tokens: tuple[int, int] | None = (0, 0)
        try:
            self._check(flight)
            flight.sending = True
            flight.attempts += 1
            calls, tokens = 1, None
            response = await self._transport.send(flight.request, flight.schema.__name__, number)
            tokens = count_tokens(flight.request, response)
            return response
        except Failure as failure:
            calls, tokens = int(failure.reached), failure.tokens
            flight.sending = False
            raise
        except UserError:
            tokens = 0, 0
            flight.sending = False
            raise
        finally:
            self._budget.settle(reserved, calls, tokens)
            self.usage.calls += calls
            self.usage.input_tokens += tokens[0] if tokens else 0
            self.usage.output_tokens += tokens[1] if tokens else 0
            self.usage.cost_usd += (cost_usd(self._price, *tokens) or 0.0) if tokens else 0.0

    async def _record(self, flight: _Flight, number: int, response: Response) -> None:
        self.usage.estimated += response.input_tokens is None
        try:
            await self._commit.add(Record(flight.key, number, response), flight.request)
        except UserError as error:
            self._mistake = self._mistake or error
            raise
        finally:
            flight.sending = False
        self.usage.answers += 1
