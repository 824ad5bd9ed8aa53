"""The routes of the web page: a few files, and JSON about the sessions.

No other file is served. Requests with another host name, or from a page of another site, are refused.
"""

from __future__ import annotations

import json
import threading
import time
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Generator, Mapping

from loguru import logger
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.reply import DraftLine
from crslab_causal.chat.web.sessions import MAX_SESSIONS, MAX_TURNS, Sessions, TooManySessions, WebSession
from crslab_causal.chat.web.view import describe_conversation, describe_film, describe_mask
from crslab_causal.llm.client.answer_parser import replace_surrogates

LOOPBACK = ('localhost', '127.0.0.1')
"""Host names that the Host header may have, with any port."""
MAX_MESSAGE = 2000
"""Maximum length of a message, in characters."""
MAX_BODY = 16_000
"""Maximum size of a request, in bytes."""
WAIT_S = 5.0
"""Maximum number of seconds that a look at a film, or at a list without a mention, waits for the session."""
MAX_THUMBS = 100_000
"""Maximum number of thumbs that one server saves."""
SHARED_FILES = {
    '/common.css': ('common.css', 'text/css'),
    '/common.js': ('common.js', 'text/javascript'),
}
"""File and media type of each address that is a file of several pages."""
_PAGE = SHARED_FILES | {
    '/': ('page.html', 'text/html'),
    '/page.css': ('page.css', 'text/css'),
    '/page.js': ('page.js', 'text/javascript'),
}
BUSY = 'Wait for the answer to the last message.'
_HEADERS = {
    'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
}


