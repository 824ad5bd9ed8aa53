"""Train the linear models of acts and attitudes on the labelled tables, and write the package's ``linear.npz``.

python -m benchmarks.understanding.train --data_path path/to/data

The scored tables are not read. Training takes about six minutes on one core.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Iterable, Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from benchmarks.understanding.catalogue import read_catalogue
from benchmarks.understanding.examples import Drafted, Examples, collect, read_drafts
from benchmarks.understanding.messages import FOLDER, TRANSCRIPTS
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.models.features import act_features
from crslab_causal.chat.understanding.models.linear import PATH, LinearModel, Models, write_models


def train_tables(kind: str) -> list[Path]:
    """Return the tables that only the model learns from, in the order of their numbers."""
    return sorted(FOLDER.glob(f'{kind}_train*.tsv'), key=lambda path: (len(path.name), path.name))


TABLES = [
    *(FOLDER / f'{name}_develop.tsv' for name in ('redial', 'redial_2', 'written')),
    *(path for kind in ('redial', 'written') for path in train_tables(kind)),
    TRANSCRIPTS,
]
OF_MESSAGE = ('acts', 'questions')
"""Tasks about messages. The others are about names in them."""
SEED = 0
_N_PARTS = 3
"""Number of parts of the training data for the acts that the models of the attitudes learn from."""
_STRENGTH = 0.3
"""Inverse strength of the regularisation."""
_LEAST = 3
"""Number of examples that a feature or a class has at least."""
_WEIGHT = {TRANSCRIPTS.name: 3.0}
"""Weight of the examples of a table, where it is not 1. The tests of the chat demand that the transcripts are right."""


def fit(examples: Examples, used: Iterable[int]) -> LinearModel:
    """Return a model that is trained on some of the examples of a task."""
    rows = list(used)
    counts = Counter(feature for row in rows for feature in examples.features[row])
    features = sorted(feature for feature, n in counts.items() if n >= _LEAST)
    index = {feature: number for number, feature in enumerate(features)}
    columns = [[index[feature] for feature in examples.features[row] if feature in index] for row in rows]
    ends = np.cumsum([0, *map(len, columns)])
    table = csr_matrix((np.ones(ends[-1]), np.concatenate(columns).astype(int), ends), (len(rows), len(features)))
    answers = [examples.answers[row] for row in rows]
    weight = [_WEIGHT.get(examples.conversations[row].split()[0], 1.0) for row in rows]
    n_of_class = Counter(answer for each in answers for answer in each)
    classes = sorted(answer for answer, n in n_of_class.items() if n >= _LEAST)
    weights, bias = np.empty((len(features), len(classes))), np.empty(len(classes))
    for number, name in enumerate(classes):
        model = LogisticRegression(C=_STRENGTH, solver='liblinear', random_state=SEED, intercept_scaling=5, tol=1e-3)
        model.fit(table, [name in each for each in answers], sample_weight=weight)
        weights[:, number], bias[number] = model.coef_[0], model.intercept_[0]
    return LinearModel(classes, index, weights, bias)


def fit_all(tasks: dict[str, Examples], without: frozenset[str] = frozenset()) -> Models:
    """Return the models of all tasks, trained without some of the conversations."""
    used = {
        task: [row for row, conversation in enumerate(each.conversations) if conversation not in without]
        for task, each in tasks.items()
    }
    models = {task: fit(tasks[task], used[task]) for task in OF_MESSAGE}
    likely = likely_acts(tasks['acts'], used['acts'])
    for task in [each for each in tasks if each not in OF_MESSAGE]:
        each = tasks[task]
        features = list(each.features)
        for row in used[task]:
            features[row] = [*features[row], *act_features(likely[each.messages[row]], features[row])]
        models[task] = fit(replace(each, features=features), used[task])
    return models


def likely_acts(acts: Examples, used: Sequence[int]) -> dict[int, dict[str, float]]:
    """Return the probabilities of the acts of messages, by models that were trained on other conversations.

    The models of the attitudes read these probabilities. Those of a model that was trained on the message itself would
    be better than those of a new message.
    """
    conversations = sorted({acts.conversations[row] for row in used})
    random.Random(SEED).shuffle(conversations)
    part_of = {conversation: number % _N_PARTS for number, conversation in enumerate(conversations)}
    found = {}
    for part in range(_N_PARTS):
        model = fit(acts, [row for row in used if part_of[acts.conversations[row]] != part])
        for row in used:
            if part_of[acts.conversations[row]] == part:
                found[row] = model.probabilities(acts.features[row])
    return found


def main() -> None:
    """Run the command."""
    _, _, tasks = read_tasks(parse_data_path('Train the linear models of acts and attitudes.'))
    write_models(PATH, fit_all(tasks))
    print(f'{PATH.name}: {PATH.stat().st_size:,} bytes')


def parse_data_path(description: str) -> Path:
    """Return the folder of the datasets that the command line names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--data_path', type=Path, required=True, help='folder that contains redial/nltk')
    return parser.parse_args().data_path


def read_tasks(data_path: Path) -> tuple[Interpreter, list[Drafted], dict[str, Examples]]:
    """Return an interpreter that has rules only, its drafts of all tables, and the examples of all tasks."""
    facts, collections = read_catalogue(data_path / 'redial' / 'nltk')
    interpreter = Interpreter(facts, collections, models={})
    drafts = [each for path in TABLES for each in read_drafts(path, interpreter)]
    return interpreter, drafts, collect(drafts, interpreter)


if __name__ == '__main__':
    main()
