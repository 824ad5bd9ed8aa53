"""The command ``crslab-causal chat --web``: open the chat as a page in the browser."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crslab_causal import register
from crslab_causal.base.errors import UserError
from crslab_causal.base.optional_packages import INSTALL_WEB, WEB_PACKAGES
from crslab_causal.quick_start import load_system

if TYPE_CHECKING:
    from crslab_causal.config_files import Setting

PORT = 7860
THUMBS = Path('log/chat_thumbs.jsonl')
VOTES = Path('log/chat_votes.jsonl')


class Compared(NamedTuple):
    """A system of a comparison, as the command line names it."""

    config: str
    settings: Sequence[Setting]
    """Overrides of the configuration."""
    written: Sequence[str] = ()
    """Overrides that the name of the system shows."""

    @property
    def name(self) -> str:
        """Name of the system in the file of votes: its configuration and the overrides."""
        return ' '.join([Path(self.config).stem, *self.written])


def serve_comparison(first: Compared, second: Compared, gpu: str, port: int) -> None:
    """Load two saved systems, and serve the page that compares them until Ctrl-C.

    Raises:
        UserError: as for :func:`serve_chat`; or the systems are the same, or on different datasets.
    """
    if first.name == second.name:
        raise UserError(
            f'--compare {second.config}: is the same system; name another configuration, or override a key of it with '
            '--compare-set'
        )
    _import_server()
    from crslab_causal.chat.web.compare import ComparedSystem
    from crslab_causal.chat.web.server import serve_comparison

    _prepare()
    loaded = [load_system(system.config, gpu, system.settings) for system in (first, second)]
    datasets = [system.config.run.dataset for system in loaded]
    if datasets[0] != datasets[1]:
        raise UserError(
            f'--compare {second.config}: uses the dataset {datasets[1]}, but {first.config} uses {datasets[0]}'
        )
    with loaded[0].conversation() as one, loaded[1].conversation() as other:
        serve_comparison((ComparedSystem(first.name, one), ComparedSystem(second.name, other)), port, VOTES)


def serve_chat(config: str, gpu: str, settings: Iterable[Setting], port: int) -> None:
    """Load a saved system, and serve the page until Ctrl-C.

    Raises:
        UserError: the configuration or the data have a mistake, the run or a package is missing, or the port is in use.
    """
    _import_server()
    from crslab_causal.chat.web.server import serve

    _prepare()
    with load_system(config, gpu, settings).conversation() as conversation:
        serve(conversation, port, THUMBS)


def _import_server() -> None:
    """Check that the packages of the page are installed."""
    try:
        import crslab_causal.chat.web.server  # noqa: F401  importing it is enough
    except ModuleNotFoundError as error:
        if error.name not in WEB_PACKAGES:
            raise
        raise UserError(f'chat --web: the package {error.name} is not installed; run `{INSTALL_WEB}`') from error


def _prepare() -> None:
    """Prepare the process, say that loading begins, and log warnings only."""
    register()
    from loguru import logger

    from crslab_causal.base.process_setup import configure_process

    configure_process()
    print('Loading the data and the recommender ...', flush=True)
    logger.remove()
    logger.add(sys.stderr, level='WARNING')
