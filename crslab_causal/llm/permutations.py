"""Aggregate several rankings of one list into one ranking, with a confidence for each item.

A language model prefers candidates at some positions of a list. If the list is shown in several orders and the rankings
are aggregated, this preference averages out (permutation self-consistency, https://arxiv.org/abs/2310.07712).
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple, Sequence


class Aggregate(NamedTuple):
    """The aggregate of several rankings."""

    ranking: list[int]
    """Indices of the items that occur in any ranking, best first."""
    confidence: list[float]
    """Confidence in each entry of ``ranking``: the share of the rankings that have the item there or higher."""


def aggregate_rankings(rankings: Sequence[Sequence[int]], n_ranked: int) -> Aggregate:
    """Aggregate rankings by Borda counts, and return the aggregate with a confidence for each item.

    In each ranking the first item gets ``n_ranked`` points, the second one a point less, and so on; the item at
    position ``n_ranked`` gets one point. Items are sorted by the sum of their points. Items with equal sums are sorted
    by their index, which is the recommender's order. An item that is in some ranking but has no points comes after all
    others. An item that is in no ranking is left out.

    Args:
        rankings: distinct indices of items, best first. A ranking may be shorter or longer than ``n_ranked``.
        n_ranked: number of positions that give points.

    Returns:
        The aggregated ranking, and for each of its entries the share of the rankings that have the item there or
        higher.
    """
    points: Counter[int] = Counter()
    for ranking in rankings:
        for place, item in enumerate(ranking):
            points[item] += max(0, n_ranked - place)
    ranked = sorted(points, key=lambda item: (-points[item], item))
    places = [{item: place for place, item in enumerate(ranking)} for ranking in rankings]
    confidence = [
        sum(place_of.get(item, len(points)) <= place for place_of in places) / len(rankings)
        for place, item in enumerate(ranked)
    ]
    return Aggregate(ranked, confidence)


def closest_ranking(rankings: Sequence[Sequence[int]], ranked: Sequence[int]) -> int:
    """Return the index of the ranking that is closest to ``ranked``. Of several equally close ones, return the first.

    A ranking with the same first item is closer than any ranking with another one. Otherwise the sum of the differences
    between positions decides. An item that a ranking does not contain counts as if it came after all others.
    """

    def distance(ranking: Sequence[int]) -> tuple[bool, int]:
        place_of = {item: place for place, item in enumerate(ranking)}
        differences = sum(abs(place_of.get(item, len(ranked)) - place) for place, item in enumerate(ranked))
        return list(ranking[:1]) != list(ranked[:1]), differences

    return min(range(len(rankings)), key=lambda i: distance(rankings[i]))
