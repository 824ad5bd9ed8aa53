"""The system of encoder-decoders: recommends, then learns to write responses, and scores them."""

from __future__ import annotations

import math
import time
from copy import deepcopy
from itertools import islice
from typing import Iterator, Sequence

import numpy as np
import torch
from loguru import logger

from crslab_causal.base import distributed
from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.data.histories import pad_histories
from crslab_causal.data.responses import ConvBatch, ResponsePairs, is_spoken
from crslab_causal.base.errors import UserError
from crslab_causal.evaluator.generation import GenerationMetrics
from crslab_causal.evaluator.report import generation_table, save_records, save_results
from crslab_causal.llm.detokenization import detokenize
from crslab_causal.base.progress_bar import progress
from crslab_causal.system.running_means import Averages
from crslab_causal.system.causal import CausalSystem, seed_everything
from crslab_causal.system.checkpoint import Checkpoint, Checkpoints, Progress
from crslab_causal.system.schedule import build_optimizer, build_scheduler

WRITTEN_TOGETHER = 64
"""Responses of a batch in writing."""


class TextSystem(CausalSystem):
    """Trains and tests the recommender, as :class:`.CausalSystem`, and then the writer of responses (stage ``conv``).

    The writer starts from the recommender's encoder and tunes all parameters, by the cross-entropy of the recommender's
    turns whose words are known; the epoch with the least perplexity on valid is tested. Recommendation is scored and
    saved before, and not touched by it.

    A response is written, greedily, for every sample that the recommender is scored on and whose words are known, and
    scored as those of CausalLLM. The run's folder also gets ``generation_results.json``, ``generation_results.md`` and
    ``responses_<split>.jsonl``, and with ``--save_system`` ``conv_best.pth`` and ``conv_last.pth`` after every epoch.
    """

    writes_responses = True
    """Whether the stage ``conv`` follows; the experiments leave it out where no table asks for responses."""

    def fit(self) -> None:
        self.resumed = self.progress.epoch > 0
        self.writes_responses &= self.opt['conv']['epoch'] > 0
        if self.writes_responses:
            for split, dataloader in (('train', self.train_dataloader), ('valid', self.valid_dataloader)):
                if not any(map(is_spoken, dataloader.dataset)):
                    raise UserError(f"dataset {self.opt['dataset']}: no recommender's turn of the {split} data has "
                                    'words to learn from; set conv.epoch to 0')
        super().fit()

    def test_recommender(self) -> dict[str, dict]:
        splits = super().test_recommender()
        if self.writes_responses:
            loaders = dict(self.splits())
            recommended = {split: [row[0] for row in self.lists(loader, 1)] for split, loader in loaders.items()}
            self.train_conversation()
            # of every turn with words, those that name no item, too; all processes read their share
            read = {split: perplexity(-self.cross_entropy(self._pairs(loader))) for split, loader in loaders.items()}
            if distributed.is_first():
                self.test_conversation(loaders, recommended, read)
        return splits

    # ------------------------------------------------------------ training

    def train_conversation(self) -> None:
        """Trains until early stopping or the last epoch, and keeps the weights of the best one."""
        stage = self.opt['conv']
        train, valid = (self._pairs(loader) for loader in (self.train_dataloader, self.valid_dataloader))
        optimizer = build_optimizer(stage['optimizer'], self.parameters)
        updates = math.ceil(len(train) / (stage['batch_size'] * stage['update_freq']))
        scheduler = build_scheduler(optimizer, stage['lr_scheduler'], updates * stage['epoch'])
        self.conv_checkpoints = Checkpoints(self.folder, 'conv_', self.checkpoints.seconds)
        self.conv_progress, best = Progress(0), None
        if self.resumed and self.conv_checkpoints.last.is_file():
            best = self._restore_conversation(optimizer, scheduler)
        while not self.conv_progress.finished:
            done, started = self.conv_progress, time.perf_counter()
            seed_everything(self.seed, done.epoch, 3)
            loss = self._train_conversation_epoch(train, optimizer, scheduler)
            if not np.isfinite(loss):
                raise UserError(f'training on responses diverged in epoch {done.epoch}: the loss is {loss}; '
                                'lower conv.optimizer.lr, or set conv.gradient_clip')
            metric = -self.cross_entropy(valid)
            improved = metric > done.best_metric or best is None
            if improved:
                best = deepcopy(self.driver.module.state_dict())
            best_epoch = done.epoch if improved else done.best_epoch
            stopped = stage['early_stop'] and done.epoch - best_epoch >= stage['impatience']
            seconds = time.perf_counter() - started
            self.conv_progress = Progress(done.epoch + 1, best_epoch, metric if improved else done.best_metric,
                                          stopped or done.epoch + 1 >= stage['epoch'], done.seconds + seconds)
            logger.info(f'[Conversation epoch {done.epoch}: loss {loss:.4g}, '
                        f'perplexity on valid {perplexity(metric):.2f}, best epoch {best_epoch}, {seconds:.1f} s]'
                        + (' [Early stop]' if stopped else ''))
            self._save_conversation(best, optimizer, scheduler)
        self.driver.module.load_state_dict(best)

    def _pairs(self, dataloader: CausalDataLoader) -> ResponsePairs:
        return ResponsePairs(dataloader, self.vocab['pad'], self.vocab['end'], self.opt['response_truncate'])

    def _train_conversation_epoch(self, pairs: ResponsePairs, optimizer, scheduler) -> float:
        """An epoch of updates; gives the mean loss of a token."""
        stage, averages = self.opt['conv'], Averages()
        self.model.train()
        batches = pairs.batches(stage['batch_size'], shuffle=True, desc='responses')
        while group := list(islice(batches, stage['update_freq'])):
            n_token = sum(batch.n_token for batch in group)
            optimizer.zero_grad()
            for batch in group:
                with self.driver.accumulating(last=batch is group[-1]):
                    # the gradients of several processes are averaged, and their sum is wanted
                    loss = self._loss(batch.to(self.device)) * (batch.n_own > 0)
                    (loss * (distributed.count() / n_token)).backward()
                if batch.n_own:
                    averages.add(batch.n_own, loss=loss / batch.n_own)
            if stage['gradient_clip']:
                torch.nn.utils.clip_grad_norm_(self.parameters, stage['gradient_clip'])
            optimizer.step()
            scheduler.step()
        return averages.means(self.device)['loss']

    def _loss(self, batch: ConvBatch) -> torch.Tensor:
        inputs = {'context_tokens': batch.context_tokens, 'response': batch.response}
        return self.model(inputs, 'train', 'conv')[0].sum()

    def cross_entropy(self, pairs: ResponsePairs) -> float:
        """Mean cross-entropy of a token, in nats."""
        self.model.eval()
        totals = torch.zeros(2, dtype=torch.float64)
        with torch.no_grad():
            for batch in pairs.batches(WRITTEN_TOGETHER, shuffle=False, desc='perplexity'):
                if batch.n_own:
                    inputs = batch.to(self.device)._asdict()
                    totals += torch.tensor([float(self.driver.module.converse(inputs, 'valid')[0]), batch.n_own])
        loss, n_token = distributed.total(totals.to(self.device)).tolist()
        return loss / n_token

    # ------------------------------------------------------------ checkpoints

    def _save_conversation(self, best: dict, optimizer, scheduler) -> None:
        if distributed.is_first():
            state = Checkpoint(self.driver.module.state_dict(), optimizer.state_dict(), scheduler.state_dict(),
                               self.conv_progress, self._saved_opt())
            self.conv_checkpoints.save(state, best)

    def remove_checkpoints(self) -> None:
        super().remove_checkpoints()
        Checkpoints(self.folder, 'conv_').remove()

    def _restore_conversation(self, optimizer, scheduler) -> dict:
        """Continues from ``conv_last.pth``; gives the weights of the best epoch."""
        last = self.conv_checkpoints.load_last(self._saved_opt(), self.device)
        best = self.conv_checkpoints.load_best(self._saved_opt(), self.device)
        self.driver.module.load_state_dict(last.model)
        optimizer.load_state_dict(last.optimizer)
        scheduler.load_state_dict(last.scheduler)
        self.conv_progress = last.progress
        logger.info(f'[Restore conversation from {self.folder}: {self.conv_progress.epoch} epochs done]')
        return best

    # ------------------------------------------------------------ testing

    def test_conversation(self, loaders: dict[str, CausalDataLoader], recommended: dict[str, list[int]],
                          perplexities: dict[str, float]) -> dict:
        """Writes and scores the responses of every split, and saves both.

        Args:
            loaders: by split.
            recommended: for each sample of a split, the entity id of the item that the recommender puts first.
            perplexities: of each split.
        """
        results = {}
        for split, loader in loaders.items():
            spoken = [i for i, sample in enumerate(loader.samples) if is_spoken(sample)]
            samples = [loader.samples[i] for i in spoken]
            first = [recommended[split][i] for i in spoken]
            responses = self.responses(samples, loader)
            results[split] = {'perplexity': perplexities[split], **self._scores(samples, responses, first)}
            save_records(self.folder / f'responses_{split}.jsonl', self._responses(samples, responses, first))
        title = f"Responses of {self.opt['model']} on {self.opt['dataset']}, seed {self.seed}"
        done = self.conv_progress
        header = {'config': self.opt.opt, 'seed': self.seed, 'epochs': done.epoch, 'best_epoch': done.best_epoch,
                  'training_seconds': round(done.seconds, 1)}
        save_results(self.folder, header, results, title, name='generation_results', table=generation_table)
        logger.info(f'[{title}]\n{generation_table(results)}')
        return results

    def responses(self, samples: Sequence[dict], loader: CausalDataLoader) -> list[str]:
        """A readable response for each sample, written once for all samples of a turn."""
        self.model.eval()
        contexts = {(sample['conv_id'], sample['turn']): loader.tokens(sample['context_tokens']) for sample in samples}
        turns = sorted(contexts, key=lambda turn: len(contexts[turn]))
        names, tokens = self.knowledge.name_of_token, self.vocab['ind2tok']
        said: dict[tuple[str, int], str] = {}
        for start in progress(range(0, len(turns), WRITTEN_TOGETHER), 'responses'):
            together = turns[start:start + WRITTEN_TOGETHER]
            batch = pad_histories([contexts[turn] for turn in together], self.vocab['pad']).to(self.device)
            written = self.driver.module.respond(batch, self.opt['response_truncate'])
            said |= {turn: detokenize(' '.join(tokens[i] for i in row), names) for turn, row in zip(together, written)}
        return [said[sample['conv_id'], sample['turn']] for sample in samples]

    def _scores(self, samples: Sequence[dict], responses: Sequence[str], recommended: Sequence[int]) -> dict:
        knowledge = self.knowledge
        metrics = GenerationMetrics({item: knowledge.names[item] for item in knowledge.items}, knowledge.label_count)
        for sample, response, first in zip(samples, responses, recommended):
            context = {*sample['context_mentions'], *sample['context_items']}
            metrics.add(response, [detokenize(sample['response_text'], knowledge.name_of_token)], first, None, context)
        return metrics.scores()

    def _responses(self, samples: Sequence[dict], responses: Sequence[str],
                   recommended: Sequence[int]) -> Iterator[dict]:
        for sample, response, first in zip(samples, responses, recommended):
            yield {'conversation': sample['conv_id'], 'turn': sample['turn'], 'label': sample['item'],
                   'recommended': first, 'response': response,
                   'reference': detokenize(sample['response_text'], self.knowledge.name_of_token)}


def perplexity(metric: float) -> float:
    """From minus the mean cross-entropy of a token; infinite where a float cannot hold it."""
    return math.exp(-metric) if metric > -700 else math.inf
