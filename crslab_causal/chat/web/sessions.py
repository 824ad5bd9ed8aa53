"""The sessions of the web page: one for each open page, up to a limit."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from typing import Callable

from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.session import ChatSession

MAX_SESSIONS = 50
"""Maximum number of sessions at one time."""
IDLE_S = 1800.0
"""Seconds without a message after which a new session may replace an old one."""
MAX_TURNS = 200
"""Maximum number of messages in one session."""


class TooManySessions(Exception):
    """All sessions are in use."""


class WebSession:
    """A session and the lock that lets one request at a time use it."""

    def __init__(self, chat: ChatSession, now: float):
        self.chat, self.used = chat, now
        self.lock = threading.Lock()


class Sessions:
    """The open sessions, by their secret keys.

    Args:
        conversation: a conversation. Each session gets another one, which uses the same model.
        clock: returns the time in seconds.
    """

    def __init__(self, conversation: Conversation, clock: Callable[[], float] = time.monotonic):
        self._conversation, self._clock = conversation, clock
        self._sessions: OrderedDict[str, WebSession] = OrderedDict()
        self._lock = threading.Lock()

    def open(self) -> str:
        """Open a session, and return its key.

        Raises:
            TooManySessions: all sessions are in use.
        """
        now = self._clock()
        with self._lock:
            if len(self._sessions) >= MAX_SESSIONS:
                oldest = next(iter(self._sessions))
                if now - self._sessions[oldest].used < IDLE_S:
                    raise TooManySessions
                del self._sessions[oldest]
            key = secrets.token_urlsafe(24)
            self._sessions[key] = self._start(now)
        return key

    def find(self, key: str) -> WebSession | None:
        """Return the session with a key; None if there is none."""
        with self._lock:
            session = self._sessions.get(key)
            if session is not None:
                session.used = self._clock()
                self._sessions.move_to_end(key)
        return session

    def close(self, key: str) -> None:
        """End a session, so that its place is free."""
        with self._lock:
            self._sessions.pop(key, None)

    def _start(self, now: float) -> WebSession:
        return WebSession(ChatSession(self._conversation.another()), now)
