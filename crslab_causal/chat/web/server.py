"""The server of the page: uvicorn on the loopback interface."""

from __future__ import annotations

import socket
from pathlib import Path

import uvicorn

from crslab_causal.base.errors import UserError
from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.web.app import ChatApp
from crslab_causal.chat.web.compare import CompareApp, ComparedSystem

HOST = '127.0.0.1'


def serve(conversation: Conversation, port: int, thumbs: Path) -> None:
    """Serve the page until Ctrl-C.

    Args:
        conversation: a conversation. Each session gets another one, which uses the same model.
        port: port of the page; 0: any free one.
        thumbs: file to which thumbs are added.

    Raises:
        UserError: the port cannot be used.
    """
    name = conversation.pipeline.backend.name
    _serve(make_server(conversation, thumbs), port, f'Answers by: {name}. Thumbs are added to {thumbs}.')


def serve_comparison(systems: tuple[ComparedSystem, ComparedSystem], port: int, votes: Path) -> None:
    """Serve the page that compares two systems until Ctrl-C.

    Args:
        systems: the two systems.
        port: port of the page; 0: any free one.
        votes: file to which votes are added.

    Raises:
        UserError: the port cannot be used.
    """
    _serve(make_comparison_server(systems, votes), port, f'Votes are added to {votes}.')


def _serve(server: uvicorn.Server, port: int, line: str) -> None:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, 'strerror', None) or error
        raise UserError(f'--port {port}: {reason}; choose another port') from error
    with listener:
        print(f'Open http://{HOST}:{listener.getsockname()[1]}/ in a browser on this machine. Ctrl-C ends.', flush=True)
        print(line, flush=True)
        server.run(sockets=[listener])


def make_server(conversation: Conversation, thumbs: Path) -> uvicorn.Server:
    """Return a server of the page that has not begun to listen."""
    return _make_server(ChatApp(conversation, thumbs))


def make_comparison_server(systems: tuple[ComparedSystem, ComparedSystem], votes: Path) -> uvicorn.Server:
    """Return a server of the page that compares two systems. It has not begun to listen."""
    return _make_server(CompareApp(systems, votes))


def _make_server(app: ChatApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app.build(),
        log_level='warning',
        server_header=False,
        proxy_headers=False,
        limit_concurrency=200,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)
