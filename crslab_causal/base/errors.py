"""The exception for mistakes of a user, and the exit status of a command."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

REQUIRED_PACKAGES = ('torch', 'torch_geometric', 'transformers', 'sklearn', 'nltk', 'tensorboard', 'fuzzywuzzy')
"""Packages that a command imports only when it needs them. If one is missing, the command says so in one line."""


class UserError(Exception):
    """A mistake in the configuration, the data or the command line.

    The message is one line that says what is wrong, where, and what to do. A command prints it without a traceback and
    exits with ``status``.
    """

    status = 2


class IncompleteRun(UserError):
    """A run that has ended and has saved its results, but in which many results are missing."""

    status = 1


def exit_status(command: Callable[[], int | None], interrupted: str = 'interrupted') -> int:
    """Run a command and return the exit status of the process.

    It is the status of the command, that of a ``UserError``, or 130 after Ctrl-C.

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
