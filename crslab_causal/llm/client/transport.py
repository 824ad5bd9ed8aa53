"""Send one HTTP request to a language model, and interpret each way in which it can fail."""

from __future__ import annotations

import asyncio
import os
import re
import time
from typing import Any, Callable, NamedTuple

import aiohttp
from pydantic_core import to_json

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.addresses import is_openai, server_url
from crslab_causal.llm.client.answer_body import AnswerBody, NoCompletion, read_answer
from crslab_causal.llm.client.bounded_body import BoundedBody
from crslab_causal.llm.client.error_body import ErrorBody
from crslab_causal.llm.client.event_stream import EventStream
from crslab_causal.llm.client.key_scrubber import KeyScrubber
from crslab_causal.llm.client.record import Payload, Response
from crslab_causal.llm.client.request_format import RequestFormat
from crslab_causal.llm.client.time_limit import TimeLimit
from crslab_causal.llm.first_token import top_tokens
from crslab_causal.llm.options import LLMOptions

MAX_ANSWER_BYTES = 4 << 20
"""Maximum length of a decompressed answer. The longest answers of current models, with their thoughts, have 1 MiB."""

_MAX_STREAM_BYTES = 16 * MAX_ANSWER_BYTES
"""Maximum length of a streamed answer: around each piece of its text, an event has some hundred bytes."""

_MAX_DRAFT = 64 << 10
"""Maximum length in characters up to which an unfinished text is shown."""

_MAX_ERROR_BYTES = 64 << 10
"""Maximum length up to which the body of an error is read."""

_CONNECT_TIMEOUT_S = 10.0
"""Seconds in which a server must accept a connection."""

_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
"""Errors that mean that no connection was made."""

_KEY_COMPLAINT = re.compile(
    r'api.?key\W.*(not valid|invalid|incorrect|missing|expired|required)'
    r'|(invalid|incorrect|missing|expired|no)\W+api.?key|API_KEY_INVALID|invalid_api_key',
    re.IGNORECASE,
)
_MODEL_COMPLAINT = re.compile(
    r'\b(invalid|unknown|no such) model\b|\bmodel\W{1,3}[\w./:-]+\W{1,3}(was |is )?(not found|does not exist|unknown)',
    re.IGNORECASE,
)
_UNPAID = re.compile(
    r'insufficient_quota|billing_hard_limit|billing_not_active|credit balance|insufficient (balance|funds|credit)', re.I
)


class CallError(Exception):
    """A call that brought no answer.

    Args:
        cause: a key of ``Usage.retries``, or ``budget``.
        detail: description in one line.
        is_retryable: whether another attempt may succeed.
        is_adapted: whether the next attempt has another form, which the server may accept.
        reached_server: whether the server got the request, or may have got it.
        tokens: input and output tokens that the call cost; None: unknown.
        retry_after_s: seconds that the server asks to wait; None if it does not ask.
        left_out: parameters to leave out of the next attempt, if the server did not say which one it refuses.
    """

    def __init__(
        self,
        cause: str,
        detail: str,
        *,
        is_retryable: bool = True,
        is_adapted: bool = False,
        reached_server: bool = True,
        tokens: tuple[int, int] | None = (0, 0),
        retry_after_s: float | None = None,
        left_out: tuple[str, ...] | None = None,
    ):
        super().__init__(detail)
        self.cause, self.detail = cause, detail
        self.is_retryable, self.is_adapted, self.reached_server = is_retryable, is_adapted, reached_server
        self.tokens, self.retry_after_s, self.left_out = tokens, retry_after_s, left_out


class _Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    """Headers, with their names in lower case."""
    content: bytes
    """Decompressed body. A body that is too long is cut at the limit."""
    is_whole: bool
    events: EventStream | None = None
    """Stream in which the answer arrived; None if it arrived at once."""


