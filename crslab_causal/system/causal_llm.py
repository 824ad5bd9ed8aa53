"""The system CausalLLM: the recommender, and a backend that explains, re-ranks and responds (Section 3.4)."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

import torch
from loguru import logger

from crslab_causal.base import distributed
from crslab_causal.base.artifacts import llm_file
from crslab_causal.base.errors import UserError
from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.evaluator.causal import CausalEvaluator
from crslab_causal.evaluator.generation import GenerationMetrics
from crslab_causal.evaluator.report import RESPONSE_SCORES, markdown_table, save_records, save_results
from crslab_causal.llm.detokenization import detokenize
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.pipeline import LLMPipeline, LLMResult, RerankTask
from crslab_causal.llm.records import LLMRecord
from crslab_causal.system import checkpoint
from crslab_causal.system.causal import CausalSystem
from crslab_causal.system.checkpoint import Progress


class CausalLLMSystem(CausalSystem):
    """Trains the recommender or loads it from ``recommender``, tests it, and answers its samples by ``llm``.

    The folder of the run also gets ``llm_results.json``, ``llm_results.md`` and ``llm_<split>.jsonl``, which has one
    :class:`.LLMRecord` for each sample.
    """

    def __init__(self, opt, *arguments, **keywords):
        super().__init__(opt, *arguments, **keywords)
        self.llm: LLMOptions = self.config.model.llm
        self.external_recommender: str | None = self.config.model.recommender
        if self.external_recommender is not None:
            self._load_recommender(Path(self.external_recommender))

    def restore_model(self) -> None:
        """Restore the recommender, unless it was trained by another run."""
        if self.config.model.recommender is None:
            super().restore_model()

    def load_best(self) -> None:
        """Load the recommender, unless it was trained by another run."""
        if self.config.model.recommender is None:
            super().load_best()

    def fit(self) -> None:
        """Train or load the recommender, test it, and answer its samples.

        Raises:
            UserError: an option of ``llm`` is wrong. This is raised before the training.
        """
        store = self.llm.store and Path(self.llm.store).resolve()
        if store and self.folder.resolve() in store.parents:
            raise UserError(
                f'llm.store: {self.llm.store} is inside the folder of the run, which the next run renames; '
                'name a file elsewhere'
            )
        self._make_pipeline().close()  # raises errors in its options now, not after hours of training
        super().fit()

    def train_recommender(self) -> None:
        """Train the recommender, or save the loaded one."""
        if self.external_recommender is None:
            super().train_recommender()
            return
        self.trainer.progress = Progress(0, finished=True)
        self.choose_mixture()  # in case that the loaded run was not finished
        self.trainer.save(self.adapter.module.state_dict())

    def test_recommender(self) -> dict[str, dict]:
        """Test the recommender, then answer its samples."""
        splits = super().test_recommender()
        if distributed.is_first():
            self.test_language_model()
        return splits

    def test_language_model(self) -> dict[str, Any]:
        """Answer the samples of ``llm.split``, score the answers, and save both.

        Returns:
            The section ``llm`` of ``llm_results.json``.
        """
        split = self.llm.split
        dataloader = {'valid': self.valid_dataloader, 'test': self.test_dataloader}[split]
        indices = self._sample_indices(len(dataloader))
        samples = [dataloader.samples[i] for i in indices]
        with self._make_pipeline() as pipeline:
            tasks = self._tasks(pipeline, dataloader, indices)
            listed = [[candidate.entity for candidate in task.request.candidates] for task in tasks]  # I_rec
            backend = pipeline.backend
            prompt = pipeline.prompt.name if backend.uses_prompt else None
            logger.info(
                f'[LLM: {backend.name}, '
                + (f'prompt {prompt}, ' if prompt else '')
                + f'{len(indices)} samples of {split}]'
            )
            results = list(pipeline.answer(tasks))
            summary = {
                'backend': backend.name,
                'prompt': prompt,
                'oracle': self.llm.oracle,
                'shuffled': self.llm.shuffle,
                **summarize(results),
                **backend.summary(),
            }
        n_failed = sum(result.status != 'ok' for result in results)
        if n_failed:
            logger.warning(
                f'[LLM: {n_failed} of {len(results)} samples have no usable answer; they keep the '
                "recommender's order and get a template response]"
            )
        scores = {
            f'{split}, recommender': self._scores(dataloader, indices, listed),
            f'{split}, {prompt or f"{self.llm.mode} backend"}': self._scores(
                dataloader, indices, [result.ranking for result in results]
            ),
        }
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
        title = f'{self.config.run.run_name}: {backend.name} on {self.config.run.dataset}, seed {self.seed}'
        remarks = list(summary_lines(summary))
        save_results(
            self.folder,
            {'config': self.config.opt, 'seed': self.seed, 'llm': summary},
            scores,
            title,
            name='llm_results',
            remarks=remarks,
        )
        logger.info(f'[{title}]\n{markdown_table(scores)}\n\n' + '\n'.join(remarks))
        return summary

    def _make_pipeline(self) -> LLMPipeline:
        return LLMPipeline(self.llm, self.catalogue, self.train_dataloader.dataset)

    def _tasks(
        self,
        pipeline: LLMPipeline,
        dataloader: CausalDataLoader,
        indices: Sequence[int],
    ) -> list[RerankTask]:
        """Return the tasks of the samples with these indices."""
        items = conversation_items(dataloader.dataset)
        others = [[sample['item'], *items[sample['conv_id']]] for sample in dataloader.samples]
        ranked = self.evaluation.ranked_lists(dataloader, self.llm.candidates, others)
        intervention = getattr(self.adapter.module, 'intervention', None)
        masks_last = intervention is not None and intervention.position == 'last'
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
        weights = checkpoint.load_recommender(checkpoint.find_recommender(folder), self.identity, self.device)
        self.adapter.module.load_state_dict(weights)
        logger.info(f'[Recommender from {folder}]')

    def _sample_indices(self, n: int) -> list[int]:
        """Return the sorted indices of the samples that are answered, out of ``n`` samples."""
        n_requested = self.llm.samples
        if n_requested is None or n_requested >= n:
            return list(range(n))
        return sorted(random.Random(f'samples {self.llm.draw_seed}').sample(range(n), n_requested))

    def _scores(
        self,
        dataloader: CausalDataLoader,
        indices: Sequence[int],
        rankings: Sequence[Sequence[int]],
    ) -> dict[str, Any]:
        """Return the ranking scores.

        Args:
            dataloader: loader of the samples.
            indices: indices of the ranked samples.
            rankings: ranked entity ids of each of these samples, best first.
        """
        evaluator = CausalEvaluator(cutoffs=self.config.run.cutoffs)
        evaluator.configure(
            self.config.run.cutoffs, self.train_dataloader.label_count().numpy(), self.evaluator.log_dir
        )
        item_index = {item: i for i, item in enumerate(self.item_ids)}
        batch = dataloader.rec_batchify(torch.tensor(indices, dtype=torch.long)) if indices else None
        if batch is not None:
            evaluator.rec_evaluate_lists(
                [[item_index[item] for item in ranking] for ranking in rankings],
                batch.label.cpu(),
                batch.seen.cpu(),
                batch.repeat.cpu(),
            )
        return evaluator.scores()

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


def summarize(results: Sequence[LLMResult]) -> dict[str, Any]:
    """Return counts over the results of a split. Equal requests, as of the samples of one turn, are paid for once."""
    n_titles = sum(len(result.titles) for result in results)
    paid = list({result.cache_key: result for result in results}.values())
    costs = [result.cost_usd for result in paid]
    return {
        'samples': len(results),
        'statuses': dict(Counter(result.status for result in results)),
        'repairs': {
            name: sum(getattr(result.repairs, name) for result in results)
            for name in ('unknown', 'duplicate', 'missing')
        },
        'titles': n_titles,
        'titles_not_matched': sum(result.unmatched for result in results) / n_titles if n_titles else None,
        'input_tokens': sum(result.input_tokens for result in paid),
        'output_tokens': sum(result.output_tokens for result in paid),
        'cost_usd': None if None in costs else sum(costs),
    }


def summary_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """Return the lines below the table of results.

    Args:
        summary: section ``llm`` of ``llm_results.json``.
    """
    recall = summary['candidate_recall']
    prompt = summary['prompt'] or 'none, the backend uses no prompt'
    shown = (
        'no candidates shown'
        if recall is None
        else f'candidates {"shuffled" if summary["shuffled"] else "in the order of the recommender"}'
    )
    yield f'Answers by: {summary["backend"]}; prompt: {prompt}; oracle: {summary["oracle"]}; {shown}.'
    if recall is not None:
        yield f'Labels among the candidates, the upper bound of recall after re-ranking: {100 * recall:.2f} %.'
    yield (
        'Answers: '
        + ', '.join(f'{name} {n}' for name, n in summary['statuses'].items())
        + "; each answer that is not ok has the recommender's order and a template response."
    )
    yield 'Repairs: ' + ', '.join(f'{name} {n}' for name, n in summary['repairs'].items()) + '.'
    if summary['titles_not_matched'] is not None:
        yield (
            f'Titles written: {summary["titles"]}, of which {100 * summary["titles_not_matched"]:.2f} % are not in '
            'the catalogue.'
        )
    if 'usage' in summary:
        usage, budget = summary['usage'], summary['budget']
        left = {name: budget[f'left_{name}'] for name in ('calls', 'tokens', 'usd')}
        yield (
            f'Spent by this run: {usage["calls"]} calls, {usage["input_tokens"] + usage["output_tokens"]} tokens, '
            f'{usage["cost_usd"]:.4f} USD; left of the budget: '
            + ', '.join(f'{name} {"unlimited" if value is None else value}' for name, value in left.items())
            + '.'
        )
    scores = {name: summary['generation'][name] for name in RESPONSE_SCORES}
    yield (
        'Responses: '
        + ', '.join(f'{name} {"-" if math.isnan(score) else f"{score:.4f}"}' for name, score in scores.items())
        + '.'
    )
