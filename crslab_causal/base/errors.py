"""The one exception that a user sees, and how a command ends with it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

REQUIRED_PACKAGES = ('torch', 'torch_geometric', 'transformers', 'sklearn', 'nltk', 'tensorboard', 'fuzzywuzzy')
"""Packages that are imported late, so that a missing one is found when a command has begun."""


class UserError(Exception):
    """A mistake in the configuration, the data or the command line.

    The message is one line that says what is wrong, where, and what to do. A command prints it without a traceback and
    exits with ``status``.
    """

    status = 2


class IncompleteRun(UserError):
    """A run that came to its end and has saved its results, but lacks a considerable part of them."""

    status = 1


def exit_status(command: Callable[[], int | None], interrupted: str = 'interrupted') -> int:
    """Run a command and return its exit status: its own, that of a ``UserError``, or 130 for Ctrl-C.

    Args:
        command: the command; it returns a status, or None for 0.
        interrupted: the line that is printed after Ctrl-C.
    """
    try:
        status = command() or 0
        sys.stdout.flush()
        return status
    except UserError as error:
        return _fail(str(error), error.status)
    except ModuleNotFoundError as error:
        package = (error.name or '').partition('.')[0]
        if package not in REQUIRED_PACKAGES:
            raise
        return _fail(f'the package {package} is not installed; run `pip install -r requirements.txt`')
    except BrokenPipeError:  # the reader of the output has ended, as in `list runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            where = error.filename or os.getcwd()
            return _fail(f'{where}: no space left on the disk; free some, and start the command again')
        if error.filename is None:
            raise
        return _fail(f'{error.filename}: {error.strerror}')
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        return 130


def _fail(message: str, status: int = 2) -> int:
    print(f'error: {message}', file=sys.stderr)
    return status
