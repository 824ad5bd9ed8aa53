"""Recommendation lists of any model that scores items."""

from __future__ import annotations

from typing import Callable, Mapping, Sequence

from torch import Tensor

from crslab_causal.chat.live_context import LiveContexts, Turns
from crslab_causal.chat.recommenders.base import AS_THE_MODEL_MASKS, ListRecommender, Scores
from crslab_causal.data.schema import RecSample

ScoreSample = Callable[[RecSample], Tensor]
"""Returns the scores of all items for a sample, ``(n_item,)``. Samples are scored one by one, because the padding of a
batch changes the scores of some models of CRSLab."""


class ModelRecommender(ListRecommender):
    """Recommends items by any model that scores samples. A mention is masked by taking it out of the history.

    The text of the conversation is not changed when a mention is masked.

    Args:
        score: scores a sample by the model.
        contexts: makes the samples.
        item_entity_ids: entity id of each item.
        entities: entity ids that a history may contain.
        names: name of each entity id.
    """

    reads_text = True

    def __init__(
        self,
        score: ScoreSample,
        contexts: LiveContexts,
        item_entity_ids: Sequence[int],
        entities: Sequence[int],
        names: Mapping[int, str],
    ):
        super().__init__(item_entity_ids, names)
        self._score, self._contexts, self._entities = score, contexts, list(entities)

    @property
    def entities(self) -> list[int]:
        return self._entities

    def compute_scores(self, history: Sequence[int], turns: Turns, masked: int | None) -> Scores:
        return Scores(
            self._score(self._contexts.sample(history, turns)),
            None if masked is None else self._score(self._contexts.sample(without(history, masked), turns)),
        )


def without(history: Sequence[int], masked: int) -> list[int]:
    """Return a history without the mention of an index; of an empty history nothing is left out."""
    index = len(history) - 1 if masked == AS_THE_MODEL_MASKS else masked
    return [entity for i, entity in enumerate(history) if i != index]
