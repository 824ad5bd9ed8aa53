"""Warn that a saved training cannot be used, so that the training starts from the beginning."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping

from loguru import logger

from crslab_causal.base.errors import UserError


def warn_of_restart(path: Path, error: Exception) -> None:
    """Log a line about a saved training that cannot be used.

    Args:
        path: file of the saved training.
        error: reason why it cannot be used.
    """
    text = str(error).removeprefix(f'{path}: ') if isinstance(error, UserError) else f'{type(error).__name__}: {error}'
    reason = ' '.join(text.split())[:300]
    line = f'[{path}: cannot be used, so the training starts from the beginning ({reason})]'
    logger.bind(is_restart=True).warning(line)


def is_restart(record: Mapping) -> bool:
    """Return whether a record of the log is a line of :func:`warn_of_restart`."""
    return record['extra'].get('is_restart', False)
