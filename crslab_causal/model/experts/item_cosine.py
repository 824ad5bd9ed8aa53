"""An expert that measures how often two entities are mentioned in the same conversations."""

from __future__ import annotations

from torch import Tensor

from crslab_causal.model.experts.co_mentions import CoMentionExpert
from crslab_causal.model.experts.options import ItemCosineOptions


class ItemCosine(CoMentionExpert):
    r"""A neighbourhood model with the cosine of two mentions over the conversations.

    It is the item-based model of Sarwar et al., "Item-Based Collaborative Filtering", WWW 2001:

    .. math:: B_{ij} = \frac{x_i^\top x_j}{\lVert x_i \rVert\, \lVert x_j \rVert} \quad (i \ne j)

    where :math:`x_i` is the column of X of entity i. The cosine is the number of conversations that mention both
    entities, divided by the geometric mean of the numbers that mention each.

    Options: :class:`.ItemCosineOptions`.
    """

    options_class = ItemCosineOptions

    def fit_coefficients(self, gram: Tensor) -> Tensor:
        norm = gram.diagonal().sqrt()
        return (gram / norm / norm[:, None]).fill_diagonal_(0)
