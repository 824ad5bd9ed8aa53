"""What goes to a language model, or to what stands in for one."""

from __future__ import annotations

from typing import NamedTuple


class Candidate(NamedTuple):
    """An item of the recommender's list."""

    entity: int
    """Entity id."""
    name: str


class Request(NamedTuple):
    """Everything that one answer is made from: S and I_rec of Eq 9."""

    context: list[tuple[str, str]]
    """(role, text) of the turns so far; role is ``Seeker`` or ``Recommender``."""
    mentions: list[int]
    """Entity ids in order of appearance."""
    liked: list[int]
    """Entity ids the data or the dialogue says are liked; may be empty."""
    disliked: list[int]
    candidates: list[Candidate]
    """The recommender's list, best first; empty for the baselines without candidates."""
