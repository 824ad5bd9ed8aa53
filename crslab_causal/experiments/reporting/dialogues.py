"""Success Rate and Reward-per-Dialogue-Length of the finished runs of a table, from their ranks.

::

    python -m crslab_causal.experiments.reporting.dialogues pool pool_redial_valid --data-path data/dataset

Nothing is trained or scored: the ranks in the folders of the runs are read, and the seekers' answers in the data folder
(see :mod:`crslab_causal.evaluator.dialogue`). The numbers of every seed go to ``<table>.json`` and the table to
``<table>.md``, both in ``results/dialogues``. Rows without a finished run are left out. If the ranks are those of an
official test set, the log of official scores gets a line about this use.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Iterator, Mapping

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.artifacts import OFFICIAL_RESULTS
from crslab_causal.base.data_path import DATA_PATH
from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.base.files import replace_file
from crslab_causal.base.provenance import provenance
from crslab_causal.base.tables import escape_cell, markdown_table
from crslab_causal.data.data_files import data_line
from crslab_causal.data.seeker_answers import ANSWERS_FILE, SeekerAnswers, read_seeker_answers
from crslab_causal.evaluator.dialogue import REWARD, SUCCESS_RATE, scores_of_groups
from crslab_causal.evaluator.metrics import GROUPS
from crslab_causal.experiments.analysis.ranks import read_ranks
from crslab_causal.experiments.analysis.statistics import mean_interval
from crslab_causal.experiments.runner.paths import RunPaths
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Row, Table, read_suites
from crslab_causal.official_scores import LOG, log_use

_USE = 'Success Rate and Reward-per-Dialogue-Length, from the ranks of earlier scores; nothing is chosen'
"""Description of this use for the log of official scores."""
FORMS = {SUCCESS_RATE: ('SR', 100, 1), REWARD: ('RDL', 1, 4)}
"""Title, factor and number of decimals of each score in the table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: write the record and the table. Return the exit status."""
    parser = argparse.ArgumentParser(
        description='Write Success Rate and Reward-per-Dialogue-Length of the finished runs of a table.'
    )
    parser.add_argument('suite', help='name of a file in config/experiments')
    parser.add_argument('table', help='name of a table of the suite')
    parser.add_argument(
        '--data-path',
        '--data_path',
        type=path_argument,
        default=Path(DATA_PATH),
        help='folder that contains redial/nltk',
    )
    parser.add_argument('--work', type=path_argument, default=Path('save', 'experiments'), help='folder of the runs')
    parser.add_argument(
        '--output', type=path_argument, default=Path('results', 'dialogues'), help='folder of the record and the table'
    )
    parser.add_argument('--log', type=path_argument, default=LOG, help='log of the official scores')
    options = parser.parse_args(arguments)

    def write() -> None:
        store = RunStore(RunPaths(options.data_path.resolve(), options.work.resolve()))
        record = dialogue_record(options.suite, options.table, store)
        if (test_sha256 := record.get('test_sha256')) is not None:
            about = {'table': options.table, 'systems': [row['title'] for row in record['rows']]}
            log_use(options.log, _USE, about, test_sha256)
        for suffix, text in (('json', json.dumps(record, indent=1)), ('md', dialogue_page(record))):
            path = options.output / f'{options.table}.{suffix}'
            replace_file(path, text + '\n')
            print(path)

    return exit_status(write)


def dialogue_record(suite: str, table_name: str, store: RunStore) -> dict[str, Any]:
    """Return the scores of every finished run of a table, by row.

    Raises:
        UserError: there is no such table, its data have no answers, or no run of it is finished.
    """
    table = next((t for t in read_suites([suite])[0].tables if t.options.name == table_name), None)
    if table is None:
        raise UserError(f'{suite}: has no table {table_name}')
    config = table.rows[0].runs[0].config
    folder = store.paths.data_path / config.dataset_entry.folder / config.run.tokenize
    answers = read_seeker_answers(folder, _entity_ids(folder)) if (folder / ANSWERS_FILE).is_file() else {}
    if not answers:
        raise UserError(f'{folder}: has no {ANSWERS_FILE}; crslab-causal prepare redial --answers-only writes it')
    rows = [
        {'title': row.options.title, 'runs': runs}
        for row in table.rows
        if (runs := list(_runs(row, table, store, answers)))
    ]
    if not rows:
        raise UserError(f'{suite}: no run of {table_name} is finished in {store.paths.work}')
    data = {config['dataset']: store.data_digest(config)}
    record = {'title': table.options.title, 'split': table.options.split, 'data': data, **provenance(), 'rows': rows}
    if table.options.split == 'official':
        record['test_sha256'] = _official_test([run['folder'] for row in rows for run in row['runs']], store)
    return record


def _official_test(folders: Sequence[str], store: RunStore) -> str:
    """Return the hash of the official test file that runs were scored on.

    Raises:
        UserError: they were scored on different files.
    """
    found = {
        json.loads((store.paths.work / folder / OFFICIAL_RESULTS).read_text('utf-8'))['test_sha256']
        for folder in folders
    }
    if len(found) > 1:
        raise UserError('the runs were scored on different official test files; score them again on one file')
    return found.pop()


def _entity_ids(folder: Path) -> dict[str, int]:
    return json.loads((folder / 'entity2id.json').read_text('utf-8'))


def _runs(row: Row, table: Table, store: RunStore, answers: Mapping[str, SeekerAnswers]) -> Iterator[dict[str, Any]]:
    """Yield the seed, the folder and the scores of each finished run of a row."""
    for run in row.runs:
        path = store.ranks_path(store.folder_name(run), table.options.split)
        if not path.is_file():
            continue
        ranks = read_ranks(path)
        scores = scores_of_groups(
            ranks.conversation, ranks.turn, ranks.label, ranks.rank, ranks.rank_unseen, ranks.repeat, answers
        )
        if scores:
            yield {'seed': run.seed, 'folder': store.folder_name(run), 'scores': scores}


def dialogue_page(record: Mapping[str, Any]) -> str:
    """Return the table of a :func:`dialogue_record` in Markdown, with its legend."""
    groups = [group for group in GROUPS if group in record['rows'][0]['runs'][0]['scores']]
    heads = [record['split'], 'seeds', *(f'{GROUPS[g]} {FORMS[name][0]}' for g in groups for name in FORMS)]
    rows = [
        [
            escape_cell(row['title']),
            str(len(row['runs'])),
            *(_cell([run['scores'][g][name] for run in row['runs']], name) for g in groups for name in FORMS),
        ]
        for row in record['rows']
    ]
    conversations = record['rows'][0]['runs'][0]['scores']['all']['conversations']
    legend = (
        f'{conversations} conversations with a label and the answers of the seeker. SR: success rate in percent. RDL: '
        'reward per dialogue length. Mean ± 95 % interval over seeds (Student t). '
    )
    test = f' SHA-256 of the test file: {record["test_sha256"][:12]}.' if 'test_sha256' in record else ''
    return f'{markdown_table(heads, rows)}\n\n{legend}{data_line(record["data"])}{test}'


def _cell(values: Sequence[float], name: str) -> str:
    _, factor, decimals = FORMS[name]
    interval = mean_interval([factor * value for value in values])
    spread = '' if interval.half_width is None else f' ± {interval.half_width:.{decimals}f}'
    return f'{interval.mean:.{decimals}f}{spread}'


if __name__ == '__main__':
    raise SystemExit(main())
