"""The system: trains, stops early, tests, and saves what it found."""

from __future__ import annotations

import math
import random
import time
from contextlib import contextmanager
from copy import deepcopy
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Iterator

import numpy as np
import torch
from loguru import logger
from torch import optim

from crslab_causal.config import Config
from crslab_causal.data.dataloader import CausalDataLoader, RecBatch
from crslab_causal.data.fingerprint import data_fingerprint
from crslab_causal.base.errors import UserError
from crslab_causal.evaluator.report import markdown_table, save_records, save_results
from crslab_causal.crslab_compat import AverageMetric, BaseSystem, building, get_dataloader, use_sparse_rgcn
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.pipeline import LLMPipeline
from crslab_causal.model.causal_kbrd import CausalKBRD
from crslab_causal.base.provenance import provenance
from crslab_causal.base import distributed
from crslab_causal.system import checkpoint
from crslab_causal.system.running_means import Averages
from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.terminal import chat
from crslab_causal.system.checkpoint import Checkpoint, Checkpoints, Progress
from crslab_causal.system.confounding import fit_confounder
from crslab_causal.system.adapters import get_driver
from crslab_causal.system.catalogue_info import build_catalogue_info
from crslab_causal.system.mixture import choose_weight, is_open, mixture_key
from crslab_causal.chat.recommender import Recommender
from crslab_causal.system.run_folder import run_folder, set_aside
from crslab_causal.system.schedule import build_optimizer, build_scheduler

EVALUATION_BATCH = 256


