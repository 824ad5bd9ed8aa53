"""Decide whether, when and in which form a failed request is sent again, and when a run must stop."""

from __future__ import annotations

import dataclasses

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.backoff import Backoff
from crslab_causal.llm.client.counters import Usage
from crslab_causal.llm.client.request_format import RequestFormat
from crslab_causal.llm.client.transport import CallError
from crslab_causal.llm.options import LLMOptions

MAX_FAILED_AT_START = 5
"""Number of failed requests after which a run stops if no request has been answered."""

_MAX_FAILED_WAVES = 4
"""A run stops if this number times the number of requests in flight fail in a row."""


@dataclasses.dataclass
class Attempts:
    """The failed attempts of one request since its last answer."""

    n_failures: int = 0
    left_out: tuple[str, ...] = ()
    """Parameters that are left out of the next request, to find out which one the server refuses."""
    refusal: str = ''
    """Reason for which the server refused the request with these parameters."""
    n_answers_before: int = 0
    """Number of answers to all requests at the time when this one failed."""


class RetryPolicy:
    """Decides what happens to failed requests.

    Args:
        options: section ``llm``.
        request_format: form of the requests.
        backoff: waits, and the pause of all workers.
        usage: counters of the client. This class counts the repeated calls.
        concurrency: number of requests in flight.
    """

    def __init__(
        self,
        options: LLMOptions,
        request_format: RequestFormat,
        backoff: Backoff,
        usage: Usage,
        concurrency: int,
    ):
        self._n_retries = options.retries
        self._has_measured_limit = options.timeout_s is None
        self._request_format, self._backoff, self._usage = request_format, backoff, usage
        self._max_failed_in_row = max(MAX_FAILED_AT_START, _MAX_FAILED_WAVES * concurrency)
        self._n_failed_in_row = 0

    def add_answer(self, attempts: Attempts) -> None:
        """Note that a request was answered.

        If parameters were left out of this request on trial, they are left out of all further requests.
        """
        self._n_failed_in_row = 0
        self._request_format.adopt(attempts.left_out, attempts.refusal)
        attempts.left_out = ()

    def delay(self, attempts: Attempts, failure: CallError) -> float:
        """Return the number of seconds after which a failed request is sent again.

        Raises:
            CallError: the request is not sent again.
            UserError: no request can succeed any more.
        """
        delay = 0.0
        if not failure.is_adapted:
            n_answers = self._usage.answers
            # a server that answers 429 to this request but answers other requests is only busy; this is not a failed
            # attempt
            if not (failure.cause == '429' and attempts.n_failures and n_answers > attempts.n_answers_before):
                attempts.n_failures += 1
            attempts.n_answers_before = n_answers
            if not self._tries_less(attempts, failure):
                self._raise_if_final(attempts, failure)
                is_limited = failure.cause == '429'
                delay = self._backoff.delay(attempts.n_failures, failure.retry_after_s, is_limited)
                if is_limited:
                    self._backoff.pause_all(delay)
                elif failure.retry_after_s is not None:  # the longer wait of a request that fails often is its own
                    self._backoff.pause_all(min(delay, failure.retry_after_s))
        self._usage.retries[failure.cause] += 1
        return delay

    def _tries_less(self, attempts: Attempts, failure: CallError) -> bool:
        """Choose the parameters to leave out of the next request, and return whether there are any.

        This is done only if no request has been answered so far, and if a refusal names no parameter or the server
        fails twice. Some servers fail at an unknown parameter instead of refusing it.
        """
        if self._usage.answers or failure.left_out is None or attempts.n_failures < 1 + failure.is_retryable:
            attempts.left_out = ()
            return False
        attempts.refusal = attempts.refusal if attempts.left_out else failure.detail
        attempts.left_out = failure.left_out
        return True

    def _raise_if_final(self, attempts: Attempts, failure: CallError) -> None:
        """Raise the error of a failed request if the request is not sent again."""
        has_answers = self._usage.answers > 0
        n_retries = self._n_retries
        if failure.cause == 'timeout' and self._has_measured_limit and not has_answers:
            n_retries = min(1, n_retries)  # the limit was doubled once; a slower server counts as broken
        if failure.is_retryable and attempts.n_failures <= n_retries:
            return
        detail = attempts.refusal or failure.detail
        if attempts.n_failures > 1:
            detail += f' ({attempts.n_failures} tries)'
        self._n_failed_in_row += 1
        is_no_server = failure.cause in ('body', 'timeout') or not failure.reached_server
        if not has_answers and failure.is_retryable and is_no_server:
            raise UserError(f'{detail}; no request was answered so far; check llm.base_url and the server')
        if self._n_failed_in_row >= (self._max_failed_in_row if has_answers else MAX_FAILED_AT_START):
            raise UserError(
                f'{detail}; {self._n_failed_in_row} requests in a row got no answer; check the server and the section '
                f'llm, and start again{"; the file llm.store keeps the answers so far" if has_answers else ""}'
            )
        raise CallError(failure.cause, detail)
