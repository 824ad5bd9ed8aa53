"""Recommendation lists of the pool of experts, with what each expert adds to a score."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Mapping, Sequence

import torch
from torch import Tensor

from crslab_causal.chat.live_context import LiveContexts, Turns
from crslab_causal.chat.recommenders.base import Contribution, ListRecommender, Scores
from crslab_causal.chat.recommenders.model import without
from crslab_causal.chat.recommenders.wording import describe_evidence, describe_expert, is_checkable
from crslab_causal.data.histories import pad_histories
from crslab_causal.model.pool.evidence import find_evidence
from crslab_causal.model.pool.pool import Pool


class PoolRecommender(ListRecommender):
    """Recommends items by a pool of experts. A mention is masked by taking it out of the history.

    Experts that read text still read the whole text, including the masked mention.

    Args:
        pool: fitted pool.
        contexts: makes the samples.
        entities: entity ids that a history may contain.
        names: name of each entity id.
    """

    reads_text = True

    def __init__(self, pool: Pool, contexts: LiveContexts, entities: Sequence[int], names: Mapping[int, str]):
        super().__init__(pool.item_entity_ids.tolist(), names)
        self.pool, self._contexts, self._entities = pool.eval(), contexts, list(entities)
        with torch.no_grad():
            self._embeddings = pool.entity_embeddings()
        self._added: tuple[tuple, Tensor] | None = None

    @property
    def entities(self) -> list[int]:
        return self._entities

    def compute_scores(self, history: Sequence[int], turns: Turns, masked: int | None) -> Scores:
        histories = [list(history)] + ([] if masked is None else [without(history, masked)])
        batch = self._batch(histories, turns)
        added = self._contributions(batch)
        scores = self.pool.filtered(added.sum(1), batch)
        self._added = (tuple(history), tuple(turns)), added[0]
        return Scores(scores[0], None if masked is None else scores[1])

    def contributions(self, history: Sequence[int], entity: int, turns: Turns = ()) -> list[Contribution]:
        with self.lock:
            return self._contributions_of(history, entity, turns)

    def _contributions_of(self, history: Sequence[int], entity: int, turns: Turns) -> list[Contribution]:
        batch, index = self._batch([list(history)], turns), self._index[entity]
        if self._added is None or self._added[0] != (tuple(history), tuple(turns)):
            self._added = (tuple(history), tuple(turns)), self._contributions(batch)[0]
        added = self._added[1]
        more = (added[:, index] - added.mean(-1)).tolist()
        with torch.no_grad(), self._shared():
            parts = [
                self._part(channel, value, batch, index)
                for channel, value, is_active in zip(self.pool.channels, more, self.pool.is_active_channel())
                if is_active
            ]
        return sorted(parts, key=lambda part: -part.added)

    def _part(self, channel: str, added: float, batch: Mapping[str, Any], index: int) -> Contribution:
        found = find_evidence(self.pool, channel, batch, index) if added > 0 else None
        evidence = describe_evidence(found, self.names)
        reason = evidence if is_checkable(found) else ''
        return Contribution(channel, describe_expert(channel), added, evidence, reason)

    def _contributions(self, batch: Mapping[str, Any]) -> Tensor:
        with torch.no_grad(), self._shared():
            return self.pool.contributions(batch)

    def _shared(self) -> ExitStack:
        """Return a context in which CausalKBRD does not compute H of Eq 2 again."""
        stack = ExitStack()
        for model, embedding in self._embeddings:
            stack.enter_context(model.shared_entity_embedding(embedding))
        return stack

    def _batch(self, histories: list[list[int]], turns: Turns) -> dict[str, Any]:
        return {
            'context_entities': pad_histories(histories).to(self.pool.index_of_entity.device),
            'samples': [self._contexts.sample(history, turns) for history in histories],
        }
