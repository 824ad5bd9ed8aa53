"""Decide when a failed request is sent again. A 429 that one worker gets slows down all workers."""

from __future__ import annotations

import asyncio
import random
import time

from loguru import logger

MAX_WAIT_S = 120.0
"""Maximum wait in seconds that a server can ask for. Stop and resume the run instead of waiting for an hour."""

_MAX_DOUBLINGS = 6
"""Number of times that the maximum of a random wait is doubled at most."""


class Backoff:
    """Exponential backoff with full jitter, and a pause of all workers.

    Args:
        backoff_s: the first wait is drawn from 0 to this many seconds. The maximum doubles with each further failure.
    """

    def __init__(self, backoff_s: float):
        self._backoff_s = backoff_s
        self._paused_until = 0.0
        self._random = random.Random()  # the global generator belongs to the seeded run
        self._warned = False

    def delay(self, n_failures: int, retry_after_s: float | None, is_limited: bool) -> float:
        """Return the number of seconds after which a request is sent again.

        Args:
            n_failures: number of failures so far, from 1.
            retry_after_s: seconds that the server asks to wait; capped at ``MAX_WAIT_S``.
            is_limited: whether a rate limit was exceeded. The server then knows how long to wait. After another failure
                it does not know, so that the wait is never shorter than without ``retry_after_s``.
        """
        jitter = self._random.uniform(0, self._backoff_s * 2 ** min(n_failures - 1, _MAX_DOUBLINGS))
        if retry_after_s is None:
            return jitter
        if retry_after_s > MAX_WAIT_S and not self._warned:
            self._warned = True
            logger.warning(
                f'[LLM: the server asks to wait for {retry_after_s:.0f} s; waits are capped at {MAX_WAIT_S:.0f} s]'
            )
        # the jitter comes after the pause, so that paused workers do not all send at the same moment
        asked = min(retry_after_s, MAX_WAIT_S) + min(jitter, self._backoff_s)
        return asked if is_limited else max(asked, jitter)

    def pause_all(self, seconds: float) -> None:
        """Pause all requests for this number of seconds."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    async def wait_while_paused(self) -> None:
        """Wait for the end of the pause, if there is one."""
        while (remaining := self._paused_until - time.monotonic()) > 0:
            await asyncio.sleep(remaining + self._random.uniform(0, min(remaining / 4, self._backoff_s)))
