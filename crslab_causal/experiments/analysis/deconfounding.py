r"""Does it deconfound? A model's lists on the demo corpus against the true :math:`P(Y \mid do(X))`.

The corpus is drawn from a known causal model, see :mod:`crslab_causal.data.demo.scm`, so that the target of every
backdoor adjustment is known, too. **Which X a sample has**: every conversation of the corpus names its target in its
only recommender's turn with a film, after the whole drawn history, each entity once. ``context_mentions`` of a sample
is thus the history as drawn, in order; whatever part of it a sample holds is the X of that sample here.
(``entity_truncate`` shortens what a model sees, not X.) An X can be read in two ways:

- ``mentions``, the entities in order. This is all that CausalKBRD sees, and what it is to be measured by. Whether a
  film was liked is drawn apart from C, by :data:`.LIKED_PROBABILITY`, so that both :math:`P(Y \mid X)` and
  :math:`P(Y \mid do(X))` are means over the opinions of a history, weighted by their probability.
- ``opinions``, the entities and whether each was liked, the X of the causal model itself. It tells more than
  CausalKBRD can know, and its distances are larger for that reason alone.

Distances are total variation, :math:`\frac12 \sum_y |p(y) - q(y)|`, and :math:`\mathrm{KL}(p \| q)` in nats, with p the
truth, over all films, also those of the history.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import NamedTuple, Sequence

import numpy as np

from crslab_causal.data.demo.catalogue import Catalogue
from crslab_causal.data.demo.scm import LIKED_PROBABILITY, RECENCY_DECAY, StructuralCausalModel
from crslab_causal.base.errors import UserError
from crslab_causal.evaluator.metrics import cutoff_scores
from crslab_causal.experiments.analysis.distributions import kl_divergence, predictions, total_variation
from crslab_causal.system.causal import CausalSystem

SPLITS = ('interventional', 'test')
CUTOFFS = (1, 10)
NO_MENTION = -1


class Targets(NamedTuple):
    """Distributions of Y for each history, ``(n_history, n_film)`` each."""

    do: np.ndarray
    r""":math:`P(Y \mid do(X))`."""
    observational: np.ndarray
    r""":math:`P(Y \mid X)`."""


def true_targets(scm: StructuralCausalModel, histories: Sequence[Sequence[int]],
                 liked: Sequence[Sequence[bool]] | None = None) -> Targets:
    r"""The true distributions of Y, by the formulas of :class:`.StructuralCausalModel` for all histories at once.

    Since :math:`P(y \mid X, e) = a_y b_{ey} / \sum_z a_z b_{ez}` with a of X and b of the explanation, a mixture over
    explanations is two products of matrices.

    Args:
        scm: the causal model.
        histories: indices of mentionable entities, without repetition.
        liked: whether each was liked; None: the mean over all opinions, as the causal model draws them.
    """
    width = max([1, *map(len, histories)])
    entity = np.full((len(histories), width), NO_MENTION)
    for row, history in zip(entity, histories):
        row[:len(history)] = history
    owner, sign, weight = _opinions(scm, histories, liked, width)
    of_fit = np.exp(scm.fit_weight * scm.fit + scm.popularity)
    of_history = np.exp(scm.affinity_weight * _affinity(scm, entity[owner], sign))
    normaliser = of_history @ of_fit.T

    def target(explanation: np.ndarray) -> np.ndarray:
        """The mean over opinions, from P(e) for each history."""
        p = of_history * ((explanation[owner] / normaliser) @ of_fit)
        result = np.zeros((len(histories), p.shape[1]))
        np.add.at(result, owner, weight[:, None] * p)
        return result

    free = np.tile(scm.context_prior @ scm.explanation_given_context, (len(histories), 1))
    return Targets(target(free), target(_context(scm, entity) @ scm.explanation_given_context))


def _opinions(scm: StructuralCausalModel, histories: Sequence[Sequence[int]], liked: Sequence[Sequence[bool]] | None,
              width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of opinions: which history each is of, its signs ``(n_row, width)``, and its probability."""
    of_film, of_other = {True: LIKED_PROBABILITY, False: 1 - LIKED_PROBABILITY}, {True: 1.0}
    owner, signs, weight = [], [], []
    for place, history in enumerate(histories):
        if liked is not None:
            possible = [{like: 1.0} for like in liked[place]]
        else:
            possible = [of_film if entity < len(scm.popularity) else of_other for entity in history]
        for opinion in product(*(mention.items() for mention in possible)):
            owner.append(place)
            signs.append([1.0 if like else -1.0 for like, _ in opinion] + [0.0] * (width - len(opinion)))
            weight.append(prod(share for _, share in opinion))
    return np.array(owner, int), np.array(signs).reshape(-1, width), np.array(weight)


