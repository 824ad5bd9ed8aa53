"""The members of a pool, which are experts that give each item one or more values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Mapping

import torch
from torch import Tensor, nn

from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.baselines.repeat import Repeat
from crslab_causal.model.causal_kbrd import CausalKBRD
from crslab_causal.model.counting import CountingModel
from crslab_causal.model.experts.base import Expert
from crslab_causal.model.experts.smoothing import log_popularity, smoothed_log_probability
from crslab_causal.model.options import CausalKBRDOptions
from crslab_causal.model.pool.options import REPEAT_CHANNELS


class Member(ABC, nn.Module):
    """The base class of the members of a pool.

    A member wraps one expert, which gives each item one or more values. A value is called a channel of the pool.

    Args:
        name: name of the expert.
    """

    def __init__(self, name: str):
        super().__init__()
        self.channels: tuple[str, ...] = (name,)
        """Names of the values that the expert gives each item. The name of a value is the name of its channel."""

    def missing_requirement(self) -> str | None:
        """Return a text that says what must be installed or done before the expert can work; None if it can work."""
        return None

    @abstractmethod
    def fit(self, data: TrainingData) -> None:
        """Learn from the training conversations. The result of an earlier call is discarded."""

    @abstractmethod
    def values(self, batch: Mapping[str, Any]) -> Tensor:
        """Return the values that the expert gives all items, ``(batch, number of its channels, n_item)``.

        Args:
            batch: see :meth:`.ItemRecommender.losses_and_scores`; labels are not read.
        """


class ExpertMember(Member):
    """A member of a pool that wraps an :class:`.Expert`. The value of an item is its log-probability.

    Args:
        name: name of the expert.
        expert: the expert.
    """

    def __init__(self, name: str, expert: Expert):
        super().__init__(name)
        self.expert = expert

    def missing_requirement(self) -> str | None:
        return self.expert.missing_requirement()

    def fit(self, data: TrainingData) -> None:
        self.expert.fit(data)

    def values(self, batch: Mapping[str, Any]) -> Tensor:
        return self.expert.log_probabilities(batch)[:, None]


class CountsMember(Member):
    """A member of a pool that wraps a :class:`.CountingModel`, whose scores must not be negative.

    The value of an item is the logarithm of its share of the scores. The shares are mixed with popularity, as the
    evidence of an :class:`.Expert` is.

    Args:
        name: name of the expert.
        model: the model, with a buffer ``item_count``.
        smoothing: share of popularity.
    """

    def __init__(self, name: str, model: CountingModel, smoothing: float):
        super().__init__(name)
        self.model, self.smoothing = model, smoothing

    def fit(self, data: TrainingData) -> None:
        self.model.fit(data)

    def values(self, batch: Mapping[str, Any]) -> Tensor:
        scores = self.model.history_scores(batch['context_entities'])
        return smoothed_log_probability(scores, log_popularity(self.model.item_count), self.smoothing)[:, None]


class RepeatMember(Member):
    """A member of a pool that wraps the baseline :class:`.Repeat`.

    It gives each item two values: whether the item is in the context, and whether it is the latest item of the context.

    Args:
        name: name of the expert.
        model: the baseline.
    """

    def __init__(self, name: str, model: Repeat):
        super().__init__(name)
        self.channels = REPEAT_CHANNELS
        self.model = model

    def fit(self, data: TrainingData) -> None:
        """Do nothing, because there is nothing to learn."""

    def values(self, batch: Mapping[str, Any]) -> Tensor:
        position = self.model.history_scores(batch['context_entities'])
        there = position > 0
        return torch.stack([there, there & (position == position.amax(-1, keepdim=True))], 1).float()


class RecommenderMember(Member):
    """A member of a pool that wraps the CausalKBRD of a saved run.

    The value of an item is its log-probability, with the transition counts mixed in if the run does so.

    Args:
        name: name of the expert.
        device: device of the model.
        vocab: vocabulary of the dataset.
        side_data: side data of the dataset.
    """

    def __init__(self, name: str, device: torch.device, vocab: Mapping[str, Any], side_data: Mapping[str, Any]):
        super().__init__(name)
        self._arguments = device, vocab, side_data
        self._options: CausalKBRDOptions | None = None
        self.model: CausalKBRD | None = None

    def missing_requirement(self) -> str | None:
        return None if self.model is not None else 'recommender: names no saved run'

    def take(self, options: CausalKBRDOptions, weights: Mapping[str, Any] | None = None) -> None:
        """Use the recommender of a run.

        Args:
            options: options of the model in that run.
            weights: parameters of the run; None: the caller loads them later by ``load_state_dict``.
        """
        self._options = options
        self.model = CausalKBRD(options, *self._arguments)
        if weights is not None:
            self.model.load_state_dict(weights)
        self.model.to(self._arguments[0]).requires_grad_(False).eval()

    def get_extra_state(self) -> dict[str, Any] | None:
        """Return the options of the model, so that a checkpoint of the pool can be loaded without the run."""
        return None if self._options is None else self._options.model_dump()

    def set_extra_state(self, state: dict[str, Any] | None) -> None:
        """Build the recommender from the options in a checkpoint. Its parameters are loaded afterwards."""
        if state is not None:
            self.take(CausalKBRDOptions(**state))

    def fit(self, data: TrainingData) -> None:
        """Do nothing, because the saved run has trained the model."""

    def values(self, batch: Mapping[str, Any]) -> Tensor:
        assert self.model is not None
        logits = self.model.item_logits(batch['context_entities'], intervene=False).observed
        return logits.log_softmax(-1)[:, None]
