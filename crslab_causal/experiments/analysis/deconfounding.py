r"""Compare a model's distributions on the demo corpus with the true :math:`P(Y \mid do(X))`.

The corpus is drawn from a known causal model (:mod:`crslab_causal.data.demo.scm`), so the result of a perfect backdoor
adjustment is known, too. In every conversation only one turn of the recommender has a film, the target Y. It follows
the whole history, in which no entity is repeated. ``context_mentions`` of this sample is therefore the history as it
was drawn. It is the X of the sample here. (``entity_truncate`` shortens what a model sees, but not X.) X can be read in
two ways:

- ``mentions``: the entities in order. This reading measures CausalKBRD fairly, because it sees nothing else. Whether a
  film was liked is drawn independently of C, with :data:`.LIKED_PROBABILITY`. Both :math:`P(Y \mid X)` and :math:`P(Y
  \mid do(X))` are therefore means over all combinations of likes and dislikes for the films of a history, weighted by
  their probability.
- ``opinions``: the entities and whether each was liked. This is the X of the causal model itself. CausalKBRD does not
  see the likes, so its distances are larger in this reading.

Distances are the total variation, :math:`\frac12 \sum_y |p(y) - q(y)|`, and :math:`\mathrm{KL}(p \| q)` in nats, with p
the truth, over all films, including those of the history.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any, NamedTuple, Sequence

import numpy as np

from crslab_causal.base.errors import UserError
from crslab_causal.data.demo.catalogue import Catalogue
from crslab_causal.data.demo.scm import LIKED_PROBABILITY, RECENCY_DECAY, StructuralCausalModel
from crslab_causal.evaluator.metrics import cutoff_scores
from crslab_causal.experiments.analysis.distributions import kl_divergence, predictions, total_variation
from crslab_causal.system.causal import CausalSystem

SPLITS = ('interventional', 'test')
CUTOFFS = (1, 10)
NO_MENTION = -1


class Targets(NamedTuple):
    """The true distributions of Y for each history. Each field has the shape ``(n_history, n_film)``."""

    do: np.ndarray
    r""":math:`P(Y \mid do(X))`."""
    observational: np.ndarray
    r""":math:`P(Y \mid X)`."""


def true_targets(
    scm: StructuralCausalModel, histories: Sequence[Sequence[int]], liked: Sequence[Sequence[bool]] | None = None
) -> Targets:
    r"""Return the true distributions of Y for all histories, by the formulas of :class:`.StructuralCausalModel`.

    :math:`P(y \mid X, e) = a_y b_{ey} / \sum_z a_z b_{ez}`, where a depends on X and b on the explanation. A mixture
    over explanations is therefore a product of two matrices.

    Args:
        scm: the causal model.
        histories: indices of mentionable entities, without repetition.
        liked: whether each entity was liked; None: the mean over all combinations of likes and dislikes.
    """
    width = max([1, *map(len, histories)])
    entity = np.full((len(histories), width), NO_MENTION)
    for row, history in zip(entity, histories):
        row[: len(history)] = history
    owner, sign, weight = _opinions(scm, histories, liked, width)
    of_fit = np.exp(scm.fit_weight * scm.fit + scm.popularity)
    of_history = np.exp(scm.affinity_weight * _affinity(scm, entity[owner], sign))
    normaliser = of_history @ of_fit.T

    def target(explanation: np.ndarray) -> np.ndarray:
        """Return the distribution of Y for each history under given probabilities of the explanations.

        It is the mean over all combinations of likes and dislikes.
        """
        p = of_history * ((explanation[owner] / normaliser) @ of_fit)
        result = np.zeros((len(histories), p.shape[1]))
        np.add.at(result, owner, weight[:, None] * p)
        return result

    prior = np.tile(scm.context_prior @ scm.explanation_given_context, (len(histories), 1))
    return Targets(target(prior), target(_context_posterior(scm, entity) @ scm.explanation_given_context))


def _opinions(
    scm: StructuralCausalModel, histories: Sequence[Sequence[int]], liked: Sequence[Sequence[bool]] | None, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a row for each combination of likes and dislikes of each history.

    Returns:
        The index of the history of each row, the signs ``(n_row, width)`` of its entities (1 liked, -1 disliked), and
        the probability of the combination.
    """
    of_film, of_other = {True: LIKED_PROBABILITY, False: 1 - LIKED_PROBABILITY}, {True: 1.0}
    owner, signs, weight = [], [], []
    for index, history in enumerate(histories):
        if liked is not None:
            possible = [{like: 1.0} for like in liked[index]]
        else:
            possible = [of_film if entity < len(scm.popularity) else of_other for entity in history]
        for opinion in product(*(mention.items() for mention in possible)):
            owner.append(index)
            signs.append([1.0 if like else -1.0 for like, _ in opinion] + [0.0] * (width - len(opinion)))
            weight.append(prod(share for _, share in opinion))
    return np.array(owner, int), np.array(signs).reshape(-1, width), np.array(weight)


