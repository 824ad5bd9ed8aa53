"""The evaluator ``causal``, which handles ties and missing labels correctly and reports scores of new items."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

import numpy as np
import torch
from loguru import logger
from torch import Tensor

from crslab_causal.crslab_compat import RecEvaluator
from crslab_causal.data.histories import NO_ITEM
from crslab_causal.data.schema import RecSample
from crslab_causal.data.seeker_answers import SeekerAnswers
from crslab_causal.evaluator.dialogue import scores_of_groups
from crslab_causal.evaluator.metrics import GROUPS, PRIMARY_METRIC, cutoff_scores, parse_score_name
from crslab_causal.evaluator.ranking import expected_ranks, popularity_decile
from crslab_causal.model.losses import kl_term

Collected = tuple[dict[str, np.ndarray], set[int]]
"""Columns and recommended items of one process, see :meth:`CausalEvaluator.collected`."""


class CausalEvaluator(RecEvaluator):
    """Computes the metrics of :data:`.RANKING_METRICS` at each cutoff, for the groups of labels in :data:`.GROUPS`.

    :meth:`rec_evaluate_scores` adds samples by the scores of all items. CRSLab's method :meth:`rec_evaluate`, which
    gets a list of the first 50 items, works too, but cannot detect ties. A label that is not in such a list counts as
    a miss; CRSLab drops it (evaluator/rec.py:38).

    It serves every model of the package, also those without causal terms: "Causal" in its name means the package.

    Args:
        tensorboard: whether :meth:`report` writes TensorBoard files, as in CRSLab.
        cutoffs: values of K.
    """

    def __init__(self, tensorboard: bool = False, cutoffs: Sequence[int] = (1, 10, 50)):
        super().__init__(tensorboard=False)  # otherwise CRSLab would open its own folder
        self.tensorboard = tensorboard
        self.cutoffs = sorted(cutoffs)
        self.log_dir = Path('runs')
        self.n_item: int | None = None
        self.label_decile: np.ndarray | None = None
        self.reset_metrics()

    def configure(self, cutoffs: Sequence[int], label_count: np.ndarray, log_dir: Path) -> None:
        """Set values that CRSLab's ``get_evaluator`` cannot pass to the constructor.

        Args:
            cutoffs: values of K.
            label_count: ``(n_item,)``, how often each item is a label in the training data.
            log_dir: folder for TensorBoard's files.
        """
        self.cutoffs, self.log_dir, self.n_item = sorted(cutoffs), log_dir, len(label_count)
        self.label_decile = popularity_decile(label_count)

    def reset_metrics(self) -> None:
        """Remove all samples and losses."""
        super().reset_metrics()
        self._columns: dict[str, list[np.ndarray]] = {}
        self._shown: set[int] = set()

    # ------------------------------------------------------------ adding samples

    def rec_evaluate(self, ranks: list[int], label: int) -> None:
        """Add one sample to the scores, given the items at the top of its list. CRSLab's systems call this method.

        Args:
            ranks: indices of the top items, best first.
            label: index of the label.
        """
        rank = float(ranks.index(label) + 1) if label in ranks else np.inf
        self._add(rank=np.array([rank]))

    def rec_evaluate_scores(
        self,
        scores: Tensor,
        label: Tensor,
        seen: Tensor,
        repeat: Tensor,
        intervened: Tensor | None = None,
        coverage: bool = True,
    ) -> None:
        """Add a batch of samples by the scores of all items.

        Args:
            scores: ``(batch, n_item)``.
            label: ``(batch,)``, index of the label among the items, ``NO_ITEM`` for a label outside the catalogue.
            seen: ``(batch, length)``, distinct indices of the items in the context, padded with ``PAD``.
            repeat: ``(batch,)``, whether the label is in the context.
            intervened: ``(batch, n_item)``, scores after the intervention, if the model has one. In this case both
                ``scores`` and ``intervened`` are logits.
            coverage: whether to record the items at the top of the lists, which takes longer than everything else.
        """
        ranks = expected_ranks(scores, label, seen)
        rank_intervened = kl = torch.full_like(ranks.rank, torch.nan)
        if intervened is not None:
            rank_intervened, kl = expected_ranks(intervened, label, seen).rank, kl_term(scores, intervened)
        if coverage:
            top = torch.topk(scores, min(self.cutoffs[-1], scores.shape[1]), sorted=False).indices
            self._shown.update(torch.unique(top).tolist())
        self._add(
            rank=ranks.rank,
            rank_unseen=ranks.rank_unseen,
            rank_intervened=rank_intervened,
            kl=kl,
            copy=ranks.copy,
            repeat=repeat,
            label=label,
        )

    def rec_evaluate_lists(self, lists: Sequence[Sequence[int]], label: Tensor, seen: Tensor, repeat: Tensor) -> None:
        """Add a batch of samples by short lists of items, such as a language model's answers.

        A label that is not in its list counts as a miss.

        Args:
            lists: for each sample distinct indices of items, best first. A number below ``NO_ITEM`` is a place without
                an item, such as a title that is not in the catalogue.
            label: as for :meth:`rec_evaluate_scores`.
            seen: as for :meth:`rec_evaluate_scores`.
            repeat: as for :meth:`rec_evaluate_scores`.
        """
        columns: dict[str, list[float]] = {'rank': [], 'rank_unseen': [], 'copy': []}
        for ranked, item, context in zip(lists, label.tolist(), map(set, seen.tolist()), strict=True):
            unseen = [i for i in ranked if i == item or i not in context]
            columns['rank'].append(ranked.index(item) + 1 if item in ranked else np.inf)
            columns['rank_unseen'].append(unseen.index(item) + 1 if item in unseen else np.inf)
            columns['copy'].append(float(bool(ranked) and ranked[0] in context))
            self._shown.update(index for index in ranked[: self.cutoffs[-1]] if index >= 0)
        self._add(**{name: np.array(values) for name, values in columns.items()}, repeat=repeat, label=label)

    def _add(self, **columns: Tensor | np.ndarray) -> None:
        for name, values in columns.items():
            self._columns.setdefault(name, []).append(values.cpu().numpy() if isinstance(values, Tensor) else values)

    def collected(self) -> Collected:
        """Return all samples that this process has added since the last reset, for :meth:`merge` in another process."""
        return {name: self.column(name) for name in self._columns}, self._shown

    def merge(self, parts: Sequence[Collected]) -> None:
        """Replace the samples by those that several processes have :meth:`collected`, in the order of ``parts``."""
        names = dict.fromkeys(name for columns, _ in parts for name in columns)
        self._columns = {name: [columns[name] for columns, _ in parts if name in columns] for name in names}
        self._shown = set().union(*(shown for _, shown in parts))

    # ------------------------------------------------------------ reading scores

    def column(self, name: str) -> np.ndarray:
        """Return one value for each sample since the last reset.

        Args:
            name: ``rank``, ``rank_unseen``, ``rank_intervened``, ``kl`` (KL of Eq 8, in nats), ``copy``, ``repeat`` or
                ``label``.

        Returns:
            ``(n_sample,)``; empty if no sample has this value.
        """
        return np.concatenate(self._columns[name]) if name in self._columns else np.empty(0)

    def records(self, samples: Sequence[RecSample], names: Mapping[int, str]) -> Iterator[dict[str, Any]]:
        """Yield a line of ``ranks_<split>.jsonl`` for each sample since the last reset, see :class:`.RankLine`.

        Args:
            samples: samples of the dataloader, in the order in which they were scored.
            names: names of the items by entity id; an item may be missing.
        """
        given = [self.column(name) for name in ('rank', 'rank_unseen', 'rank_intervened', 'kl', 'repeat')]
        # lists of items have neither ranks after the intervention nor a divergence
        columns = [(values if len(values) else np.full(len(given[0]), np.nan)).tolist() for values in given]
        for sample, rank, unseen, intervened, kl, repeat in zip(samples, *columns, strict=True):
            yield {
                'conversation': sample['conv_id'],
                'turn': sample['turn'],
                'label': sample['item'],
                'label_name': names.get(sample['item']),
                'rank': rank,
                'rank_unseen': unseen,
                'rank_intervened': intervened,
                'kl': kl,
                'repeat': bool(repeat),
                'history': len(sample['context_entities']),
            }

    def scores(self) -> dict[str, Any]:
        """Return all scores since the last reset.

        Returns:
            - a group of :data:`.GROUPS`: each metric at each cutoff;
            - ``samples``: number of samples;
            - ``repeat_share``: share of the labels that are in the context;
            - ``copy_rate@1``: share of the samples whose first item is in the context;
            - ``coverage@K``: share of the catalogue that is among the first K items of any sample;
            - ``recall@K_by_decile`` and ``samples_by_decile``: recall and number of the labels of each decile of
              popularity in the training data, the most popular items last.
        """
        rank = self.column('rank')
        result: dict[str, Any] = {'samples': len(rank), 'all': cutoff_scores(rank, self.cutoffs)}
        if 'repeat' not in self._columns:
            return result
        new = ~self.column('repeat').astype(bool)
        result['new'] = cutoff_scores(rank[new], self.cutoffs)
        result['new_unseen'] = cutoff_scores(self.column('rank_unseen')[new], self.cutoffs)
        result['repeat_share'] = float((~new).mean()) if len(new) else float('nan')
        result['copy_rate@1'] = float(self.column('copy').mean()) if len(new) else float('nan')
        k = self.cutoffs[-1]
        if self.n_item and self._shown:
            result[f'coverage@{k}'] = len(self._shown) / self.n_item
        if self.label_decile is not None:
            label = self.column('label')
            decile = np.where(label != NO_ITEM, self.label_decile[label], 0)
            members = [decile == d for d in range(1, 11)]
            primary = f'{PRIMARY_METRIC}@{k}'
            result[f'{primary}_by_decile'] = [cutoff_scores(rank[member], [k])[primary] for member in members]
            result['samples_by_decile'] = [int(member.sum()) for member in members]
        return result

    def dialogue_scores(
        self, samples: Sequence[RecSample], answers: Mapping[str, SeekerAnswers]
    ) -> dict[str, dict[str, float]]:
        """Return the Success Rate and the Reward-per-Dialogue-Length by group, see :func:`.scores_of_groups`.

        Args:
            samples: samples of the dataloader, in the order in which they were scored.
            answers: which films each seeker liked and had seen, by conversation.
        """
        return scores_of_groups(
            np.array([sample['conv_id'] for sample in samples], str),
            np.array([sample['turn'] for sample in samples], int),
            np.array([sample['item'] for sample in samples], int),
            self.column('rank'),
            self.column('rank_unseen'),
            self.column('repeat'),
            answers,
        )

    def metric(self, name: str) -> float:
        """Return the score that a value of ``rec.metric`` names, such as ``recall@50`` or ``new_ndcg@10``.

        Raises:
            KeyError: there is no such score.
        """
        group, metric, cutoff = parse_score_name(name)
        return self.scores()[group][f'{metric}@{self.cutoffs[-1] if cutoff is None else cutoff}']

    def report(self, epoch: int = -1, mode: str = 'test') -> None:
        """Log the losses in one line and the scores in another, and write them to TensorBoard if it is enabled.

        Args:
            epoch: number of the epoch.
            mode: name of the split.
        """
        losses = {name: value.value() for name, value in self.optim_metrics.report().items()}
        scores = self.scores() if self._columns else {}
        for title, values in (('', losses), *((f'{GROUPS[g]}: ', scores[g]) for g in ('all', 'new') if g in scores)):
            if values:
                logged = {k: v for k, v in values.items() if '@' not in k or k.startswith(PRIMARY_METRIC)}
                logger.info(
                    f'[{mode}, epoch {epoch}] {title}'
                    + ', '.join(f'{k} {100 * v:.2f}' if '@' in k else f'{k} {v:.4g}' for k, v in logged.items())
                )
        if self.tensorboard:
            self._write_scalars(epoch, mode, losses, scores)

    def _write_scalars(self, epoch: int, mode: str, losses: dict[str, float], scores: dict[str, Any]) -> None:
        if not hasattr(self, 'writer'):
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(log_dir=str(self.log_dir))
        for name, value in losses.items():
            self.writer.add_scalar(f'{mode}/{name}', value, epoch)
        for group in GROUPS:
            for name, value in scores.get(group, {}).items():
                self.writer.add_scalar(f'{mode}/{group}/{name}', value, epoch)
        self.writer.flush()
