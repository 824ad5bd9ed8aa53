"""The system that builds, trains, tests and saves a recommender."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import Any, Iterator

import torch
from loguru import logger

from crslab_causal.base import distributed
from crslab_causal.base.artifacts import LOG, ranks_file
from crslab_causal.base.errors import UserError
from crslab_causal.base.provenance import provenance
from crslab_causal.base.seeding import seed_everything
from crslab_causal.config import Config
from crslab_causal.crslab_compat import BaseSystem, building, get_dataloader
from crslab_causal.data.dataloader import CausalDataLoader, RecBatch
from crslab_causal.data.fingerprint import data_fingerprint
from crslab_causal.evaluator.report import markdown_table, save_records, save_results
from crslab_causal.model.sparse_rgcn import use_sparse_rgcn
from crslab_causal.system import checkpoint
from crslab_causal.system.answering import AnsweringSystem
from crslab_causal.system.checkpoint import Checkpoints, Progress
from crslab_causal.system.confounding import fit_confounder
from crslab_causal.system.data_of_run import data_of_run
from crslab_causal.system.evaluation import RecEvaluation
from crslab_causal.system.mixture import choose_weight, is_open, mixture_key
from crslab_causal.system.rec_stage import RecStage
from crslab_causal.system.run_folder import locked, rotate_existing, run_folder, saved_folder, weights_folder
from crslab_causal.system.trainer import Trainer


class CausalSystem(AnsweringSystem, BaseSystem):
    """The system that trains and tests the recommender of every model in :data:`crslab_causal.registry.MODELS`.

    It serves every model of the package, also those without causal terms: "Causal" in its name means the package.

    The constructor and the methods are those of CRSLab's systems. :class:`.Trainer` does the training and lists its
    differences from CRSLab. Dropout is off outside training.

    The run's folder is ``<save_path>/<dataset>_<model>/<run_name>_seed<seed>``. It gets ``results.json``,
    ``results.md`` and ``ranks_<split>.jsonl``. With ``--save-system`` it also gets ``best.pth`` and ``last.pth`` after
    every epoch. If there are several processes (see :mod:`crslab_causal.base.distributed`), the first one writes them.
    """

    def __init__(
        self,
        opt: Any,
        train_dataloader: CausalDataLoader,
        valid_dataloader: CausalDataLoader,
        test_dataloader: CausalDataLoader,
        vocab: dict,
        side_data: dict,
        restore_system: bool = False,
        interact: bool = False,
        debug: bool = False,
        tensorboard: bool = False,
    ):
        self.config = config = opt if isinstance(opt, Config) else Config.from_crslab(opt)
        self.seed, self.debug = config.run.seed, debug
        self.is_chat = interact
        """Whether the system chats with a saved run. It then has no trainer."""
        provenance()  # called before the training, so that it names the commit of the code that trains
        seed_everything(self.seed)
        self.confounder = fit_confounder(config, valid_dataloader if debug else train_dataloader, side_data)
        if self.confounder is not None:
            side_data = {**side_data, 'confounder': self.confounder}
            for dataloader in (train_dataloader, valid_dataloader, test_dataloader):
                dataloader.stratify(self.confounder)
        with building(config.run.model):
            super().__init__(
                config,
                train_dataloader,
                valid_dataloader,
                test_dataloader,
                vocab,
                side_data,
                False,
                interact,
                debug,
                tensorboard,
            )
        self.item_ids: list[int] = side_data['item_entity_ids']
        self.folder = saved_folder(config) if restore_system else run_folder(config)
        self._adapt_model()
        seconds = 0 if config.flags.save_system else config.flags.checkpoint_seconds
        self.checkpoints = Checkpoints(self.folder, seconds=0 if restore_system and math.isinf(seconds) else seconds)
        if self.is_chat:
            self.load_best()
            return
        self._prepare_training()
        if restore_system:
            self.restore_model()

    def _adapt_model(self) -> None:
        if isinstance(self.model, torch.nn.DataParallel) and len(self.config.gpu) == 1:
            self.model = self.model.module
        if self.config.run.sparse_rgcn:
            use_sparse_rgcn(self.model)
        adapter_class = self.config.model_entry.load_adapter()
        self.trained = any(parameter.requires_grad for parameter in self.model.parameters())
        if self.trained and not self.is_chat:
            self.model = distributed.distribute(self.model, find_unused=adapter_class.has_unused_parameters)
        item_ids = torch.as_tensor(self.item_ids).to(self.device)
        self.adapter = adapter_class(self.model, self.config, item_ids, self.train_dataloader)

    def _prepare_training(self) -> None:
        dropped = self.train_dataloader.drop_labels_outside_catalogue()
        if dropped:
            logger.warning(f'[{dropped} training samples have a label that is not an item, and are left out]')
        for split, dataloader in (('train', self.train_dataloader), ('valid', self.valid_dataloader)):
            if not len(dataloader):
                raise UserError(
                    f"dataset {self.config.run.dataset}: no recommender's turn of the {split} data names an item"
                )
        for dataloader in (self.train_dataloader, self.valid_dataloader, self.test_dataloader):
            dataloader.to(self.device)
        self.adapter.prepare()
        label_count = self.train_dataloader.label_count().numpy()
        self.evaluator.configure(self.config.run.cutoffs, label_count, Path('runs') / '_'.join(self.folder.parts[-2:]))
        self.evaluation = RecEvaluation(
            self.adapter,
            self.evaluator,
            self.item_ids,
            self.device,
            self.seed,
            self.side_data.get('seeker_answers'),
        )
        self.stage = RecStage(
            self.config.run.rec, self.evaluation, self.train_dataloader, self.valid_dataloader, self.trained
        )
        self.evaluator.tensorboard &= distributed.is_first()
        self.trainer = Trainer(self.stage, self.adapter, self.seed, self.device, self.checkpoints, self.identity)

    # ------------------------------------------------------------ training

    @property
    def progress(self) -> Progress:
        """Progress of the training of the recommender."""
        return self.trainer.progress

    def fit(self) -> None:
        """Train until early stopping or the last epoch, test the best epoch, and save the results.

        The run's folder is not changed before this method is called. The data and the configuration are checked by
        then.
        """
        if not distributed.is_first():
            self._train_and_test()
            return
        with locked(self.folder):
            if not self.progress.epoch:
                rotate_existing(self.folder)
            sink = logger.add(self.folder / LOG, level='DEBUG' if self.debug else 'INFO')
            try:
                self._train_and_test()
            finally:
                logger.remove(sink)

    def _train_and_test(self) -> None:
        self.train_recommender()
        self.test_recommender()

    def train_recommender(self) -> None:
        """Train the recommender, and choose the weight of its mixture if it has one."""
        self.trainer.fit()
        self.choose_mixture()

    def step(self, batch: list[RecBatch], stage: str, mode: str) -> None:
        """Update the parameters once, from the batches of an accumulation group.

        CRSLab's systems must have this method.
        """
        self.trainer.update(batch)

    def choose_mixture(self) -> None:
        """Choose the weight of a mixture on valid, if it is not chosen yet."""
        if not is_open(self.adapter.module):
            return

        def scores() -> dict[str, float]:
            return self.evaluation.evaluate('valid', self.valid_dataloader, full=False, report=False)['all']

        choose_weight(self.adapter.module, scores, self.config.run.cutoffs)
        if distributed.is_first() and self.checkpoints.best.is_file():
            checkpoint.save(self.checkpoints.best, self.trainer.checkpoint())  # with the chosen weight

    def metric_on_valid(self) -> float:
        """Return the metric ``rec.metric`` on the validation split after the training.

        If the model has a mixture, the mixture is scored, with the weight that was chosen.
        """
        if mixture_key(self.adapter.module) is None:
            return self.progress.best_metric
        return self.stage.validate(report=False)

    # ------------------------------------------------------------ evaluation

    def splits(self) -> Iterator[tuple[str, CausalDataLoader]]:
        """Yield the splits that are scored at the end: valid, test, and the interventional split of the demo."""
        yield 'valid', self.valid_dataloader
        yield 'test', self.test_dataloader
        if 'interventional_data' in self.side_data:
            dataloader = get_dataloader(self.config, self.side_data['interventional_data'], self.vocab)
            if self.confounder is not None:
                dataloader.stratify(self.confounder)
            yield 'interventional', dataloader

    def test_recommender(self) -> dict[str, dict]:
        """Score every split with the current weights, and save the table, the scores and the ranks."""
        n_item = len(self.item_ids)
        trivial = [str(k) for k in self.config.run.cutoffs if k >= n_item]
        if trivial and distributed.is_first():
            logger.warning(
                f'[cutoffs: the catalogue has {n_item} items, so recall at {", ".join(trivial)} is 1 for every model; '
                'choose smaller cutoffs]'
            )
        splits = {}
        names = self.side_data.get('display_names', {})
        for split, dataloader in self.splits():
            splits[split] = self.evaluation.evaluate(split, dataloader.to(self.device), self.progress.best_epoch)
            if distributed.is_first():
                save_records(self.folder / ranks_file(split), self.evaluator.records(dataloader.samples, names))
        title = f'{self.config.run.model} on {self.config.run.dataset}, seed {self.seed}'
        title += ' (--debug: trained on valid)' if self.debug else ''
        if distributed.is_first():
            save_results(self.folder, self.run_metadata(), splits, title)
        logger.info(f'[{title}]\n{markdown_table(splits)}')
        logger.info(f'[Results in {self.folder}]')
        return splits

    def run_metadata(self) -> dict:
        """Return the fields of ``results.json`` other than the scores."""
        key = mixture_key(self.adapter.module)
        return {
            'config': self.config.opt,
            'data': data_of_run(self.config),
            'seed': self.seed,
            'epochs': self.progress.epoch,
            'best_epoch': self.progress.best_epoch,
            'training_seconds': round(self.progress.seconds, 1),
            **({} if key is None else {key: round(float(getattr(self.adapter.module, key)), 6)}),
            **({'debug': 'trained on valid'} if self.debug else {}),
        }

    # ------------------------------------------------------------ checkpoints

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Configuration and data of the run. A checkpoint is loaded only if its configuration and data are the same."""
        fingerprint = data_fingerprint(self.train_dataloader, self.vocab, self.side_data)
        return {**self.config.opt, 'data (fingerprint)': fingerprint}

    def save_model(self) -> None:
        """Save the system. CRSLab calls this after :meth:`fit`, when the checkpoints usually exist already."""
        if not self.checkpoints.best.is_file() and distributed.is_first():
            checkpoint.save(self.checkpoints.best, self.trainer.checkpoint())
        logger.info(f'[Save system into {self.folder}]')

    def restore_model(self) -> None:
        """Continue the training from ``last.pth``."""
        self.trainer.restore()
        logger.info(f'[Restore system from {self.folder}: {self.progress.epoch} epochs done]')

    def load_best(self) -> None:
        """Load the weights of the best epoch. Afterwards the model can be used, but not trained further."""
        folder = weights_folder(self.config)
        self.adapter.module.load_state_dict(Checkpoints(folder).load_best(self.identity, self.device))
        if is_open(self.adapter.module):
            logger.warning(
                f'[{folder}: this run was not finished, so its {mixture_key(self.adapter.module)} has not been '
                'chosen, and the mixture is off; `run` with --restore-system finishes it]'
            )

    def remove_checkpoints(self) -> None:
        """Remove the checkpoints of a finished run."""
        self.checkpoints.remove()
