"""Get the completion of a prompt from the store, or from the server within the budget and with retries."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any, Callable

from loguru import logger
from pydantic import BaseModel

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.addresses import default_concurrency
from crslab_causal.llm.client.answer_parser import ParsedAnswer, parse_answer, replace_surrogates
from crslab_causal.llm.client.answer_policy import MORE_ROOM, best_answer, reason_to_ask_again, with_room
from crslab_causal.llm.client.backoff import Backoff
from crslab_causal.llm.client.budget import BATCH_PRICE, Amount, Budget, cost_usd
from crslab_causal.llm.client.counters import Usage
from crslab_causal.llm.client.record import Payload, Record, Response, cache_key_and_size
from crslab_causal.llm.client.request_format import RequestFormat
from crslab_causal.llm.client.result import NOT_SENT, Completion, Messages, Status
from crslab_causal.llm.client.retries import Attempts, RetryPolicy
from crslab_causal.llm.client.store import MemoryStore
from crslab_causal.llm.client.structured import strict_schema
from crslab_causal.llm.client.token_counts import count_tokens, estimate_input_tokens, is_prompt_cut
from crslab_causal.llm.client.transport import CallError, Transport
from crslab_causal.llm.client.writer import GroupCommit
from crslab_causal.llm.first_token import PARAMETERS, FirstTokenAnswer
from crslab_causal.llm.options import LLMOptions

_EXTRA_INPUT_TOKENS = 256
"""Maximum number of tokens that a server's chat template, or the instruction to write JSON, adds to a prompt."""

_CLAIM_POLL_S = 0.1
"""Seconds between two checks whether another process still sends a request."""


@dataclasses.dataclass
class _InFlight:
    """A prompt in flight. All callers that wait for it share this object."""

    key: str
    payload: Payload
    size: int
    """Upper bound of the number of bytes of the prompt's texts."""
    schema: type[BaseModel]
    on_content: Callable[[str], None] | None = None
    """Function that is called with the text of the answer so far; None: the answer is not streamed."""
    task: asyncio.Task[Completion] = dataclasses.field(init=False)
    n_waiting: int = 0
    """Number of callers that wait for the completion."""
    is_sending: bool = False
    """Whether the request is sent but its answer is not stored yet. It may cost money and must not be cancelled."""
    n_sent: int = 0
    """Number of HTTP requests that were sent for the prompt."""
    attempts: Attempts = dataclasses.field(default_factory=Attempts)
    answers: list[ParsedAnswer] = dataclasses.field(default_factory=list)
    """Answers so far, first one first."""