def seed_everything(*numbers: int) -> None:
    """Seeds Python, NumPy and PyTorch from several numbers, for example run seed and epoch."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1)[0])
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class CausalSystem(BaseSystem):
    """Runs the recommendation stage of any model of :data:`crslab_causal.run_options.MODEL_OPTIONS`.

    What it does otherwise than CRSLab's systems: the gradient is that of the loss (system/base.py:185),
    not of its square; batches of an accumulation group weigh by their samples; the best epoch's
    weights are tested and saved, not the last's; dropout is off outside training; every epoch draws
    from its own seed, so that a run that was killed and restored ends as an unbroken one.

    The run's folder is ``<save_path>/<dataset>_<model>/<run_name>_seed<seed>``. It gets
    ``results.json``, ``results.md`` and ``ranks_<split>.jsonl``, and with ``--save_system``
    ``best.pth`` and ``last.pth`` after every epoch. Of several processes (see
    :mod:`crslab_causal.base.distributed`) the first writes them.
    """

    def __init__(self, opt, train_dataloader: CausalDataLoader, valid_dataloader: CausalDataLoader,
                 test_dataloader: CausalDataLoader, vocab: dict, side_data: dict, restore_system: bool = False,
                 interact: bool = False, debug: bool = False, tensorboard: bool = False):
        opt = opt if isinstance(opt, Config) else Config.from_crslab(opt)
        self.seed = opt['seed']
        provenance()  # of what trains, not of what has been committed by the time results are saved
        seed_everything(self.seed)
        self.confounder = fit_confounder(opt, valid_dataloader if debug else train_dataloader, side_data)
        if self.confounder is not None:
            side_data = {**side_data, 'confounder': self.confounder}
            for dataloader in (train_dataloader, valid_dataloader, test_dataloader):
                dataloader.stratify(self.confounder)
        with building(opt['model']):
            super().__init__(opt, train_dataloader, valid_dataloader, test_dataloader, vocab, side_data,
                             False, interact, debug, tensorboard)
        if isinstance(self.model, torch.nn.DataParallel) and len(opt['gpu']) == 1:
            self.model = self.model.module
        if opt['mend_rgcn']:
            use_sparse_rgcn(self.model)
        self.trained = any(p.requires_grad for p in self.model.parameters())
        if self.trained and not interact:
            # CRSLab's models have parameters that only the conversation stage reads
            self.model = distributed.distribute(self.model, find_unused=not isinstance(self.model, CausalKBRD))
        self.item_ids: list[int] = side_data['item_entity_ids']
        self.driver = get_driver(self.model, opt, torch.as_tensor(self.item_ids).to(self.device))
        self.stage = opt['rec']
        self.folder = run_folder(opt)
        self.debug = debug
        self.checkpoints = Checkpoints(self.folder, seconds=0 if opt.get('save_system') or restore_system else math.inf)
        self.progress = Progress(0)
        self.optimizer = self.scheduler = None
        self.averages = Averages()
        if not interact:
            self._prepare_training()
        if restore_system or interact:
            self.restore_model()

    def _prepare_training(self) -> None:
        dropped = self.train_dataloader.drop_labels_outside_catalogue()
        if dropped:
            logger.warning(f'[{dropped} training samples have a label that is no item, and are left out]')
        for split, dataloader in (('train', self.train_dataloader), ('valid', self.valid_dataloader)):
            if not len(dataloader):
                raise UserError(f"dataset {self.opt['dataset']}: no recommender's turn of the {split} data "
                                'names an item')
        for dataloader in (self.train_dataloader, self.valid_dataloader, self.test_dataloader):
            dataloader.to(self.device)
        self.driver.prepare(self.train_dataloader)
        label_count = self.train_dataloader.label_count().numpy()
        self.evaluator.configure(self.opt['cutoffs'], label_count, Path('runs') / '_'.join(self.folder.parts[-2:]))
        self.norm_wanted = bool(self.stage['gradient_clip']) or self.evaluator.tensorboard
        self.evaluator.tensorboard &= distributed.is_first()
        if self.trained:
            self.init_optim(self.stage, [p for p in self.model.parameters() if p.requires_grad])

    # ------------------------------------------------------------ training

    def init_optim(self, opt: dict, parameters) -> None:
        """Optimizer and schedule of a stage. CRSLab's consumes the options it reads (system/base.py:125)."""
        self.parameters = list(parameters)
        self.optimizer = build_optimizer(opt['optimizer'], self.parameters)
        if isinstance(self.driver.module, CausalKBRD):
            sparse = isinstance(self.optimizer, (optim.SGD, optim.Adagrad)) and not opt['optimizer']['weight_decay']
            plain = self.model is self.driver.module and not self.norm_wanted
            self.driver.module.rgcn.sparse_gradient = sparse and plain
        updates = -(-len(self.train_dataloader) // (opt['batch_size'] * opt['update_freq']))
        self.scheduler = build_scheduler(self.optimizer, opt['lr_scheduler'], updates * self.epochs)

    @property
    def epochs(self) -> int:
        """Epochs of the stage; counting needs one."""
        return self.stage['epoch'] if self.trained else 1

    def fit(self) -> None:
        """Trains until early stopping or the last epoch, tests the best epoch, and saves the results.

        Only here, when data and configuration are known to be good, the folder of the run is touched.
        """
        sinks = []
        if distributed.is_first():
            if not self.progress.epoch:
                set_aside(self.folder)
            sinks.append(logger.add(self.folder / 'run.log', level='DEBUG' if self.debug else 'INFO'))
        try:
            self.train_recommender()
            self.test_recommender()
        finally:
            for sink in sinks:
                logger.remove(sink)

    def train_recommender(self) -> None:
        best = self._best_weights() if self.progress.epoch else None
        if self.progress.epoch == 0 and not self.progress.finished:
            self._pretrain()
        while not self.progress.finished:
            epoch, started = self.progress.epoch, time.perf_counter()
            seed_everything(self.seed, epoch)
            self._train_epoch(epoch)
            self.evaluate('valid', self.valid_dataloader, epoch, full=False)
            metric = self._stop_metric()
            improved = metric > self.progress.best_metric or best is None
            if improved:
                best = deepcopy(self.driver.module.state_dict())
            best_epoch = epoch if improved else self.progress.best_epoch
            stopped = self.stage['early_stop'] and epoch - best_epoch >= self.stage['impatience']
            seconds = time.perf_counter() - started
            self.progress = Progress(epoch + 1, best_epoch, metric if improved else self.progress.best_metric,
                                     stopped or epoch + 1 >= self.epochs, self.progress.seconds + seconds)
            logger.info(f"[Epoch {epoch}: {self.stage['metric']} {100 * metric:.2f}, best epoch {best_epoch}, "
                        f'{seconds:.1f} s]' + (' [Early stop]' if stopped else ''))
            self._save(best)
        self.driver.module.load_state_dict(best)
        self._choose_mixture()

    def _pretrain(self) -> None:
        """CRSLab's pre-training of KGSF, before the first epoch."""
        if not self.driver.pretrain_epoch:
            return
        options = {**self.stage, 'lr_scheduler': {'name': 'Constant', 'warmup_steps': 0}}
        self.init_optim(options, self.parameters)
        for epoch in range(self.driver.pretrain_epoch):
            seed_everything(self.seed, epoch, 1)
            self.model.train()
            for crslab_batch in self.train_dataloader.host.get_pretrain_data(self.stage['batch_size']):
                loss = self.driver.pretrain_loss(crslab_batch, self.device)
                if loss is not None:
                    self.optimizer.zero_grad()
                    loss.backward()
                    self.optimizer.step()
            logger.info(f'[Pretrain epoch {epoch}]')
        self.init_optim(self.stage, self.parameters)

    def _train_epoch(self, epoch: int) -> None:
        self.model.train()
        self.evaluator.reset_metrics()
        batches = self.train_dataloader.get_rec_data(self.stage['batch_size'], shuffle=True, desc=f'epoch {epoch}',
                                                     shared=self.trained)
        while group := list(islice(batches, self.stage['update_freq'])):
            self.step(group, 'rec', 'train')
        means = self.averages.means(self.device)
        self.averages = Averages()
        if not np.isfinite(means['rec_loss']):
            raise UserError(f"training diverged in epoch {epoch}: the loss is {means['rec_loss']}; "
                            'lower rec.optimizer.lr, or set rec.gradient_clip')
        for name, mean in means.items():
            self.evaluator.optim_metrics.add(name, AverageMetric(mean))
        self.evaluator.report(epoch=epoch, mode='train')

    def step(self, batch: list[RecBatch], stage: str, mode: str) -> None:
        """One update from the batches of an accumulation group."""
        n_sample = sum(b.n_sample for b in batch)
        if self.optimizer is not None:
            self.optimizer.zero_grad()
        with self.driver.group():
            for b in batch:
                with self.driver.accumulating(last=b is batch[-1]):
                    terms = self.driver.loss(b.to(self.device))
                    if self.optimizer is not None:
                        # the gradients of several processes are averaged, and their sum is wanted
                        (terms['rec_loss'] * (b.n_own * distributed.count() / n_sample)).backward()
                self.averages.add(b.n_own, **terms)
        if self.optimizer is None:
            return
        self.averages.add(1, lr=self.scheduler.get_last_lr()[0])
        if self.norm_wanted:
            norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.stage['gradient_clip'] or float('inf'))
            self.averages.add(1, **{'grad norm': norm})
        self.optimizer.step()
        self.scheduler.step()

    def metric_on_valid(self) -> float:
        """``rec.metric`` after the training, of all that is mixed."""
        if mixture_key(self.driver.module) is None:
            return self.progress.best_metric
        self.evaluate('valid', self.valid_dataloader, full=False, report=False)
        return self._stop_metric()

    def _stop_metric(self) -> float:
        metric = self.evaluator.metric(self.stage['metric'])
        return metric if np.isfinite(metric) else float('-inf')

    # ------------------------------------------------------------ evaluation

    def evaluate(self, split: str, dataloader: CausalDataLoader, epoch: int = -1, full: bool = True,
                 report: bool = True) -> dict:
        """Scores of the model on a split; they stay in ``self.evaluator`` until the next call.

        Args:
            split: its name.
            dataloader: of the split.
            epoch: for the report.
            full: whether to rank after the intervention, too, and to see which items are ever shown; both take
                longer than the rest, and training needs neither.
            report: whether to log them.
        """
        seed_everything(self.seed, 0, 2)  # random interventions are the same at every evaluation
        self.model.eval()
        self.evaluator.reset_metrics()
        with torch.no_grad(), self.driver.group():
            for batch in dataloader.get_rec_data(EVALUATION_BATCH, shuffle=False, desc=split, shared=True):
                batch = batch.to(self.device)
                scores, intervened = self.driver.scores(batch, intervene=full)
                self.evaluator.rec_evaluate_scores(scores, batch.label, batch.seen, batch.repeat, intervened,
                                                   coverage=full)
        self.evaluator.merge(distributed.collect(self.evaluator.collected()))
        if report:
            self.evaluator.report(epoch=epoch, mode=split)
        return self.evaluator.scores()

    def splits(self) -> Iterator[tuple[str, CausalDataLoader]]:
        """What is scored in the end: valid, test, and the demo's interventional split."""
        yield 'valid', self.valid_dataloader
        yield 'test', self.test_dataloader
        if 'interventional_data' in self.side_data:
            dataloader = get_dataloader(self.opt, self.side_data['interventional_data'], self.vocab)
            if self.confounder is not None:
                dataloader.stratify(self.confounder)
            yield 'interventional', dataloader

    def test_recommender(self) -> dict[str, dict]:
        """Scores every split with the weights in place, and saves table, scores and ranks."""
        splits = {}
        names = dict(zip(self.item_ids, self.side_data.get('item_names', ())))
        for split, dataloader in self.splits():
            splits[split] = self.evaluate(split, dataloader.to(self.device), self.progress.best_epoch)
            if distributed.is_first():
                save_records(self.folder / f'ranks_{split}.jsonl', self.evaluator.records(dataloader.samples, names))
        title = f"{self.opt['model']} on {self.opt['dataset']}, seed {self.seed}"
        title += ' (--debug: trained on valid)' if self.debug else ''
        if distributed.is_first():
            save_results(self.folder, self.header(), splits, title)
        logger.info(f'[{title}]\n{markdown_table(splits)}')
        logger.info(f'[Results in {self.folder}]')
        return splits

    def _choose_mixture(self) -> None:
        """As the released code of CTA-CRS: by the sum of recall at the smallest and at the largest cutoff."""
        if not is_open(self.driver.module):
            return

        def recall() -> float:
            scores = self.evaluate('valid', self.valid_dataloader, full=False, report=False)['all']
            return sum(scores[f'recall@{cutoff(self.opt["cutoffs"])}'] for cutoff in (min, max))
        choose_weight(self.driver.module, recall)
        if distributed.is_first() and self.checkpoints.best.is_file():  # with the weight, for who comes to talk
            checkpoint.save(self.checkpoints.best, self._checkpoint())

    def lists(self, dataloader: CausalDataLoader, k: int) -> list[list[int]]:
        """Entity ids of the ``k`` items that rank first, for every sample."""
        self.model.eval()
        result: list[list[int]] = []
        with torch.no_grad(), self.driver.group():
            for batch in dataloader.get_rec_data(EVALUATION_BATCH, shuffle=False, desc='candidates'):
                scores, _ = self.driver.scores(batch.to(self.device))
                best = torch.topk(scores, min(k, scores.shape[1])).indices.tolist()
                result += [[self.item_ids[i] for i in row] for row in best]
        return result

    def header(self) -> dict:
        """What ``results.json`` says of the run besides its scores."""
        key = mixture_key(self.driver.module)
        return {'config': self.opt.opt, 'seed': self.seed, 'epochs': self.progress.epoch,
                'best_epoch': self.progress.best_epoch, 'training_seconds': round(self.progress.seconds, 1),
                **({} if key is None else {key: round(float(getattr(self.driver.module, key)), 6)}),
                **({'debug': 'trained on valid'} if self.debug else {})}

    # ------------------------------------------------------------ checkpoints

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(self.driver.module.state_dict(), self.optimizer and self.optimizer.state_dict(),
                          self.scheduler and self.scheduler.state_dict(), self.progress, self._saved_opt())

    def _saved_opt(self) -> dict:
        opt = {key: value for key, value in self.opt.opt.items() if key != 'save_system'}
        return opt | {'data (fingerprint)': self._data_fingerprint}

    @cached_property
    def _data_fingerprint(self) -> str:
        return data_fingerprint(self.train_dataloader, self.vocab, self.side_data)

    def _save(self, best: dict) -> None:
        if distributed.is_first():
            self.checkpoints.save(self._checkpoint(), best)

    def remove_checkpoints(self) -> None:
        """For a run that is finished, and whose weights nobody wants."""
        self.checkpoints.remove()

    def save_model(self) -> None:
        """CRSLab's call after :meth:`fit`; the checkpoints are there if the run was to save them."""
        if not self.checkpoints.best.is_file() and distributed.is_first():
            checkpoint.save(self.checkpoints.best, self._checkpoint())
        logger.info(f'[Save system into {self.folder}]')

    def _best_weights(self) -> dict:
        return self.checkpoints.load_best(self._saved_opt(), self.device)

    def restore_model(self) -> None:
        """Continues from ``last.pth``; a system to talk to is made from ``best.pth``."""
        if not hasattr(self, 'evaluator'):
            self.driver.module.load_state_dict(self._best_weights())
            if is_open(self.driver.module):
                logger.warning(f'[{self.folder}: this run was not finished, and its {mixture_key(self.driver.module)} has not '
                               'been chosen: nothing is mixed in; --restore_system finishes it]')
            return
        last = self.checkpoints.load_last(self._saved_opt(), self.device)
        self.driver.module.load_state_dict(last.model)
        self.progress = last.progress
        if self.optimizer is not None:
            self.optimizer.load_state_dict(last.optimizer)
            self.scheduler.load_state_dict(last.scheduler)
        logger.info(f'[Restore system from {self.folder}: {self.progress.epoch} epochs done]')

    @cached_property
    def knowledge(self) -> CatalogueInfo:
        """What the language half knows of the dataset."""
        return build_catalogue_info(self.vocab, self.side_data, self.train_dataloader.label_count().tolist())

    def recommender(self) -> Recommender:
        """The model as it is, for one history at a time.

        Raises:
            UserError: it is not CausalKBRD.
        """
        if not isinstance(self.driver.module, CausalKBRD):
            raise UserError(f"model {self.opt['model']}: only CausalKBRD answers one history at a time (--interact)")
        return Recommender(self.driver.module, self.knowledge.names)

    @contextmanager
    def conversation(self) -> Iterator[Conversation]:
        """A conversation with one seeker, answered by the backend of ``llm``, by default the offline one."""
        recommender = self.recommender()
        options = LLMOptions(**self.opt.opt.get('llm', {}))
        with LLMPipeline(options, self.knowledge, self.train_dataloader.dataset) as pipeline:
            yield Conversation(recommender, pipeline, self.test_dataloader.history)

    def interact(self) -> None:
        """A conversation in the terminal."""
        with self.conversation() as conversation:
            chat(conversation)
