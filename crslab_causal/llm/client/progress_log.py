"""Log the progress at regular intervals while a run waits for its answers."""

from __future__ import annotations

import asyncio
import contextlib
import time

from loguru import logger

from crslab_causal.llm.client.counters import Usage
from crslab_causal.llm.client.estimate import format_seconds
from crslab_causal.llm.client.result import UNANSWERED


class ProgressLog:
    """Logs the number of answered prompts, their cost, and the estimated remaining time.

    An answer is counted as soon as it arrives, although a caller gets the answers in the order of the prompts. The
    timer runs in the event loop of the client, where the counters change.

    Args:
        loop: event loop of the client.
        usage: counters of the client.
        n_prompts: number of prompts; None: unknown.
        interval_s: seconds between two lines.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, usage: Usage, n_prompts: int | None, interval_s: float):
        self._loop, self._usage, self._n_prompts, self._interval_s = loop, usage, n_prompts, interval_s
        self._started = time.monotonic()
        self._statuses_before = usage.statuses.copy()
        self._replayed_before = usage.replayed + usage.coalesced
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopped = False

    def __enter__(self) -> ProgressLog:
        self._loop.call_soon_threadsafe(self._schedule)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_stopped = True
        with contextlib.suppress(RuntimeError):  # raised if the loop is closed
            self._loop.call_soon_threadsafe(self._cancel)

    def line(self) -> str:
        """Return the line for the log."""
        usage = self._usage
        statuses = usage.statuses - self._statuses_before
        n_done, n_unanswered = statuses.total(), sum(statuses[status] for status in UNANSWERED)
        of_all = '' if self._n_prompts is None else f' of {self._n_prompts}'
        parts = [f'{n_done}{of_all} prompts done' + (f', {n_unanswered} of them unanswered' if n_unanswered else '')]
        parts.append(
            f'{usage.calls} calls, {usage.input_tokens + usage.output_tokens} tokens, {usage.cost_usd:.4f} USD'
        )
        if usage.retries:
            parts.append('repeated: ' + ', '.join(f'{cause} {n}' for cause, n in usage.retries.most_common(3)))
        n_sent = n_done - (usage.replayed + usage.coalesced - self._replayed_before)
        if self._n_prompts is not None and n_sent > 0:
            seconds = (time.monotonic() - self._started) * (self._n_prompts - n_done) / n_sent
            parts.append(f'about {format_seconds(seconds)} left')
        return '; '.join(parts)

    def _schedule(self) -> None:
        if not self._is_stopped:
            self._timer = self._loop.call_later(self._interval_s, self._tick)

    def _tick(self) -> None:
        if not self._is_stopped:
            logger.info(f'[LLM: {self.line()}]')
            self._schedule()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
