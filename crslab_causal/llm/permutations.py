"""Several rankings of one list, shown in different orders, made into one ranking with a confidence for each item.

A language model prefers candidates at some positions of a list. Rankings of shuffled lists, aggregated, lose this
preference (permutation self-consistency, https://arxiv.org/abs/2310.07712).
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple, Sequence


class Aggregate(NamedTuple):
    """The aggregate of several rankings."""

    ranking: list[int]
    """Index of each item that any ranking has, best first."""
    confidence: list[float]
    """For each place of ``ranking``, the share of the rankings that have the item there or higher."""


def aggregate_rankings(rankings: Sequence[Sequence[int]], n_ranked: int) -> Aggregate:
    """Aggregate rankings by Borda counts: the first of ``n_ranked`` places counts ``n_ranked`` points, the last one.

    Items with equal points keep their own order, which is the recommender's. Items without points come last, and do not
    come at all if no ranking has them.

    Args:
        rankings: distinct indices of items, best first. A ranking may have fewer or more than ``n_ranked`` places.
        n_ranked: number of places that count.
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
    """Return the index of the ranking that is closest to ``ranked``, the first one of several.

    A ranking with the same first item is closer than any without it. Otherwise the sum of the differences between the
    places decides; an item that a ranking lacks counts as if it came behind all others.
    """

    def distance(ranking: Sequence[int]) -> tuple[bool, int]:
        place_of = {item: place for place, item in enumerate(ranking)}
        differences = sum(abs(place_of.get(item, len(ranked)) - place) for place, item in enumerate(ranked))
        return list(ranking[:1]) != list(ranked[:1]), differences

    return min(range(len(rankings)), key=lambda i: distance(rankings[i]))