class Transport:
    """Sends requests to the server of ``options``.

    Redirects are not followed. The conversation and the key go to no other address than the one that the user named.
    The key is removed from all texts of a server before they leave this class.

    Raises:
        UserError: the server is OpenAI's, and ``OPENAI_API_KEY`` is not set.
    """

    def __init__(self, options: LLMOptions, request_format: RequestFormat):
        self._options = options
        self._request_format = request_format
        self._key = os.environ.get('OPENAI_API_KEY', '').strip()
        self._scrub = KeyScrubber(self._key)
        self._url = server_url(options)
        if not self._key and is_openai(self._url):
            raise UserError(
                "OPENAI_API_KEY: is not set in the environment, but OpenAI's server requires it; set it, "
                'or name another server in llm.base_url'
            )
        self._limit = TimeLimit(options)
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self,
        payload: Payload,
        schema_name: str,
        n_invalid: int,
        left_out: tuple[str, ...] = (),
        on_content: Callable[[str], None] | None = None,
    ) -> Response:
        """Send a request once, and return the response of the server.

        Args:
            payload: ``{model, messages, schema, parameters}``.
            schema_name: name of the schema.
            n_invalid: number of answers so far that could not be used.
            left_out: parameters to leave out, because the server refused them. The last ``CallError`` names them.
            on_content: called with the text of the answer so far, whenever it has grown. None: the answer is not
                streamed. The response is the same in both cases.

        Raises:
            CallError: the call brought no answer.
            UserError: no request can succeed: wrong key, model or address, or no money left.
        """
        body = self._request_format.build_body(payload, schema_name, n_invalid, left_out, on_content is not None)
        started, limit_s = time.perf_counter(), self._limit.seconds
        try:
            reply = await asyncio.wait_for(self._post(to_json(body), on_content), limit_s)
        except aiohttp.ClientError as error:  # caught before TimeoutError, a base class of some of these
            raise self._connection_error(error) from None
        except TimeoutError:
            self._limit.add_timeout(limit_s)
            raise CallError('timeout', f'no answer within {limit_s:g} s', tokens=None) from None
        except (OSError, ValueError) as error:
            raise self._connection_error(error) from None
        latency_s = time.perf_counter() - started
        if reply.status != 200:
            raise self._status_error(body, left_out, reply)
        if not reply.is_whole:
            raise CallError(
                'body',
                f'{self._url}: its answer is longer than {MAX_ANSWER_BYTES >> 20} MiB; the rest was not read',
                is_retryable=False,
                tokens=None,
            )
        if reply.events is not None and not reply.events.is_complete:
            raise CallError('connection', f'{self._url}: the stream broke off before the answer ended', tokens=None)
        answer = self._read(reply)
        if 'logprobs' in payload['parameters']:
            tokens = top_tokens(reply.content)
            if tokens is None:
                raise UserError(
                    f'{self._url}: gives no log-probabilities, by which llm.prompt ranks; choose a server that does '
                    '(llama.cpp, vLLM, OpenAI), or another prompt'
                )
            answer = answer._replace(content=tokens)
        if answer.output_tokens is not None:
            self._limit.add_answer(latency_s, answer.output_tokens)
        return Response(
            content=self._scrub(answer.content),
            finish_reason=answer.finish_reason and self._scrub(answer.finish_reason),
            refusal=answer.refusal and self._scrub(answer.refusal),
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            latency_s=round(latency_s, 4),
            model=self._scrub(answer.model or self._options.model),
            form='schema' if 'response_format' in body else 'json',
            omitted=tuple(
                name for name in dict.fromkeys([*self._request_format.omitted, *left_out]) if name != 'stream'
            ),
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, content: bytes, on_content: Callable[[str], None] | None) -> _Reply:
        """Send a body, and read the answer up to the allowed length."""
        if self._session is None:  # a session belongs to the event loop in which it is made
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=True,
                headers={
                    'Authorization': f'Bearer {self._key or "none"}',
                    'Content-Type': 'application/json',
                    'Accept': 'application/json',
                    'Accept-Encoding': 'identity',  # an answer has a few kilobytes
                },
            )
        url = f'{self._url}/chat/completions'
        async with self._session.post(url, data=content, allow_redirects=False) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            limit = MAX_ANSWER_BYTES if response.status == 200 else _MAX_ERROR_BYTES
            if response.status == 200 and 'event-stream' in headers.get('content-type', ''):
                return await self._read_stream(response, headers, on_content)
            body = BoundedBody(headers.get('content-encoding', ''), limit)
            async for chunk in response.content.iter_any():
                if not body.add(chunk):
                    response.close()  # else the rest would be read before the connection is used again
                    break
            return _Reply(response.status, headers, bytes(body.content), body.is_whole)

    async def _read_stream(
        self,
        response: aiohttp.ClientResponse,
        headers: dict[str, str],
        on_content: Callable[[str], None] | None,
    ) -> _Reply:
        """Read a stream of events up to the allowed length, and report the text so far."""
        body, events = (
            BoundedBody(headers.get('content-encoding', ''), _MAX_STREAM_BYTES),
            EventStream(MAX_ANSWER_BYTES),
        )
        is_whole, n_reported = True, 0
        async for chunk in response.content.iter_any():
            is_whole = body.add(chunk) and events.add(body.take())
            if not is_whole or events.is_done:
                response.close()  # else the rest would be read before the connection is used again
                break
            text = events.content if on_content is not None else ''
            if on_content is not None and n_reported < len(text) <= _MAX_DRAFT:
                n_reported = len(text)
                on_content(self._scrub.scrub_beginning(text))
        return _Reply(response.status, headers, events.body(), is_whole, events)

    def _connection_error(self, error: Exception) -> CallError:
        reached_server = not isinstance(error, _NOT_CONNECTED)
        return CallError(
            'connection',
            self._clean(f'{self._url}: {error or type(error).__name__}'),
            reached_server=reached_server,
            tokens=None if reached_server else (0, 0),
        )

    def _status_error(self, body: dict[str, Any], left_out: tuple[str, ...], reply: _Reply) -> Exception:
        status, error = reply.status, ErrorBody(reply.content, reply.headers, time.time(), reply.status)
        error.message = self._clean(error.message)
        if 300 <= status < 400:
            address = self._clean(reply.headers.get('location', 'another address'))
            return UserError(
                f'{self._url}: redirects to {address}, which is not followed; set llm.base_url to the address of the '
                'server itself'
            )
        quoted = f'({status}: {error.message})'
        if status == 401 or (status in (400, 403) and _KEY_COMPLAINT.search(' '.join([error.message, *error.codes]))):
            return UserError(
                f'{self._url}: rejects the key {quoted}; set OPENAI_API_KEY to a valid key'
                if self._key
                else f'{self._url}: requires a key {quoted}; set OPENAI_API_KEY'
            )
        if status == 402 or _UNPAID.search(' '.join([error.message, *error.codes])):
            return UserError(
                f'{self._url}: the account must be paid first {quoted}; pay, and start again: the answers '
                'so far are kept'
            )
        part = self._request_format.adapt(body, status, error)
        if part is not None:
            return CallError(part, error.message, is_adapted=True)
        if self._request_format.is_outdated(body):
            return CallError(str(status), error.message, is_adapted=True)
        if status == 403:
            return UserError(
                f'{self._url}: forbids this request {quoted}; check the permissions of the key in OPENAI_API_KEY'
            )
        if status == 404 or (status == 400 and _MODEL_COMPLAINT.search(error.message)):
            return UserError(
                f'{self._url}: does not know model {self._options.model}, or is the wrong address '
                f'{quoted}; check llm.model and llm.base_url'
            )
        return CallError(
            str(status),
            f'{status}: {error.message}',
            is_retryable=status in (408, 409, 425, 429) or status >= 500,
            retry_after_s=error.wait_s,
            left_out=self._request_format.next_trial(left_out, status, error, 'stream' in body),
        )

    def _read(self, reply: _Reply) -> AnswerBody:
        try:
            return read_answer(reply.content)
        except NoCompletion as error:
            if reply.events is not None and not reply.events.has_text and self._request_format.streams:
                self._request_format.stop_streaming(self._clean(error.detail))
                raise CallError('stream', error.detail, is_adapted=True, tokens=error.tokens) from None
            raise CallError('body', self._clean(f'{self._url}: {error.detail}'), tokens=error.tokens) from None

    def _clean(self, text: str) -> str:
        """Return the text as one line of at most 300 characters, without the key."""
        return ' '.join(self._scrub(text).split())[:300]
