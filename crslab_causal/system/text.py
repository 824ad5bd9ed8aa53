"""The system of encoder-decoders, which trains the recommender, and then trains and scores the responses."""

from __future__ import annotations

from typing import Iterator, Sequence

from loguru import logger

from crslab_causal.base import distributed
from crslab_causal.base.artifacts import CONVERSATION_PREFIX, responses_file
from crslab_causal.base.errors import UserError
from crslab_causal.base.progress_bar import progress
from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.data.histories import pad_histories
from crslab_causal.data.responses import ResponsePairs, is_spoken
from crslab_causal.evaluator.generation import GenerationMetrics
from crslab_causal.evaluator.report import generation_table, save_records, save_results
from crslab_causal.llm.detokenization import detokenize
from crslab_causal.system.causal import CausalSystem
from crslab_causal.system.checkpoint import Checkpoints
from crslab_causal.system.conv_stage import GENERATION_BATCH_SIZE, ConvStage, cross_entropy, perplexity
from crslab_causal.system.data_of_run import data_of_run
from crslab_causal.system.trainer import Trainer


class TextSystem(CausalSystem):
    """The system that trains and tests a recommender, and then the responses (stage ``conv``).

    The second stage starts from the recommender's encoder and trains all parameters, by the cross-entropy of the
    recommender's turns whose words are known. The epoch with the lowest perplexity on valid is tested. The scores of
    the recommender are computed and saved before, and do not change.

    A response is written by greedy decoding for every scored sample whose words are known. The responses are scored
    like those of CausalLLM. The run's folder also gets ``generation_results.json``, ``generation_results.md`` and
    ``responses_<split>.jsonl``. With ``--save-system`` it gets ``conv_best.pth`` and ``conv_last.pth`` after every
    epoch.
    """

    def fit(self) -> None:
        self.resumed = self.progress.epoch > 0
        self.writes_responses = self.config.flags.write_responses and self.config.model.conv.epoch > 0
        if self.writes_responses:
            for split, dataloader in (('train', self.train_dataloader), ('valid', self.valid_dataloader)):
                if not any(map(is_spoken, dataloader.dataset)):
                    raise UserError(
                        f"dataset {self.config.run.dataset}: no recommender's turn of the {split} data has "
                        'words to learn from; set conv.epoch to 0'
                    )
        super().fit()

    def test_recommender(self) -> dict[str, dict]:
        splits = super().test_recommender()
        if self.writes_responses:
            loaders = dict(self.splits())
            recommended = {
                split: [row[0] for row in self.evaluation.lists(loader, 1)] for split, loader in loaders.items()
            }
            self.train_conversation()
            # perplexity is computed on every turn with words, also without an item; each process computes its share
            perplexities = {
                split: perplexity(cross_entropy(self.adapter, self._pairs(loader), self.device))
                for split, loader in loaders.items()
            }
            if distributed.is_first():
                self.test_conversation(loaders, recommended, perplexities)
        return splits

    def train_conversation(self) -> None:
        """Train the responses until early stopping or the last epoch, and keep the weights of the best epoch."""
        train, valid = (self._pairs(loader) for loader in (self.train_dataloader, self.valid_dataloader))
        stage = ConvStage(self.config.model.conv, self.adapter, train, valid, self.device)
        checkpoints = Checkpoints(self.folder, CONVERSATION_PREFIX, self.checkpoints.seconds)
        self.conv_trainer = Trainer(stage, self.adapter, self.seed, self.device, checkpoints, self.identity)
        if self.resumed and checkpoints.last.is_file():
            self.conv_trainer.restore()
            epochs = self.conv_trainer.progress.epoch
            logger.info(f'[Restore conversation from {self.folder}: {epochs} epochs done]')
        self.conv_trainer.fit()

    def _pairs(self, dataloader: CausalDataLoader) -> ResponsePairs:
        return ResponsePairs(dataloader, self.vocab['pad'], self.vocab['end'], self.config.model.response_truncate)

    def remove_checkpoints(self) -> None:
        super().remove_checkpoints()
        Checkpoints(self.folder, CONVERSATION_PREFIX).remove()

    # ------------------------------------------------------------ testing

    def test_conversation(
        self, loaders: dict[str, CausalDataLoader], recommended: dict[str, list[int]], perplexities: dict[str, float]
    ) -> dict:
        """Write and score the responses of every split, and save the responses and the scores.

        Args:
            loaders: samples by split.
            recommended: for each sample of a split, the entity id of the item that the recommender ranks first.
            perplexities: perplexity by split.
        """
        results = {}
        for split, loader in loaders.items():
            spoken = [i for i, sample in enumerate(loader.samples) if is_spoken(sample)]
            samples = [loader.samples[i] for i in spoken]
            first = [recommended[split][i] for i in spoken]
            responses = self.responses(samples, loader)
            results[split] = {'perplexity': perplexities[split], **self._scores(samples, responses, first)}
            save_records(self.folder / responses_file(split), self._responses(samples, responses, first))
        title = f'Responses of {self.config.run.model} on {self.config.run.dataset}, seed {self.seed}'
        done = self.conv_trainer.progress
        metadata = {
            'config': self.config.opt,
            'data': data_of_run(self.config),
            'seed': self.seed,
            'epochs': done.epoch,
            'best_epoch': done.best_epoch,
            'training_seconds': round(done.seconds, 1),
        }
        save_results(self.folder, metadata, results, title, name='generation_results', table=generation_table)
        logger.info(f'[{title}]\n{generation_table(results)}')
        return results

    def responses(self, samples: Sequence[dict], loader: CausalDataLoader) -> list[str]:
        """Return a readable response for each sample. The samples of one turn share their response."""
        self.model.eval()
        contexts = {(sample['conv_id'], sample['turn']): loader.tokens(sample['context_tokens']) for sample in samples}
        turns = sorted(contexts, key=lambda turn: len(contexts[turn]))
        names, tokens = self.catalogue.name_of_token, self.vocab['ind2tok']
        texts: dict[tuple[str, int], str] = {}
        for start in progress(range(0, len(turns), GENERATION_BATCH_SIZE), 'responses'):
            together = turns[start : start + GENERATION_BATCH_SIZE]
            batch = pad_histories([contexts[turn] for turn in together], self.vocab['pad']).to(self.device)
            written = self.adapter.module.respond(batch, self.config.model.response_truncate)
            texts |= {turn: detokenize(' '.join(tokens[i] for i in row), names) for turn, row in zip(together, written)}
        return [texts[sample['conv_id'], sample['turn']] for sample in samples]

    def _scores(self, samples: Sequence[dict], responses: Sequence[str], recommended: Sequence[int]) -> dict:
        catalogue = self.catalogue
        metrics = GenerationMetrics({item: catalogue.names[item] for item in catalogue.items}, catalogue.label_count)
        for sample, response, first in zip(samples, responses, recommended):
            context = {*sample['context_mentions'], *sample['context_items']}
            metrics.add(response, [detokenize(sample['response_text'], catalogue.name_of_token)], first, None, context)
        return metrics.scores()

    def _responses(
        self, samples: Sequence[dict], responses: Sequence[str], recommended: Sequence[int]
    ) -> Iterator[dict]:
        for sample, response, first in zip(samples, responses, recommended):
            yield {
                'conversation': sample['conv_id'],
                'turn': sample['turn'],
                'label': sample['item'],
                'recommended': first,
                'response': response,
                'reference': detokenize(sample['response_text'], self.catalogue.name_of_token),
            }
