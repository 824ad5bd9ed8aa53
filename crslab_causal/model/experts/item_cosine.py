"""The cosine of two mentions over the conversations."""

from __future__ import annotations

from torch import Tensor

from crslab_causal.model.experts.co_mentions import CoMentionExpert
from crslab_causal.model.experts.options import ItemCosineOptions


class ItemCosine(CoMentionExpert):
    r"""The item-based neighbourhood model of Sarwar et al., "Item-Based Collaborative Filtering", WWW 2001.

    .. math:: B_{ij} = \frac{x_i^\top x_j}{\lVert x_i \rVert\, \lVert x_j \rVert} \quad (i \ne j)

    with :math:`x_i` the column of X of entity i: the number of conversations that mention both, divided by the
    geometric mean of the numbers that mention each.

    Options: :class:`.ItemCosineOptions`.
    """

    options_class = ItemCosineOptions

    def fit_coefficients(self, gram: Tensor) -> Tensor:
        norm = gram.diagonal().sqrt()
        return (gram / norm / norm[:, None]).fill_diagonal_(0)
