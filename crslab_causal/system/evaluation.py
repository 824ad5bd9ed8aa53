"""Evaluate a model on a split: its scores and its recommendation lists."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

import torch

from crslab_causal.base import distributed
from crslab_causal.base.seeding import seed_everything
from crslab_causal.data.dataloader import CausalDataLoader, RecBatch
from crslab_causal.data.histories import PAD, remove_mention
from crslab_causal.data.seeker_answers import SeekerAnswers
from crslab_causal.evaluator.causal import CausalEvaluator
from crslab_causal.evaluator.dialogue import DIALOGUES
from crslab_causal.llm.request import Probability
from crslab_causal.system.adapters import ModelAdapter

EVALUATION_BATCH_SIZE = 256


class RankedList(NamedTuple):
    """The recommendation list for a sample."""

    items: list[int]
    """Entity ids, best first."""
    probabilities: dict[int, Probability]
    """Probabilities by entity id: those of ``items``, and of further items that were requested."""


class RecEvaluation:
    """Evaluates a recommender.

    Args:
        adapter: adapter of the model.
        evaluator: collects the ranks; it keeps the last evaluation.
        item_ids: entity ids of the items.
        device: device of the model.
        seed: seed of the run.
        answers: which films each seeker liked and had seen, by conversation, if the data have them.
    """

    def __init__(
        self,
        adapter: ModelAdapter,
        evaluator: CausalEvaluator,
        item_ids: list[int],
        device: torch.device,
        seed: int,
        answers: Mapping[str, SeekerAnswers] | None = None,
    ):
        self.adapter, self.evaluator, self.item_ids, self.device, self.seed = adapter, evaluator, item_ids, device, seed
        self.answers = answers or {}

    def evaluate(
        self, split: str, dataloader: CausalDataLoader, epoch: int = -1, full: bool = True, report: bool = True
    ) -> dict:
        """Return the scores of the model on a split.

        Args:
            split: name of the split.
            dataloader: samples of the split.
            epoch: number of the epoch, for the report.
            full: whether to also rank after the intervention and to record which items are recommended. Both take
                longer than everything else, and early stopping needs neither. The metrics of
                :mod:`.evaluator.dialogue` are added, too, under the key ``dialogues``, if the data have the answers of
                the seekers.
            report: whether to log the scores.
        """
        seed_everything(self.seed, 0, 2)  # random interventions are the same at every evaluation
        self.adapter.model.eval()
        self.evaluator.reset_metrics()
        with torch.no_grad(), self.adapter.group():
            for batch in dataloader.get_rec_data(EVALUATION_BATCH_SIZE, shuffle=False, desc=split, shared=True):
                batch = batch.to(self.device)
                scores, intervened = self.adapter.scores(batch, intervene=full)
                self.evaluator.rec_evaluate_scores(
                    scores, batch.label, batch.seen, batch.repeat, intervened, coverage=full
                )
        self.evaluator.merge(distributed.collect(self.evaluator.collected()))
        if report:
            self.evaluator.report(epoch=epoch, mode=split)
        scores: dict[str, Any] = self.evaluator.scores()
        if full and self.answers:
            dialogues = self.evaluator.dialogue_scores(dataloader.samples, self.answers)
            scores |= {DIALOGUES: dialogues} if dialogues else {}
        return scores

    def lists(self, dataloader: CausalDataLoader, k: int) -> list[list[int]]:
        """Return the entity ids of the ``k`` items that rank first, for every sample."""
        self.adapter.model.eval()
        result: list[list[int]] = []
        with torch.no_grad(), self.adapter.group():
            for batch in dataloader.get_rec_data(EVALUATION_BATCH_SIZE, shuffle=False, desc='candidates'):
                scores, _ = self.adapter.scores(batch.to(self.device))
                best = torch.topk(scores, min(k, scores.shape[1])).indices.tolist()
                result += [[self.item_ids[i] for i in row] for row in best]
        return result

    def ranked_lists(
        self, dataloader: CausalDataLoader, k: int, others: Sequence[Sequence[int]] | None = None
    ) -> list[RankedList]:
        """Return a :class:`RankedList` for every sample: its ``k`` best items with their probabilities.

        Each probability is also computed after the intervention. For a model without one, the last mention is removed
        from the history instead; the text is not changed.

        Args:
            dataloader: samples of the split.
            k: length of the lists.
            others: for each sample the entity ids of further items whose probabilities are needed.
        """
        seed_everything(self.seed, 0, 2)  # random interventions are the same at every evaluation
        index_of = {item: i for i, item in enumerate(self.item_ids)}
        self.adapter.model.eval()
        result: list[RankedList] = []
        with torch.no_grad(), self.adapter.group():
            for batch in dataloader.get_rec_data(EVALUATION_BATCH_SIZE, shuffle=False, desc='candidates'):
                batch = batch.to(self.device)
                scores, intervened = self.adapter.scores(batch)
                if intervened is None:
                    intervened, _ = self.adapter.scores(_without_last(batch))
                best = torch.topk(scores, min(k, scores.shape[1])).indices.tolist()
                observed = scores.softmax(-1).cpu()
                masked = intervened.softmax(-1).cpu()
                for row, indices in enumerate(best):
                    more = () if others is None else (index_of[e] for e in others[len(result)] if e in index_of)
                    probabilities = {
                        self.item_ids[i]: Probability(float(observed[row, i]), float(masked[row, i]))
                        for i in (*indices, *more)
                    }
                    result.append(RankedList([self.item_ids[i] for i in indices], probabilities))
        return result


def _without_last(batch: RecBatch) -> RecBatch:
    """Return a copy of the batch in which each history lacks its last mention."""
    histories = batch.context_entities
    return batch._replace(context_entities=remove_mention(histories, (histories != PAD).sum(-1) - 1))
