"""The evidence of an expert of a pool for an item, as facts that can be checked."""

from __future__ import annotations

from functools import singledispatch
from typing import Any, Literal, Mapping, NamedTuple

from torch import nn

from crslab_causal.data.histories import PAD, pad_histories
from crslab_causal.model.baselines.popularity import TargetPopularity
from crslab_causal.model.causal_kbrd import CausalKBRD
from crslab_causal.model.experts.base import Expert
from crslab_causal.model.experts.co_mentions import CoMentionExpert
from crslab_causal.model.experts.one_hop import OneHop
from crslab_causal.model.experts.text_neighbours import TextNeighbours
from crslab_causal.model.experts.text_similarity import TextSimilarity
from crslab_causal.model.experts.text_to_item import TextToItem
from crslab_causal.model.pool.members import Member
from crslab_causal.model.pool.pool import Pool
from crslab_causal.model.transition import TransitionCounts

EvidenceKind = Literal[
    'labels', 'transitions', 'coefficient', 'neighbour', 'text', 'similar texts', 'scores', 'popularity'
]


class Evidence(NamedTuple):
    """A fact that speaks for an item."""

    kind: EvidenceKind
    """Meaning of ``number``. ``labels``: how often the item is a label in the training data. ``transitions``: how often
    it is a label after the mention. ``coefficient``: the coefficient of the mention and the item. ``neighbour``: an
    edge joins both. ``text``: the probability of the item given the text. ``similar texts``: how many of the most
    similar training contexts have the item as their label. ``scores``: the loss of log-probability if the mention is
    removed. ``popularity``: the expert has found nothing about the item; its value comes from the popularity, which is
    the number of training labels."""
    mention: int | None
    """Entity id of the mention; None: the fact does not depend on a mention."""
    number: float


class _Context(NamedTuple):
    """A context and an item, and how much each mention of the context adds to the value of the item."""

    batch: Mapping[str, Any]
    """A batch of one context."""
    item: int
    """Index of the item."""
    losses: list[tuple[int, float]]
    """Each mention, and how much the expert's value of the item falls if the mention is removed; largest first."""


def find_evidence(pool: Pool, channel: str, batch: Mapping[str, Any], item: int) -> Evidence | None:
    """Return the fact that explains best why an expert gives an item its value; None if the expert has no such fact.

    Where facts belong to mentions, the mention is chosen whose removal lowers the value of the item most.

    Args:
        pool: fitted pool.
        channel: name of a channel of the pool. It decides which expert is asked.
        batch: batch of one context, see :meth:`.ItemRecommender.losses_and_scores`.
        item: index of the item.
    """
    member = pool.member_of(channel)
    model = getattr(member, 'expert', None) or getattr(member, 'model', None)
    if model is None:
        return None
    if isinstance(model, Expert) and not model.evidence(batch)[0, item]:
        return Evidence('popularity', None, int(model.item_count[item]))
    return _find(model, _Context(batch, item, _losses(member, batch, item)))


def _losses(member: Member, batch: Mapping[str, Any], item: int) -> list[tuple[int, float]]:
    """Return pairs of a mention and the loss: how much lower the value of the item is without the mention.

    The largest loss comes first. Mentions without a loss are left out.
    """
    row = batch['context_entities'][0]
    history = row[row != PAD].tolist()
    if not history:
        return []
    histories = [history] + [history[:i] + history[i + 1 :] for i in range(len(history))]
    values = member.values({'context_entities': pad_histories(histories).to(row.device)})[:, 0, item]
    losses = zip(history, (values[0] - values[1:]).tolist())
    return sorted(((mention, loss) for mention, loss in losses if loss > 0), key=lambda pair: -pair[1])


@singledispatch
def _find(model: nn.Module, context: _Context) -> Evidence | None:
    return None


@_find.register
def _(model: TargetPopularity, context: _Context) -> Evidence | None:
    count = int(model.item_count[context.item])
    return Evidence('labels', None, count) if count else None


@_find.register
def _(model: TransitionCounts, context: _Context) -> Evidence | None:
    for mention, _ in context.losses:
        count = int((model.transition == mention * model.n_item + context.item).sum())
        if count:
            return Evidence('transitions', mention, count)
    return None


@_find.register
def _(model: CoMentionExpert, context: _Context) -> Evidence | None:
    column = (model.items == context.item).nonzero()[:, 0]
    for mention, _ in context.losses if len(column) else ():
        row = (model.entities == mention).nonzero()[:, 0]
        if len(row) and (coefficient := float(model.coefficients[row[0], column[0]])) > 0:
            return Evidence('coefficient', mention, coefficient)
    return None


@_find.register
def _(model: OneHop, context: _Context) -> Evidence | None:
    for mention, _ in context.losses:
        first = int(model.degree[:mention].sum())
        if context.item in model.neighbours[first : first + int(model.degree[mention])].tolist():
            return Evidence('neighbour', mention, 1)
    return None


@_find.register
def _(model: TextToItem | TextSimilarity, context: _Context) -> Evidence | None:
    probability = float(model.evidence(context.batch)[0, context.item])
    return Evidence('text', None, probability) if probability else None


@_find.register
def _(model: TextNeighbours, context: _Context) -> Evidence | None:
    vectors, has_text = model.text_vectors(context.batch.get('samples') or ())
    if not len(model.labels) or not has_text.any():
        return None
    nearest = (vectors @ model.vectors.T)[0].topk(min(model.options.neighbours, len(model.labels))).indices
    count = int((model.labels[nearest] == context.item).sum())
    return Evidence('similar texts', None, count) if count else None


@_find.register
def _(model: CausalKBRD, context: _Context) -> Evidence | None:
    return Evidence('scores', *context.losses[0]) if context.losses else None
