"""The command ``crslab-causal chat --web``: open the chat as a page in the browser."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from crslab_causal import register
from crslab_causal.base.errors import UserError
from crslab_causal.quick_start import load_system

if TYPE_CHECKING:
    from crslab_causal.config_files import Setting

PORT = 7860
THUMBS = Path('log/chat_thumbs.jsonl')


def serve_chat(config: str, gpu: str, settings: Iterable[Setting], port: int) -> None:
    """Load a saved system, and serve the page until Ctrl-C.

    Raises:
        UserError: the configuration or the data have a mistake, the run or a package is missing, or the port is in use.
    """
    try:
        from crslab_causal.chat.web.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ('starlette', 'uvicorn'):
            raise
        raise UserError(
            f'chat --web: the package {error.name} is not installed; run `pip install starlette uvicorn`'
        ) from error
    register()
    from loguru import logger

    from crslab_causal.base.process_setup import configure_process

    configure_process()
    print('Loading the data and the recommender ...', flush=True)
    logger.remove()
    logger.add(sys.stderr, level='WARNING')
    with load_system(config, gpu, settings).conversation() as conversation:
        serve(conversation, port, THUMBS)
