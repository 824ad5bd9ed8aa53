"""An expert that compares the last turns with the texts of the items."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from crslab_causal.model.experts.item_text import item_texts
from crslab_causal.model.experts.options import TextSimilarityOptions
from crslab_causal.model.experts.sentence_encoder import SentenceEncoder
from crslab_causal.model.experts.text_expert import TextExpert


class TextSimilarity(TextExpert):
    r"""An expert that recommends the items whose texts are most similar to the last turns.

    v is the vector of the last turns, and :math:`u_y` that of the text of item y: title, year, genres, directors, cast
    and plot. Both are of length 1, and come from one frozen encoder. The evidence is the softmax of the cosines, as in
    the bi-encoder of Reimers and Gurevych, "Sentence-BERT", EMNLP 2019:

    .. math:: q(y \mid v) \propto \exp(v^\top u_y / \tau)

    Only the popularity of the smoothing is learned from the conversations.

    Options: :class:`.TextSimilarityOptions`.
    """

    options_class = TextSimilarityOptions
    options: TextSimilarityOptions
    item_vectors: Tensor
    """Vectors of the texts of the items, ``(n_item, dim)``; empty before the model is fitted."""

    def build_model(self) -> None:
        super().build_model()
        assert self.side_data is not None
        self.item_texts = item_texts(self.side_data)
        save_path = self.opt.get('save_path', None)
        self.item_encoder = SentenceEncoder.shared(
            self.options.sentence_encoder,
            self.options.item_pieces,
            None if save_path is None else Path(save_path) / 'embeddings',
            torch.device(self.device),
            'right',
        )
        self.register_buffer('item_vectors', torch.empty(0, 0))

    def fit_texts(self, vectors: Tensor, labels: Tensor) -> None:
        self.item_vectors = self.item_encoder.encode(self.item_texts).to(self.index_of_entity.device)

    def text_evidence(self, vectors: Tensor) -> Tensor:
        if not len(self.item_vectors):
            return torch.zeros(len(vectors), self.n_item, device=vectors.device)
        return (vectors @ self.item_vectors.T / self.options.similarity_temperature).softmax(-1)
