"""Votes about two systems that were compared blindly: the lines of a file, which the page writes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.base.options import Options

MAX_COMMENT = 1000
"""Maximum length of a comment, in characters."""
Choice = Literal['left', 'right', 'tie', 'both bad']
CHOICES: tuple[Choice, ...] = ('left', 'right', 'tie', 'both bad')


class ComparedTurn(Options):
    """A message, and the lines of both replies."""

    text: str
    left: list[str]
    right: list[str]


class Vote(Options):
    """A vote, and the conversation that it is about."""

    time: str
    """UTC time of the vote."""
    left: str
    """Name of the system on the left."""
    right: str
    """Name of the system on the right."""
    choice: Choice
    comment: Annotated[str, Field(max_length=MAX_COMMENT)] = ''
    turns: Annotated[list[ComparedTurn], Field(min_length=1)]

    @property
    def winner(self) -> str | None:
        """Name of the better system; None for a tie, and if both are bad."""
        return {'left': self.left, 'right': self.right}.get(self.choice)
