"""One HTTP request to a language model, and what every way in which it can fail means."""

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
from crslab_causal.llm.client.request_format import Dialect
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.client.backoff import retry_after_s
from crslab_causal.llm.client.record import Response

OPENAI_URL = 'https://api.openai.com/v1'

_CONNECT_S = 10.0
"""Seconds in which a server must take a connection."""

_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError,
               aiohttp.InvalidURL)
"""No connection was made."""


class Failure(Exception):
    """A call without an answer.

    Args:
        cause: as in ``Usage.retries``.
        detail: one line.
        again: another try may do better.
        reached: the server got the request, or may have.
        tokens: of input and output that it cost; None: nobody knows.
        wait_s: seconds that the server asks to wait for.
    """

    def __init__(self, cause: str, detail: str, *, again: bool = True, reached: bool = True,
                 tokens: tuple[int, int] | None = (0, 0), wait_s: float | None = None):
        super().__init__(detail)
        self.cause, self.detail, self.again, self.reached = cause, detail, again, reached
        self.tokens, self.wait_s = tokens, wait_s


class Transport:
    """Sends requests to the server of ``options``.

    Raises:
        UserError: OpenAI's server is to be asked, and ``OPENAI_API_KEY`` is not set.
    """

    def __init__(self, options: LLMOptions, dialect: Dialect):
        self._options = options
        self._dialect = dialect
        self._key = os.environ.get('OPENAI_API_KEY', '').strip()
        self._url = options.base_url or OPENAI_URL
        if not self._key and options.base_url is None:
            raise UserError('OPENAI_API_KEY: is not set in the environment, and OpenAI answers nobody without; set it, '
                            'or name a server of your own in llm.base_url')
        timeout = openai.Timeout(options.timeout_s, connect=min(options.timeout_s, _CONNECT_S))
        # over aiohttp: openai's own way looks at every idle connection for each request (benchmarks/LLM_LOAD.md).
        # The address is given even where it is OpenAI's: else the environment could send a recorded run elsewhere.
        self._api = openai.AsyncOpenAI(api_key=self._key or 'none', base_url=self._url, timeout=timeout, max_retries=0,
                                       http_client=openai.DefaultAioHttpClient())

    async def send(self, request: dict[str, Any], name: str, number: int) -> Response:
        """Sends a request once; arguments as of ``Dialect.body``.

        Raises:
            Failure: no answer.
            UserError: none of the requests can be answered: wrong key, model or address, no money.
        """
        body = self._dialect.body(request, name, number)
        started = time.perf_counter()
        try:
            # chat.completions.create would look at every part of the body by its type: a fifth of a request's CPU
            content = await asyncio.wait_for(
                self._api.post('/chat/completions', content=to_json(body), cast_to=bytes), self._options.timeout_s)
        except (asyncio.TimeoutError, openai.APIConnectionError, aiohttp.ClientError) as error:
            raise self._broken(error) from None
        except openai.APIStatusError as error:
            raise self._refused(body, error) from None
        latency = time.perf_counter() - started
        return self._read(content, latency, 'schema' if 'response_format' in body else 'json')

    async def close(self) -> None:
        """Closes all connections."""
        await self._api.close()

    def _broken(self, error: BaseException) -> Failure:
        # openai calls a connection that breaks a time-out, too: what it was is said by aiohttp's exception behind it
        while error.__cause__ is not None and not isinstance(error, (aiohttp.ClientError, asyncio.TimeoutError)):
            error = error.__cause__
        late, reached = isinstance(error, asyncio.TimeoutError), not isinstance(error, _NEVER_SENT)
        detail = f'no answer within {self._options.timeout_s:g} s' if late else self._clean(f'{self._url}: {error}')
        return Failure('timeout' if late else 'connection', detail, reached=reached,
                       tokens=None if reached else (0, 0))

    def _refused(self, body: dict[str, Any], error: openai.APIStatusError) -> Exception:
        status, complaint = error.status_code, self._clean(_complaint(error))
        parameter = self._dialect.adapt(body, status, complaint)
        if parameter is not None:
            return Failure(parameter, complaint)
        said = f'({status}: {complaint})'
        if status == 401:
            return UserError(f'{self._url}: does not accept the key {said}; set OPENAI_API_KEY to one that it does'
                             if self._key else f'{self._url}: wants a key {said}; set OPENAI_API_KEY')
        if status == 403:
            return UserError(f'{self._url}: forbids this request {said}; check what the key in OPENAI_API_KEY may do')
        if status == 404:
            return UserError(f'{self._url}: does not know model {self._options.model}, or is no such address {said}; '
                             'check llm.model and llm.base_url')
        if status == 402 or error.code == 'insufficient_quota':
            return UserError(f'{self._url}: wants to be paid {said}; what was answered so far is kept')
        return Failure(str(status), f'{status}: {complaint}', again=status in (408, 409, 429) or status >= 500,
                       wait_s=retry_after_s(error.response.headers, time.time()))

    def _read(self, content: bytes, latency: float, form: str) -> Response:
        usage = None
        try:
            answer = json.loads(content)
            usage = _usage(answer)
            if answer.get('error'):  # some gateways say so with a 200
                raise Failure('body', self._clean(f"the server's answer is an error: {answer['error']}"),
                              tokens=usage or (0, 0))
            choice = answer['choices'][0]
            message = choice['message']
            text, refusal, finish = message.get('content'), message.get('refusal'), choice.get('finish_reason')
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            start = ' '.join(content[:80].decode('utf-8', 'replace').split())
            complaint = f'{self._url}: what came is no chat completion, it starts with {start!r}'
            raise Failure('body', self._clean(complaint), tokens=usage or (0, 0)) from None
        return Response(
            content=self._scrub(text) if isinstance(text, str) else '',
            finish_reason=finish if isinstance(finish, str) else None,
            refusal=self._scrub(refusal) if isinstance(refusal, str) else None,
            input_tokens=usage[0] if usage else None, output_tokens=usage[1] if usage else None,
            latency_s=round(latency, 4), model=str(answer.get('model') or self._options.model), form=form)

    def _scrub(self, text: str) -> str:
        return text.replace(self._key, '[OPENAI_API_KEY]') if self._key else text

    def _clean(self, text: str) -> str:
        """One line without the key."""
        return ' '.join(self._scrub(text).split())[:300]


def _complaint(error: openai.APIStatusError) -> str:
    body = error.body
    if isinstance(body, dict):
        message = body.get('message') or body.get('detail') or body.get('error') or body
        return message if isinstance(message, str) else json.dumps(message)
    return error.response.text.strip() or 'no reason given'


def _usage(answer: dict[str, Any]) -> tuple[int, int] | None:
    usage = answer.get('usage')
    if not isinstance(usage, dict):
        return None
    read, written = usage.get('prompt_tokens'), usage.get('completion_tokens')
    return (read, written) if all(type(count) is int and count >= 0 for count in (read, written)) else None
