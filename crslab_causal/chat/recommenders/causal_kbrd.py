"""Recommendation lists of CausalKBRD for one user at a time."""

from __future__ import annotations

from typing import Mapping, Sequence

import torch

from crslab_causal.chat.live_context import Turns
from crslab_causal.chat.recommenders.base import AS_THE_MODEL_MASKS, ListRecommender, Scores
from crslab_causal.data.histories import pad_histories
from crslab_causal.model.causal_kbrd import CausalKBRD


class CausalKBRDRecommender(ListRecommender):
    """Recommends items by CausalKBRD. A mention is masked as in Eq 5.

    A score is a logit of Eq 4, or of Eq 6 for a masked history; a log-probability if the model adjusts for popularity
    or mixes in transition counts. H of Eq 2 is computed once, in the constructor.

    Args:
        model: trained model.
        names: name of each entity id.
    """

    def __init__(self, model: CausalKBRD, names: Mapping[int, str]):
        super().__init__(model.item_entity_ids.tolist(), names)
        self.model = model.eval()
        self.masking = f'M of Eq 5: {model.intervention.kind}'
        with torch.no_grad():
            self._embedding = model.entity_embedding()

    @property
    def entities(self) -> list[int]:
        return self.model.row_entity_ids.tolist()

    def masked_mention(self, history: Sequence[int]) -> int | None:
        return history[-1] if history and self.model.intervention.position == 'last' else None

    def masked_part(self, history: Sequence[int]) -> str:
        return {
            'last': self.names[history[-1]],
            'random': 'a mention drawn at random',
            'all': 'the whole user vector',
        }[self.model.intervention.position]

    def compute_scores(self, history: Sequence[int], turns: Turns, masked: int | None) -> Scores:
        padded = pad_histories([list(history)]).to(self._embedding.device)
        chosen = None if masked in (None, AS_THE_MODEL_MASKS) else torch.tensor([masked], device=padded.device)
        with torch.no_grad(), self.model.shared_entity_embedding(self._embedding):
            logits = self.model.item_logits(padded, intervene=masked is not None, chosen=chosen)
        return Scores(logits.observed[0], None if logits.intervened is None else logits.intervened[0])
