"""An expert that predicts the labels of the training contexts with the most similar text."""

from __future__ import annotations

import torch
from torch import Tensor

from crslab_causal.model.experts.options import TextNeighboursOptions
from crslab_causal.model.experts.text_expert import TextExpert


class TextNeighbours(TextExpert):
    r"""An expert that predicts the labels of the k nearest training contexts.

    The formula is Eq 2 of Khandelwal et al., "Generalization through Memorization: Nearest Neighbor Language Models",
    ICLR 2020. v is the vector of the last turns, and N are the k training contexts with the largest cosine to it. An
    item y gets the evidence

    .. math:: \sum_{(v', y') \in N} [y' = y] \exp(v^\top v' / \tau).

    Options: :class:`.TextNeighboursOptions`.
    """

    options_class = TextNeighboursOptions
    options: TextNeighboursOptions
    vectors: Tensor
    """Vectors of the training contexts, ``(n, dim)``."""
    labels: Tensor
    """Indices of their labels among the items, ``(n,)``."""

    def build_model(self) -> None:
        super().build_model()
        self.register_buffer('vectors', torch.empty(0, 0))
        self.register_buffer('labels', torch.empty(0, dtype=torch.long))

    def fit_texts(self, vectors: Tensor, labels: Tensor) -> None:
        self.vectors, self.labels = vectors, labels

    def text_evidence(self, vectors: Tensor) -> Tensor:
        evidence = torch.zeros(len(vectors), self.n_item, device=vectors.device)
        if len(self.labels):
            cosine = vectors @ self.vectors.T
            nearest = cosine.topk(min(self.options.neighbours, len(self.labels)))
            share = (nearest.values / self.options.neighbour_temperature).softmax(-1)
            evidence.scatter_add_(1, self.labels[nearest.indices], share)
        return evidence
