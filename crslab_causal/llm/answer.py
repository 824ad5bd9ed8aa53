"""Schemas of the answers that a language model gives, and the repair of its rankings (Eq 9)."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from pydantic import BaseModel, ConfigDict


class CausalAnswer(BaseModel):
    """E, I_llm and R of Eq 9. The model writes the fields in this order."""

    model_config = ConfigDict(extra='forbid')

    explanation: str
    """E: the stated or implied cause of the seeker's wish, and the mentions that are negative or incidental."""
    ranking: list[int]
    """I_llm: numbers of candidates, counted from 1, best first."""
    response: str
    """R: a response that recommends the first item and gives a reason."""


class TitleAnswer(BaseModel):
    """An answer to a prompt without candidates: titles in free form."""

    model_config = ConfigDict(extra='forbid')

    reasoning: str
    titles: list[str]
    response: str


class Repairs(NamedTuple):
    """Numbers of repaired entries of a ranking."""

    unknown: int
    """Removed numbers that no candidate has."""
    duplicate: int
    """Removed repetitions of a number."""
    missing: int
    """Candidates that the model left out. They are appended in the recommender's order."""


def repair_ranking(ranking: Sequence[int], n_candidate: int) -> tuple[list[int], Repairs]:
    """Turn the model's ranking into a permutation of the candidates.

    Args:
        ranking: candidate numbers, counted from 1, best first.
        n_candidate: number of candidates.

    Returns:
        The index of every candidate, counted from 0, best first; and the numbers of repairs.
    """
    known = [number - 1 for number in ranking if 1 <= number <= n_candidate]
    order = list(dict.fromkeys(known))
    ranked = set(order)
    missing = [index for index in range(n_candidate) if index not in ranked]
    return order + missing, Repairs(len(ranking) - len(known), len(known) - len(order), len(missing))
