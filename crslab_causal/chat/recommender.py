"""Recommendation lists of a trained model, for one user at a time."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence

import torch

from crslab_causal.data.histories import pad_histories
from crslab_causal.llm.request import Probability
from crslab_causal.model.causal_kbrd import CausalKBRD, ItemLogits


class Recommendation(NamedTuple):
    """An item of a recommendation list."""

    entity: int
    """Entity id."""
    name: str
    score: float
    """Logit of Eq 4, or of Eq 6 for a masked history. It is a log-probability if the model adjusts for popularity or
    mixes in transition counts."""


class Recommender:
    """A trained model that recommends items for one history at a time.

    H of Eq 2 is computed once, in the constructor, so the parameters of the model must not change afterwards.

    Args:
        model: trained model.
        names: name of each entity id.
    """

    def __init__(self, model: CausalKBRD, names: Mapping[int, str]):
        self.model, self.names = model.eval(), names
        self._item_entity_ids: list[int] = model.item_entity_ids.tolist()
        with torch.no_grad():
            self._embedding = model.entity_embedding()

    @property
    def entities(self) -> list[int]:
        """Entity ids that a history may contain."""
        return self.model.row_entity_ids.tolist()

    def recommend(self, history: Sequence[int], k: int = 10, masked: bool = False) -> list[Recommendation]:
        """Return the top ``k`` items for ``history``, best first, without the items in it.

        Args:
            history: entity ids in order of mention; may be empty.
            k: length of the list. It is shorter if there are fewer items.
            masked: whether to intervene on the history as in Eq 5, by default on its last mention.

        Raises:
            ValueError: an entity has no row in H.
        """
        rows = torch.tensor(history, dtype=torch.long, device=self._embedding.device)
        logits = self._logits(history, masked)
        chosen = logits.intervened if masked else logits.observed
        assert chosen is not None  # _logits was called with an intervention
        scores = chosen[0]
        seen = self.model.row_of_entity[rows]
        scores[seen[seen < self.model.n_item]] = -torch.inf
        best = torch.topk(scores, min(k, len(scores)))
        ranked = [
            (self._item_entity_ids[index], score)
            for index, score in zip(best.indices.tolist(), best.values.tolist())
            if score > -torch.inf
        ]
        return [Recommendation(entity, self.names[entity], score) for entity, score in ranked]

    def masked_mention(self, history: Sequence[int]) -> int | None:
        """Return the last mention of ``history`` if the model's intervention masks the last mention, else None."""
        return history[-1] if history and self.model.intervention.position == 'last' else None

    def probabilities(self, history: Sequence[int], masked: int | None = None) -> dict[int, Probability]:
        """Return two probabilities of every item: one for ``history``, and one for ``history`` with a mention masked.

        The second one is None if ``masked`` is None and the model does not mask the last mention.

        Args:
            history: entity ids in order of mention; may be empty.
            masked: index of the mention to mask, from 0; None: the mention of :meth:`masked_mention`.

        Raises:
            IndexError: the history has no such mention.
        """
        if masked is not None and not 0 <= masked < len(history):
            raise IndexError(f'the history has {len(history)} mentions, and no number {masked}')
        logits = self._logits(history, masked is not None or self.masked_mention(history) is not None, masked)
        observed = logits.observed[0].softmax(-1).tolist()
        intervened = logits.intervened
        after = [None] * len(observed) if intervened is None else intervened[0].softmax(-1).tolist()
        return {item: Probability(p, q) for item, p, q in zip(self._item_entity_ids, observed, after)}

    def _logits(self, history: Sequence[int], intervene: bool, masked: int | None = None) -> ItemLogits:
        padded = pad_histories([list(history)]).to(self._embedding.device)
        chosen = None if masked is None else torch.tensor([masked], device=padded.device)
        with torch.no_grad(), self.model.shared_entity_embedding(self._embedding):
            return self.model.item_logits(padded, intervene=intervene, chosen=chosen)
