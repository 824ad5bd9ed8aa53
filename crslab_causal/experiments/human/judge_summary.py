"""The agreement of a judge with people, and with itself when the order of the responses is reversed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from crslab_causal.base.errors import UserError
from crslab_causal.base.tables import escape_cell, markdown_table
from crslab_causal.experiments.analysis.agreement import cohens_kappa
from crslab_causal.experiments.analysis.statistics import mean_interval
from crslab_causal.experiments.human.kit import Key
from crslab_causal.experiments.human.ratings import Ratings, read_ratings

KAPPA_FIELDS = ('kappa', 'low', 'high')
BETWEEN_ORDERS = 'the same judge, responses reversed'


def read_judge(key: Key, paths: Sequence[Path]) -> Ratings:
    """Read the two filled forms of a judge. Unlike the forms of people, they may be equal.

    Raises:
        UserError: there are not two files, or :func:`.read_ratings` raises it.
    """
    if len(paths) != 2 or paths[0].stem == paths[1].stem:
        raise UserError('--judge: name the two forms that `human judge` has written, one for each order')
    first, second = (read_ratings(key, [path]) for path in paths)
    return Ratings(
        first.raters | second.raters, first.systems, first.criteria, np.concatenate([first.scores, second.scores])
    )


def summarise_judge(judge: Ratings, people: Ratings | None = None, seed: int = 0) -> dict[str, Any]:
    """Return the means of a judge, and Cohen's kappa between its two passes and with each person, as a dict for JSON.

    The rating of a response is the mean of both passes. Intervals of kappa are from a bootstrap over contexts.

    Args:
        judge: ratings of both passes.
        people: ratings of people on the same kit; None if nobody has rated it.
        seed: seed of the bootstrap.
    """
    by_context = judge.scores.mean(0)
    systems: dict[str, dict[str, dict[str, float | None]]] = {}
    for s, system in enumerate(judge.systems):
        systems[system] = {}
        for c, criterion in enumerate(judge.criteria):
            mean, half_width, _ = mean_interval(by_context[:, s, c])
            systems[system][criterion] = {'mean': mean, 'half_width': half_width}
    contexts = np.repeat(np.arange(judge.scores.shape[1]), judge.scores.shape[2])
    agreement: dict[str, list[dict[str, Any]]] = {}
    for c, criterion in enumerate(judge.criteria):
        forward, backward = (judge.scores[i, ..., c].ravel() for i in range(2))
        rows = [_kappa(BETWEEN_ORDERS, forward, backward, contexts, seed)]
        if people is not None:
            for p, person in enumerate(people.raters):
                for order, scores in zip(judge.raters, (forward, backward)):
                    rated = people.scores[p, ..., c].ravel()
                    rows.append(_kappa(f'{person} and {order}', rated, scores, contexts, seed))
            defined = [row['kappa'] for row in rows[1:] if row['kappa'] is not None]
            mean_kappa = float(np.mean(defined)) if defined else None
            rows.append({'pair': 'mean against people', 'kappa': mean_kappa, 'low': None, 'high': None})
        agreement[criterion] = rows
    return {'files': judge.raters, 'systems': systems, 'agreement': agreement}


def _kappa(pair: str, a: np.ndarray, b: np.ndarray, contexts: np.ndarray, seed: int) -> dict[str, Any]:
    kappa = cohens_kappa(a, b, clusters=contexts, seed=seed)
    numbers = {name: getattr(kappa, name) for name in KAPPA_FIELDS}
    return {'pair': pair} | {name: None if math.isnan(value) else value for name, value in numbers.items()}


def judge_markdown(summary: dict[str, Any]) -> str:
    """Return the result of :func:`summarise_judge` as tables."""
    criteria = list(summary['agreement'])
    means = [
        [escape_cell(system), *(f'{_number(s[c]["mean"])} ± {_number(s[c]["half_width"])}' for c in criteria)]
        for system, s in summary['systems'].items()
    ]
    rows = [
        [criterion, escape_cell(row['pair']), '{} [{}, {}]'.format(*(_number(row[name]) for name in KAPPA_FIELDS))]
        for criterion, pairs in summary['agreement'].items()
        for row in pairs
    ]
    parts = [
        '## A language model as judge',
        markdown_table(['system', *criteria], means),
        'Mean of both orders of the responses ± half of the 95 % interval over contexts.',
        markdown_table(['criterion', 'pair', "Cohen's kappa"], rows, left=2),
        'A dash: not defined.',
    ]
    return '\n\n'.join(parts) + '\n'


def _number(value: float | None) -> str:
    return '-' if value is None else f'{value:.2f}'
