"""Compute products with sparse matrices as sums over bags of rows.

They need no atomic additions, so the result is the same at every run, on the CPU and on CUDA.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


class SparseProduct(torch.autograd.Function):
    """An autograd function for the product ``A @ x`` with a constant sparse matrix ``A``.

    Call ``SparseProduct.apply(x, *csr(A), *csr(A.T))``, where ``x`` has the shape ``(n_column, d)`` and :func:`csr`
    returns the three tensors of a matrix in CSR form. The result has the shape ``(n_row, d)``. The backward pass uses
    ``A.T``.
    """

    @staticmethod
    def forward(
        ctx,
        x: Tensor,
        index: Tensor,
        offset: Tensor,
        weight: Tensor,
        index_t: Tensor,
        offset_t: Tensor,
        weight_t: Tensor,
    ) -> Tensor:
        ctx.save_for_backward(index_t, offset_t, weight_t)
        return _bag_sum(x, index, offset, weight)

    @staticmethod
    def backward(ctx, grad: Tensor):
        return (_bag_sum(grad.contiguous(), *ctx.saved_tensors),) + (None,) * 6


class WeightedBags(torch.autograd.Function):
    """An autograd function for the product ``A @ x`` with a sparse matrix ``A`` whose values are learned.

    Call ``WeightedBags.apply(values, x, pattern)``, where ``pattern`` gives the constant positions of the values.
    """

    @staticmethod
    def forward(ctx, values: Tensor, x: Tensor, pattern: SparsePattern) -> Tensor:
        ctx.save_for_backward(values, x, *pattern)
        return _bag_sum(x, pattern.column, pattern.offset, values)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        values, x, *pattern = ctx.saved_tensors
        pattern, grad = SparsePattern(*pattern), grad.contiguous()
        of_values = torch.ops.aten._embedding_bag_per_sample_weights_backward(
            grad, x, pattern.column, pattern.offset[:-1], pattern.row, 0
        )
        return of_values, _bag_sum(grad, pattern.row[pattern.order_t], pattern.offset_t, values[pattern.order_t]), None


class SparsePattern(NamedTuple):
    """The positions of a sparse matrix's values sorted by row, and the permutation that sorts them by column."""

    row: Tensor
    column: Tensor
    offset: Tensor
    order_t: Tensor
    offset_t: Tensor

    @classmethod
    def of(cls, row: Tensor, column: Tensor, n_row: int, n_column: int) -> SparsePattern:
        """Return the pattern of entries that are already sorted by row."""
        return cls(row, column, _offset(row, n_row), torch.argsort(column, stable=True), _offset(column, n_column))


def csr(row: Tensor, column: Tensor, value: Tensor, n_row: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return a matrix in CSR form: column indices and values sorted by row, and the row offsets ``(n_row + 1,)``.

    The result is the triple of column indices, row offsets and values.
    """
    order = torch.argsort(row, stable=True)
    return column[order], _offset(row, n_row), value[order]


def _offset(row: Tensor, n_row: int) -> Tensor:
    """Return the index at which the entries of each row begin once they are sorted, ``(n_row + 1,)``."""
    return torch.cat([row.new_zeros(1), torch.bincount(row, minlength=n_row).cumsum(0)])


def _bag_sum(x: Tensor, index: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    return F.embedding_bag(
        index, x, offset, mode='sum', per_sample_weights=weight.to(x.dtype), include_last_offset=True
    )
