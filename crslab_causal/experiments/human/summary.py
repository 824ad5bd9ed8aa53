"""The analysis of ratings: means and differences of the systems, and the agreement of raters."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np

from crslab_causal.base.tables import escape_cell, markdown_table
from crslab_causal.experiments.analysis.agreement import Weights, cohens_kappa
from crslab_causal.experiments.analysis.statistics import holm, mean_interval, paired_bootstrap
from crslab_causal.experiments.human.kit import Key
from crslab_causal.experiments.human.ratings import Ratings

LEVEL = 0.95
"""Confidence level of all intervals."""
KAPPAS: dict[str, Weights] = {'kappa': None, 'quadratic_kappa': 'quadratic'}
"""Weights of each kind of kappa."""


def summarise(key: Key, ratings: Ratings, seed: int = 0) -> dict[str, Any]:
    """Return means, agreement and differences as a dict for JSON. None stands for a number that is not defined.

    The responses to a context are not independent, and neither are several ratings of one response. A rating is
    therefore first averaged over raters, and all statistics are over contexts: means with Student's t interval;
    differences of two systems with the bootstrap and Holm's adjustment over all pairs and criteria; and kappa with an
    interval from the bootstrap. All results hold for these raters only.

    Args:
        key: key of the kit.
        ratings: ratings from :func:`.read_ratings`.
        seed: seed of the bootstraps.
    """
    by_context = ratings.scores.mean(0)  # (n_context, n_system, n_criterion)
    systems: dict[str, dict] = {}
    for s, system in enumerate(ratings.systems):
        systems[system] = {}
        for c, criterion in enumerate(ratings.criteria):
            mean, half_width, _ = mean_interval(by_context[:, s, c], LEVEL)
            systems[system][criterion] = {'mean': mean, 'half_width': half_width}
    n_rater, n_context = ratings.scores.shape[:2]
    return {
        'kit': key.kit,
        'raters': ratings.raters,
        'contexts': n_context,
        'ratings': ratings.scores.size,
        'ratings_per_system_and_criterion': n_rater * n_context,
        'scale': [key.form.lowest, key.form.highest],
        'level': LEVEL,
        'systems': systems,
        'agreement': _agreement(ratings, seed),
        'differences': _differences(ratings, by_context, seed),
    }


def _agreement(ratings: Ratings, seed: int) -> dict[str, dict]:
    """Return the kappas of each pair of raters for each criterion, and their means over the pairs that have a kappa."""
    contexts = np.repeat(np.arange(ratings.scores.shape[1]), ratings.scores.shape[2])
    agreement: dict[str, dict] = {}
    for c, criterion in enumerate(ratings.criteria):
        pairs = []
        for (a, first), (b, second) in combinations(zip(ratings.raters, ratings.scores[..., c]), 2):
            pair: dict[str, Any] = {'raters': [a, b]}
            for name, weights in KAPPAS.items():
                kappa = cohens_kappa(first.ravel(), second.ravel(), weights, LEVEL, contexts, seed=seed)
                pair[name] = {field: _or_none(getattr(kappa, field)) for field in ('kappa', 'low', 'high')}
            pairs.append(pair)
        means = {}
        for name in KAPPAS:
            defined = [pair[name]['kappa'] for pair in pairs if pair[name]['kappa'] is not None]
            means[f'mean_{name}'] = float(np.mean(defined)) if defined else None
        agreement[criterion] = {'pairs': pairs, **means}
    return agreement


def _differences(ratings: Ratings, by_context: np.ndarray, seed: int) -> list[dict]:
    n_context = len(by_context)
    if n_context == 1:
        return []
    differences = {
        (c, a, b): paired_bootstrap(by_context[:, a, c], by_context[:, b, c], range(n_context), seed=seed, level=LEVEL)
        for c in range(len(ratings.criteria))
        for a, b in combinations(range(len(ratings.systems)), 2)
    }
    adjusted = holm({case: difference.p for case, difference in differences.items()})
    return [
        {
            'criterion': ratings.criteria[c],
            'systems': [ratings.systems[a], ratings.systems[b]],
            **difference._asdict(),
            'p_holm': adjusted[c, a, b],
        }
        for (c, a, b), difference in differences.items()
    ]


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def markdown(summary: dict[str, Any]) -> str:
    """Return the result of :func:`summarise` as tables."""
    criteria = list(summary['agreement'])
    n_rater = len(summary['raters'])
    lowest, highest = summary['scale']
    means = [
        [
            escape_cell(system),
            *(f'{_number(scores[c]["mean"])} ± {_number(scores[c]["half_width"])}' for c in criteria),
            str(summary['ratings_per_system_and_criterion']),
        ]
        for system, scores in summary['systems'].items()
    ]
    parts = [
        '# Human evaluation',
        f'Raters: {n_rater}; contexts: {summary["contexts"]}; systems: {len(summary["systems"])}; '
        f'ratings: {summary["ratings"]}, from {lowest} to {highest}; {summary["kit"]}.',
        markdown_table(['system', *criteria, 'ratings each'], means),
        f'Mean ± half of the {100 * summary["level"]:.0f} % interval over contexts, for these raters.',
    ]
    if n_rater > 1:
        rows = []
        for criterion, agreement in summary['agreement'].items():
            rows += [
                [
                    criterion,
                    escape_cell(', '.join(pair['raters'])),
                    *(_interval(pair[name], 'kappa') for name in KAPPAS),
                ]
                for pair in agreement['pairs']
            ]
            rows.append([criterion, 'mean of the pairs', *(_number(agreement[f'mean_{name}']) for name in KAPPAS)])
        parts += [
            '## Agreement',
            markdown_table(['criterion', 'raters', "Cohen's kappa", 'quadratic weights'], rows, left=2),
            'A dash: both raters gave the same rating to all responses, so that kappa is not defined.',
        ]
    if summary['differences']:
        rows = [
            [
                row['criterion'],
                escape_cell(' - '.join(row['systems'])),
                _interval(row, 'mean'),
                f'{row["p"]:.4f}',
                f'{row["p_holm"]:.4f}',
            ]
            for row in summary['differences']
        ]
        parts += [
            '## Differences',
            markdown_table(['criterion', 'systems', 'difference', 'p', 'p, Holm'], rows, left=2),
            'Bootstrap over contexts; Holm over all rows.',
        ]
    return '\n\n'.join(parts) + '\n'


def _number(value: float | None) -> str:
    return '-' if value is None else f'{value:.2f}'


def _interval(values: dict, name: str) -> str:
    return f'{_number(values[name])} [{_number(values["low"])}, {_number(values["high"])}]'
