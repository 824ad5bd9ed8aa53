"""CRSLab's KBRD with its user vector repaired."""

from __future__ import annotations

import torch

from crslab_causal.crslab_compat import KBRDModel


class KBRDRepaired(KBRDModel):
    """CRSLab's KBRD with the user vector of its paper.

    model/crs/kbrd/kbrd.py:177 tests ``is not None`` instead of ``is None``. Every user therefore gets the zero vector,
    all users get the same scores, and the R-GCN gets no gradient. ``context_entities`` must be lists here, because
    system/kbrd.py:79 pads them with 0, which is a real entity. The layers of the conversation stage are not built,
    because the recommender does not read them.
    """

    def _build_conversation_layer(self) -> None:
        pass

    def _build_embedding(self) -> None:
        pass

    def encode_user(self, entity_lists, kg_embedding):
        """Return the user vector of each history; it is zero for an empty history."""
        lengths = [len(entities) for entities in entity_lists]
        flat = torch.tensor([e for entities in entity_lists for e in entities], dtype=torch.long)
        # one lookup for all users, because the backward pass of each fills a tensor of the size of kg_embedding
        mentions = kg_embedding[flat.to(kg_embedding.device)].split(lengths)
        zero = torch.zeros(self.user_emb_dim, device=kg_embedding.device)
        return torch.stack([self.kg_attn(h) if len(h) else zero for h in mentions])
