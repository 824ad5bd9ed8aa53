"""The ranking metrics, and the groups of labels for which they are computed.

:data:`RANKING_METRICS` is the only list of metrics. To add one, add an entry there: the evaluator computes it at every
cutoff, result tables give it a column, and ``rec.metric`` and the suites accept its name.

Every sample has one relevant item, its label, so each metric is a function of the label's rank.
"""

from __future__ import annotations

import re
from typing import Callable, NamedTuple, Sequence

import numpy as np

from crslab_causal.base.errors import UserError


class RankingMetric(NamedTuple):
    """A metric of ranked lists. Each list has exactly one relevant item."""

    name: str
    """Name in configurations and result files, without the cutoff."""
    title: str
    """Name in tables, without the cutoff."""
    description: str
    """Formula of the value of one sample, whose label is at ``rank``. The score is the mean over all samples."""
    per_sample: Callable[[np.ndarray, int], np.ndarray]
    """Function that computes the values of the samples, ``(n,)``, from their ranks and the cutoff K. The ranks,
    ``(n,)``, count from 1; a label that is not ranked has rank infinity."""


def _by_name(*metrics: RankingMetric) -> dict[str, RankingMetric]:
    return {metric.name: metric for metric in metrics}


RANKING_METRICS: dict[str, RankingMetric] = _by_name(
    RankingMetric('recall', 'R', '1 if rank <= K, else 0', lambda rank, k: (rank <= k).astype(float)),
    RankingMetric(
        'ndcg',
        'NDCG',
        '1 / log2(1 + rank) if rank <= K, else 0; the ideal DCG of a single label is 1',
        lambda rank, k: (rank <= k) / np.log2(rank + 1),
    ),
    RankingMetric('mrr', 'MRR', '1 / rank if rank <= K, else 0', lambda rank, k: (rank <= k) / rank),
)
"""All ranking metrics by name, in the order in which tables show them."""

PRIMARY_METRIC = 'recall'
"""The metric in log lines. It is also computed for each decile of item popularity."""

GROUPS = {'all': 'ALL', 'new': 'NEW', 'new_unseen': 'NEW, seen items filtered'}
"""Titles of the groups of scores.

- ``all``: every label, ranked among all items.
- ``new``: labels that are not in the context, ranked among all items.
- ``new_unseen``: the same labels, ranked among the items that are not in the context.
"""

RANKING_METRIC_PATTERN = rf'(?:{"|".join(map(re.escape, RANKING_METRICS))})@\d+'
"""Regular expression of a metric at a cutoff, such as ``recall@10``."""

EARLY_STOPPING_PATTERN = (
    rf'(?:(?P<group>{"|".join(map(re.escape, list(GROUPS)[1:]))})_)?'
    rf'(?P<metric>{"|".join(map(re.escape, RANKING_METRICS))})(?:@(?P<cutoff>\d+))?'
)
"""Regular expression of the values of ``rec.metric``: ``recall``, ``new_recall``, ``new_unseen_ndcg@10``, ..."""


class ScoreName(NamedTuple):
    """The parts of a value of ``rec.metric``: the group of labels, the metric and the cutoff."""

    group: str
    """Key of :data:`GROUPS`."""
    metric: str
    """Key of :data:`RANKING_METRICS`."""
    cutoff: int | None
    """K; None if the name has none, which means the largest cutoff."""


def parse_score_name(name: str) -> ScoreName:
    """Return the parts of a value of ``rec.metric``: ``new_ndcg@10`` -> ``('new', 'ndcg', 10)``.

    Raises:
        KeyError: the name does not match :data:`EARLY_STOPPING_PATTERN`.
    """
    match = re.fullmatch(EARLY_STOPPING_PATTERN, name)
    if match is None:
        raise KeyError(name)
    return ScoreName(match['group'] or 'all', match['metric'], int(match['cutoff']) if match['cutoff'] else None)


def check_metric(name: str, cutoffs: Sequence[int]) -> None:
    """Check the value of ``rec.metric``, the score that early stopping uses.

    Args:
        name: metric with an optional group before it and an optional cutoff behind it, see
            :data:`EARLY_STOPPING_PATTERN`.
        cutoffs: cutoffs of the configuration; ``name`` may use these only.

    Raises:
        UserError: there is no such score.
    """
    match = re.fullmatch(EARLY_STOPPING_PATTERN, name)
    if match is None or (match['cutoff'] and int(match['cutoff']) not in cutoffs):
        *others, last = RANKING_METRICS
        raise UserError(
            f'rec.metric: {name!r} is not a score; write {", ".join(others)} or {last}, @ one of the cutoffs '
            f'{list(cutoffs)}, with new_ before it for labels that are not in the context, or new_unseen_ '
            'for their rank among the items that are not'
        )


def metric_title(metric: str) -> str:
    """Return the title of a metric at a cutoff: ``recall@10`` -> ``R@10``.

    Raises:
        KeyError: there is no such metric.
    """
    name, at, cutoff = metric.partition('@')
    return f'{RANKING_METRICS[name].title}{at}{cutoff}'


def per_sample_metric(rank: np.ndarray, metric: str) -> np.ndarray:
    """Return the metric value of each sample.

    Args:
        rank: ``(n,)``, ranks of the labels from 1; infinite for a label that is not ranked.
        metric: name of a metric at a cutoff, such as ``recall@10``.

    Returns:
        ``(n,)``, from 0 to 1.

    Raises:
        KeyError: there is no such metric.
    """
    name, _, cutoff = metric.partition('@')
    return RANKING_METRICS[name].per_sample(rank, int(cutoff))


def cutoff_scores(rank: np.ndarray, cutoffs: Sequence[int]) -> dict[str, float]:
    """Return each metric at each cutoff, as the mean over all samples.

    Args:
        rank: ``(n,)``, ranks of the labels, as for :func:`per_sample_metric`.
        cutoffs: values of K.

    Returns:
        Scores by name, such as ``recall@10``; NaN if there is no sample.
    """
    names = [f'{name}@{k}' for k in cutoffs for name in RANKING_METRICS]
    return {name: float(per_sample_metric(rank, name).mean()) if len(rank) else np.nan for name in names}
