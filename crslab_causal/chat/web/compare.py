"""A page that compares two systems blindly: the same message goes to both, and the seeker votes for one of them."""

from __future__ import annotations

import re
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, Mapping, NamedTuple

from loguru import logger
from starlette.exceptions import HTTPException
from starlette.responses import Response

from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.session import ChatSession
from crslab_causal.chat.web.app import BUSY, MAX_MESSAGE, SHARED_FILES, ChatApp, answer_json, text_of
from crslab_causal.chat.web.sessions import MAX_SESSIONS, Sessions, TooManySessions, WebSession
from crslab_causal.chat.web.votes import CHOICES, MAX_COMMENT, ComparedTurn, Vote

MAX_VOTES = 100_000
"""Maximum number of votes that one server saves."""
SIDES = ('left', 'right')
_FAILED = re.compile(r'gave no usable answer: .*(?=\. (?:What follows|I go on))', re.DOTALL)


class ComparedSystem(NamedTuple):
    """A system under comparison: its name and its conversation."""

    name: str
    """Name, which is hidden until the vote."""
    conversation: Conversation


class PairSession(WebSession):
    """A session with two chats.

    Args:
        chats: chat of each side.
        names: name of the system of each side.
        now: time in seconds.
    """

    def __init__(self, chats: Mapping[str, ChatSession], names: Mapping[str, str], now: float):
        super().__init__(chats['left'], now)
        self.chats, self.names = chats, names
        self.has_voted = False
        """Whether the vote is saved, after which the session ends."""


class PairSessions(Sessions):
    """Sessions with two chats, whose sides are drawn for each session.

    Args:
        systems: the two systems.
    """

    def __init__(self, systems: tuple[ComparedSystem, ComparedSystem]):
        super().__init__(systems[0].conversation)
        self._systems = systems

    def _start(self, now: float) -> PairSession:
        order = self._systems if secrets.randbelow(2) else self._systems[::-1]
        return PairSession(
            {side: ChatSession(system.conversation.another()) for side, system in zip(SIDES, order)},
            {side: system.name for side, system in zip(SIDES, order)},
            now,
        )


class CompareApp(ChatApp):
    """The page and its sessions.

    A reply is sent when both sides are complete, because otherwise the faster system could be recognised.

    Args:
        systems: the two systems.
        votes: file to which votes are added as JSON lines.
    """

    page: ClassVar[Mapping[str, tuple[str, str]]] = SHARED_FILES | {
        '/': ('compare.html', 'text/html'),
        '/compare.css': ('compare.css', 'text/css'),
        '/compare.js': ('compare.js', 'text/javascript'),
    }
    addresses: ClassVar[tuple[str, ...]] = ('open', 'say', 'vote')

    def __init__(self, systems: tuple[ComparedSystem, ComparedSystem], votes: Path):
        super().__init__(systems[0].conversation, votes)
        self.sessions: PairSessions = PairSessions(systems)
        self._votes, self._n_votes, self._votes_lock = votes, 0, threading.Lock()
        self._backends = sorted({system.conversation.pipeline.backend.name for system in systems}, key=len)

    def _open(self) -> Response:
        try:
            key = self.sessions.open()
        except TooManySessions:
            raise HTTPException(503, f'All {MAX_SESSIONS} sessions are in use. Try again later.') from None
        return answer_json({'session': key, 'max_message': MAX_MESSAGE, 'max_comment': MAX_COMMENT})

    def _say(self, session: WebSession, body: dict[str, Any]) -> Response:
        assert isinstance(session, PairSession)
        text = self._message(session, body)
        if not session.lock.acquire(blocking=False):
            raise HTTPException(409, BUSY)
        n_turns = len(session.chat.turns)
        try:
            with ThreadPoolExecutor(len(SIDES)) as pool:
                replies = list(pool.map(lambda side: self._reply(session.chats[side], text), SIDES))
        except Exception as error:  # the log has the details
            logger.exception('a reply failed')
            for chat in session.chats.values():  # both sides go on from the same place
                while len(chat.turns) > n_turns:
                    chat.undo()
            raise HTTPException(500, f'The answer failed: {type(error).__name__}. The log has the details.') from error
        finally:
            session.lock.release()
        return answer_json(dict(zip(SIDES, replies)))

    def _vote(self, session: WebSession, body: dict[str, Any]) -> Response:
        assert isinstance(session, PairSession)
        choice, comment = text_of(body, 'choice'), text_of(body, 'comment').strip()
        if choice not in CHOICES:
            raise HTTPException(400, f'choice: must be one of {", ".join(CHOICES)}.')
        if len(comment) > MAX_COMMENT:
            raise HTTPException(413, f'A comment has at most {MAX_COMMENT:,} characters.')
        if session.has_voted:
            raise HTTPException(409, 'You have voted about this conversation.')
        left, right = (session.chats[side].turns for side in SIDES)
        if not left:
            raise HTTPException(400, 'Write a message before you vote.')
        vote = Vote(
            time=time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
            **session.names,
            choice=choice,
            comment=comment,
            turns=[ComparedTurn(text=a.text, left=a.lines, right=b.lines) for a, b in zip(left, right)],
        )
        with self._votes_lock:
            if self._n_votes >= MAX_VOTES:
                text = f'The server has saved its maximum of {MAX_VOTES:,} votes. It must be restarted to save more.'
                raise HTTPException(429, text)
            try:
                self._votes.parent.mkdir(parents=True, exist_ok=True)
                with self._votes.open('a', encoding='utf-8') as file:
                    file.write(vote.model_dump_json() + '\n')
            except OSError as error:
                raise HTTPException(500, f'The vote was not saved: {error.strerror}.') from error
            self._n_votes += 1
        session.has_voted = True
        self.sessions.close(text_of(body, 'session'))
        return answer_json({'names': session.names})

    def _reply(self, chat: ChatSession, text: str) -> list[str]:
        """Return the lines of a reply, without the names of the language models."""
        lines = []
        for line in chat.say(text):
            for backend in reversed(self._backends):
                line = line.replace(backend, 'the language model')
            lines.append(_FAILED.sub('gave no usable answer', line))  # the reason would tell which one it is
        return lines
