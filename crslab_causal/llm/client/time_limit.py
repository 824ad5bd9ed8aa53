"""How long an answer may take."""

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
"""Factor between the longest expected time and the limit."""

_MIN_TOKENS = 32
"""An answer is counted with at least this many tokens, as the time of a short one is mostly that of its prompt."""


class TimeLimit:
    """The time limit of a request: ``llm.timeout_s``, or a limit from the measured speed of the server.

    The measured limit is three times what the longest possible answer (``llm.max_tokens``) would take at the slowest
    speed seen, with all the waiting inside the server. It is between one minute and one hour. A request that is not
    answered in time doubles the limit, for a server may be slower than all it has answered so far.
    """

    def __init__(self, options: LLMOptions):
        self.is_measured = options.timeout_s is None
        """Whether the limit follows from the measured speed."""
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
        """Measure the speed of an answer.

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
