"""The base class of the experts."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Mapping

import torch
from torch import Tensor

from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.base import ItemRecommender
from crslab_causal.model.experts.options import ExpertOptions
from crslab_causal.model.experts.smoothing import log_popularity, smoothed_log_probability


class Expert(ItemRecommender):
    r"""A recommender that is fitted to the training data in one call of :meth:`fit`, outside the training loop.

    An expert gives evidence for items, and predicts the smoothed distribution

    .. math:: p(y \mid x) = (1 - s)\, q(y \mid x) + s\, \pi(y),

    where q is the normalised evidence, :math:`\pi` the popularity of the labels, and s the option ``expert_smoothing``.
    Its parameters are buffers, so checkpoints contain them.
    """

    options_class: type[ExpertOptions] = ExpertOptions
    item_count: Tensor
    """Number of times that each item is a label, ``(n_item,)``."""

    def __init__(self, opt: Any, device: torch.device, vocab: Mapping[str, Any], side_data: Mapping[str, Any]):
        self.side_data: Mapping[str, Any] | None = side_data
        super().__init__(opt, device, vocab, side_data)
        self.side_data = None  # free it: it is large, and only build_model reads it

    def build_model(self) -> None:
        self.options = self.options_class.of(self.opt)
        self.register_buffer('item_count', torch.zeros(self.n_item))

    def missing_requirement(self) -> str | None:
        """Return a text that says what must be installed before the expert can work; None if nothing is missing."""
        return None

    def fit(self, data: TrainingData) -> None:
        """Learn from the training conversations. The result of an earlier call is discarded."""
        self.item_count = torch.bincount(data.labels, minlength=self.n_item).to(self.item_count)
        self.fit_evidence(data)

    @abstractmethod
    def fit_evidence(self, data: TrainingData) -> None:
        """Learn everything that :meth:`evidence` needs."""

    @abstractmethod
    def evidence(self, batch: Mapping[str, Any]) -> Tensor:
        """Return the evidence for each item, numbers of at least 0 of shape ``(batch, n_item)``.

        Args:
            batch: see :meth:`.ItemRecommender.losses_and_scores`; labels are not read.
        """

    def log_probabilities(self, batch: Mapping[str, Any]) -> Tensor:
        """Return the logarithms of the distribution p, ``(batch, n_item)``.

        Args:
            batch: see :meth:`.ItemRecommender.losses_and_scores`; labels are not read.
        """
        return smoothed_log_probability(
            self.evidence(batch), log_popularity(self.item_count), self.options.expert_smoothing
        )

    def item_scores(self, batch: Mapping[str, Any]) -> Tensor:
        return self.log_probabilities(batch)

    def losses_and_scores(self, batch: Mapping[str, Any], mode: str) -> tuple[dict[str, Tensor], Tensor | None]:
        """Score a batch outside training. The loss is 0, because :meth:`fit` does all the training."""
        terms = {'rec_loss': torch.zeros((), device=self.index_of_entity.device)}
        return terms, None if mode == 'train' else self.item_scores(batch)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        for name, buffer in self._buffers.items():  # the size of some buffers depends on the data
            stored = state_dict.get(prefix + name)
            if buffer is not None and stored is not None and stored.shape != buffer.shape:
                setattr(self, name, torch.empty_like(stored, device=buffer.device))
        super()._load_from_state_dict(state_dict, prefix, *args)
