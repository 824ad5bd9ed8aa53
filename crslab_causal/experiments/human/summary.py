"""What the ratings say of each system, and how far raters agree."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np

from crslab_causal.experiments.analysis.statistics import cohens_kappa, holm, mean_interval, paired_bootstrap
from crslab_causal.experiments.human.kit import Key
from crslab_causal.experiments.human.ratings import Ratings

LEVEL = 0.95
KAPPAS = {'kappa': None, 'quadratic_kappa': 'quadratic'}


def summarise(key: Key, ratings: Ratings, seed: int = 0) -> dict[str, Any]:
    """Means, agreement and differences, ready for JSON; what is not defined is None.

    The responses of a context are no independent evidence, nor are several ratings of one response. So a mean is that
    of contexts, each the mean over its raters, with Student's t interval over the contexts; a difference is the mean
    over contexts of that of two systems, with the bootstrap over contexts, and Holm's adjustment over all pairs and
    criteria; the intervals of kappa come from a bootstrap over contexts. All of this is conditional on these raters.

    Args:
        key: of the kit.
        ratings: from :func:`.read_ratings`.
        seed: of the bootstraps.
    """
    by_context = ratings.scores.mean(0)  # (n_context, n_system, n_criterion)
    systems: dict[str, dict] = {}
    for s, system in enumerate(ratings.systems):
        systems[system] = {}
        for c, criterion in enumerate(ratings.criteria):
            mean, half_width, _ = mean_interval(by_context[:, s, c], LEVEL)
            systems[system][criterion] = {'mean': mean, 'half_width': half_width}
    n_rater, n_context = ratings.scores.shape[:2]
    return {'kit': key.kit, 'raters': ratings.raters, 'contexts': n_context, 'ratings': ratings.scores.size,
            'ratings_per_system_and_criterion': n_rater * n_context, 'scale': [key.form.lowest, key.form.highest],
            'level': LEVEL, 'systems': systems, 'agreement': _agreement(ratings, seed),
            'differences': _differences(ratings, by_context, seed)}


def _agreement(ratings: Ratings, seed: int) -> dict[str, dict]:
    """Of each criterion: the kappas of each pair of raters, and their means over the pairs that have one."""
    contexts = np.repeat(np.arange(ratings.scores.shape[1]), ratings.scores.shape[2])
    agreement: dict[str, dict] = {}
    for c, criterion in enumerate(ratings.criteria):
        pairs = []
        for (a, first), (b, second) in combinations(zip(ratings.raters, ratings.scores[..., c]), 2):
            pair: dict[str, Any] = {'raters': [a, b]}
            for name, weights in KAPPAS.items():
                found = cohens_kappa(first.ravel(), second.ravel(), weights, LEVEL, contexts, seed=seed)
                pair[name] = {field: _or_none(getattr(found, field)) for field in ('kappa', 'low', 'high')}
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
    found = {(c, a, b): paired_bootstrap(by_context[:, a, c], by_context[:, b, c], range(n_context), seed=seed,
                                         level=LEVEL)
             for c in range(len(ratings.criteria)) for a, b in combinations(range(len(ratings.systems)), 2)}
    adjusted = holm({case: difference.p for case, difference in found.items()})
    return [{'criterion': ratings.criteria[c], 'systems': [ratings.systems[a], ratings.systems[b]],
             **difference._asdict(), 'p_holm': adjusted[c, a, b]} for (c, a, b), difference in found.items()]


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def markdown(summary: dict[str, Any]) -> str:
    """The summary of :func:`summarise` as tables."""
    criteria = list(summary['agreement'])
    n_rater = len(summary['raters'])
    lowest, highest = summary['scale']
    lines = ['# Human evaluation', '',
             f"Raters: {n_rater}; contexts: {summary['contexts']}; systems: {len(summary['systems'])}; "
             f"ratings: {summary['ratings']}, from {lowest} to {highest}; {summary['kit']}.", '',
             f'| system | {" | ".join(criteria)} | ratings each |', '|---|' + '---:|' * (len(criteria) + 1)]
    for system, scores in summary['systems'].items():
        cells = [f"{_number(scores[c]['mean'])} ± {_number(scores[c]['half_width'])}" for c in criteria]
        lines.append(f"| {_text(system)} | {' | '.join(cells)} | {summary['ratings_per_system_and_criterion']} |")
    lines += ['', f"Mean ± half of the {100 * summary['level']:.0f} % interval over contexts, for these raters."]
    if n_rater > 1:
        lines += ['', '## Agreement', '', "| criterion | raters | Cohen's kappa | quadratic weights |",
                  '|---|---|---:|---:|']
        for criterion, of in summary['agreement'].items():
            for pair in of['pairs']:
                cells = ' | '.join(_interval(pair[name], 'kappa') for name in KAPPAS)
                lines.append(f"| {criterion} | {_text(', '.join(pair['raters']))} | {cells} |")
            cells = ' | '.join(_number(of[f'mean_{name}']) for name in KAPPAS)
            lines.append(f'| {criterion} | mean of the pairs | {cells} |')
        lines += ['', 'A dash: both raters gave one and the same rating throughout, and no agreement can be told.']
    if summary['differences']:
        lines += ['', '## Differences', '', '| criterion | systems | difference | p | p, Holm |',
                  '|---|---|---:|---:|---:|']
        lines += [f"| {of['criterion']} | {_text(' - '.join(of['systems']))} | {_interval(of, 'mean')} | "
                  f"{of['p']:.4f} | {of['p_holm']:.4f} |" for of in summary['differences']]
        lines += ['', 'Bootstrap over contexts; Holm over all rows.']
    return '\n'.join(lines) + '\n'


def _number(value: float | None) -> str:
    return '-' if value is None else f'{value:.2f}'


def _interval(values: dict, name: str) -> str:
    return f"{_number(values[name])} [{_number(values['low'])}, {_number(values['high'])}]"


def _text(text: str) -> str:
    return text.replace('|', '\\|')
