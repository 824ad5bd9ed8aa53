"""Print a reply while it is computed: its lines, and the text of the next line as it grows."""

from __future__ import annotations

import time
from typing import Iterator, TextIO

from crslab_causal.chat.reply import DraftLine
from crslab_causal.chat.spinner import Spinner

_PAUSE_S = 1.0
"""Seconds without new text after which the spinner is shown below the text."""


def print_reply(pieces: Iterator[str], stream: TextIO) -> None:
    """Print the lines of a reply, and drafts of lines that are still being written.

    On a terminal a spinner turns while nothing is written. A draft is printed once, piece by piece. If the line itself
    differs from its drafts, it is printed as a whole below them.
    """
    output = _Output(stream)
    try:
        output.spinner.start()
        for piece in pieces:
            if isinstance(piece, DraftLine):
                output.add_draft(printable(piece))
            else:
                output.add_line(printable(piece))
                output.spinner.start()
    finally:
        output.spinner.stop()


def printable(line: str) -> str:
    """Return the line without control characters: a model could write terminal commands."""
    return ''.join(char if char.isprintable() or char == '\n' else ' ' for char in line)


class _Output:
    """The end of what was printed.

    Args:
        stream: where to print.
    """

    def __init__(self, stream: TextIO):
        self.spinner = Spinner(stream)
        self._stream = stream
        self._draft = ''
        """Last draft that was printed."""
        self._is_line_open = False
        """Whether the line of the draft has no end yet. If it has one, the spinner turns below it."""
        self._printed_at = 0.0

    def add_draft(self, text: str) -> None:
        """Print the new part of a draft, or start the spinner if there has been none for a while."""
        if text == self._draft:
            if self._is_line_open and time.monotonic() - self._printed_at >= _PAUSE_S:
                self._end_line()
                self.spinner.start()
            return
        self.spinner.stop()
        if not text.startswith(self._draft):  # the model has begun anew
            self._end_line()
            self._draft = ''
        self._write(text[len(self._draft) :])
        self._draft, self._is_line_open, self._printed_at = text, bool(text), time.monotonic()

    def add_line(self, line: str) -> None:
        """Print a line. If its beginning has been printed, print the rest."""
        self.spinner.stop()
        if not self._draft or not line.startswith(self._draft):
            self._end_line()
            self._write(f'{line}\n')
        elif self._is_line_open or line != self._draft:
            self._write(f'{line[len(self._draft) :]}\n')
        self._draft, self._is_line_open = '', False

    def _end_line(self) -> None:
        if self._is_line_open:
            self._write('\n')
            self._is_line_open = False

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
