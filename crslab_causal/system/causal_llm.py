"""The system of CausalLLM: a recommender, and a backend that explains, re-ranks and responds (Section 3.4)."""

from __future__ import annotations

import random
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Iterable, Iterator, Mapping, Sequence

import torch
from loguru import logger

from crslab_causal.base import distributed
from crslab_causal.base.artifacts import llm_file, llm_ranks_file
from crslab_causal.base.errors import IncompleteRun, UserError
from crslab_causal.config import KEYS_OF_PLACE
from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.data.histories import NO_ITEM
from crslab_causal.evaluator.causal import CausalEvaluator
from crslab_causal.evaluator.generation import GenerationMetrics
from crslab_causal.evaluator.report import markdown_table, save_records, save_results
from crslab_causal.llm.client.budget import BATCH_PRICE
from crslab_causal.llm.detokenization import detokenize
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.pipeline import LLMPipeline, LLMResult, RerankTask
from crslab_causal.llm.records import LLMRecord
from crslab_causal.registry import MODELS, ModelEntry
from crslab_causal.system import checkpoint
from crslab_causal.system.causal import CausalSystem
from crslab_causal.system.checkpoint import Progress
from crslab_causal.system.data_of_run import data_of_run
from crslab_causal.system.llm_report import failure, summarize, summary_lines

_MAX_UNUSABLE_AT_START = 20
"""Number of unusable answers at the start of a run, without any usable one, that stop it."""


