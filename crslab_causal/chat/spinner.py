"""A turning sign on the terminal, which shows that an answer is being computed."""

from __future__ import annotations

import itertools
import threading
import time
from types import TracebackType
from typing import TextIO

_FRAMES = '|/-\\'
_DELAY_S, _INTERVAL_S = 0.3, 0.1
"""Seconds before the first frame, so that quick answers show none; and seconds between frames."""


class Spinner:
    """A context manager that shows a turning sign and the seconds so far, and removes them at the end.

    Args:
        stream: terminal. On anything else nothing is written.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Spinner:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Show the spinner, if it is not shown already."""
        if self._thread is None and self._stream.isatty():
            self._done.clear()
            self._thread = threading.Thread(target=self._spin, name='spinner', daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Remove the spinner from the terminal, if it is shown."""
        if self._thread is not None:
            self._done.set()
            self._thread.join()
            self._thread = None

    def _spin(self) -> None:
        if self._done.wait(_DELAY_S):
            return
        start = time.monotonic() - _DELAY_S
        for frame in itertools.cycle(_FRAMES):
            self._write(f'\r{frame} thinking, {time.monotonic() - start:.0f} s (Ctrl-C stops)')
            if self._done.wait(_INTERVAL_S):
                break
        self._write('\r\x1b[K')

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
