"""The base class of the experts that are trained by gradients."""

from __future__ import annotations

import math
import random
import time
from abc import abstractmethod
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence

import torch
from loguru import logger
from torch import Tensor, nn
from torch.nn import functional as F

from crslab_causal.base.progress_bar import progress
from crslab_causal.data.histories import pad_histories
from crslab_causal.data.schema import RecSample
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.experts.base import Expert
from crslab_causal.model.experts.options import TrainedExpertOptions
from crslab_causal.model.experts.training_state import TrainingState, data_digest

EVALUATION_BATCH = 64
"""Number of contexts that are scored at a time."""
CHECKPOINT_SECONDS = 120.0
"""Least time between two checkpoints within an epoch."""
WARM_UP = 0.05
"""Share of the updates in which the learning rate rises."""
SORTED_BATCHES = 50
"""Number of batches whose contexts are sorted by length, so that little of a batch is padding."""
CUTOFFS = (1, 10, 50)


class Context(NamedTuple):
    """A turn of the recommender and all its labels."""

    sample: RecSample
    labels: list[int]
    """Indices of the labels among the items."""


class TrainedExpert(Expert):
    r"""An expert whose evidence is a softmax of the logits of a network.

    The network is trained by AdamW on the cross-entropy with label smoothing over all items,

    .. math:: -\sum_n \sum_y t_n(y) \log \mathrm{softmax}_y(\ell(x_n)), \qquad t_n(y) = (1 - \epsilon) [y = y_n]
        + \epsilon / \lvert I \rvert.

    A context with several labels is read once for all of them. The learning rate rises in the first
    :data:`WARM_UP` of the updates and then falls linearly.

    A training writes its state to ``<save_path>/trained_experts`` after every epoch, and every
    :data:`CHECKPOINT_SECONDS` within one. The name of the file is a hash of options, seed, start, ids and all
    conversations, with those that are held out. A training that was killed continues from there when the same command
    is given again, and ends as it would have without the break; one that has ended is not repeated, also not by
    another run with the same data, options and seed.

    Options: :class:`.TrainedExpertOptions`.
    """

    options_class: type[TrainedExpertOptions] = TrainedExpertOptions
    options: TrainedExpertOptions

    def build_model(self) -> None:
        super().build_model()
        self.network: nn.Module | None = None
        self.seed: int = self.opt.get('seed', 0) or 0
        save_path = self.opt.get('save_path', None)
        self.folder = None if save_path is None else Path(save_path) / 'trained_experts'

    # ------------------------------------------------------------ of each expert

    @abstractmethod
    def new_network(self) -> nn.Module:
        """Build the network on the CPU. Its parameters may have any values; :meth:`start` sets them."""

    @abstractmethod
    def start(self, network: nn.Module, data: TrainingData) -> None:
        """Set the parameters of ``network`` to the values from which the training starts."""

    @abstractmethod
    def start_digest(self) -> str:
        """Return a hash of everything else that the weights depend on.

        It needs no options, no seed, no conversations, and neither the ids of the items nor the number of entities.
        """

    @abstractmethod
    def logits(self, batch: Mapping[str, Any]) -> Tensor:
        """Return the logits of all items, ``(batch, n_item)``, for the inputs of :meth:`.Expert.evidence`."""

    @abstractmethod
    def parameter_groups(self, network: nn.Module) -> list[dict[str, Any]]:
        """Return the groups of parameters for AdamW, each with the largest learning rate that it reaches."""

    def length(self, sample: RecSample) -> int:
        """Return the length of a context. Contexts of similar length are put into one batch."""
        return len(sample['context_entities'])

    def start_epoch(self, epoch: int) -> None:
        """Prepare the network for an epoch, before its first update. By default nothing is done."""

    def end_epoch(self, updates: int, seconds: float, parameters: int) -> None:
        """Take note of an epoch after its last update. By default nothing is done.

        Args:
            updates: number of updates since the epoch began or the training continued within it.
            seconds: seconds that they took.
            parameters: number of parameters that are trained.
        """

    # ------------------------------------------------------------ prediction

    def evidence(self, batch: Mapping[str, Any]) -> Tensor:
        return self.logits(batch).softmax(-1)

    # ------------------------------------------------------------ training

    def fit_evidence(self, data: TrainingData) -> None:
        epochs = self.options.expert_epochs
        if self.options.expert_epoch_choice == 'late':
            held_out = data.latest()
            late = data.within(held_out)
            history = self._train(data.within({turn['conv_id'] for turn in data.turns} - held_out), epochs, late)
            epochs = 1 + max(range(len(history)), key=lambda epoch: history[epoch])
            logger.info(f'[{type(self).__name__}: epoch {epochs} is the best one on the latest conversations]')
        self._train(data, epochs, None)

    def _train(self, data: TrainingData, epochs: int, held_out: TrainingData | None) -> list[float]:
        """Train a new network, and return the log-likelihood of the held-out labels after each epoch."""
        name, device = type(self).__name__, self.index_of_entity.device
        late = grouped(held_out) if held_out is not None else []
        identity = [
            self.options.model_dump(exclude={'expert_smoothing', 'expert_epoch_choice', 'expert_epochs'}),
            *(self.seed, epochs, device.type, self.n_entity, self.item_entity_ids.tolist(), self.start_digest()),
            # the history depends on the held-out conversations, and so does the popularity that a network may start at
            *(data_digest(data), held_out and data_digest(held_out)),
        ]
        self.network = self._seeded_network()
        with TrainingState.of(self.folder, name, identity) as state:
            if state.finished:
                logger.info(f'[{name}: trained before, taken from {state.path}]')
                self.network.load_state_dict(state.network)
                self._freeze()
            else:
                self._continue(state, data, epochs, late)
        return state.history

    def _continue(self, state: TrainingState, data: TrainingData, epochs: int, late: list[Context]) -> None:
        """Train the network from a state to its end."""
        assert self.network is not None
        name, device, contexts = type(self).__name__, self.index_of_entity.device, grouped(data)
        with torch.random.fork_rng([device] if device.type == 'cuda' else []), torch.enable_grad():
            torch.manual_seed(self.seed)
            self.start(self.network, data)
            optimizer = torch.optim.AdamW(self.parameter_groups(self.network))
            largest = [group['lr'] for group in optimizer.param_groups]
            if state.network:
                logger.info(f'[{name}: continues from epoch {state.epoch}, update {state.update}]')
                self.network.load_state_dict(state.network)
                optimizer.load_state_dict(state.optimizer)
            per_epoch = math.ceil(len(contexts) / self.options.expert_batch_size)
            while state.epoch < epochs:
                if not state.update:
                    self.start_epoch(state.epoch)
                started, first = time.perf_counter(), state.update
                batches = self._batches(contexts, state.epoch)[first:]
                self.network.train()
                for batch in progress(batches, f'{name} epoch {state.epoch}'):
                    done = (state.epoch * per_epoch + state.update + 0.5) / (epochs * per_epoch)
                    for group, lr in zip(optimizer.param_groups, largest):
                        group['lr'] = lr * min(done / WARM_UP, (1 - done) / (1 - WARM_UP))
                    # every update has its own seed, so that a broken training continues with the same dropout
                    torch.manual_seed(hash_of(self.seed, state.epoch, state.update))
                    loss = self._loss(batch)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    state.update += 1
                    if state.save_if_due(CHECKPOINT_SECONDS, self.network, optimizer):
                        rate = (state.update - first) / (time.perf_counter() - started)
                        logger.info(
                            f'[{name} epoch {state.epoch}: update {state.update} of {per_epoch}, {rate:.2f} a second]'
                        )
                seconds = max(time.perf_counter() - started, 1e-9)
                rate = sum(map(len, batches)) / seconds
                trained = sum(p.numel() for group in optimizer.param_groups for p in group['params'])
                self.end_epoch(len(batches), seconds, trained)
                state.epoch, state.update = state.epoch + 1, 0
                self.network.eval()
                report = self._report(late, state) if late else ''
                logger.info(
                    f'[{name} epoch {state.epoch - 1}: {rate:.1f} contexts a second, {seconds:.0f} s'
                    f'{report}; {epochs - state.epoch} more]'
                )
                state.save(self.network, optimizer)
        self._freeze()
        state.finish(self.network)

    def _seeded_network(self) -> nn.Module:
        """Return a new network, whose random parameters depend on the seed alone."""
        with torch.random.fork_rng([]):
            torch.manual_seed(self.seed)
            return self.new_network().to(self.index_of_entity.device)

    def _freeze(self) -> None:
        """Freeze the parameters after the training, so that the system's own training loop does not change them."""
        assert self.network is not None
        self.network.eval().requires_grad_(False)

    def _batches(self, contexts: list[Context], epoch: int) -> list[list[Context]]:
        """Return the batches of an epoch in random order. A batch contains contexts of similar length."""
        rng = random.Random(hash_of(self.seed, epoch))
        order = list(contexts)
        rng.shuffle(order)
        size, batches = self.options.expert_batch_size, []
        for start in range(0, len(order), size * SORTED_BATCHES):
            part = sorted(order[start : start + size * SORTED_BATCHES], key=lambda context: self.length(context.sample))
            batches += [part[i : i + size] for i in range(0, len(part), size)]
        rng.shuffle(batches)
        return batches

    def _loss(self, batch: Sequence[Context]) -> Tensor:
        logits = self.logits(inputs([context.sample for context in batch], self.index_of_entity.device)).float()
        rows = [row for row, context in enumerate(batch) for _ in context.labels]
        labels = torch.tensor([label for context in batch for label in context.labels], device=logits.device)
        return F.cross_entropy(logits[rows], labels, label_smoothing=self.options.label_smoothing)

    @torch.no_grad()
    def _report(self, late: list[Context], state: TrainingState) -> str:
        """Measure the network on held-out contexts after an epoch, and return the result as text for the log.

        The text has the mean log-likelihood of the labels and the recall. The log-likelihood is also added to
        ``state.history``.
        """
        total, hits, count = 0.0, dict.fromkeys(CUTOFFS, 0), 0
        for start in range(0, len(late), EVALUATION_BATCH):
            part = late[start : start + EVALUATION_BATCH]
            log_p = self.logits(inputs([context.sample for context in part], self.index_of_entity.device)).log_softmax(
                -1
            )
            rows = [row for row, context in enumerate(part) for _ in context.labels]
            labels = torch.tensor([label for context in part for label in context.labels], device=log_p.device)
            chosen = log_p[rows].gather(1, labels[:, None])
            rank = 1 + (log_p[rows] > chosen).sum(-1)
            total, count = total + float(chosen.sum()), count + len(labels)
            for k in CUTOFFS:
                hits[k] += int((rank <= k).sum())
        state.history.append(total / count)
        recall = ', '.join(f'R@{k} {100 * n / count:.1f}' for k, n in hits.items())
        return f'; held out: log-likelihood {total / count:.4f}, {recall}'

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        if self.network is None and any(key.startswith(f'{prefix}network.') for key in state_dict):
            self.network = self._seeded_network()
            self._freeze()
        super()._load_from_state_dict(state_dict, prefix, *args)


def grouped(data: TrainingData) -> list[Context]:
    """Return one :class:`Context` for each turn that has labels, with all labels of the turn."""
    by_turn: dict[tuple[str, int], Context] = {}
    for sample in data.samples:
        context = by_turn.setdefault((sample['conv_id'], sample['turn']), Context(sample, []))
        context.labels.append(data.index_of_item[sample['item']])
    return list(by_turn.values())


def inputs(samples: Sequence[RecSample], device: torch.device) -> dict[str, Any]:
    """Return the batch that :meth:`.Expert.evidence` reads: padded histories, and the samples themselves."""
    histories = pad_histories([sample['context_entities'] for sample in samples])
    return {'context_entities': histories.to(device), 'samples': list(samples)}


def hash_of(*numbers: int) -> int:
    """Combine several numbers into one seed. Unlike that of ``hash``, the result is the same in every process."""
    seed = 0
    for number in numbers:
        seed = (seed * 1_000_003 + number + 1) % (2**62)
    return seed
