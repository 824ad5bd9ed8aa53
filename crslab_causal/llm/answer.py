"""What a language model is asked for, and what is made of its answer (Eq 9)."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from pydantic import BaseModel, ConfigDict


class CausalAnswer(BaseModel):
    """E, I_llm and R of Eq 9, in the order in which they are written."""

    model_config = ConfigDict(extra='forbid')

    explanation: str
    """E: which stated or implied cause makes the user want what, which mentions are negative or incidental."""
    ranking: list[int]
    """I_llm: numbers of candidates, from 1, the best first."""
    response: str
    """R: recommends the first item and says why."""


class TitleAnswer(BaseModel):
    """Answer of the baselines without candidates: titles in free form."""

    model_config = ConfigDict(extra='forbid')

    reasoning: str
    titles: list[str]
    response: str


class Repairs(NamedTuple):
    """How many entries of a ranking had to be repaired."""

    unknown: int
    """Numbers that no candidate has; removed."""
    duplicate: int
    """Second mentions of a number; removed."""
    missing: int
    """Candidates left out; they follow in the recommender's order."""


def repair_ranking(ranking: Sequence[int], n_candidate: int) -> tuple[list[int], Repairs]:
    """A permutation of the candidates from what the model wrote.

    Args:
        ranking: numbers from 1.
        n_candidate: how many there are.

    Returns:
        Indices of the candidates, from 0, each once; and what was repaired.
    """
    known = [number - 1 for number in ranking if 1 <= number <= n_candidate]
    order = list(dict.fromkeys(known))
    chosen = set(order)
    missing = [index for index in range(n_candidate) if index not in chosen]
    return order + missing, Repairs(len(ranking) - len(known), len(known) - len(order), len(missing))
