"""How the system calls each model: CRSLab's have four ways of being called."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from crslab_causal.data.dataloader import CausalDataLoader, RecBatch
from crslab_causal.crslab_compat import KBRDModel, KGSFModel
from crslab_causal.model.baselines.cta_crs import CTACRS
from crslab_causal.model.baselines.text import EncoderDecoder
from crslab_causal.model.causal_kbrd import CausalKBRD
from crslab_causal.model.counting import CountingModel


def unwrapped(model: nn.Module) -> nn.Module:
    """The model itself, where it is spread over GPUs or processes."""
    return model.module if isinstance(model, (nn.DataParallel, DistributedDataParallel)) else model


class Driver:
    """Calls one model.

    Args:
        model: as CRSLab's ``get_model`` built it.
        opt: configuration.
        item_entity_ids: ``(n_item,)``.
    """

    pretrain_epoch = 0
    """Epochs of training by :meth:`pretrain_loss` that go before."""

    def __init__(self, model: nn.Module, opt, item_entity_ids: Tensor):
        self.model, self.opt, self.item_entity_ids = model, opt, item_entity_ids
        self.module = unwrapped(model)

    def prepare(self, dataloader: CausalDataLoader) -> None:
        """What comes before any training on these samples."""

    def loss(self, batch: RecBatch) -> dict[str, Tensor]:
        """Terms of the training loss; ``rec_loss`` is what is minimised."""
        return {'rec_loss': self._call(batch, 'train')[0].mean()}

    def scores(self, batch: RecBatch, intervene: bool = True) -> tuple[Tensor, Tensor | None]:
        """``(batch, n_item)`` scores, and, if ``intervene``, those after the intervention where the model has one."""
        scores = self._call(batch, 'test')[1].float().to(self.item_entity_ids.device)  # Popularity's are on the CPU
        return scores[:, self.item_entity_ids], None

    def group(self) -> AbstractContextManager:
        """Surrounds calls between which the parameters do not change."""
        return nullcontext()

    def accumulating(self, last: bool) -> AbstractContextManager:
        """Surrounds forward and backward pass of a batch; only the ``last`` of a group exchanges gradients."""
        distributed = isinstance(self.model, DistributedDataParallel)
        return self.model.no_sync() if distributed and not last else nullcontext()

    def _call(self, batch: RecBatch, mode: str) -> tuple[Tensor, Tensor]:
        return self.model(batch.crslab_batch, mode)


class StagedDriver(Driver):
    """``forward(batch, mode, stage)``: CRSLab's KBRD."""

    def _call(self, batch: RecBatch, mode: str) -> tuple[Tensor, Tensor]:
        return self.model(batch.crslab_batch, mode, 'rec')


class KGSFDriver(Driver):
    """``forward(batch, stage, mode)``, with a second loss (system/kgsf.py:86) and pre-training."""

    def __init__(self, model: nn.Module, opt, item_entity_ids: Tensor):
        super().__init__(model, opt, item_entity_ids)
        self.pretrain_epoch = opt['pretrain_epoch']

    def loss(self, batch: RecBatch) -> dict[str, Tensor]:
        rec_loss, info_loss, _ = self.model(batch.crslab_batch, 'rec', 'train')
        if info_loss is None:
            return {'rec_loss': rec_loss.mean()}
        info_loss = info_loss.mean()
        return {'rec_loss': rec_loss.mean() + self.opt['info_loss_weight'] * info_loss, 'info_loss': info_loss}

    def scores(self, batch: RecBatch, intervene: bool = True) -> tuple[Tensor, None]:
        return self.model(batch.crslab_batch, 'rec', 'test')[2][:, self.item_entity_ids], None

    def pretrain_loss(self, crslab_batch: tuple, device: torch.device) -> Tensor | None:
        """Loss of the mutual information between words and entities; None for a batch without entities."""
        loss = self.model([tensor.to(device) for tensor in crslab_batch], 'pretrain', 'train')
        return None if loss is None else loss.mean()


class OwnDriver(Driver):
    """Models of this package: ``forward(batch, mode, stage)`` with our tensors."""

    def _call(self, batch: RecBatch, mode: str) -> tuple[Tensor, Tensor]:
        return self.model({'context_entities': batch.context_entities, 'item': batch.item}, mode, 'rec')

    def scores(self, batch: RecBatch, intervene: bool = True) -> tuple[Tensor, None]:
        return self.module.item_scores(batch.context_entities), None


class CausalDriver(OwnDriver):
    """CausalKBRD: loss terms apart, scores before and after the intervention, H computed once a group."""

    def prepare(self, dataloader: CausalDataLoader) -> None:
        if self.module.counts is not None:
            everything = dataloader.rec_batchify(torch.arange(len(dataloader))).to(self.item_entity_ids.device)
            self.module.counts.count(everything.context_entities, everything.label)

    def _call(self, batch: RecBatch, mode: str) -> tuple[Tensor, Tensor]:
        return self.model({'context_entities': batch.context_entities, 'item': batch.item, 'stratum': batch.stratum},
                          mode, 'rec')

    def loss(self, batch: RecBatch) -> dict[str, Tensor]:
        total = self._call(batch, 'train')[0].mean()
        if isinstance(self.model, nn.DataParallel):  # its replicas keep their terms
            return {'rec_loss': total}
        terms = self.module.loss_terms
        return {'rec_loss': total, 'cross_entropy': terms.cross_entropy, 'causal_loss': terms.causal, 'kl': terms.kl}

    def scores(self, batch: RecBatch, intervene: bool = True) -> tuple[Tensor, Tensor | None]:
        return self.module.item_logits(batch.context_entities, intervene)

    def group(self) -> AbstractContextManager:
        if self.model is not self.module and torch.is_grad_enabled():
            return nullcontext()  # the wrapper follows a backward pass from its own forward pass on
        return self.module.shared_entity_embedding()


class TextDriver(OwnDriver):
    """Models of this package that read tokens, too, and keep the terms of their loss in ``loss_terms``."""

    def loss(self, batch: RecBatch) -> dict[str, Tensor]:
        total = self._call(batch, 'train')[0].mean()
        # DataParallel's replicas keep their terms
        return {'rec_loss': total} | ({} if isinstance(self.model, nn.DataParallel) else self.module.loss_terms)

    def scores(self, batch: RecBatch, intervene: bool = True) -> tuple[Tensor, None]:
        return self.module.item_scores(batch.context_entities, batch.context_tokens), None

    def _call(self, batch: RecBatch, mode: str) -> tuple[Tensor, Tensor]:
        inputs = {name: getattr(batch, name) for name in ('context_entities', 'context_tokens', 'item')}
        return self.model(inputs, mode, 'rec')


class CTACRSDriver(TextDriver):
    """CTACRS: H computed once a group."""

    def group(self) -> AbstractContextManager:
        if self.model is not self.module and torch.is_grad_enabled():
            return nullcontext()  # as for CausalDriver
        return self.module.entity_level.shared_entity_embedding()


_DRIVERS = ((CausalKBRD, CausalDriver), (CountingModel, OwnDriver), (CTACRS, CTACRSDriver),
            (EncoderDecoder, TextDriver), (KBRDModel, StagedDriver), (KGSFModel, KGSFDriver),
            (nn.Module, Driver))


def get_driver(model: nn.Module, opt, item_entity_ids: Tensor) -> Driver:
    """The driver that knows how to call ``model``."""
    module = unwrapped(model)
    driver = next(driver for model_class, driver in _DRIVERS if isinstance(module, model_class))
    return driver(model, opt, item_entity_ids)
