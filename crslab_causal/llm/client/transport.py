"""One HTTP request to a language model, and the meaning of each way in which it can fail."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any

import aiohttp
import openai
from pydantic_core import to_json

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.backoff import parse_retry_after
from crslab_causal.llm.client.record import Payload, Response
from crslab_causal.llm.client.request_format import RequestFormat
from crslab_causal.llm.options import LLMOptions

OPENAI_URL = 'https://api.openai.com/v1'

_CONNECT_TIMEOUT_S = 10.0
"""Seconds in which a server must accept a connection."""

_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
"""Errors that mean that no connection was made."""


class CallError(Exception):
    """A call without an answer.

    Args:
        cause: a key of ``Usage.retries``, or ``budget``.
        detail: description in one line.
        is_retryable: whether another attempt may succeed.
        reached_server: whether the server got the request, or may have got it.
        tokens: input and output tokens that the call cost; None: unknown.
        retry_after_s: seconds that the server asks to wait; None: it does not ask.
    """

    def __init__(
        self,
        cause: str,
        detail: str,
        *,
        is_retryable: bool = True,
        reached_server: bool = True,
        tokens: tuple[int, int] | None = (0, 0),
        retry_after_s: float | None = None,
    ):
        super().__init__(detail)
        self.cause, self.detail = cause, detail
        self.is_retryable, self.reached_server = is_retryable, reached_server
        self.tokens, self.retry_after_s = tokens, retry_after_s


class Transport:
    """Sends requests to the server of ``options``.

    Raises:
        UserError: the server is OpenAI's, and ``OPENAI_API_KEY`` is not set.
    """

    def __init__(self, options: LLMOptions, request_format: RequestFormat):
        self._options = options
        self._request_format = request_format
        self._key = os.environ.get('OPENAI_API_KEY', '').strip()
        self._url = options.base_url or OPENAI_URL
        if not self._key and options.base_url is None:
            raise UserError(
                "OPENAI_API_KEY: is not set in the environment, but OpenAI's server requires it; set it, "
                'or name another server in llm.base_url'
            )
        timeout = openai.Timeout(options.timeout_s, connect=min(options.timeout_s, _CONNECT_TIMEOUT_S))
        # aiohttp, because openai's default checks every idle connection at each request (benchmarks/LLM_LOAD.md).
        # The address is always given: otherwise the environment could send a recorded run to another server.
        self._api = openai.AsyncOpenAI(
            api_key=self._key or 'none',
            base_url=self._url,
            timeout=timeout,
            max_retries=0,
            http_client=openai.DefaultAioHttpClient(),
        )

    async def send(self, payload: Payload, schema_name: str, n_invalid: int) -> Response:
        """Send a request once.

        Args:
            payload: ``{model, messages, schema, parameters}``.
            schema_name: name of the schema.
            n_invalid: number of answers so far that could not be used.

        Raises:
            CallError: the call brought no answer.
            UserError: no request can succeed: wrong key, model or address, or no money left.
        """
        body = self._request_format.build_body(payload, schema_name, n_invalid)
        started = time.perf_counter()
        try:
            # chat.completions.create would check the type of every part of the body: a fifth of a request's CPU time
            content = await asyncio.wait_for(
                self._api.post('/chat/completions', content=to_json(body), cast_to=bytes), self._options.timeout_s
            )
        except (TimeoutError, openai.APIConnectionError, aiohttp.ClientError) as error:
            raise self._connection_error(error) from None
        except openai.APIStatusError as error:
            raise self._status_error(body, error) from None
        latency = time.perf_counter() - started
        return self._parse(content, latency, 'schema' if 'response_format' in body else 'json')

    async def close(self) -> None:
        """Close all connections."""
        await self._api.close()

    def _connection_error(self, error: BaseException) -> CallError:
        # openai also reports a broken connection as a timeout; the cause is the exception of aiohttp behind it
        while error.__cause__ is not None and not isinstance(error, (aiohttp.ClientError, asyncio.TimeoutError)):
            error = error.__cause__
        timed_out, reached_server = isinstance(error, asyncio.TimeoutError), not isinstance(error, _NOT_CONNECTED)
        detail = (
            f'no answer within {self._options.timeout_s:g} s' if timed_out else self._clean(f'{self._url}: {error}')
        )
        return CallError(
            'timeout' if timed_out else 'connection',
            detail,
            reached_server=reached_server,
            tokens=None if reached_server else (0, 0),
        )

    def _status_error(self, body: dict[str, Any], error: openai.APIStatusError) -> Exception:
        status, complaint = error.status_code, self._clean(_server_message(error))
        parameter = self._request_format.drop_rejected_parameter(body, status, complaint)
        if parameter is not None:
            return CallError(parameter, complaint)
        quoted = f'({status}: {complaint})'
        if status == 401:
            return UserError(
                f'{self._url}: rejects the key {quoted}; set OPENAI_API_KEY to a valid key'
                if self._key
                else f'{self._url}: requires a key {quoted}; set OPENAI_API_KEY'
            )
        if status == 403:
            return UserError(
                f'{self._url}: forbids this request {quoted}; check the permissions of the key in OPENAI_API_KEY'
            )
        if status == 404:
            return UserError(
                f'{self._url}: does not know model {self._options.model}, or is the wrong address '
                f'{quoted}; check llm.model and llm.base_url'
            )
        if status == 402 or error.code == 'insufficient_quota':
            return UserError(
                f'{self._url}: the account must be paid first {quoted}; pay, and start again: the answers '
                'so far are kept'
            )
        return CallError(
            str(status),
            f'{status}: {complaint}',
            is_retryable=status in (408, 409, 429) or status >= 500,
            retry_after_s=parse_retry_after(error.response.headers, time.time()),
        )

    def _parse(self, content: bytes, latency: float, form: str) -> Response:
        tokens = None
        try:
            answer = json.loads(content)
            tokens = _reported_tokens(answer)
            if answer.get('error'):  # some gateways report an error with status 200
                raise CallError(
                    'body', self._clean(f"the server's answer is an error: {answer['error']}"), tokens=tokens or (0, 0)
                )
            choice = answer['choices'][0]
            message = choice['message']
            text, refusal, finish = message.get('content'), message.get('refusal'), choice.get('finish_reason')
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            start = ' '.join(content[:80].decode('utf-8', 'replace').split())
            complaint = f'{self._url}: what came is no chat completion, it starts with {start!r}'
            raise CallError('body', self._clean(complaint), tokens=tokens or (0, 0)) from None
        return Response(
            content=self._remove_key(text) if isinstance(text, str) else '',
            finish_reason=finish if isinstance(finish, str) else None,
            refusal=self._remove_key(refusal) if isinstance(refusal, str) else None,
            input_tokens=tokens[0] if tokens else None,
            output_tokens=tokens[1] if tokens else None,
            latency_s=round(latency, 4),
            model=str(answer.get('model') or self._options.model),
            form=form,
        )

    def _remove_key(self, text: str) -> str:
        return text.replace(self._key, '[OPENAI_API_KEY]') if self._key else text

    def _clean(self, text: str) -> str:
        """Return the text as one line of at most 300 characters, without the key."""
        return ' '.join(self._remove_key(text).split())[:300]


def _server_message(error: openai.APIStatusError) -> str:
    body = error.body
    if isinstance(body, dict):
        message = body.get('message') or body.get('detail') or body.get('error') or body
        return message if isinstance(message, str) else json.dumps(message)
    return error.response.text.strip() or 'no reason given'


def _reported_tokens(answer: dict[str, Any]) -> tuple[int, int] | None:
    """Return input and output tokens that the server reports, None if it does not."""
    usage = answer.get('usage')
    if not isinstance(usage, dict):
        return None
    read, written = usage.get('prompt_tokens'), usage.get('completion_tokens')
    if type(read) is int and type(written) is int and min(read, written) >= 0:
        return read, written
    return None
