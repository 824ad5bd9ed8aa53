"""Estimate the acts, the attitudes and the questions of a message with the trained models."""

from __future__ import annotations

import math
from typing import Iterable, Mapping

from crslab_causal.chat.understanding.models.encoder import EncodedMessage
from crslab_causal.chat.understanding.models.linear import Models

SHARE = 0.6
"""Weight of the encoder beside the linear model."""
_LEAST = 1e-6
"""Probability that is added to every probability, so that its logarithm exists."""


class Estimates:
    """Probabilities of the classes of one message.

    The encoder and the linear model of a task are averaged: the log-odds of classes of which several may be right, and
    the log-probabilities of classes of which one is right.

    Args:
        models: the linear models.
        encoded: the message as the encoder has read it; None: only the linear models estimate.
    """

    def __init__(self, models: Models, encoded: EncodedMessage | None):
        self._models, self._encoded = models, encoded

    def of_message(self, task: str, features: Iterable[str]) -> dict[str, float]:
        """Return the probability of each class of a task about the message, without regard to the other classes."""
        found = self._models[task].probabilities(features)
        if self._encoded is None:
            return found
        other = self._encoded.probabilities(task)
        return {
            name: 1 / (1 + math.exp((SHARE - 1) * _log_odds(p) - SHARE * _log_odds(other.get(name, 0.0))))
            for name, p in found.items()
        }

    def of_target(self, task: str, features: Iterable[str], place: str = '') -> dict[str, float]:
        """Return the probability of each attitude to a target.

        Args:
            task: ``names``, ``films`` or ``people``.
            features: features of the target.
            place: its place in the message, see :attr:`.Reading.places`.
        """
        found = self._models[task].distribution(features)
        if self._encoded is None:
            return found
        other = self._encoded.probabilities(task, place)
        mixed = {
            name: math.exp((1 - SHARE) * math.log(p + _LEAST) + SHARE * math.log(other.get(name, 0.0) + _LEAST))
            for name, p in found.items()
        }
        return _normalized(mixed)


def _log_odds(p: float) -> float:
    return math.log((p + _LEAST) / (1 - p + _LEAST))


def _normalized(values: Mapping[str, float]) -> dict[str, float]:
    total = sum(values.values())
    return {name: value / total for name, value in values.items()}
