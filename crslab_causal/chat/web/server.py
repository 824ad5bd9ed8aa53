"""The server of the page: uvicorn on the loopback interface."""

from __future__ import annotations

import socket
from pathlib import Path

import uvicorn

from crslab_causal.base.errors import UserError
from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.web.app import ChatApp

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
        print(f'Answers by: {conversation.pipeline.backend.name}. Thumbs are added to {thumbs}.', flush=True)
        make_server(conversation, thumbs).run(sockets=[listener])


def make_server(conversation: Conversation, thumbs: Path) -> uvicorn.Server:
    """Return a server of the page that has not begun to listen."""
    config = uvicorn.Config(
        ChatApp(conversation, thumbs).build(),
        log_level='warning',
        server_header=False,
        proxy_headers=False,
        limit_concurrency=200,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)
