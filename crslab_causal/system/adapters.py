"""Adapters, through which the system calls models. CRSLab's models are called in four different ways."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Mapping, Sequence

import torch
from loguru import logger
from torch import Tensor, nn, optim
from torch.nn.parallel import DistributedDataParallel

from crslab_causal.base.seeding import seed_everything
from crslab_causal.base.training_options import SchedulerOptions
from crslab_causal.chat.live_context import LiveContexts
from crslab_causal.chat.recommenders.base import ListRecommender
from crslab_causal.chat.recommenders.causal_kbrd import CausalKBRDRecommender
from crslab_causal.chat.recommenders.model import ModelRecommender
from crslab_causal.config import Config
from crslab_causal.data.dataloader import CausalDataLoader, RecBatch
from crslab_causal.data.schema import RecSample
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.causal_kbrd import CausalKBRD

if TYPE_CHECKING:
    from crslab_causal.system.trainer import Trainer


def unwrap(model: nn.Module) -> nn.Module:
    """Return the model without the wrapper that it has on several GPUs or in several processes."""
    return model.module if isinstance(model, (nn.DataParallel, DistributedDataParallel)) else model


class ModelAdapter:
    """The adapter of models that are called by ``forward(batch, mode)``, and the base class of all adapters.

    An adapter has the same methods for every model, so that the system does not depend on the model.

    Args:
        model: the model, as CRSLab's ``get_model`` built it.
        config: the configuration.
        item_entity_ids: ``(n_item,)``, entity ids of the items.
        dataloader: samples of the training split.
    """

    has_unused_parameters = True
    """Whether some parameters may get no gradient. CRSLab's models contain parameters of the conversation stage."""

    advice_if_slow = (
        "CRSLab's models score all entities at every update: a larger rec.batch_size is faster, see the files "
        'under config/baselines'
    )
    """Advice for a slow training; empty if there is none."""

    def __init__(self, model: nn.Module, config: Config, item_entity_ids: Tensor, dataloader: CausalDataLoader):
        self.model, self.config, self.item_entity_ids, self.dataloader = model, config, item_entity_ids, dataloader
        self.module: Any = unwrap(model)
        """The model itself."""

    def prepare(self) -> None:
        """Prepare the model with the training samples before the training starts."""

    def configure_optimizer(self, optimizer: optim.Optimizer, reads_gradients: bool) -> None:
        """Adapt the model to its optimizer.

        Args:
            optimizer: the optimizer.
            reads_gradients: whether the norm of the gradients is computed.
        """

    def pretrain(self, trainer: Trainer) -> None:
        """Pre-train the model, before the first epoch of ``trainer``."""

    def loss_terms(self, batch: RecBatch) -> dict[str, Tensor]:
        """Return the terms of the training loss by name. The term ``rec_loss`` is minimised."""
        return {'rec_loss': self._call(batch, 'train')[0].mean()}

    def scores(self, batch: RecBatch, intervene: bool = True) -> tuple[Tensor, Tensor | None]:
        """Score all items.

        Args:
            batch: the samples.
            intervene: whether to also score after the intervention, if the model has one.

        Returns:
            The scores, ``(batch, n_item)``; and the scores after the intervention, or None.
        """
        scores = self._call(batch, 'test')[1].float().to(self.item_entity_ids.device)  # may be on the CPU
        return scores[:, self.item_entity_ids], None

    def recommender(
        self, contexts: LiveContexts, mentioned: Sequence[int], names: Mapping[int, str]
    ) -> ListRecommender:
        """Return a recommender for the chat, which uses the model for one history at a time.

        Args:
            contexts: makes samples of a history.
            mentioned: ids of the entities that occur in the data.
            names: name of each entity id.
        """
        self.model.eval()

        def score(sample: RecSample) -> Tensor:
            with torch.no_grad(), self.group():
                batch = self.dataloader.batch_of([sample]).to(self.item_entity_ids.device)
                return self.scores(batch, intervene=False)[0][0]

        items = self.item_entity_ids.tolist()
        entities = list(dict.fromkeys([*items, *mentioned]))
        return ModelRecommender(score, contexts, items, entities, names)

    def group(self) -> AbstractContextManager:
        """Return a context manager for calls between which the parameters do not change."""
        return nullcontext()

    def accumulating(self, last: bool) -> AbstractContextManager:
        """Return a context manager for the forward and backward pass of a batch.

        Processes exchange their gradients in the ``last`` batch of an accumulation group only.
        """
        if isinstance(self.model, DistributedDataParallel) and not last:
            return self.model.no_sync()
        return nullcontext()

    def _call(self, batch: RecBatch, mode: str) -> tuple[Tensor, Any]:
        return self.model(batch.crslab_batch, mode)


class KBRDAdapter(ModelAdapter):
    """The adapter of CRSLab's KBRD, which is called by ``forward(batch, mode, stage)``."""

    def _call(self, batch: RecBatch, mode: str) -> tuple[Tensor, Any]:
        return self.model(batch.crslab_batch, mode, 'rec')


