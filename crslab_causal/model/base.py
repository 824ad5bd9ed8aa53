"""The base class of this package's recommenders."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Mapping

import torch
from torch import Tensor

from crslab_causal.crslab_compat import BaseModel
from crslab_causal.data.histories import pad_histories


class ItemRecommender(BaseModel):
    """A recommender that scores all items, with the constructor and the ``forward`` of CRSLab's models.

    Subclasses write :meth:`build_model`, as in CRSLab, :meth:`item_scores` and :meth:`losses_and_scores`.

    Args:
        opt: configuration: a :class:`crslab_causal.config.Config`, CRSLab's own, or a dict.
        device: device of the model.
        vocab: vocabulary of the dataset, with ``n_entity`` and other keys that the model reads.
        side_data: side data of the dataset, with ``item_entity_ids`` and other keys that the model reads.
    """

    index_of_entity: Tensor
    """Index of each entity among the items, ``(n_entity,)``; -1 for an entity that is not an item."""

    def __init__(self, opt: Any, device: torch.device, vocab: Mapping[str, Any], side_data: Mapping[str, Any]):
        self.n_entity: int = vocab['n_entity']
        self.item_entity_ids = torch.as_tensor(side_data['item_entity_ids'])
        self.n_item = len(self.item_entity_ids)
        self._build(opt, device, vocab, side_data)
        index_of_entity = torch.full((self.n_entity,), -1, dtype=torch.long)
        index_of_entity[self.item_entity_ids] = torch.arange(self.n_item)
        self.register_buffer('index_of_entity', index_of_entity, persistent=False)

    def _build(self, opt: Any, device: torch.device, vocab: Mapping[str, Any], side_data: Mapping[str, Any]) -> None:
        """Call the constructor of CRSLab's class, which calls :meth:`build_model`."""
        super().__init__(opt, device)

    @abstractmethod
    def item_scores(self, batch: Mapping[str, Any]) -> Tensor:
        """Score all items.

        Args:
            batch: see :meth:`losses_and_scores`; labels are not read.

        Returns:
            Scores of shape ``(batch, n_item)``, in the order of ``item_entity_ids``.
        """

    @abstractmethod
    def losses_and_scores(self, batch: Mapping[str, Any], mode: str) -> tuple[dict[str, Tensor], Tensor | None]:
        """Compute the loss, and the scores of all items.

        Args:
            batch: from :meth:`.RecBatch.inputs`:

                - ``context_entities``, ``(batch, length)``: histories, padded on the right with -1;
                - ``item``, ``(batch,)``: entity ids of the labels;
                - ``stratum``, ``(batch,)``: strata of the confounder;
                - ``context_tokens``, ``(batch, length)``: token ids, for models that read tokens.
            mode: ``train``, ``valid`` or ``test``.

        Returns:
            The terms of the loss by name, of which ``rec_loss`` is minimised; and scores of shape ``(batch, n_item)``,
            which may be None in training.

        Raises:
            ValueError: a label is not an item.
        """

    def label_index(self, item: Tensor) -> Tensor:
        """Return the index of each label among the items.

        Args:
            item: ``(batch,)``, entity ids.

        Raises:
            ValueError: a label is not an item.
        """
        index = self.index_of_entity[item]
        if (index < 0).any():
            raise ValueError('a label is not one of item_entity_ids')
        return index

    def forward(
        self, batch: Mapping[str, Any], mode: str, stage: str = 'rec'
    ) -> tuple[Tensor, dict[str, Tensor] | Tensor | None]:
        """Compute the loss and the scores of a batch, with the arguments that CRSLab uses.

        Args:
            batch: see :meth:`losses_and_scores`; ``context_entities`` may also be a list of lists.
            mode: ``train``, ``valid`` or ``test``.
            stage: ``rec``, or ``conv`` for models that write responses.

        Returns:
            The loss, and a second value. In training this is all terms of the loss by name. Otherwise it is scores of
            shape ``(batch, n_entity)``, which are minus infinity for entities that are not items.

        Raises:
            ValueError: a label is not an item.
        """
        if stage == 'conv':
            return self.converse(batch, mode)
        histories = batch.get('context_entities')
        if histories is not None and not isinstance(histories, Tensor):
            batch = {**batch, 'context_entities': pad_histories(histories).to(self.index_of_entity.device)}
        terms, scores = self.losses_and_scores(batch, mode)
        if mode == 'train' or scores is None:
            return terms['rec_loss'], terms
        by_entity = scores.new_full((len(scores), self.n_entity), -torch.inf)
        by_entity[:, self.item_entity_ids] = scores
        return terms['rec_loss'], by_entity
