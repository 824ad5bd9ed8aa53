"""Fit the weights of a pool to the predictions of its experts for samples that they have not seen."""

from __future__ import annotations

import random
from typing import Any, Iterator, NamedTuple, Sequence

import torch
from loguru import logger
from torch import Tensor

from crslab_causal.base.progress_bar import progress
from crslab_causal.data.histories import pad_histories
from crslab_causal.data.schema import RecSample
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.pool.conditional_logit import Choices, LogitFit, fit_conditional_logit
from crslab_causal.model.pool.context import CONTEXT_FEATURES, context_features, length_features
from crslab_causal.model.pool.pool import Pool

BATCH_SIZE = 256


class PoolFit(NamedTuple):
    """The fitted weights of a pool, and the numbers of samples and conversations to which they were fitted."""

    logit: LogitFit
    samples: int
    conversations: int
    missing: dict[str, str]
    """Missing requirements of the experts that were left out, by name of the expert."""
    has_text: bool
    """Whether most of the samples have text."""


class _Part(NamedTuple):
    """A set of conversations that the experts learn from, and a set that they predict."""

    learned: TrainingData
    predicted: TrainingData


def fit_pool(pool: Pool, data: TrainingData, valid: TrainingData, seed: int) -> PoolFit:
    """Fit the weights of a pool, and then its experts on all training conversations.

    Args:
        pool: the pool.
        data: the training conversations.
        valid: the validation conversations. They are used if the option ``fit_on`` is ``valid``.
        seed: seed of the folds, and of the samples that are drawn.

    Raises:
        ValueError: the samples have no label that ``objective`` counts.
    """
    missing = pool.missing_experts()
    for name, requirement in missing.items():
        logger.warning(f'[Pool without {name}: {requirement}]')
    parts = list(_parts(pool, data, valid, seed))
    choices, groups = [], []
    with torch.no_grad():
        for number, part in enumerate(parts):
            logger.info(f'[Pool: experts learn part {number + 1} of {len(parts)}]')
            pool.fit_experts(part.learned)
            samples = _draw(pool, part.predicted, len(parts), seed)
            if samples:
                choices.append(_predict(pool, samples, part.predicted))
                groups += [sample['conv_id'] for sample in samples]
        if not groups:
            raise ValueError('no sample has a label that the weights of the pool can be fitted to')
        fit = fit_conditional_logit(_join(choices), groups, pool.options.pool_ridge)
        if pool.options.fit_on != 'valid':
            pool.fit_experts(data)
        pool.set_weights(fit)
    text = torch.cat([part.context[:, CONTEXT_FEATURES.index('text')] for part in choices])
    return PoolFit(fit, len(groups), len(set(groups)), missing, bool(text.mean() > 0.5))


def _parts(pool: Pool, data: TrainingData, valid: TrainingData, seed: int) -> Iterator[_Part]:
    if pool.options.fit_on == 'valid':
        yield _Part(data, valid)
        return
    late = pool.options.fit_on == 'late'
    for held_out in [data.latest()] if late else data.folds(pool.options.pool_folds, seed):
        others = {turn['conv_id'] for turn in data.turns} - held_out
        yield _Part(data.within(others), data.within(held_out))


def _draw(pool: Pool, data: TrainingData, n_part: int, seed: int) -> list[RecSample]:
    """Draw conversations at random, and return their samples.

    The samples of all ``n_part`` parts together are about ``pool_samples``.
    """
    usable = data.samples
    if pool.options.objective == 'new':
        usable = [sample for sample in usable if sample['item'] not in sample['context_entities']]
    if pool.options.pool_samples is None:
        return list(usable)
    by_conversation: dict[str, list[RecSample]] = {}
    for sample in usable:
        by_conversation.setdefault(sample['conv_id'], []).append(sample)
    drawn: list[RecSample] = []
    for conv_id in random.Random(seed).sample(sorted(by_conversation), len(by_conversation)):
        if len(drawn) >= pool.options.pool_samples / n_part:
            break
        drawn += by_conversation[conv_id]
    return drawn


def _predict(pool: Pool, samples: Sequence[RecSample], data: TrainingData) -> Choices:
    """Let the experts predict the samples, and return their values as the input of the conditional logit."""
    device = pool.index_of_entity.device
    values, context, excluded = [], [], []
    with pool.shared_entity_embedding():
        for start in progress(range(0, len(samples), BATCH_SIZE), 'experts predict'):
            batch = _inputs(samples[start : start + BATCH_SIZE], device)
            values.append(pool.values(batch).cpu())
            context.append(context_features(batch).cpu())
            if pool.options.objective == 'new':
                excluded.append(pool.seen_items(batch['context_entities']).cpu())
    label = torch.tensor([data.index_of_item[sample['item']] for sample in samples], dtype=torch.long)
    return Choices(torch.cat(values), torch.cat(context), label, torch.cat(excluded) if excluded else None)


def _inputs(samples: Sequence[RecSample], device: torch.device) -> dict[str, Any]:
    histories = pad_histories([sample['context_entities'] for sample in samples])
    return {'context_entities': histories.to(device), 'samples': list(samples)}


def _join(parts: list[Choices]) -> Choices:
    columns: list[Any] = [torch.cat(column) if column[0] is not None else None for column in zip(*parts)]
    return Choices(*columns)


def standard_errors(pool: Pool) -> Tensor:
    """Return the standard errors of the weights, ``(n_channel, n_feature)``."""
    return pool.covariance.diagonal().clamp(min=0).sqrt().view_as(pool.weights)


LENGTHS = tuple(range(11))
"""Lengths of history at which :func:`weights_by_length` reports the weights."""
N_DRAW = 1000


def weights_by_length(pool: Pool, fit: LogitFit, has_text: bool, seed: int) -> dict[str, Any]:
    """Return the weight of each channel in contexts with 0 to 10 mentions, with confidence intervals.

    The intervals are the 2.5 % and 97.5 % quantiles of a bootstrap over the conversations, see
    :meth:`.LogitFit.bootstrap`. The experts are not fitted again.

    Args:
        pool: the pool.
        fit: the fit of its weights.
        has_text: whether these contexts have text.
        seed: seed of the bootstrap.

    Returns:
        A dict for JSON: ``lengths``, the numbers of mentions; ``has_text``; ``draws``, the number of bootstrap draws;
        and ``channels``, with the lists ``weight``, ``low`` and ``high`` for each channel, one number for each length.
    """
    features = torch.stack([length_features(n, has_text) for n in LENGTHS])
    draws = fit.bootstrap(N_DRAW, seed) @ features.T
    low, high = torch.quantile(draws, torch.tensor([0.025, 0.975], dtype=torch.float64), dim=0)
    weights = fit.weights @ features.T
    names = [pool.channels[i] for i in pool.active_channels().tolist()]
    return {
        'lengths': list(LENGTHS),
        'has_text': has_text,
        'draws': N_DRAW,
        'channels': {
            name: {'weight': weights[i].tolist(), 'low': low[i].tolist(), 'high': high[i].tolist()}
            for i, name in enumerate(names)
        },
    }
