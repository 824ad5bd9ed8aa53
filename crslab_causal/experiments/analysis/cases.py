"""Table 7: turns of the data, and what each system says there, side by side."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Iterator, Mapping, Sequence

from crslab_causal.data.dataset.mention_order import display_names
from crslab_causal.data.dataset.base import MentionDataset
from crslab_causal.experiments.analysis.answers import ANSWER_FILES, Answer, Context, Turn, contexts_of, read_answers
from crslab_causal.experiments.runner.execution import dataset_of
from crslab_causal.experiments.runner.runs import Place, config_of, folder_of, result_of
from crslab_causal.experiments.suite.suite import Run, Suite
from crslab_causal.experiments.suite.suite_options import CaseOptions
from crslab_causal.crslab_compat import use_directories
from crslab_causal.llm.detokenization import UNNAMED, token_names

SHOWN = 3
"""Items of a system's list."""


def case_records(options: CaseOptions, suite: Suite, place: Place, earlier: Sequence[dict] = ()) -> Iterator[dict]:
    """The records of a case, one for each of its turns; none as long as no system has answered.

    The turns are drawn by chance from those that every finished system has answered, so that nobody has chosen what
    flatters one. Of a turn with several labels the first is taken, and of a system the first run that is finished.

    Args:
        options: the case.
        suite: to which it belongs.
        place: of the runs.
        earlier: records of this case in an earlier report; they stay, unless all of their systems and others have
            answered now.
    """
    table = next((table for table in suite.tables if table.options.name == options.table), None)
    if table is None:  # left out by --quick
        return
    rows = [row for row in table.rows if not row.options.hidden]
    finished = {row.options.title: run for row in rows
                if (run := next((run for run in row.runs if result_of(run, place) is not None), None)) is not None}
    recorded = {system['title'] for case in earlier for system in case['systems']}
    if not finished.keys() > recorded & {row.options.title for row in rows}:
        yield from earlier
        return
    split = table.options.split
    answers = {title: _answers(folder_of(run, place), split) for title, run in finished.items()}
    dataset = _dataset(next(iter(finished.values())), place)
    names = display_names(dataset.id2entity)
    samples = {'train': dataset.train_data, 'valid': dataset.valid_data, 'test': dataset.test_data}[split]
    contexts = contexts_of(samples, token_names(dataset.item_of_token, names))
    for number, turn in enumerate(_draw(options, suite.options.seeds[0], contexts, answers), start=1):
        given = {title: own[turn] for title, own in answers.items()}
        label = next(iter(given.values())).label
        yield {'name': f'{options.name}_{number}', 'title': options.title, 'split': split, 'conversation': turn[0],
               'turn': turn[1], 'label': names.get(label, UNNAMED), 'context': contexts[turn].context,
               'reference': contexts[turn].reference,
               'systems': [_system(title, answer, names, folder_of(finished[title], place), split)
                           for title, answer in given.items()]}


def _answers(folder: Path, split: str) -> dict[Turn, Answer]:
    """The first answer to each turn."""
    path = next(path for name in ANSWER_FILES if (path := folder / name.format(split=split)).is_file())
    answers: dict[Turn, Answer] = {}
    for answer in read_answers(path):
        answers.setdefault(answer.sample[:2], answer)
    return answers


def _dataset(run: Run, place: Place) -> MentionDataset:
    config = config_of(run, place)
    use_directories(config['data_path'], config['save_path'])
    return dataset_of(config)


def _draw(options: CaseOptions, seed: int, contexts: Mapping[Turn, Context],
          answers: Mapping[str, Mapping[Turn, Answer]]) -> Sequence[Turn]:
    """Turns with enough before them, in the order they are drawn; fewer than wanted where there are no more."""
    answered = set.intersection(*(set(own) for own in answers.values()))
    fit = sorted(turn for turn in answered if turn in contexts and len(contexts[turn].context) >= options.context)
    return random.Random(f'{options.name} {seed}').sample(fit, min(options.turns, len(fit)))


def _system(title: str, answer: Answer, names: Mapping[int, str], folder: Path, split: str) -> dict:
    listed = answer.ranking[:SHOWN] if answer.recommended is None else [answer.recommended]
    before, after = answer.rank_before, answer.rank_after
    if answer.recommended is not None:
        before = after = _label_rank(folder / f'ranks_{split}.jsonl', answer)
    return {'title': title, 'backend': answer.backend, 'status': answer.status,
            'listed': [names.get(item, UNNAMED) for item in listed], 'rank_before': before, 'rank_after': after,
            'explanation': answer.explanation, 'response': answer.response}


def _label_rank(path: Path, answer: Answer) -> float | None:
    """Rank of an answer's label in the recommender's list."""
    for line in path.read_text('utf-8').splitlines():
        rank = json.loads(line)
        if (rank['conversation'], rank['turn'], rank['label']) == answer.sample:
            return rank['rank']
    return None