class CausalLLMSystem(CausalSystem):
    """The system that tests a recommender, and then lets the backend of ``llm`` answer its samples.

    The recommender is trained, or loaded from the run that the option ``recommender`` names. The folder of the run also
    gets ``llm_results.json``, ``llm_results.md``, ``llm_<split>.jsonl``, which has one :class:`.LLMRecord` for each
    sample, and ``llm_ranks_<split>.jsonl``, which has the ranks behind the last row of scores.
    """

    def __init__(self, opt, *arguments, **keywords):
        super().__init__(opt, *arguments, **keywords)
        self.has_other_model = False
        """Whether ``recommender`` names a run of another model than CausalKBRD."""
        self.llm: LLMOptions = self.config.model.llm
        self.llm_summary: dict[str, Any] | None = None
        """Section ``llm`` of ``llm_results.json``; None before the samples are answered."""
        self.external_recommender: str | None = self.config.model.recommender
        if self.external_recommender is not None:
            self._load_recommender(Path(self.external_recommender))

    def restore_model(self) -> None:
        """Restore the recommender from this run's checkpoint. Do nothing if it comes from another run."""
        if self.config.model.recommender is None:
            super().restore_model()

    def load_best(self) -> None:
        """Load the recommender's best weights from this run. Do nothing if the recommender comes from another run."""
        if self.config.model.recommender is None:
            super().load_best()

    def fit(self) -> None:
        """Train or load the recommender, test it, and let the backend answer the samples.

        With ``llm.dry_run`` only estimate the cost.

        Raises:
            UserError: an option of ``llm`` is wrong. This is raised before the training.
            IncompleteRun: too many samples have no answer. The results are saved.
        """
        store = self.llm.store and Path(self.llm.store).resolve()
        if store and self.folder.resolve() in store.parents:
            raise UserError(
                f'llm.store: {self.llm.store} is inside the folder of the run, which the next run renames; '
                'name a file elsewhere'
            )
        self.make_pipeline().close()  # report mistakes in the options before the training
        if self.llm.dry_run:
            self.estimate()
            return
        super().fit()
        reason = None if self.llm_summary is None else failure(self.llm_summary)
        if reason is not None:
            raise IncompleteRun(
                f'{reason}; the results in {self.folder} are not those of the model alone; remove the cause, and start '
                'again'
            )

    def save_model(self) -> None:
        """Save the system. Do nothing with ``llm.dry_run``, which trains nothing, or if another run has the model."""
        if not self.llm.dry_run and not self.has_other_model:
            super().save_model()

    def train_recommender(self) -> None:
        """Train the recommender, or save the loaded one if it is CausalKBRD."""
        if self.external_recommender is None:
            super().train_recommender()
            return
        self.trainer.progress = Progress(0, finished=True)
        if self.has_other_model:  # a checkpoint of this run would not say which model it holds
            return
        self.choose_mixture()  # in case that the loaded run was not finished
        self.trainer.save(self.adapter.module.state_dict())

    def test_recommender(self) -> dict[str, dict]:
        """Test the recommender on every split, and then let the backend answer the samples of ``llm.split``."""
        splits = super().test_recommender()
        if distributed.is_first():
            if self.llm.batch is None:
                self.test_language_model()
            else:
                self.export_batch(self.llm.batch)
        return splits

    def estimate(self) -> None:
        """Estimate the requests, the tokens, the cost in USD and the minutes for all answers, and log them."""
        dataloader, indices = self._samples()
        with self.make_pipeline() as pipeline:
            estimate = pipeline.estimate(self.tasks(pipeline, dataloader, indices))
            logger.info(f'[LLM: dry run of {pipeline.backend.name}: {estimate.line()}]')
        if self.external_recommender is None:
            logger.info(
                '[LLM: the recommender is not trained in a dry run, so the candidates are arbitrary, and recorded '
                'answers are not found]'
            )

    def export_batch(self, path: str) -> None:
        """Write the unanswered requests to a file for a Batch API, and log the command that follows."""
        dataloader, indices = self._samples()
        with self.make_pipeline() as pipeline:
            tasks = self.tasks(pipeline, dataloader, indices)
            estimate = pipeline.estimate(tasks)
            files = pipeline.export(tasks, path)
        usd = None if estimate is None else estimate.usd
        cost = '' if usd is None else f', about {BATCH_PRICE * usd:.2f} USD at half the price'
        store = self.llm.store or 'STORE'
        for file, n in files.items():
            logger.info(
                f'[LLM: {n} requests in {file}; hand the file to the Batch API, and import its results with '
                f'`crslab-causal batch {file} RESULTS --store {store}`]'
            )
        logger.info(f'[LLM: {sum(files.values())} requests in all{cost}]')

    def test_language_model(self) -> dict[str, Any]:
        """Let the backend answer the samples of ``llm.split``, score the answers, and save the answers and the scores.

        Returns:
            The section ``llm`` of ``llm_results.json``.
        """
        split = self.llm.split
        dataloader, indices = self._samples()
        samples = [dataloader.samples[i] for i in indices]
        with self.make_pipeline() as pipeline:
            tasks = self.tasks(pipeline, dataloader, indices)
            listed = [[candidate.entity for candidate in task.request.candidates] for task in tasks]  # I_rec
            backend = pipeline.backend
            prompt = pipeline.prompt.name if backend.uses_prompt else None
            of_prompt = f'prompt {prompt}, ' if prompt else ''
            logger.info(f'[LLM: {backend.name}, {of_prompt}{len(indices)} samples of {split}]')
            if pipeline.ranks_candidates and samples:
                share = sum(sample['item'] in items for sample, items in zip(samples, listed)) / len(samples)
                logger.info(
                    f"[LLM: recall of the recommender's list at {self.llm.candidates} is {100 * share:.2f} %; this is "
                    'the ceiling of re-ranking]'
                )
            estimate = pipeline.estimate(tasks)
            if estimate is not None:
                logger.info(f'[LLM: {estimate.line()}]')
            results = list(_stop_if_useless(pipeline.answer(tasks)) if backend.uses_prompt else pipeline.answer(tasks))
            self.llm_summary = summary = {
                'backend': backend.name,
                'prompt': prompt,
                'oracle': self.llm.oracle,
                'shuffled': self.llm.shuffle,
                'anchored': self.llm.anchor,
                'permutations': self.llm.permutations,
                'examples': self.llm.examples if 'examples' in pipeline.prompt.placeholders else 0,
                **summarize(results, self.llm.ranked),
                **backend.summary(),
            }
        if (reason := failure(summary)) is not None:
            logger.warning(f'[LLM: {reason}]')
        rankings: dict[str, Sequence[Sequence[int | None]]] = {f'{split}, recommender': listed}
        if summary['unanswered'] < len(results) or not results:
            name = f'{split}, {prompt or f"{self.llm.mode} backend"}'
            rankings[name] = [result.ranking for result in results]
            if not pipeline.ranks_candidates:
                rankings[f'{name}, empty places kept'] = [result.places for result in results]
        evaluators = {name: self._evaluate(dataloader, indices, ranking) for name, ranking in rankings.items()}
        scores = {name: evaluator.scores() for name, evaluator in evaluators.items()}
        summary['candidate_recall'] = None
        if pipeline.ranks_candidates:
            n_recalled = sum(sample['item'] in result.candidates for sample, result in zip(samples, results))
            summary['candidate_recall'] = n_recalled / max(1, len(results))
        summary['generation'] = self._generation_scores(samples, results, pipeline.ranks_candidates)
        records = (
            LLMRecord.from_result(sample, ranked, result, backend.name)
            for sample, ranked, result in zip(samples, listed, results)
        )
        save_records(self.folder / llm_file(split), (record.model_dump() for record in records))
        *_, shown = evaluators.values()  # tables of experiments show the last row of scores
        save_records(
            self.folder / llm_ranks_file(split), shown.records(samples, self.side_data.get('display_names', {}))
        )
        self._save_llm_results(summary, scores)
        return summary

    def _save_llm_results(self, summary: dict[str, Any], scores: dict[str, Any]) -> None:
        """Write ``llm_results.json`` and ``llm_results.md``, and log the scores.

        Args:
            summary: section ``llm`` of ``llm_results.json``.
            scores: scores of the recommender and of the backend.
        """
        title = f'{self.config.run.run_name}: {summary["backend"]} on {self.config.run.dataset}, seed {self.seed}'
        remarks = list(summary_lines(summary))
        save_results(
            self.folder,
            {'config': self.config.opt, 'data': data_of_run(self.config), 'seed': self.seed, 'llm': summary},
            scores,
            title,
            name='llm_results',
            remarks=remarks,
        )
        logger.info(f'[{title}]\n{markdown_table(scores)}\n\n' + '\n'.join(remarks))

    def _samples(self) -> tuple[CausalDataLoader, list[int]]:
        """Return the samples of ``llm.split``, and the indices of the samples that the backend answers."""
        dataloader = {'valid': self.valid_dataloader, 'test': self.test_dataloader}[self.llm.split]
        return dataloader, self._sample_indices(len(dataloader))

    def make_pipeline(self) -> LLMPipeline:
        """Return the pipeline of the section ``llm``, which the caller has to close.

        Raises:
            UserError: an option of the section is wrong.
        """
        return LLMPipeline(self.llm, self.catalogue, self.train_dataloader.dataset)

    def tasks(
        self,
        pipeline: LLMPipeline,
        dataloader: CausalDataLoader,
        indices: Sequence[int],
    ) -> list[RerankTask]:
        """Return what the LLM pipeline has to answer: one task for each sample with one of these indices."""
        items = conversation_items(dataloader.dataset)
        others = [[sample['item'], *items[sample['conv_id']]] for sample in dataloader.samples]
        ranked = self.evaluation.ranked_lists(dataloader, self.llm.candidates, others)
        intervention = getattr(self.adapter.module, 'intervention', None)
        masks_last = intervention is None or intervention.position == 'last'
        tasks = []
        for i in indices:
            sample, (listed, probabilities) = dataloader.samples[i], ranked[i]
            history = sample['context_entities']
            masked = history[-1] if history and masks_last else None
            if masked is None:
                probabilities = {item: p._replace(masked=None) for item, p in probabilities.items()}
            request = pipeline.request(sample, listed, probabilities, masked)
            tasks.append(RerankTask(request, sample['item'], items[sample['conv_id']], probabilities))
        return tasks

    def _load_recommender(self, folder: Path) -> None:
        found = checkpoint.load_recommender(checkpoint.find_recommender(folder), self.identity, self.device)
        name = found.opt['model']
        if name not in checkpoint.CAUSAL_KBRD_MODELS:
            self._take_model(MODELS[name], found.opt)
        self.adapter.module.load_state_dict(found.model)
        logger.info(f'[Recommender {name} from {folder}]')

    def _take_model(self, entry: ModelEntry, opt: Mapping[str, Any]) -> None:
        """Use a model of another run as the recommender, in the place of CausalKBRD."""
        assert entry.model is not None
        self.has_other_model = True
        own_places = {key: self.config.opt[key] for key in KEYS_OF_PLACE}
        model = resolve_name(entry.model)({**opt, **own_places}, self.device, self.vocab, self.side_data)
        self.model = model.to(self.device).eval()
        self.adapter = entry.load_adapter()(
            self.model, self.config, self.adapter.item_entity_ids, self.train_dataloader
        )
        for dataloader in (self.train_dataloader, self.valid_dataloader, self.test_dataloader):
            dataloader.reads_samples = entry.reads_samples
        if not self.is_chat:
            self.evaluation.adapter = self.stage.adapter = self.trainer.adapter = self.adapter

    def _sample_indices(self, n: int) -> list[int]:
        """Return the sorted indices of the samples that the backend answers, out of ``n`` samples."""
        n_requested = self.llm.samples
        if n_requested is None or n_requested >= n:
            return list(range(n))
        return sorted(random.Random(f'samples {self.llm.draw_seed}').sample(range(n), n_requested))

    def _evaluate(
        self,
        dataloader: CausalDataLoader,
        indices: Sequence[int],
        rankings: Sequence[Sequence[int | None]],
    ) -> CausalEvaluator:
        """Return an evaluator with the ranks of the labels in the answers.

        Args:
            dataloader: loader of the samples.
            indices: indices of the ranked samples.
            rankings: ranked entity ids of each of these samples, best first; None stands for a title without an item.
        """
        evaluator = CausalEvaluator(cutoffs=self.config.run.cutoffs)
        evaluator.configure(
            self.config.run.cutoffs, self.train_dataloader.label_count().numpy(), self.evaluator.log_dir
        )
        item_index = {item: i for i, item in enumerate(self.item_ids)}
        batch = dataloader.rec_batchify(torch.tensor(indices, dtype=torch.long)) if indices else None
        if batch is not None:
            evaluator.rec_evaluate_lists(
                [
                    [NO_ITEM - 1 - place if item is None else item_index[item] for place, item in enumerate(ranking)]
                    for ranking in rankings
                ],
                batch.label.cpu(),
                batch.seen.cpu(),
                batch.repeat.cpu(),
            )
        return evaluator

    def _generation_scores(
        self,
        samples: Sequence[Mapping[str, Any]],
        results: Sequence[LLMResult],
        ranks_candidates: bool,
    ) -> dict[str, Any]:
        catalogue = self.catalogue
        metrics = GenerationMetrics({item: catalogue.names[item] for item in catalogue.items}, catalogue.label_count)
        for sample, result in zip(samples, results):
            metrics.add(
                result.response,
                [detokenize(sample['response_text'], catalogue.name_of_token)],
                result.ranking[0] if result.ranking else None,
                result.candidates if ranks_candidates else None,
                {*sample['context_mentions'], *sample['context_items']},
            )
        return metrics.scores()


def conversation_items(turns: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Return the entity ids of all items of each conversation, in order of mention, by the conversation's id."""
    items: dict[str, dict[int, None]] = {}
    for turn in turns:
        items.setdefault(turn['conv_id'], {}).update(dict.fromkeys([*turn['context_items'], *turn['items']]))
    return {conversation: list(entities) for conversation, entities in items.items()}


def _stop_if_useless(results: Iterable[LLMResult]) -> Iterator[LLMResult]:
    """Yield results, and stop if none of the first ones is usable, because every further answer may cost money.

    Raises:
        UserError: the first results have no usable answer.
    """
    n_unusable = 0
    for n, result in enumerate(results, start=1):
        n_unusable += not result.is_answered
        if n == n_unusable == _MAX_UNUSABLE_AT_START:
            raise UserError(
                f'none of the first {n} answers is usable ({result.detail or result.status}); check llm.model and '
                'llm.prompt, and try few samples with llm.samples'
            )
        yield result
