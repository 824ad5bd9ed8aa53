"""The time that an answer may take."""

from __future__ import annotations

from loguru import logger

from crslab_causal.llm.client.addresses import is_local, server_url
from crslab_causal.llm.options import LLMOptions

MAX_LIMIT_S = 3600.0
"""Maximum of a measured limit, in seconds."""

_FIRST_LIMIT_S = {'remote': 120.0, 'local': 600.0}
"""Limit before the first answer, in seconds. A local server may have to load its model first."""

_MIN_LIMIT_S = 60.0
_MARGIN = 3.0
"""Factor by which the limit exceeds the longest expected time."""

_MIN_TOKENS = 32
"""Minimum number of tokens with which an answer is counted, because the time of a short answer is mostly that of its
prompt."""


class TimeLimit:
    """The time limit of a request: ``llm.timeout_s``, or a limit from the measured speed of the server.

    The measured limit is three times the time that the longest possible answer (``llm.max_tokens``) would take at the
    slowest speed so far, including the waiting time inside the server. It is at least one minute and at most one hour.
    Each request that is not answered in time doubles the limit, because the server may have become slower.
    """

    def __init__(self, options: LLMOptions):
        self.is_measured = options.timeout_s is None
        """Whether the limit is computed from the measured speed."""
        self._max_tokens = options.max_tokens
        place = 'local' if is_local(server_url(options)) else 'remote'
        self._seconds = options.timeout_s if options.timeout_s is not None else _FIRST_LIMIT_S[place]
        self._floor = _MIN_LIMIT_S
        self._slowest = 0.0

    @property
    def seconds(self) -> float:
        """The limit, in seconds."""
        return self._seconds

    def add_answer(self, latency_s: float, output_tokens: int) -> None:
        """Update the measured speed with an answer.

        Args:
            latency_s: seconds from sending to the last byte.
            output_tokens: length of the answer.
        """
        if not self.is_measured:
            return
        n_tokens = max(output_tokens, _MIN_TOKENS)
        longest = latency_s * max(1.0, (self._max_tokens or 4 * n_tokens) / n_tokens)
        self._slowest = max(self._slowest, longest)
        self._seconds = min(max(self._floor, _MARGIN * self._slowest), MAX_LIMIT_S)

    def add_timeout(self, limit_s: float) -> None:
        """Double the limit.

        Args:
            limit_s: limit of the request that was not answered in time.
        """
        if not self.is_measured or 2 * limit_s <= self._seconds or self._seconds >= MAX_LIMIT_S:
            return
        self._floor = self._seconds = min(2 * limit_s, MAX_LIMIT_S)
        logger.warning(f'[LLM: no answer within {limit_s:.0f} s; requests may take {self._seconds:.0f} s from now on]')
