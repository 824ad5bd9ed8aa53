"""When a request is sent again, and how one worker's 429 slows the others."""

from __future__ import annotations

import asyncio
import email.utils
import math
import random
import time
from typing import Mapping

from loguru import logger

LONGEST_WAIT_S = 120.0
"""Longest wait that a server's ``Retry-After`` is obeyed for: with an hour, a run is better stopped and resumed."""

_DOUBLINGS = 6
"""A wait is drawn from at most ``backoff_s`` times two to this."""


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a server asks to wait for, None if it does not.

    Args:
        headers: of its answer; ``Retry-After`` holds seconds or an HTTP date, ``Retry-After-Ms`` milliseconds.
        now: seconds since 1970.
    """
    for name, scale in (('retry-after-ms', 1e-3), ('retry-after', 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(value).timestamp() - now
            except (TypeError, ValueError):
                continue
        if not math.isnan(seconds):
            return max(seconds, 0.0)
    return None


class Pace:
    """Exponential back-off with full jitter, and a hold for all workers.

    Args:
        backoff_s: the first wait is drawn from 0 to this many seconds, each further one from twice as many.
    """

    def __init__(self, backoff_s: float):
        self._backoff_s = backoff_s
        self._until = 0.0
        self._random = random.Random()  # of its own: the global one is part of what a run's seed fixes
        self._said_cap = False

    def delay(self, failures: int, asked_s: float | None) -> float:
        """Seconds before a request is sent again.

        Args:
            failures: how often it has failed, from 1.
            asked_s: what the server asks for; cut at ``LONGEST_WAIT_S``.
        """
        jitter = self._random.uniform(0, self._backoff_s * 2 ** min(failures - 1, _DOUBLINGS))
        if asked_s is None:
            return jitter
        if asked_s > LONGEST_WAIT_S and not self._said_cap:
            self._said_cap = True
            logger.warning(f'[LLM: the server asks to wait for {asked_s:.0f} s; '
                           f'waits are cut at {LONGEST_WAIT_S:.0f} s]')
        # behind the hold, not before: the jitter keeps all who were told the same from coming back at once
        return min(asked_s, LONGEST_WAIT_S) + min(jitter, self._backoff_s)

    def hold(self, seconds: float) -> None:
        """Nobody sends for that long."""
        self._until = max(self._until, time.monotonic() + seconds)

    async def wait(self) -> None:
        """Returns when there is no hold."""
        while (left := self._until - time.monotonic()) > 0:
            await asyncio.sleep(left + self._random.uniform(0, min(left / 4, self._backoff_s)))
