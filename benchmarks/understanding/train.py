"""Train the model of acts and attitudes on the labelled tables, or cross-validate it.

python -m benchmarks.understanding.train --data_path path/to/data                   # writes the package's model
python -m benchmarks.understanding.train --data_path path/to/data --cross_validate  # writes cross_validation.json
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from typing import Iterable
from collections import Counter
from benchmarks.understanding.examples import Examples, Tasks
from crslab_causal.chat.understanding.model import LinearModel, Models, write_models

STRENGTH = {'acts': 1.0, 'names': 1.0, 'films': 1.0, 'lists': 1.0}
"""Inverse strength of the regularisation of each task."""
_LEAST = 2
"""Number of examples that a feature or a class has at least."""


def fit(task: str, examples: Examples, used: Iterable[int], weight=lambda c: 1.0, least=_LEAST) -> LinearModel:
    """Return a model of a task, trained on some of its examples."""
    rows = list(used)
    counts = Counter(feature for row in rows for feature in examples.features[row])
    features = sorted(feature for feature, n in counts.items() if n >= least)
    index = {feature: number for number, feature in enumerate(features)}
    columns = [[index[feature] for feature in examples.features[row] if feature in index] for row in rows]
    ends = np.cumsum([0, *map(len, columns)])
    data = csr_matrix((np.ones(ends[-1]), np.concatenate(columns).astype(int), ends), (len(rows), len(features)))
    answered = Counter(answer for row in rows for answer in examples.answers[row])
    classes = sorted(answer for answer, n in answered.items() if n >= least)
    w=np.array([weight(examples.conversations[r]) for r in rows])
    weights, bias = [], []
    for name in classes:
        right = np.array([name in examples.answers[row] for row in rows])
        model = LogisticRegression(C=STRENGTH[task], solver='liblinear', random_state=0, intercept_scaling=5).fit(data, right,sample_weight=w)
        weights.append(model.coef_[0])
        bias.append(model.intercept_[0])
    return LinearModel(classes, index, np.array(weights).T, np.array(bias))
