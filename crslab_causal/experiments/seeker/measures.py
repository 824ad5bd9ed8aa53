"""Measures of the conversations of seekers, with intervals and paired tests."""

from __future__ import annotations

from typing import Mapping, Sequence

import numpy as np

from crslab_causal.experiments.analysis.significance import LEVEL
from crslab_causal.experiments.analysis.statistics import holm, paired_bootstrap, resampling_weights
from crslab_causal.experiments.seeker.protocol import Outcome
from crslab_causal.experiments.seeker.record import Estimate, SystemRecord, TestRecord

WITHIN = (1, 3, 5)
"""Numbers of messages within which success is counted."""
DRAWS = 10_000
"""Number of bootstrap draws."""


def system_record(name: str, outcomes: Sequence[Outcome], seconds: float) -> SystemRecord:
    """Return all measures of the conversations with one system, as they are written to the record."""
    ones = np.ones(len(outcomes))
    offers = _array(outcomes, 'offers')
    found = [outcome.success for outcome in outcomes if outcome.success is not None]
    return SystemRecord(
        name=name,
        success={k: ratio(success_within(outcomes, k), ones) for k in WITHIN},
        success_in_the_end=ratio(success_within(outcomes, None), ones),
        turns=ratio(np.array(found, dtype=float), np.ones(len(found))),
        violations=ratio(_array(outcomes, 'violations'), offers),
        relaxed=ratio(_array(outcomes, 'relaxed'), offers),
        repeated=ratio(_array(outcomes, 'repeated'), offers),
        n_offers=int(offers.sum()),
        n_violations=sum(outcome.violations for outcome in outcomes),
        n_repeated=sum(outcome.repeated for outcome in outcomes),
        n_leaks=sum(outcome.leaks for outcome in outcomes),
        seconds=round(seconds, 1),
    )


def success_within(outcomes: Sequence[Outcome], turns: int | None) -> np.ndarray:
    """Return for each seeker 1 if the system listed its target within a number of messages, else 0.

    Args:
        outcomes: the conversations.
        turns: number of messages; None: any.
    """
    return np.array([o.success is not None and (turns is None or o.success <= turns) for o in outcomes], dtype=float)


def ratio(part: np.ndarray, whole: np.ndarray, seed: int = 0) -> Estimate:
    """Return the ratio of two sums over seekers, with its 95 % percentile interval over draws of seekers.

    A single seeker does not show the spread, so there is no interval.

    Args:
        part: ``(n_seeker,)``.
        whole: ``(n_seeker,)``.
        seed: seed of the draws.
    """
    if not whole.sum():
        return Estimate(mean=None)
    mean = float(part.sum() / whole.sum())
    if len(part) == 1:
        return Estimate(mean=mean)
    sums = np.concatenate(
        [weights @ np.stack([part, whole], 1) for weights in resampling_weights(len(part), DRAWS, seed)]
    )
    drawn = sums[sums[:, 1] > 0]
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return Estimate(mean=mean, low=float(low), high=float(high))


def compare(outcomes: Mapping[str, Sequence[Outcome]], pairs: Sequence[tuple[str, str]]) -> list[TestRecord]:
    """Test the success of pairs of systems: the paired bootstrap over seekers, and Holm's correction over all tests.

    There are no tests for a single seeker, because no other seeker can be drawn.

    Args:
        outcomes: conversations by the name of the system, with equal seekers in equal order.
        pairs: names of the systems to compare.
    """
    if any(len(of_system) == 1 for of_system in outcomes.values()):
        return []
    measured = {(a, b, k): _difference(outcomes[a], outcomes[b], k) for a, b in pairs for k in WITHIN}
    adjusted = holm({key: difference.p for key, difference in measured.items()})
    return [
        TestRecord(
            a=a,
            b=b,
            measure=f'success@{k}',
            difference=difference.mean,
            low=difference.low,
            high=difference.high,
            p=difference.p,
            p_holm=adjusted[a, b, k],
            significant=adjusted[a, b, k] < LEVEL,
        )
        for (a, b, k), difference in measured.items()
    ]


def _difference(a: Sequence[Outcome], b: Sequence[Outcome], turns: int):
    if [outcome.profile for outcome in a] != [outcome.profile for outcome in b]:
        raise ValueError('the systems talked to different seekers')
    return paired_bootstrap(success_within(a, turns), success_within(b, turns), range(len(a)), DRAWS)


def _array(outcomes: Sequence[Outcome], name: str) -> np.ndarray:
    return np.array([getattr(outcome, name) for outcome in outcomes], dtype=float)
