"""The system CausalLLM: the recommender, and a language model that explains, re-ranks and responds (Section 3.4)."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Iterator, Sequence

import torch
from loguru import logger

from crslab_causal.base import distributed
from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.base.errors import UserError
from crslab_causal.evaluator.causal import CausalEvaluator
from crslab_causal.evaluator.generation import GenerationMetrics
from crslab_causal.evaluator.report import RESPONSE_SCORES, markdown_table, save_records, save_results
from crslab_causal.llm.examples import readable
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.pipeline import LanguageStage, Outcome, Question
from crslab_causal.system import checkpoint
from crslab_causal.system.causal import CausalSystem
from crslab_causal.system.checkpoint import Progress


class CausalLLMSystem(CausalSystem):
    """Trains the recommender, or takes one from ``recommender``, tests it, and lets ``llm`` answer its samples.

    The run's folder also gets ``llm_results.json``, ``llm_results.md`` and ``llm_<split>.jsonl``, a line for each
    sample with the hash of the prompt, explanation, both rankings, response, repairs, tokens, latency and cost.
    """

    def __init__(self, opt, *arguments, **keywords):
        super().__init__(opt, *arguments, **keywords)
        self.llm = self.config.model.llm
        if self.config.model.recommender is not None:
            self._take_recommender(Path(self.config.model.recommender))

    def restore_model(self) -> None:
        if self.config.model.recommender is None:  # else it has been trained elsewhere
            super().restore_model()

    def fit(self) -> None:
        store = self.llm.store and Path(self.llm.store).resolve()
        if store and self.folder.resolve() in store.parents:
            raise UserError(f'llm.store: {self.llm.store} lies in the folder of the run, which the next run renames; '
                            'name a file elsewhere')
        self._language_stage().close()  # its mistakes are said now, and not after hours of training
        super().fit()

    def train_recommender(self) -> None:
        if self.config.model.recommender is None:
            super().train_recommender()
            return
        self.trainer.progress = Progress(0, finished=True)
        self.choose_mixture()  # of a run that was not finished
        self.trainer.save(self.adapter.module.state_dict())

    def test_recommender(self) -> dict[str, dict]:
        splits = super().test_recommender()
        if distributed.is_first():
            self.test_language_model()
        return splits

    def test_language_model(self) -> dict:
        """Answers the samples of ``llm.split``, scores the answers, and saves both."""
        split = self.llm.split
        dataloader = {'valid': self.valid_dataloader, 'test': self.test_dataloader}[split]
        chosen = self._chosen(len(dataloader))
        lists = self.evaluation.lists(dataloader, self.llm.candidates)  # I_rec
        with self._language_stage() as stage:
            prompt = stage.prompt.name if stage.client is not None else None
            said = f'prompt {prompt}, ' if prompt else ''
            logger.info(f'[LLM: {stage.backend}, {said}{len(chosen)} samples of {split}]')
            samples = [dataloader.samples[i] for i in chosen]
            items = conversation_items(dataloader.dataset)
            questions = [Question(stage.request(sample, lists[i]), sample['item'], items[sample['conv_id']])
                         for i, sample in zip(chosen, samples)]
            outcomes = list(stage.answer(questions))
            summary = {'backend': stage.backend, 'prompt': prompt, 'oracle': self.llm.oracle,
                       'shuffled': self.llm.shuffle, **summary_of(outcomes)}
            if stage.client is not None:
                balance = stage.client.balance
                summary |= {'usage': stage.client.usage.summary(), 'budget': {
                    **balance._asdict(), 'spent': balance.spent._asdict(), 'unsure': balance.unsure._asdict()}}
        failed = sum(outcome.status != 'ok' for outcome in outcomes)
        if failed:
            logger.warning(f'[LLM: {failed} of {len(outcomes)} samples have no usable answer; they keep the '
                           "recommender's order and get a response from a template]")
        scores = {}
        for title, ranked in ((f'{split}, recommender', [lists[i] for i in chosen]),
                              (f"{split}, {prompt or 'offline backend'}", [outcome.ranking for outcome in outcomes])):
            scores[title] = self._scores(dataloader, chosen, ranked)
        summary['candidate_recall'] = None
        if stage.chooses:
            shown = sum(sample['item'] in outcome.candidates for sample, outcome in zip(samples, outcomes))
            summary['candidate_recall'] = shown / max(1, len(outcomes))
        summary['generation'] = self._generation(samples, outcomes, stage.chooses)
        save_records(self.folder / f'llm_{split}.jsonl', self._llm_records(samples, questions, outcomes, stage.backend))
        title = f"{self.config.run.run_name}: {stage.backend} on {self.config.run.dataset}, seed {self.seed}"
        save_results(self.folder, {'config': self.config.opt, 'seed': self.seed, 'llm': summary}, scores, title,
                     name='llm_results', remarks=remarks(summary))
        logger.info(f'[{title}]\n{markdown_table(scores)}\n\n' + '\n'.join(remarks(summary)))
        return summary

    def _language_stage(self) -> LanguageStage:
        return LanguageStage(self.llm, self.catalogue, self.train_dataloader.dataset)

    def _take_recommender(self, folder: Path) -> None:
        weights = checkpoint.load_recommender(checkpoint.find_recommender(folder), self.identity, self.device)
        self.adapter.module.load_state_dict(weights)
        logger.info(f'[Recommender from {folder}]')

    def _chosen(self, n: int) -> list[int]:
        wanted = self.llm.samples
        if wanted is None or wanted >= n:
            return list(range(n))
        return sorted(random.Random(f'samples {self.llm.seed}').sample(range(n), wanted))

    def _scores(self, dataloader: CausalDataLoader, chosen: Sequence[int], ranked: Sequence[Sequence[int]]) -> dict:
        evaluator = CausalEvaluator(cutoffs=self.config.run.cutoffs)
        evaluator.configure(self.config.run.cutoffs, self.train_dataloader.label_count().numpy(), self.evaluator.log_dir)
        index = {item: i for i, item in enumerate(self.item_ids)}
        batch = dataloader.rec_batchify(torch.tensor(chosen, dtype=torch.long)) if chosen else None
        if batch is not None:
            evaluator.rec_evaluate_lists([[index[item] for item in row] for row in ranked], batch.label.cpu(),
                                         batch.seen.cpu(), batch.repeat.cpu())
        return evaluator.scores()

    def _generation(self, samples: Sequence[dict], outcomes: Sequence[Outcome], chooses: bool) -> dict:
        knowledge = self.catalogue
        metrics = GenerationMetrics({item: knowledge.names[item] for item in knowledge.items}, knowledge.label_count)
        for sample, outcome in zip(samples, outcomes):
            context = {*sample['context_mentions'], *sample['context_items']}
            metrics.add(outcome.response, [readable(sample['response_text'], knowledge.name_of_token)],
                        outcome.ranking[0] if outcome.ranking else None, outcome.candidates if chooses else None,
                        context)
        return metrics.scores()

    def _llm_records(self, samples: Sequence[dict], questions: Sequence[Question], outcomes: Sequence[Outcome],
                     backend: str) -> Iterator[dict]:
        for sample, question, outcome in zip(samples, questions, outcomes):
            label, before = sample['item'], [candidate.entity for candidate in question.request.candidates]
            yield {'conversation': sample['conv_id'], 'turn': sample['turn'], 'label': label, 'backend': backend,
                   'status': outcome.status, 'detail': outcome.detail, 'prompt_hash': outcome.prompt_hash,
                   'explanation': outcome.explanation, 'candidates': outcome.candidates, 'ranking': outcome.ranking,
                   'response': outcome.response, 'rank_before': before.index(label) + 1 if label in before else None,
                   'rank_after': outcome.ranking.index(label) + 1 if label in outcome.ranking else None,
                   'repairs': outcome.repairs._asdict(), 'titles': outcome.titles, 'unmatched': outcome.unmatched,
                   'input_tokens': outcome.input_tokens, 'output_tokens': outcome.output_tokens,
                   'latency_s': outcome.latency_s, 'cost_usd': outcome.cost_usd, 'replayed': outcome.replayed}


def conversation_items(turns: Sequence[dict]) -> dict[str, list[int]]:
    """Entity ids of all items of each conversation, in order of mention, by its id."""
    items: dict[str, dict[int, None]] = {}
    for turn in turns:
        items.setdefault(turn['conv_id'], {}).update(dict.fromkeys([*turn['context_items'], *turn['items']]))
    return {conversation: list(own) for conversation, own in items.items()}


def summary_of(outcomes: Sequence[Outcome]) -> dict:
    """Counts over the outcomes of a split. Samples that ask the same, as those of one turn do, pay once."""
    statuses: dict[str, int] = {}
    for outcome in outcomes:
        statuses[outcome.status] = statuses.get(outcome.status, 0) + 1
    titles = sum(len(outcome.titles) for outcome in outcomes)
    asked = list({outcome.prompt_hash: outcome for outcome in outcomes}.values())
    costs = [outcome.cost_usd for outcome in asked]
    return {'samples': len(outcomes), 'statuses': statuses,
            'repairs': {name: sum(getattr(outcome.repairs, name) for outcome in outcomes)
                        for name in ('unknown', 'duplicate', 'missing')},
            'titles': titles, 'titles_not_matched': sum(o.unmatched for o in outcomes) / titles if titles else None,
            'input_tokens': sum(outcome.input_tokens for outcome in asked),
            'output_tokens': sum(outcome.output_tokens for outcome in asked),
            'cost_usd': None if None in costs else sum(costs)}


def remarks(summary: dict) -> list[str]:
    """What has to be said below the table."""
    how = 'the offline backend has none' if summary['prompt'] is None else summary['prompt']
    shown = ('no candidates shown' if summary['candidate_recall'] is None
             else f"candidates {'shuffled' if summary['shuffled'] else 'in the order of the recommender'}")
    lines = [f"Answers by: {summary['backend']}; prompt: {how}; oracle: {summary['oracle']}; {shown}."]
    if summary['candidate_recall'] is not None:
        lines.append('Labels among the candidates, which bounds what re-ranking can reach: '
                     f"{100 * summary['candidate_recall']:.2f} %.")
    lines += ['Answers: ' + ', '.join(f'{name} {n}' for name, n in summary['statuses'].items())
              + "; every one that is not ok has the recommender's order and a response from a template.",
              'Repairs: ' + ', '.join(f'{name} {n}' for name, n in summary['repairs'].items()) + '.']
    if summary['titles_not_matched'] is not None:
        lines.append(f"Titles written: {summary['titles']}, of which {100 * summary['titles_not_matched']:.2f} % are "
                     'not in the catalogue.')
    if 'usage' in summary:
        usage, left = summary['usage'], summary['budget']
        tokens = usage['input_tokens'] + usage['output_tokens']
        lines.append(f"Asked in this run: {usage['calls']} calls, {tokens} tokens, {usage['cost_usd']:.4f} USD; left of the budget: "
                     + ', '.join(f"{name} {'unbounded' if left[f'left_{name}'] is None else left[f'left_{name}']}"
                                 for name in ('calls', 'tokens', 'usd')) + '.')
    scores = {name: summary['generation'][name] for name in RESPONSE_SCORES}
    lines.append('Responses: ' + ', '.join(f'{name} {"-" if math.isnan(score) else f"{score:.4f}"}'
                                           for name, score in scores.items()) + '.')
    return lines
