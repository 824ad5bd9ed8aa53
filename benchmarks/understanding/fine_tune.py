"""Fine-tune the packaged encoder on the labelled tables, and write the package's ``encoder.npz``.

python -m benchmarks.understanding.fine_tune --data_path path/to/data

The scored tables are not read. Training takes about twenty minutes on one core.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Mapping, NamedTuple, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.understanding.examples import Drafted, Examples
from benchmarks.understanding.train import SEED, parse_data_path, read_tasks
from crslab_causal.base.progress_bar import progress
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.models.encoder import (
    ONE_OF,
    PATH,
    MessageNetwork,
    MessageReader,
    Reading,
    new_network,
    tokenizer,
    write_network,
)

_RANK = 16
_EPOCHS = 8
_BATCH = 32
_RATE = 1e-3
_WARM_UP = 0.05
"""Share of the updates in which the learning rate rises. Then it falls linearly."""
_SORTED_BATCHES = 40
"""Number of batches whose messages are sorted by length, so that little of a batch is padding."""
_WEIGHT = {'acts': 1.0, 'questions': 0.5, 'names': 1.0, 'films': 1.0, 'people': 0.5}
"""Weight of the loss of each task."""
_LEAST = 3
"""Number of examples that a class has at least."""


class Target(NamedTuple):
    """What a message should be found to say."""

    task: str
    place: str
    right: Tensor
    """1 for each class that is right, ``(n_classes,)``."""


def classes_of(tasks: Mapping[str, Examples]) -> dict[str, list[str]]:
    """Return the classes of each task."""
    counts = {task: Counter(name for row in each.answers for name in row) for task, each in tasks.items()}
    return {task: sorted(name for name, n in found.items() if n >= _LEAST) for task, found in counts.items()}


def targets_of(tasks: Mapping[str, Examples], classes: Mapping[str, Sequence[str]]) -> dict[int, list[Target]]:
    """Return the targets of each message."""
    found = defaultdict(list)
    for task, each in tasks.items():
        for message, place, answers in zip(each.messages, each.places, each.answers, strict=True):
            right = torch.tensor([float(name in answers) for name in classes[task]])
            found[message].append(Target(task, place, right))
    return found


def train(
    readings: Sequence[Reading], targets: Mapping[int, Sequence[Target]], classes: Mapping[str, Sequence[str]]
) -> MessageNetwork:
    """Return a network that is trained on messages."""
    torch.manual_seed(SEED)
    rng = random.Random(SEED)
    network = new_network(classes, _RANK).train()
    heads = [value for name, value in network.added().items() if name.startswith('heads')]
    others = [value for name, value in network.added().items() if not name.startswith('heads')]
    groups = [
        {'params': others, 'lr': _RATE, 'weight_decay': 0.0},
        {'params': heads, 'lr': _RATE, 'weight_decay': 0.01},
    ]
    optimizer = torch.optim.AdamW(groups)
    n_updates = _EPOCHS * -(-len(targets) // _BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda n: min((n + 0.5) / n_updates / _WARM_UP, (1 - (n + 0.5) / n_updates) / (1 - _WARM_UP))
    )
    for epoch in range(_EPOCHS):
        total = 0.0
        for batch in progress(_batches(list(targets), readings, rng), f'epoch {epoch}'):
            loss = _loss(network, batch, readings, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f'epoch {epoch}: loss {total / len(targets):.4f}')
    return network


def _batches(messages: list[int], readings: Sequence[Reading], rng: random.Random) -> list[list[int]]:
    rng.shuffle(messages)
    batches = []
    for start in range(0, len(messages), _BATCH * _SORTED_BATCHES):
        part = messages[start : start + _BATCH * _SORTED_BATCHES]
        part.sort(key=lambda message: len(readings[message].pieces))
        batches += [part[at : at + _BATCH] for at in range(0, len(part), _BATCH)]
    rng.shuffle(batches)
    return batches


def _loss(
    network: MessageNetwork,
    batch: Sequence[int],
    readings: Sequence[Reading],
    targets: Mapping[int, Sequence[Target]],
) -> Tensor:
    """Return the loss of a batch, per message."""
    vectors, right = defaultdict(list), defaultdict(list)
    with torch.autocast('cpu', torch.bfloat16):
        states = network.states([readings[message] for message in batch])
    for row, message in enumerate(batch):
        for target in targets[message]:
            vectors[target.task].append(network.vector(states[row], readings[message], target.place))
            right[target.task].append(target.right)
    losses = []
    for task, rows in vectors.items():
        logits, wanted = network.logits(task, torch.stack(rows)), torch.stack(right[task])
        if task in ONE_OF:
            loss = F.cross_entropy(logits, wanted, reduction='sum')
        else:
            loss = F.binary_cross_entropy_with_logits(logits, wanted, reduction='sum')
        losses.append(_WEIGHT[task] * loss)
    return torch.stack(losses).sum() / len(batch)


def fine_tune(
    drafts: Sequence[Drafted], tasks: Mapping[str, Examples], facts: FilmFacts, without: frozenset[str] = frozenset()
) -> MessageNetwork:
    """Return a network that is trained on the labelled messages, without some of the conversations."""
    reader = MessageReader(facts, tokenizer())
    readings = [reader.read(each.draft) for each in drafts if each.draft.clauses]
    classes = classes_of(tasks)
    targets = targets_of(tasks, classes)
    conversations = tasks['acts'].conversations
    return train(readings, {n: each for n, each in targets.items() if conversations[n] not in without}, classes)


def main() -> None:
    """Run the command."""
    data_path = parse_data_path('Fine-tune the encoder that reads messages.')
    torch.set_num_threads(1)
    interpreter, drafts, tasks = read_tasks(data_path)
    write_network(PATH, fine_tune(drafts, tasks, interpreter.facts))
    print(f'{PATH.name}: {PATH.stat().st_size:,} bytes')


if __name__ == '__main__':
    main()
