"""Linear models over features: one logistic regression for each class, which NumPy applies."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

import numpy as np

PATH = Path(__file__).with_name('linear.npz')
"""Weights of the models of the package."""


class LinearModel(NamedTuple):
    """A logistic regression for each class."""

    classes: Sequence[str]
    rows: Mapping[str, int]
    """Row of each feature in the weights."""
    weights: np.ndarray
    """Weights with a row for each feature and a column for each class."""
    bias: np.ndarray
    """Bias of each class."""

    def probabilities(self, features: Iterable[str]) -> dict[str, float]:
        """Return the probability of each class, without regard to the other classes."""
        known = [row for feature in features if (row := self.rows.get(feature)) is not None]
        scores = self.weights[known].sum(0, dtype=np.float32) + self.bias
        return dict(zip(self.classes, (1 / (1 + np.exp(-scores))).tolist()))

    def distribution(self, features: Iterable[str]) -> dict[str, float]:
        """Return the probability of each class if exactly one of them is right."""
        found = self.probabilities(features)
        total = sum(found.values())
        return {name: value / total for name, value in found.items()}


Models = Mapping[str, LinearModel]
"""Models by name."""


def write_models(path: Path, models: Models) -> None:
    """Write models to a file. The weights are rounded to multiples of 1/127 of the largest one of their class."""
    arrays: dict[str, Any] = {}
    for name, model in models.items():
        scale = np.maximum(np.abs(model.weights).max(0), 1e-9) / 127
        weights = np.rint(model.weights / scale).astype(np.int8)
        kept = np.flatnonzero(np.abs(weights).max(1) > 2)
        features = [feature for feature, row in sorted(model.rows.items(), key=lambda item: item[1])]
        arrays[f'{name} classes'] = _pack(model.classes)
        arrays[f'{name} features'] = _pack([features[row] for row in kept])
        arrays[f'{name} weights'] = weights[kept]
        arrays[f'{name} scale'] = scale.astype(np.float32)
        arrays[f'{name} bias'] = model.bias.astype(np.float32)
    np.savez_compressed(path, **arrays)


@functools.cache
def read_models(path: Path = PATH) -> Models:
    """Return the models of a file that :func:`write_models` wrote."""
    with np.load(path, allow_pickle=False) as file:
        names = [key.removesuffix(' bias') for key in file.files if key.endswith(' bias')]
        return {
            name: LinearModel(
                _unpack(file[f'{name} classes']),
                {feature: row for row, feature in enumerate(_unpack(file[f'{name} features']))},
                file[f'{name} weights'] * file[f'{name} scale'],
                file[f'{name} bias'],
            )
            for name in names
        }


def _pack(texts: Sequence[str]) -> np.ndarray:
    return np.frombuffer('\n'.join(texts).encode(), dtype=np.uint8)


def _unpack(array: np.ndarray) -> list[str]:
    return array.tobytes().decode().split('\n')
