"""The one exception a user should ever see, and how a command ends with it."""

from __future__ import annotations

import sys
from typing import Callable


class UserError(Exception):
    """A mistake in the configuration, the data or the command line.

    The message is one line that says what is wrong, where, and what to do. ``run_crslab.py`` prints
    it without a traceback and exits with status 2.
    """


def exit_status(command: Callable[[], int | None], interrupted: str = 'interrupted') -> int:
    """Runs a command and says how it ended: its own status, 2 for a user's mistake, 130 for Ctrl-C.

    Args:
        command: returns a status, or None for 0.
        interrupted: what is said after Ctrl-C.
    """
    try:
        return command() or 0
    except UserError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is None:
            raise
        print(f'error: {error.filename}: {error.strerror}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        return 130
