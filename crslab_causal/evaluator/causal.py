"""The evaluator ``causal``: scores of a recommender that can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, Mapping, Sequence

import numpy as np
import torch
from loguru import logger
from torch import Tensor

from crslab_causal.evaluator.metrics import GROUPS, PRIMARY_METRIC, cutoff_scores, parse_score_name
from crslab_causal.evaluator.ranking import expected_ranks, popularity_decile
from crslab_causal.crslab_compat import RecEvaluator
from crslab_causal.model.losses import kl_term


class CausalEvaluator(RecEvaluator):
    """Recall, NDCG and MRR at the cutoffs asked for, for every label and for new ones.

    Fed by :meth:`rec_evaluate_scores` with the scores of all items; :meth:`rec_evaluate`, CRSLab's
    call with a list of the first 50, works too, but cannot know of ties. A label that is not in a
    short list is a miss, and stays in the denominator (evaluator/rec.py:38 drops it).

    Args:
        tensorboard: as in CRSLab.
        cutoffs: the K of Recall@K, NDCG@K and MRR@K.
    """

    def __init__(self, tensorboard: bool = False, cutoffs: Sequence[int] = (1, 10, 50)):
        super().__init__(tensorboard=False)
        self.tensorboard = tensorboard
        self.cutoffs = sorted(cutoffs)
        self.log_dir = Path('runs')
        self.n_item: int | None = None
        self.label_decile: np.ndarray | None = None
        self.reset_metrics()

    def configure(self, cutoffs: Sequence[int], label_count: np.ndarray, log_dir: Path) -> None:
        """What CRSLab's ``get_evaluator`` cannot hand over.

        Args:
            cutoffs: the K.
            label_count: ``(n_item,)``, how often each item is a label in the training data.
            log_dir: folder for TensorBoard's files.
        """
        self.cutoffs, self.log_dir, self.n_item = sorted(cutoffs), log_dir, len(label_count)
        self.label_decile = popularity_decile(label_count)

    def reset_metrics(self) -> None:
        super().reset_metrics()
        self._columns: dict[str, list[np.ndarray]] = {}
        self._shown: set[int] = set()

    # ------------------------------------------------------------ feeding

    def rec_evaluate(self, ranks: list[int], label: int) -> None:
        """CRSLab's call: ``ranks``, positions of the first items; ``label``, position of the label."""
        rank = float(ranks.index(label) + 1) if label in ranks else np.inf
        self._add(rank=np.array([rank]))

    def rec_evaluate_scores(self, scores: Tensor, label: Tensor, seen: Tensor, repeat: Tensor,
                            intervened: Tensor | None = None, coverage: bool = True) -> None:
        """Adds a batch.

        Args:
            scores: ``(batch, n_item)``.
            label: ``(batch,)``, index of the label among the items, -1 if it is none of them.
            seen: ``(batch, length)``, distinct indices of the items in the context, padded with -1.
            repeat: ``(batch,)``, whether the label is in the context.
            intervened: ``(batch, n_item)``, scores after the intervention, if the model has one; both are logits then.
            coverage: whether to note the items at the top, which takes longer than all the rest.
        """
        ranks = expected_ranks(scores, label, seen)
        after = kl = torch.full_like(ranks.rank, torch.nan)
        if intervened is not None:
            after, kl = expected_ranks(intervened, label, seen).rank, kl_term(scores, intervened)
        if coverage:
            top = torch.topk(scores, min(self.cutoffs[-1], scores.shape[1]), sorted=False).indices
            self._shown.update(torch.unique(top).tolist())
        self._add(rank=ranks.rank, rank_unseen=ranks.rank_unseen, rank_intervened=after, kl=kl,
                  copy=ranks.copy, repeat=repeat, label=label)

    def rec_evaluate_lists(self, lists: Sequence[Sequence[int]], label: Tensor, seen: Tensor, repeat: Tensor) -> None:
        """Adds a batch of short lists, such as a language model gives. A label that is not in its list is a miss.

        Args:
            lists: for each sample indices of items, best first, each once.
            label, seen, repeat: as for :meth:`rec_evaluate_scores`.
        """
        rows: dict[str, list[float]] = {'rank': [], 'rank_unseen': [], 'copy': []}
        for ranked, own, before in zip(lists, label.tolist(), map(set, seen.tolist()), strict=True):
            unseen = [item for item in ranked if item == own or item not in before]
            rows['rank'].append(ranked.index(own) + 1 if own in ranked else np.inf)
            rows['rank_unseen'].append(unseen.index(own) + 1 if own in unseen else np.inf)
            rows['copy'].append(float(bool(ranked) and ranked[0] in before))
            self._shown.update(ranked[:self.cutoffs[-1]])
        self._add(**{name: np.array(values) for name, values in rows.items()}, repeat=repeat, label=label)

    def _add(self, **columns: Tensor | np.ndarray) -> None:
        for name, values in columns.items():
            self._columns.setdefault(name, []).append(
                values.cpu().numpy() if isinstance(values, Tensor) else values)

    def collected(self) -> tuple[dict[str, np.ndarray], set[int]]:
        """What was added since the last reset, for :meth:`merge`."""
        return {name: self.column(name) for name in self._columns}, self._shown

    def merge(self, parts: Sequence[tuple[dict[str, np.ndarray], set[int]]]) -> None:
        """Puts what several processes have :meth:`collected`, in their order, in the place of what is here."""
        names = dict.fromkeys(name for columns, _ in parts for name in columns)
        self._columns = {name: [columns[name] for columns, _ in parts if name in columns] for name in names}
        self._shown = set().union(*(shown for _, shown in parts))

    # ------------------------------------------------------------ reading

    def column(self, name: str) -> np.ndarray:
        """One value for each sample since the last reset: ``rank``, ``rank_unseen``, ``rank_intervened``,
        ``kl`` (KL of Eq 8, in nats), ``copy``, ``repeat`` or ``label``."""
        return np.concatenate(self._columns[name]) if name in self._columns else np.empty(0)

    def records(self, samples: Sequence[Mapping], names: Mapping[int, str]) -> Iterator[dict]:
        """A record for each sample since the last reset: which it is, and where its label came.

        Args:
            samples: of the dataset, in the order in which they were scored.
            names: of items by their entity ids, as far as they have one.
        """
        columns = [self.column(name).tolist() for name in ('rank', 'rank_unseen', 'rank_intervened', 'kl', 'repeat')]
        for sample, rank, unseen, intervened, kl, repeat in zip(samples, *columns, strict=True):
            yield {'conversation': sample['conv_id'], 'turn': sample['turn'], 'label': sample['item'],
                   'label_name': names.get(sample['item']), 'rank': rank, 'rank_unseen': unseen,
                   'rank_intervened': intervened, 'kl': kl, 'repeat': bool(repeat),
                   'history': len(sample['context_entities'])}

    def scores(self) -> dict:
        """All scores since the last reset.

        ``all``, ``new`` and ``new_unseen`` hold Recall, NDCG and MRR at each cutoff. Besides them:
        number of ``samples``; ``repeat_share`` of labels in the context; ``copy_rate@1``, share of
        samples whose first item is in the context; ``coverage@K``, share of the catalogue that is among
        the first K of any sample; ``recall@K_by_decile``, and ``samples_by_decile``, for labels of each
        tenth of the catalogue by popularity in the training data, the most popular last.
        """
        rank = self.column('rank')
        result: dict = {'samples': len(rank), 'all': cutoff_scores(rank, self.cutoffs)}
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
            decile = np.where(label >= 0, self.label_decile[label], 0)
            inside = [decile == d for d in range(1, 11)]
            primary = f'{PRIMARY_METRIC}@{k}'
            result[f'{primary}_by_decile'] = [cutoff_scores(rank[i], [k])[primary] for i in inside]
            result['samples_by_decile'] = [int(i.sum()) for i in inside]
        return result

    def metric(self, name: str) -> float:
        """One score by the name that ``rec.metric`` has: ``recall@50``, ``new_ndcg@10``, ...

        Raises:
            KeyError: no such score.
        """
        group, metric, cutoff = parse_score_name(name)
        return self.scores()[group][f'{metric}@{self.cutoffs[-1] if cutoff is None else cutoff}']

    def report(self, epoch: int = -1, mode: str = 'test') -> None:
        """Logs losses and scores in a line each, and writes them to TensorBoard if asked to."""
        losses = {name: value.value() for name, value in self.optim_metrics.report().items()}
        scores = self.scores() if self._columns else {}
        for title, values in (('', losses), *((f'{GROUPS[g]}: ', scores[g]) for g in ('all', 'new') if g in scores)):
            if values:
                shown = {k: v for k, v in values.items() if '@' not in k or k.startswith(PRIMARY_METRIC)}
                logger.info(f'[{mode}, epoch {epoch}] {title}' + ', '.join(
                    f'{k} {100 * v:.2f}' if '@' in k else f'{k} {v:.4g}' for k, v in shown.items()))
        if self.tensorboard:
            self._write_scalars(epoch, mode, losses, scores)

    def _write_scalars(self, epoch: int, mode: str, losses: dict, scores: dict) -> None:
        if not hasattr(self, 'writer'):
            from torch.utils.tensorboard import SummaryWriter
            self.writer = SummaryWriter(log_dir=str(self.log_dir))
        for name, value in losses.items():
            self.writer.add_scalar(f'{mode}/{name}', value, epoch)
        for group in GROUPS:
            for name, value in scores.get(group, {}).items():
                self.writer.add_scalar(f'{mode}/{group}/{name}', value, epoch)
        self.writer.flush()
