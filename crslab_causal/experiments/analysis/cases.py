"""Examples (Table 7): the answers of all systems to the same turn, side by side."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Iterator, Mapping, Sequence

from crslab_causal.base import artifacts
from crslab_causal.experiments.analysis.answers import ANSWER_FILES, Answer, Context, Turn, build_contexts, read_answers
from crslab_causal.experiments.analysis.ranks import read_ranks
from crslab_causal.experiments.analysis.record import CaseRecord, Number, SystemRecord
from crslab_causal.experiments.runner.dataset_cache import DatasetCache
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Suite
from crslab_causal.experiments.suite.suite_options import CaseOptions
from crslab_causal.llm.detokenization import UNNAMED

TOP_SHOWN = 3
"""Number of items shown of a system's list."""


def case_records(
    options: CaseOptions, suite: Suite, store: RunStore, datasets: DatasetCache, previous: Sequence[CaseRecord] = ()
) -> Iterator[CaseRecord]:
    """Yield example turns (Table 7), each with the answers of all finished systems.

    Nothing is yielded if no system is finished.

    The turns are drawn at random from the turns that every finished system has answered, so that no turn is chosen
    because it favours a system. If a turn has several labels, the first one is shown. The answers of a system are those
    of its first finished run.

    Args:
        options: options of these examples, an entry of ``cases:`` in the file of a suite.
        suite: the suite that contains the entry.
        store: folders of the runs.
        datasets: loaded datasets.
        previous: the turns of the previous report. They are yielded unchanged until a further system is finished, while
            the systems that they show still are. Then new turns are drawn.
    """
    table = next((table for table in suite.tables if table.options.name == options.table), None)
    if table is None:  # --quick leaves it out
        return
    rows = [row for row in table.rows if not row.options.hidden]
    finished = {
        row.options.title: run for row in rows if (run := next(filter(store.is_finished, row.runs), None)) is not None
    }
    recorded = {system.title for case in previous for system in case.systems}
    if not finished.keys() > recorded & {row.options.title for row in rows}:
        yield from previous
        return
    split = table.options.split
    answers = {title: _first_answers(store.folder(run), split) for title, run in finished.items()}
    dataset = datasets.load(store.config(next(iter(finished.values()))))
    names = dataset.side_data['display_names']
    samples = {'train': dataset.train_data, 'valid': dataset.valid_data, 'test': dataset.test_data}[split]
    contexts = build_contexts(samples, dataset.side_data['name_of_token'])
    for number, turn in enumerate(_draw(options, suite.options.seeds[0], contexts, answers), start=1):
        by_system = {title: by_turn[turn] for title, by_turn in answers.items()}
        label = next(iter(by_system.values())).label
        yield CaseRecord(
            name=f'{options.name}_{number}',
            title=options.title,
            split=split,
            conversation=turn[0],
            turn=turn[1],
            label=names.get(label, UNNAMED),
            context=contexts[turn].context,
            reference=contexts[turn].reference,
            systems=[
                _system(title, answer, names, store.folder(finished[title]), split)
                for title, answer in by_system.items()
            ],
        )


def _first_answers(folder: Path, split: str) -> dict[Turn, Answer]:
    """Return the answers in the folder of a run, by turn. If a turn has several labels, it has the first answer."""
    path = next(path for file_name in ANSWER_FILES if (path := folder / file_name(split)).is_file())
    answers: dict[Turn, Answer] = {}
    for answer in read_answers(path):
        answers.setdefault(answer.sample[:2], answer)
    return answers


def _draw(
    options: CaseOptions, seed: int, contexts: Mapping[Turn, Context], answers: Mapping[str, Mapping[Turn, Answer]]
) -> Sequence[Turn]:
    """Draw turns at random whose contexts have the minimum length. Return all such turns if they are too few."""
    answered = set.intersection(*(set(by_turn) for by_turn in answers.values()))
    fit = sorted(turn for turn in answered if turn in contexts and len(contexts[turn].context) >= options.context)
    return random.Random(f'{options.name} {seed}').sample(fit, min(options.turns, len(fit)))


def _system(title: str, answer: Answer, names: Mapping[int, str], folder: Path, split: str) -> SystemRecord:
    listed = answer.ranking[:TOP_SHOWN] if answer.recommended is None else [answer.recommended]
    before: Number | None = answer.rank_before
    after: Number | None = answer.rank_after
    if answer.recommended is not None:
        before = after = _label_rank(folder / artifacts.ranks_file(split), answer)
    return SystemRecord(
        title=title,
        backend=answer.backend,
        status=answer.status,
        listed=[names.get(item, UNNAMED) for item in listed],
        rank_before=before,
        rank_after=after,
        explanation=answer.explanation,
        response=answer.response,
    )


def _label_rank(path: Path, answer: Answer) -> float | None:
    """Return the rank of the label of an answer in the recommender's list; None if the label has no rank."""
    ranks = read_ranks(path)
    for *sample, rank in zip(
        ranks.conversation.tolist(), ranks.turn.tolist(), ranks.label.tolist(), ranks.rank.tolist()
    ):
        if tuple(sample) == answer.sample:
            return rank if math.isfinite(rank) else None
    return None