class Dispatcher:
    """Sends each prompt without an answer in the store, and no prompt twice.

    Args:
        transport: connection to the server; None: nothing is sent, and the store is replayed.
        backoff_s: see ``Backoff``.
    """

    def __init__(
        self,
        options: LLMOptions,
        store: MemoryStore,
        commit: GroupCommit,
        budget: Budget,
        request_format: RequestFormat,
        transport: Transport | None,
        backoff_s: float,
    ):
        self.usage = Usage()
        self._options = options
        self._store, self._commit, self._budget = store, commit, budget
        self._request_format, self._transport = request_format, transport
        self._backoff = Backoff(backoff_s)
        self._price = options.prices.get(options.model)
        concurrency = 1 if transport is None else default_concurrency(options)
        self._retry_policy = RetryPolicy(options, request_format, self._backoff, self.usage, concurrency)
        self._slots = asyncio.Semaphore(concurrency)
        self._in_flight: dict[str, _InFlight] = {}
        self._fatal_error: UserError | None = None
        self._closing = False
        self._has_warned_of_cut_prompts = False

    async def complete(
        self,
        messages: Messages,
        schema: type[BaseModel],
        on_content: Callable[[str], None] | None = None,
    ) -> Completion:
        """Return the completion of a prompt, see ``LLMClient.complete`` and ``LLMClient.stream``.

        A streamed answer that nobody waits for any more is not read to its end: the server then stops to write it.
        """
        payload = self.build_payload(messages, schema)
        key, size = cache_key_and_size(payload)
        self.usage.requests += 1
        flight = self._in_flight.get(key)
        has_joined = flight is not None
        if flight is None:
            flight = self._in_flight[key] = _InFlight(key, payload, size, schema, on_content)
            flight.task = asyncio.create_task(self._run(flight))
            flight.task.add_done_callback(lambda _: self._remove(flight))
        flight.n_waiting += 1
        try:
            completion = await asyncio.shield(flight.task)
        finally:
            flight.n_waiting -= 1
            if not flight.n_waiting and (not flight.is_sending or flight.on_content is not None):
                self._cancel(flight)
        if has_joined:
            self.usage.coalesced += 1
            completion = completion._replace(attempts=0, replayed=completion.status not in NOT_SENT)
        self.usage.statuses[completion.status] += 1
        return completion

    async def finish(self, give_up: bool = False) -> None:
        """Send nothing more, wait for the requests in flight, and close the connections.

        Args:
            give_up: cancel the requests in flight instead of waiting for them.
        """
        self._closing = True
        n_sending = sum(flight.is_sending for flight in self._in_flight.values())
        if n_sending and not give_up:
            logger.info(f'[LLM: waiting for {n_sending} answers in flight]')
        for flight in list(self._in_flight.values()):
            if not flight.is_sending:
                self._cancel(flight)
        this_task = asyncio.current_task()
        while others := asyncio.all_tasks() - {this_task}:
            for task in others if give_up else ():
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        if self._transport is not None:
            await self._transport.close()

    def build_payload(self, messages: Messages, schema: type[BaseModel]) -> Payload:
        """Return everything that the answer to a prompt depends on."""
        options = self._options
        messages = [{name: replace_surrogates(text) for name, text in message.items()} for message in messages]
        parameters: dict[str, Any] = {
            'temperature': options.temperature,
            'seed': options.seed,
            'max_tokens': options.max_tokens,
        }
        if issubclass(schema, FirstTokenAnswer):
            parameters |= {'max_tokens': 1, **PARAMETERS}
        if options.extra:  # an empty one is left out, so that old keys remain valid
            parameters['extra'] = options.extra
        return {
            'model': options.model,
            'messages': messages,
            'schema': strict_schema(schema),
            'parameters': parameters,
        }

    def _cancel(self, flight: _InFlight) -> None:
        self._remove(flight)  # immediately, so that no equal prompt joins a flight that is being cancelled
        flight.task.cancel()

    def _remove(self, flight: _InFlight) -> None:
        if self._in_flight.get(flight.key) is flight:
            del self._in_flight[flight.key]
        if flight.task.done() and not flight.task.cancelled():
            flight.task.exception()  # marks the exception as retrieved, because no caller may do so

    async def _run(self, flight: _InFlight) -> Completion:
        """Request answers until one is usable, or until no further answer may be paid for. Return the completion."""
        responses = self._store.responses(flight.key)
        while True:
            flight.answers = [parse_answer(response, flight.schema) for response in responses]
            if responses and flight.n_sent:
                self._request_format.check_enforcement(responses[-1], flight.answers[-1])
                self._note_format()
            reason = reason_to_ask_again(flight.answers, flight.payload) if responses else None
            if self._transport is None or (responses and reason is None):
                self.usage.replayed += bool(responses) and not flight.n_sent
                return self._completion(flight, responses, 'missing', 'not in the store')
            if reason is not None:
                self.usage.retries[reason] += 1
            try:
                await self._fetch_answer(flight, len(responses), self._transport)
            except CallError as error:
                status: Status = 'budget' if error.cause == 'budget' else 'error'
                return self._completion(flight, responses, status, error.detail)
            except UserError as error:
                self._fatal_error = self._fatal_error or error
                raise
            responses = self._store.responses(flight.key)

    def _completion(
        self,
        flight: _InFlight,
        responses: list[Response],
        status: Status,
        detail: str,
    ) -> Completion:
        """Build the completion from the best answer. Without any answer, it has only ``status`` and ``detail``."""
        answer = best_answer(flight.answers)
        if answer is None:
            cost = None if self._price is None else 0.0
            return Completion(None, status, flight.key, cost_usd=cost, attempts=flight.n_sent, detail=detail)
        tokens = [count_tokens(flight.payload, response) for response in responses]
        input_tokens, output_tokens = sum(count.input for count in tokens), sum(count.output for count in tokens)
        costs = [
            (cost_usd(self._price, count.input, count.output) or 0.0) * (BATCH_PRICE if response.is_batch else 1.0)
            for count, response in zip(tokens, responses, strict=True)
        ]
        return Completion(
            answer.parsed,
            answer.status,
            flight.key,
            input_tokens,
            output_tokens,
            responses[-1].latency_s,
            cost_usd=None if self._price is None else sum(costs),
            attempts=flight.n_sent,
            replayed=not flight.n_sent,
            detail=answer.detail,
        )

    async def _fetch_answer(self, flight: _InFlight, n_invalid: int, transport: Transport) -> None:
        """Send the request until the store has an answer to it, from this process or another one.

        Raises:
            CallError: there is no answer after all retries.
        """
        flight.attempts = Attempts()
        while self._lacks_answer(flight, n_invalid):
            async with self._slots:
                await self._backoff.wait_while_paused()
                self._raise_if_stopped(flight)
                # claim and slot are kept until the answer is stored: a killed run loses one answer per slot, at most
                with self._store.claim(flight.key) as is_ours:
                    delay = await self._try_in_slot(flight, n_invalid, transport) if is_ours else _CLAIM_POLL_S
            await asyncio.sleep(delay)

    async def _try_in_slot(self, flight: _InFlight, n_invalid: int, transport: Transport) -> float:
        """Send the request until it is answered or must wait. Return the seconds that it must wait.

        The request keeps its slot while it is sent in other forms. If no request has been answered so far, it also
        keeps the slot while it waits, because the cause of the first failures would let all following requests fail,
        too.
        """
        while self._lacks_answer(flight, n_invalid):
            delay = await self._try(flight, n_invalid, transport)
            if delay and self.usage.answers:
                return delay
            await asyncio.sleep(delay)
        return 0.0

    def _lacks_answer(self, flight: _InFlight, n_invalid: int) -> bool:
        return len(self._store.responses(flight.key)) <= n_invalid

    async def _try(self, flight: _InFlight, n_invalid: int, transport: Transport) -> float:
        """Send the request once and store its answer.

        Returns:
            The seconds after which the request should be sent again; 0 if there is an answer, or to send it at once.

        Raises:
            CallError: the request should not be sent again.
            UserError: no request can succeed.
        """
        # a token has at least one byte
        room = MORE_ROOM if with_room(flight.payload, flight.answers) is not flight.payload else 1
        reserved = await self._budget.reserve(flight.size + _EXTRA_INPUT_TOKENS, room)
        if reserved is None:
            raise CallError('budget', 'llm.budget is used up')
        try:
            response = await self._send(flight, n_invalid, reserved, transport)
        except CallError as failure:
            self._note_format()
            return self._retry_policy.delay(flight.attempts, failure)
        await self._store_answer(flight, n_invalid, response)
        return 0.0

    def _raise_if_stopped(self, flight: _InFlight) -> None:
        """Raise an error if the request must not be sent: after a fatal error, or if no caller waits for it."""
        if self._fatal_error is not None:
            raise UserError(str(self._fatal_error))
        if self._closing or not flight.n_waiting:
            self._remove(flight)
            raise asyncio.CancelledError

    async def _send(self, flight: _InFlight, n_invalid: int, reserved: Amount, transport: Transport) -> Response:
        """Send the request once, and replace its reservation by its cost."""
        calls = 0
        tokens: tuple[int, int] | None = (0, 0)
        try:
            self._raise_if_stopped(flight)
            flight.is_sending = True
            flight.n_sent += 1
            calls, tokens = 1, None
            payload = with_room(flight.payload, flight.answers)
            response = await transport.send(
                payload, flight.schema.__name__, n_invalid, flight.attempts.left_out, flight.on_content
            )
            tokens = count_tokens(flight.payload, response)[:2]
            return response
        except CallError as failure:
            calls, tokens = int(failure.reached_server), failure.tokens
            flight.is_sending = False
            raise
        except UserError:
            tokens = 0, 0
            flight.is_sending = False
            raise
        finally:
            self._budget.settle(reserved, calls, tokens)
            self.usage.calls += calls
            self.usage.input_tokens += tokens[0] if tokens else 0
            self.usage.output_tokens += tokens[1] if tokens else 0
            self.usage.cost_usd += (cost_usd(self._price, *tokens) or 0.0) if tokens else 0.0

    async def _store_answer(self, flight: _InFlight, n_invalid: int, response: Response) -> None:
        try:
            await self._commit.add(Record(flight.key, n_invalid, response), flight.payload)
        finally:
            flight.is_sending = False
        self.usage.answers += 1
        self._retry_policy.add_answer(flight.attempts)
        self._note_format()
        self._check_tokens(flight.payload, response)

    def _check_tokens(self, payload: Payload, response: Response) -> None:
        """Count answers with estimated tokens, and prompts that the server has probably cut."""
        self.usage.estimated += count_tokens(payload, response).is_estimated
        if not is_prompt_cut(payload, response):
            return
        self.usage.cut_prompts += 1
        if not self._has_warned_of_cut_prompts:
            self._has_warned_of_cut_prompts = True
            logger.warning(
                f'[LLM: the server has read {response.input_tokens} tokens of a prompt that has about '
                f'{estimate_input_tokens(payload)}; it may have cut the prompt: raise its context length (Ollama: '
                'OLLAMA_CONTEXT_LENGTH), or lower llm.candidates]'
            )

    def _note_format(self) -> None:
        self.usage.schema_fallback = self._request_format.fell_back
        self.usage.omitted = list(self._request_format.omitted)