def _affinity(scm: StructuralCausalModel, entity: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Return the affinity of each film, ``(n_row, n_film)``, see :meth:`.StructuralCausalModel.affinity`."""
    length = (entity != NO_MENTION).sum(axis=1)
    recency = np.where(entity != NO_MENTION, RECENCY_DECAY ** (length[:, None] - 1.0 - np.arange(entity.shape[1])), 0.0)
    total = np.maximum(recency.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    mass = np.zeros((len(entity), len(scm.similarity)))
    np.add.at(mass, (np.arange(len(entity))[:, None], entity), recency * sign / total)  # NO_MENTION adds 0
    return mass @ scm.similarity


def _context_posterior(scm: StructuralCausalModel, entity: np.ndarray) -> np.ndarray:
    """Return P(c | X) of each row, ``(n_row, n_context)``."""
    p = np.where(entity == NO_MENTION, 0.0, scm.mention_given_context[:, entity])  # (n_context, n_row, width)
    left = 1.0 - (np.cumsum(p, axis=2) - p)
    factor = np.where(entity == NO_MENTION, 1.0, p / left)
    joint = scm.context_prior[:, None] * factor.prod(axis=2)
    return (joint / joint.sum(axis=0)).T


def distance_to_truth(system: CausalSystem, split: str) -> dict[str, Any]:
    r"""Return the distances between a model's distributions on a split and the true :math:`P(Y \mid do(X))`.

    Args:
        system: trained CausalKBRD on CausalDemo, from :func:`crslab_causal.quick_start.load_system` for example.
        split: ``valid``, ``test`` or ``interventional``.

    Returns:
        ``samples``, the number of samples; ``recall@1`` and ``recall@10``; and under ``mentions`` and ``opinions`` (see
        the module) the means of ``tv`` and ``kl`` over the samples for four pairs of distributions:

        - ``model``: the model's distribution and :math:`P(Y \mid do(X))`;
        - ``model_to_observational``: the model's distribution and :math:`P(Y \mid X)`, which a model without adjustment
          learns;
        - ``observational``: :math:`P(Y \mid X)` and :math:`P(Y \mid do(X))`. A model without adjustment keeps this
          distance however much data it has;
        - ``popularity``: the relative counts of the training labels, plus one each, and :math:`P(Y \mid do(X))`.

    Raises:
        UserError: the dataset or the model is another one, or there is no such split.
    """
    if system.opt['dataset'] != 'CausalDemo':
        raise UserError(f'dataset {system.opt["dataset"]}: P(Y | do(X)) is known of CausalDemo only')
    dataloaders = dict(system.splits())
    if split not in dataloaders:
        raise UserError(f'split {split!r} does not exist; choose one of {", ".join(dataloaders)}')
    dataloader = dataloaders[split]
    catalogue = Catalogue.build(system.opt['demo_seed'])
    scm = StructuralCausalModel.build(catalogue, system.opt['confounding'], system.opt['demo_seed'])
    index = {system.vocab['entity2id'][uri]: i for i, uri in enumerate(catalogue.uris)}
    film_of_item = [index[item] for item in system.item_ids]
    histories = [[index[entity] for entity in sample['context_mentions']] for sample in dataloader.samples]
    liked = [
        [entity not in sample['context_disliked'] for entity in sample['context_mentions']]
        for sample in dataloader.samples
    ]

    predicted = predictions(system, dataloader)
    count = system.train_dataloader.label_count().numpy() + 1.0
    popularity = np.tile(count / count.sum(), (len(histories), 1))
    scores = cutoff_scores(predicted.rank, CUTOFFS)
    result: dict[str, Any] = {'samples': len(histories), **{f'recall@{k}': scores[f'recall@{k}'] for k in CUTOFFS}}
    for reading, targets in (
        ('mentions', true_targets(scm, histories)),
        ('opinions', true_targets(scm, histories, liked)),
    ):
        do, observational = (p[:, film_of_item] for p in targets)
        pairs = {
            'model': (do, predicted.probability),
            'model_to_observational': (observational, predicted.probability),
            'observational': (do, observational),
            'popularity': (do, popularity),
        }
        result[reading] = {
            name: {'tv': float(total_variation(p, q).mean()), 'kl': float(kl_divergence(p, q).mean())}
            for name, (p, q) in pairs.items()
        }
    return result


def study_row(system: CausalSystem) -> dict[str, Any]:
    """Return one line of the study: the settings of the run, and its recalls and distances on each of :data:`SPLITS`.

    The distances are computed in the reading ``mentions``, see the module.

    Returns:
        ``adjustment``, ``alpha``, ``beta``, ``confounding``, ``demo_seed`` and ``seed``; and for each split
        ``<split>_recall@1``, ``<split>_recall@10``, and ``<split>_<name>_tv`` and ``<split>_<name>_kl`` for the four
        names of :func:`distance_to_truth`.

    Raises:
        UserError: see :func:`distance_to_truth`.
    """
    row = {key: system.opt[key] for key in ('adjustment', 'alpha', 'beta', 'confounding', 'demo_seed', 'seed')}
    for split in SPLITS:
        distances = distance_to_truth(system, split)
        row |= {f'{split}_recall@{k}': distances[f'recall@{k}'] for k in CUTOFFS}
        row |= {
            f'{split}_{name}_{distance}': value
            for name, both in distances['mentions'].items()
            for distance, value in both.items()
        }
    return row
