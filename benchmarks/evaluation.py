"""The measurements of evaluation: metrics alone, and whole passes over the valid split."""

from __future__ import annotations

import argparse
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from benchmarks.harness import Trainer, make_batches, prepared, times
from crslab_causal.data.histories import pad_histories


def crslab_rec_evaluate(evaluator: Any, item_ids: list[int], scores: Tensor, label: Tensor) -> None:
    """Call ``rec_evaluate`` of CRSLab's KBRDSystem, without the rest of the system."""
    from crslab_causal.crslab_compat import KBRDSystem

    KBRDSystem.rec_evaluate(SimpleNamespace(item_ids=item_ids, evaluator=evaluator), scores, label)


def ranking(arguments: argparse.Namespace) -> dict:
    """Measure the metrics from the scores of the valid split: ``rec_evaluate`` of CRSLab's KBRDSystem, and ours."""
    from crslab_causal.crslab_compat import RecEvaluator
    from crslab_causal.evaluator.causal import CausalEvaluator

    _, vocab, side_data, samples = prepared(arguments)
    item_ids = side_data['item_entity_ids']
    index = {item: i for i, item in enumerate(item_ids)}
    generator = torch.Generator().manual_seed(0)
    batches = []
    for batch in make_batches(samples['valid'], 256, torch.device('cpu')):
        scores = torch.randn(len(batch.item), vocab['n_entity'], generator=generator)
        seen = pad_histories([list({index[e] for e in history if e in index}) for history in batch.lists])
        label = torch.tensor([index[item] for item in batch.item.tolist()])
        repeat = (seen == label[:, None]).any(1)
        batches.append((scores, scores[:, item_ids].contiguous(), batch.item, label, seen, repeat))

    def crslab() -> RecEvaluator:
        evaluator = RecEvaluator()
        for scores, _, item, *_ in batches:
            crslab_rec_evaluate(evaluator, item_ids, scores, item)
        return evaluator

    def ours(coverage: bool) -> dict:
        evaluator = CausalEvaluator(cutoffs=(1, 10, 50))
        for _, scores, _, label, seen, repeat in batches:
            evaluator.rec_evaluate_scores(scores, label, seen, repeat, coverage=coverage)
        return evaluator.scores()

    theirs = {name: value.value() for name, value in crslab().rec_metrics.report().items()}
    our_scores = ours(False)['all']
    difference = max(
        abs(theirs[f'{crslab_name}@{k}'] - our_scores[f'{name}@{k}'])
        for crslab_name, name in (('hit', 'recall'), ('ndcg', 'ndcg'), ('mrr', 'mrr'))
        for k in (1, 10, 50)
    )
    return {
        'crslab': times(crslab, arguments.repeats, 1),
        'ours': times(lambda: ours(False), arguments.repeats, 1),
        'ours_coverage': times(lambda: ours(True), arguments.repeats, 1),
        'difference': difference,
    }


def evaluation(arguments: argparse.Namespace) -> dict:
    """Measure a whole pass over the valid split: model, ranks and metrics.

    Our pass is that after each epoch, or with ``--full`` that at the end, with ranks under intervention and coverage.
    """
    from crslab_causal.crslab_compat import RecEvaluator
    from crslab_causal.evaluator.causal import CausalEvaluator

    opt, vocab, side_data, samples = prepared(arguments)
    trainer = Trainer(arguments.form, opt, vocab, side_data, torch.device('cpu'))
    trainer.model.eval()
    item_ids = side_data['item_entity_ids']
    row = trainer.model.row_of_entity if trainer.is_ours else None

    def run() -> None:
        batches = make_batches(samples['valid'][: arguments.samples], arguments.batch_size, torch.device('cpu'))
        with torch.no_grad():
            if not trainer.is_ours:
                evaluator = RecEvaluator()
                for batch in batches:
                    scores = trainer.model({'context_entities': batch.lists, 'item': batch.item}, 'test', 'rec')[1]
                    crslab_rec_evaluate(evaluator, item_ids, scores, batch.item)
                return
            evaluator = CausalEvaluator(cutoffs=(1, 10, 50))
            with trainer.model.shared_entity_embedding():
                for batch in batches:
                    logits = trainer.model.item_logits(batch.context_entities, intervene=arguments.full)
                    rows = torch.where(batch.context_entities < 0, -1, row[batch.context_entities.clamp(min=0)])
                    seen = torch.where(rows < trainer.model.n_item, rows, -1)
                    label = row[batch.item]
                    evaluator.rec_evaluate_scores(
                        logits.observed,
                        label,
                        seen,
                        (seen == label[:, None]).any(1),
                        logits.intervened,
                        coverage=arguments.full,
                    )
            evaluator.scores()

    return {'seconds': times(run, arguments.repeats, arguments.warm_up)}