class ChatApp:
    """The web application: the page and its sessions.

    Args:
        conversation: a conversation. Each session gets another one, which uses the same model.
        thumbs: file to which thumbs are added as JSON lines.
    """

    page: ClassVar[Mapping[str, tuple[str, str]]] = _PAGE
    """File and media type of each address that is a file."""
    addresses: ClassVar[tuple[str, ...]] = (
        'open', 'say', 'forget', 'undo', 'reset', 'mask', 'film', 'thumb', 'transcript'
    )  # fmt: skip
    """Names of the addresses below ``/api/``; the method of each has the same name with ``_`` before it."""

    def __init__(self, conversation: Conversation, thumbs: Path):
        self.sessions, self._thumbs = Sessions(conversation), thumbs
        self._backend = conversation.pipeline.backend.name
        self._uses_model = conversation.pipeline.backend.uses_prompt
        self._n_films = conversation.recommender.n_item
        self._thumbs_lock, self._n_thumbs = threading.Lock(), 0

    def build(self) -> Starlette:
        """Return the application for a server."""
        page = files('crslab_causal.chat.web') / 'page'
        routes = [
            Route(address, _file((page / name).read_bytes(), media_type))
            for address, (name, media_type) in self.page.items()
        ]
        for name in self.addresses:
            routes.append(Route(f'/api/{name}', self._endpoint(getattr(self, f'_{name}')), methods=['POST']))
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK), www_redirect=False)
        return Starlette(routes=routes, middleware=[hosts], exception_handlers={HTTPException: _error})

    def _endpoint(self, function: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(self._call, function, await _body(request))

        return endpoint

    def _call(self, function: Any, body: dict[str, Any]) -> Response:
        if function == self._open:
            return self._open()
        session = self.sessions.find(text_of(body, 'session'))
        if session is None:
            raise HTTPException(404, 'This session has ended. Reload the page to start a new one.')
        if function == self._say:
            return self._say(session, body)
        only_looks = function in (self._mask, self._film)  # one at a time; they may follow each other quickly
        if not session.lock.acquire(timeout=WAIT_S if only_looks else 0):
            raise HTTPException(409, BUSY)
        try:
            return function(session, body)
        finally:
            session.lock.release()

    # ------------------------------------------------------------ routes

    def _open(self) -> Response:
        try:
            key = self.sessions.open()
        except TooManySessions:
            raise HTTPException(503, f'All {MAX_SESSIONS} sessions are in use. Try again later.') from None
        return answer_json(
            {
                'session': key,
                'backend': self._backend,
                'uses_model': self._uses_model,
                'n_films': self._n_films,
                'max_message': MAX_MESSAGE,
            }
        )

    def _say(self, session: WebSession, body: dict[str, Any]) -> Response:
        text = self._message(session, body)
        return _Rows(self._lines(session, text), media_type='application/x-ndjson', headers=_HEADERS)

    def _message(self, session: WebSession, body: dict[str, Any]) -> str:
        """Return the message of a request, if it is one that the session takes."""
        text = text_of(body, 'text').strip()
        if not text:
            raise HTTPException(400, 'Write a message.')
        if len(text) > MAX_MESSAGE:
            raise HTTPException(413, f'A message has at most {MAX_MESSAGE:,} characters.')
        if len(session.chat.turns) >= MAX_TURNS:
            raise HTTPException(429, f'This conversation has {MAX_TURNS} messages. Start a new one.')
        return text

    def _lines(self, session: WebSession, text: str) -> Generator[bytes, None, None]:
        """Yield the lines of a reply and drafts of them as JSON, then what the page shows beside the conversation."""
        if not session.lock.acquire(blocking=False):
            yield _row({'error': BUSY})
            return
        try:
            for line in session.chat.say(text, drafts=True):
                yield _row({'draft' if isinstance(line, DraftLine) else 'line': line})
            yield _row({'view': self._describe(session)})
        except Exception as error:  # the page must not wait for ever; the log has the details
            logger.exception('the reply failed')
            yield _row({'error': f'The answer failed: {type(error).__name__}. The log of the server has the details.'})
        finally:
            session.lock.release()

    def _forget(self, session: WebSession, body: dict[str, Any]) -> Response:
        if len(session.chat.turns) >= MAX_TURNS:
            raise HTTPException(429, f'This conversation has {MAX_TURNS} messages. Start a new one.')
        lines = list(session.chat.forget(text_of(body, 'name')[:MAX_MESSAGE], list_anew=True))
        return answer_json({'lines': lines, 'view': self._describe(session)})

    def _undo(self, session: WebSession, body: dict[str, Any]) -> Response:
        turn = session.chat.undo()
        return answer_json({'undone': turn.text if turn else None, 'view': self._describe(session)})

    def _reset(self, session: WebSession, body: dict[str, Any]) -> Response:
        session.chat.reset()
        return answer_json({'view': self._describe(session)})

    def _transcript(self, session: WebSession, body: dict[str, Any]) -> Response:
        """Return the session's own transcript, which the browser writes to a file. The server writes nothing."""
        if not session.chat.turns:
            raise HTTPException(400, 'Nothing was said yet.')
        return Response(session.chat.transcript(), media_type='application/x-ndjson', headers=_HEADERS)

    def _mask(self, session: WebSession, body: dict[str, Any]) -> Response:
        index, conversation = _number(body, 'index'), session.chat.conversation
        if not 0 <= index < len(conversation.history):
            raise HTTPException(404, 'There is no such mention.')
        return answer_json(describe_mask(conversation, index))

    def _film(self, session: WebSession, body: dict[str, Any]) -> Response:
        return answer_json(describe_film(session.chat.conversation, self._known_film(session, body)))

    def _thumb(self, session: WebSession, body: dict[str, Any]) -> Response:
        film, conversation = self._known_film(session, body), session.chat.conversation
        if not isinstance(body.get('up'), bool):
            raise HTTPException(400, 'up: must be true or false.')
        record = {
            'time': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
            'entity': film,
            'name': conversation.recommender.names[film],
            'up': body['up'],
            'rank': conversation.state.shown.index(film) + 1 if film in conversation.state.shown else None,
            'mentions': [conversation.recommender.names[entity] for entity in conversation.history],
            'constraints': [constraint.name for constraint in conversation.state.constraints.binding],
            'backend': self._backend,
        }
        with self._thumbs_lock:
            if self._n_thumbs >= MAX_THUMBS:
                raise HTTPException(429, 'No more thumbs are saved.')
            self._n_thumbs += 1
            try:
                self._thumbs.parent.mkdir(parents=True, exist_ok=True)
                with self._thumbs.open('a', encoding='utf-8') as file:
                    file.write(json.dumps(record) + '\n')
            except OSError as error:
                raise HTTPException(500, f'The thumb was not saved: {error.strerror}.') from error
        return answer_json({'saved': True})

    def _describe(self, session: WebSession) -> dict[str, Any]:
        return describe_conversation(session.chat.conversation)

    def _known_film(self, session: WebSession, body: dict[str, Any]) -> int:
        film = _number(body, 'entity')
        if film not in session.chat.conversation.facts.films:
            raise HTTPException(404, 'There is no such film.')
        return film


class _Rows(StreamingResponse):
    """A response that sends rows as soon as they are computed, and stops the computation if the page is closed."""

    def __init__(self, rows: Generator[bytes, None, None], **keywords: Any):
        super().__init__(rows, **keywords)
        self._rows = rows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the rows."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._rows.close()


def _file(content: bytes, media_type: str) -> Any:
    async def endpoint(request: Request) -> Response:
        return Response(content, media_type=media_type, headers=_HEADERS)

    return endpoint


async def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body of a request.

    A page of another site cannot send this media type without a preflight request, which the server does not allow.
    """
    if request.headers.get('content-type', '').partition(';')[0].strip() != 'application/json':
        raise HTTPException(415, 'Send application/json.')
    content = b''
    async for part in request.stream():
        content += part
        if len(content) > MAX_BODY:
            raise HTTPException(413, f'A message has at most {MAX_MESSAGE:,} characters.')
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise HTTPException(400, 'Send a JSON object.')
    return body


def text_of(body: dict[str, Any], key: str) -> str:
    """Return a value of a request that must be text. Refuse other values.

    A browser that cuts a long text may leave half of a character. It becomes a question mark.
    """
    value = body.get(key)
    if not isinstance(value, str):
        raise HTTPException(400, f'{key}: must be a text.')
    return replace_surrogates(value)


def _number(body: dict[str, Any], key: str) -> int:
    value = body.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise HTTPException(400, f'{key}: must be a whole number.')
    return value


def answer_json(value: dict[str, Any]) -> JSONResponse:
    """Return an answer with the headers of the page."""
    return JSONResponse(value, headers=_HEADERS)


def _row(value: dict[str, Any]) -> bytes:
    return (json.dumps(value) + '\n').encode()


async def _error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({'error': error.detail}, status_code=error.status_code, headers=_HEADERS)