def _affinity(scm: StructuralCausalModel, entity: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """:meth:`.StructuralCausalModel.affinity` of each row, ``(n_row, n_film)``."""
    length = (entity != NO_MENTION).sum(axis=1)
    recency = np.where(entity != NO_MENTION, RECENCY_DECAY ** (length[:, None] - 1.0 - np.arange(entity.shape[1])), 0.0)
    total = np.maximum(recency.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    mass = np.zeros((len(entity), len(scm.similarity)))
    np.add.at(mass, (np.arange(len(entity))[:, None], entity), recency * sign / total)  # of NO_MENTION it adds 0
    return mass @ scm.similarity


def _context(scm: StructuralCausalModel, entity: np.ndarray) -> np.ndarray:
    """P(c|X) of each row, ``(n_row, n_context)``."""
    p = np.where(entity == NO_MENTION, 0.0, scm.mention_given_context[:, entity])  # (n_context, n_row, width)
    left = 1.0 - (np.cumsum(p, axis=2) - p)
    factor = np.where(entity == NO_MENTION, 1.0, p / left)
    joint = scm.context_prior[:, None] * factor.prod(axis=2)
    return (joint / joint.sum(axis=0)).T


def distance_to_truth(system: CausalSystem, split: str) -> dict:
    r"""How far a model's distributions on a split are from the true :math:`P(Y \mid do(X))`.

    Args:
        system: with a trained CausalKBRD on CausalDemo, as :func:`crslab_causal.quick_start.load_system` gives it.
        split: ``valid``, ``test`` or ``interventional``.

    Returns:
        ``samples``, their number; ``recall@1`` and ``recall@10``; and under ``mentions`` and ``opinions`` (see above)
        the mean ``tv`` and ``kl`` over the samples of

        - ``model``: the model's distribution to :math:`P(Y \mid do(X))`;
        - ``model_to_observational``: the same to :math:`P(Y \mid X)`, which a model without adjustment is trained for;
        - ``observational``: :math:`P(Y \mid X)` to :math:`P(Y \mid do(X))`, what no amount of data takes away from
          a model without adjustment;
        - ``popularity``: to :math:`P(Y \mid do(X))` from the counts of the training labels, plus one each.

    Raises:
        UserError: another dataset, model or split.
    """
    if system.opt['dataset'] != 'CausalDemo':
        raise UserError(f"dataset {system.opt['dataset']}: P(Y | do(X)) is known of CausalDemo only")
    dataloaders = dict(system.splits())
    if split not in dataloaders:
        raise UserError(f'split {split!r} does not exist; choose one of {", ".join(dataloaders)}')
    dataloader = dataloaders[split]
    catalogue = Catalogue.build(system.opt['demo_seed'])
    scm = StructuralCausalModel.build(catalogue, system.opt['confounding'], system.opt['demo_seed'])
    index = {system.vocab['entity2id'][uri]: place for place, uri in enumerate(catalogue.uris)}
    film_of_item = [index[item] for item in system.item_ids]
    histories = [[index[entity] for entity in sample['context_mentions']] for sample in dataloader.samples]
    liked = [[entity not in sample['context_disliked'] for entity in sample['context_mentions']]
             for sample in dataloader.samples]

    found = predictions(system, dataloader)
    count = system.train_dataloader.label_count().numpy() + 1.0
    popularity = np.tile(count / count.sum(), (len(histories), 1))
    scores = cutoff_scores(found.rank, CUTOFFS)
    result: dict = {'samples': len(histories), **{f'recall@{k}': scores[f'recall@{k}'] for k in CUTOFFS}}
    for reading, targets in (('mentions', true_targets(scm, histories)),
                             ('opinions', true_targets(scm, histories, liked))):
        do, observational = (p[:, film_of_item] for p in targets)
        pairs = {'model': (do, found.probability), 'model_to_observational': (observational, found.probability),
                 'observational': (do, observational), 'popularity': (do, popularity)}
        result[reading] = {name: {'tv': float(total_variation(*pair).mean()), 'kl': float(kl_divergence(*pair).mean())}
                           for name, pair in pairs.items()}
    return result


def study_row(system: CausalSystem) -> dict:
    """One line of the study: what was run, and for each of ``SPLITS`` its recalls and its distances, given mentions.

    Keys: ``adjustment``, ``alpha``, ``beta``, ``confounding``, ``demo_seed``, ``seed``; and for each split
    ``<split>_recall@1``, ``<split>_recall@10``, and ``<split>_<what>_tv`` and ``<split>_<what>_kl`` for the four of
    :func:`distance_to_truth`.

    Raises:
        UserError: as :func:`distance_to_truth`.
    """
    row = {key: system.opt[key] for key in ('adjustment', 'alpha', 'beta', 'confounding', 'demo_seed', 'seed')}
    for split in SPLITS:
        distances = distance_to_truth(system, split)
        row |= {f'{split}_recall@{k}': distances[f'recall@{k}'] for k in CUTOFFS}
        row |= {f'{split}_{what}_{name}': value for what, both in distances['mentions'].items()
                for name, value in both.items()}
    return row
