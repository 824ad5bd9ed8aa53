"""Lists for one user at a time, from a trained model."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence

import torch

from crslab_causal.data.histories import pad_histories
from crslab_causal.model.causal_kbrd import CausalKBRD


class Recommendation(NamedTuple):
    """An item of a list."""

    entity: int
    """Entity id."""
    name: str
    score: float
    """Logit of Eq 4, or of Eq 6 for a masked history; with an adjustment or transition counts log-probability."""


class Recommender:
    """Answers one history at a time; H of Eq 2 is computed once, here, and the parameters must not change after.

    Args:
        model: trained.
        names: name of each entity, by id.
    """

    def __init__(self, model: CausalKBRD, names: Mapping[int, str]):
        self.model, self.names = model.eval(), names
        self._item_entity_ids: list[int] = model.item_entity_ids.tolist()
        with torch.no_grad():
            self._embedding = model.entity_embedding()

    @property
    def entities(self) -> list[int]:
        """Entity ids that a history may hold."""
        return self.model.row_entity_ids.tolist()

    def recommend(self, history: Sequence[int], k: int = 10, masked: bool = False) -> list[Recommendation]:
        """The ``k`` items that rank first after ``history``, without those in it.

        Args:
            history: entity ids in order of mention; may be empty.
            k: length of the list; shorter if there are fewer items.
            masked: whether to intervene on the history as in Eq 5 (by default on the last mention).

        Raises:
            ValueError: an entity has no row in H.
        """
        rows = torch.tensor(history, dtype=torch.long, device=self._embedding.device)
        with torch.no_grad(), self.model.shared_entity_embedding(self._embedding):
            logits = self.model.item_logits(pad_histories([list(history)]).to(rows.device), intervene=masked)
        scores = (logits.intervened if masked else logits.observed)[0]
        seen = self.model.row_of_entity[rows]
        scores[seen[seen < self.model.n_item]] = -torch.inf
        best = torch.topk(scores, min(k, len(scores)))
        found = ((self._item_entity_ids[index], score) for index, score in
                 zip(best.indices.tolist(), best.values.tolist()) if score > -torch.inf)
        return [Recommendation(entity, self.names[entity], score) for entity, score in found]