class KGSFAdapter(ModelAdapter):
    """The adapter of CRSLab's KGSF, which is called by ``forward(batch, stage, mode)`` and has a second loss.

    The second loss is in system/kgsf.py:86.
    """

    def loss_terms(self, batch: RecBatch) -> dict[str, Tensor]:
        rec_loss, info_loss, _ = self.model(batch.crslab_batch, 'rec', 'train')
        if info_loss is None:
            return {'rec_loss': rec_loss.mean()}
        info_loss = info_loss.mean()
        weight = self.config.model.info_loss_weight
        return {'rec_loss': rec_loss.mean() + weight * info_loss, 'info_loss': info_loss}

    def scores(self, batch: RecBatch, intervene: bool = True) -> tuple[Tensor, None]:
        return self.model(batch.crslab_batch, 'rec', 'test')[2][:, self.item_entity_ids], None

    def pretrain(self, trainer: Trainer) -> None:
        """Maximise the mutual information between words and entities, as CRSLab's system does before stage ``rec``."""
        epochs = self.config.model.pretrain_epoch
        if not epochs:
            return
        trainer.prepare_optimizer(SchedulerOptions(name='Constant'))
        for epoch in range(epochs):
            seed_everything(trainer.seed, epoch, 1)
            self.model.train()
            for crslab_batch in self.dataloader.crslab_loader.get_pretrain_data(trainer.options.batch_size):
                inputs = [tensor.to(trainer.device) for tensor in crslab_batch]
                loss = self.model(inputs, 'pretrain', 'train')
                if loss is not None:  # None for a batch without entities
                    trainer.optimizer.zero_grad()
                    loss.mean().backward()
                    trainer.optimizer.step()
            logger.info(f'[Pretrain epoch {epoch}]')
        trainer.prepare_optimizer(trainer.options.lr_scheduler)


class ItemRecommenderAdapter(ModelAdapter):
    """The adapter of the models of this package, see :class:`.ItemRecommender`."""

    advice_if_slow = ''

    def loss_terms(self, batch: RecBatch) -> dict[str, Tensor]:
        _, terms = self._call(batch, 'train')
        # DataParallel gathers a value from each replica
        return {name: term.mean() for name, term in terms.items()}

    def scores(self, batch: RecBatch, intervene: bool = True) -> tuple[Tensor, Tensor | None]:
        return self.module.item_scores(batch.inputs()), None

    def _call(self, batch: RecBatch, mode: str) -> tuple[Tensor, Any]:
        return self.model(batch.inputs(), mode, 'rec')


class ExpertAdapter(ItemRecommenderAdapter):
    """The adapter of models that are fitted to all training conversations in one call of their method ``fit``."""

    def pretrain(self, trainer: Trainer) -> None:
        """Fit the model in one call, outside the training loop.

        The trainer then runs one epoch, which trains nothing; it only validates the fitted model.
        """
        self.module.fit(TrainingData.of(self.dataloader))

    def loss_terms(self, batch: RecBatch) -> dict[str, Tensor]:
        return {'rec_loss': torch.zeros((), device=batch.item.device)}


class CausalKBRDAdapter(ItemRecommenderAdapter):
    """The adapter of CausalKBRD.

    It returns scores before and after the intervention. If the model is mixed with transition counts, these are counted
    before the training.
    """

    has_unused_parameters = False

    def prepare(self) -> None:
        if self.module.counts is not None:
            self.module.counts.fit(TrainingData.of(self.dataloader))

    def configure_optimizer(self, optimizer: optim.Optimizer, reads_gradients: bool) -> None:
        """Let the R-GCN return sparse gradients if they give the optimizer the same update as dense ones."""
        plain = isinstance(optimizer, (optim.SGD, optim.Adagrad)) and not optimizer.defaults['weight_decay']
        self.module.rgcn.sparse_gradient = plain and self.model is self.module and not reads_gradients

    def scores(self, batch: RecBatch, intervene: bool = True) -> tuple[Tensor, Tensor | None]:
        return self.module.item_logits(batch.context_entities, intervene)

    def recommender(
        self, contexts: LiveContexts, mentioned: Sequence[int], names: Mapping[int, str]
    ) -> ListRecommender:
        return CausalKBRDRecommender(self.module, names)

    def group(self) -> AbstractContextManager:
        return _share_entity_embedding(self, self.module)


class CTACRSAdapter(ItemRecommenderAdapter):
    """The adapter of CTACRS, whose entity level is a CausalKBRD."""

    def group(self) -> AbstractContextManager:
        return _share_entity_embedding(self, self.module.entity_level)


def _share_entity_embedding(adapter: ModelAdapter, model: CausalKBRD) -> AbstractContextManager:
    """Return a context manager in which ``model`` computes H of Eq 2 once for all batches of a group."""
    if adapter.model is not adapter.module and torch.is_grad_enabled():
        return nullcontext()  # DistributedDataParallel needs its own forward pass
    return model.shared_entity_embedding()
