"""EASE, a linear autoencoder in closed form."""

from __future__ import annotations

import torch
from torch import Tensor

from crslab_causal.model.experts.co_mentions import CoMentionExpert
from crslab_causal.model.experts.options import EASEOptions


class EASE(CoMentionExpert):
    r"""A linear autoencoder of the mentions of a conversation, with coefficients in closed form.

    It is the model of Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019 (Eqs 1 and 8). Each
    mention of a conversation is predicted from the others by the coefficients B that minimise

    .. math:: \lVert X - X B \rVert_F^2 + \lambda \lVert B \rVert_F^2 \quad\text{subject to}\quad \mathrm{diag}(B) = 0.

    With :math:`P = (X^\top X + \lambda I)^{-1}` they are :math:`B_{ij} = -P_{ij} / P_{jj}` for :math:`i \ne j`. The
    columns of X are all mentioned entities: items, persons and genres. P comes from one Cholesky factorisation. For n
    entities its time grows with :math:`n^3` and its memory with :math:`n^2`. ``benchmarks/RESULTS.md`` measures both,
    and a sparse form from the literature that a catalogue of 100,000 entities needs.

    Options: :class:`.EASEOptions`.
    """

    options_class = EASEOptions
    options: EASEOptions

    def fit_coefficients(self, gram: Tensor) -> Tensor:
        return ease_coefficients(gram, self.options.ease_lambda)


def ease_coefficients(gram: Tensor, ridge: float) -> Tensor:
    r"""Return the coefficients B of :class:`EASE`, ``(n, n)``, in the precision of ``gram``.

    The condition number of :math:`X^\top X + \lambda I` is at most :math:`1 + n m / \lambda` for m conversations with
    at most n mentions each. Single precision therefore suffices for any useful :math:`\lambda`.

    Args:
        gram: the matrix :math:`X^\top X`, ``(n, n)``. It is overwritten.
        ridge: the weight :math:`\lambda`.
    """
    gram.diagonal().add_(ridge)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram))
    coefficients = inverse.div_(-inverse.diagonal().clone())
    return coefficients.fill_diagonal_(0)
