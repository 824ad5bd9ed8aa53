"""The sparse form of EASE against the exact one."""

import numpy as np
import torch
from scipy import sparse

from benchmarks.closed_form import random_mentions, sparse_ease
from crslab_causal.model.experts.ease import ease_coefficients


def test_sparse_form_with_all_neighbours_is_exact():
    dense = np.random.default_rng(0).random((400, 12)) < 0.3
    gram = torch.from_numpy(dense.T.astype(np.float64) @ dense)
    assert (gram > 0).all()  # otherwise some entity would have fewer neighbours
    found = sparse_ease(sparse.csr_matrix(dense.astype(np.float64)), 5.0, 12).toarray()
    np.testing.assert_allclose(found, ease_coefficients(gram, 5.0).numpy(), atol=1e-9)


def test_fewer_neighbours_leave_fewer_coefficients():
    found = sparse_ease(random_mentions(60), 5.0, 7)
    assert np.diff(found.indptr).max() == 7 and (found.diagonal() == 0).all()
