"""Regenerates the README's tables of recommendation scores.

    python benchmarks/recommendation.py --data_path ../shared/data

Every row is a configuration under ``config/``, run once for each seed by ``run_crslab.py`` as a user
would. Runs whose ``results.json`` is in ``--save_path`` are not repeated, so that the command can be
stopped and started again. Writes ``benchmarks/recommendation.json`` and the block between the markers
in ``README.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from benchmarks.readme import update_block  # noqa: E402

SEEDS = (2020, 2021, 2022)
SHOWN = {'redial': (1, 10, 50), 'opendialkg': (1, 10, 25)}
"""Cutoffs in the README's tables; the JSON file has all."""


class Row(NamedTuple):
    """A row of a table: its title, its configuration, and the seeds it is run with."""

    title: str
    config: str
    seeds: tuple[int, ...] = SEEDS
    slow: bool = False
    """Hours on two cores: left out unless asked for with ``--slow``, or already run."""


def rows(dataset: str) -> list[Row]:
    """The rows for ``redial`` or ``opendialkg``; what does not depend on a seed, or takes long, is run once."""
    once, slow = SEEDS[:1], dataset == 'redial'
    return [
        Row('CausalKBRD, the paper\'s setting', f'causal_{dataset}'),
        Row('— mention order: first', f'ablations/{dataset}_mention_first'),
        Row('— mention order: all', f'ablations/{dataset}_mention_all'),
        Row('— w/o causal', f'ablations/{dataset}_wo_causal'),
        Row('— w/o causal, with item bias', f'ablations/{dataset}_wo_causal_bias'),
        Row('CausalKBRD, Z = \\|N\\| and item bias', f'ablations/{dataset}_mean_bias'),
        Row('— w/o causal, Z = \\|N\\| and item bias', f'ablations/{dataset}_wo_causal_mean_bias'),
        Row('KBRD of CRSLab, repaired', f'baselines/{dataset}_kbrd_repaired', once),
        Row('KBRD of CRSLab, as shipped', f'baselines/{dataset}_kbrd', once, slow),
        Row('KGSF of CRSLab', f'baselines/{dataset}_kgsf', once, slow),
        Row('ReDialRec of CRSLab', f'baselines/{dataset}_redialrec', once, slow),
        Row('TextCNN of CRSLab', f'baselines/{dataset}_textcnn', once, slow=True),
        Row('GRU4REC of CRSLab', f'baselines/{dataset}_gru4rec', once),
        Row('SASREC of CRSLab', f'baselines/{dataset}_sasrec', once),
        Row('Popularity of CRSLab', f'baselines/{dataset}_popularity_crslab', once),
        Row('Transition counts', f'baselines/{dataset}_transition', once),
        Row('Popularity of labels', f'baselines/{dataset}_popularity', once),
        Row('Repeat', f'baselines/{dataset}_repeat', once),
    ]


def result_file(row: Row, seed: int, save_path: Path) -> Path:
    """Where ``run_crslab.py`` puts the results of a row."""
    config = yaml.safe_load((ROOT / 'config' / f'{row.config}.yaml').read_text('utf-8'))
    folder = f"{config['dataset']}_{config['model']}"
    return save_path / folder / f'{Path(row.config).name}_seed{seed}' / 'results.json'


def run(row: Row, seed: int, arguments: argparse.Namespace) -> dict:
    """Results of one run, from its file or by running it."""
    path = result_file(row, seed, arguments.save_path)
    if not path.is_file():
        print(f'running {row.config}, seed {seed}', flush=True)
        command = [sys.executable, str(ROOT / 'run_crslab.py'), '--config', str(ROOT / 'config' / f'{row.config}.yaml'),
                   '--data_path', str(arguments.data_path), '--seed', str(seed), '--gpu', arguments.gpu,
                   '--set', f'save_path={arguments.save_path}']
        log = arguments.save_path / 'log' / f'{Path(row.config).name}_seed{seed}.log'
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, 'w') as output:
            done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT,
                                  env={**os.environ, 'OMP_NUM_THREADS': str(arguments.threads)})
        if done.returncode or not path.is_file():
            raise SystemExit(f'{row.config}, seed {seed} failed with status {done.returncode}; see {log}')
    return json.loads(path.read_text('utf-8'))


def spread(values: list[float]) -> str:
    """Mean in percent, with the standard deviation over seeds where there is more than one."""
    mean = f'{100 * statistics.mean(values):.1f}'
    return mean if len(values) == 1 else f'{mean} ± {100 * statistics.stdev(values):.1f}'


def table(dataset: str, record: list[dict]) -> str:
    """Recall on valid and test, ALL and NEW, in Markdown, from the record of a dataset."""
    columns = [(split, group, f'recall@{k}') for split in ('valid', 'test') for group in ('all', 'new')
               for k in SHOWN[dataset]]
    heads = [f'{split} {group.upper()} R@{name.partition("@")[2]}' for split, group, name in columns]
    lines = [f'| {dataset} | seeds | ' + ' | '.join(heads) + ' |', '|---|---:|' + '---:|' * len(columns)]
    for row in record:
        cells = [spread([r['splits'][split][group][name] for r in row['runs']]) for split, group, name in columns]
        lines.append(f"| {row['title']} | {len(row['runs'])} | " + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def tables(record: dict[str, list[dict]]) -> str:
    """The README's block."""
    return '\n\n'.join(table(dataset, rows_of_dataset) for dataset, rows_of_dataset in record.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data_path', type=Path, required=True,
                        help='folder that holds redial/nltk and opendialkg/nltk')
    parser.add_argument('--save_path', type=Path, default=ROOT / 'save', help='where the runs go')
    parser.add_argument('--datasets', nargs='+', default=['redial', 'opendialkg'], choices=['redial', 'opendialkg'])
    parser.add_argument('--slow', action='store_true', help='also run the rows that take hours on two cores')
    parser.add_argument('--gpu', default='-1')
    parser.add_argument('--jobs', type=int, default=max(1, (os.cpu_count() or 1)), help='runs at a time')
    parser.add_argument('--threads', type=int, default=1, help='threads of a run')
    arguments = parser.parse_args()
    arguments.data_path, arguments.save_path = arguments.data_path.resolve(), arguments.save_path.resolve()

    record = {}
    for dataset in arguments.datasets:
        with ThreadPoolExecutor(arguments.jobs) as pool:
            wanted = [row for row in rows(dataset) if not row.slow or arguments.slow
                      or result_file(row, row.seeds[0], arguments.save_path).is_file()]
            runs = {row: [pool.submit(run, row, seed, arguments) for seed in row.seeds] for row in wanted}
            results = {row: [future.result() for future in futures] for row, futures in runs.items()}
        record[dataset] = [{'title': row.title, 'config': row.config, 'seeds': row.seeds,
                            'runs': [{key: r[key] for key in ('seed', 'epochs', 'best_epoch', 'training_seconds',
                                                              'git_commit', 'versions', 'splits')} for r in runs]}
                           for row, runs in results.items()]
    (ROOT / 'benchmarks' / 'recommendation.json').write_text(json.dumps(record, indent=1) + '\n', 'utf-8')
    update_block('recommendation', tables(record))
    print(tables(record))


if __name__ == '__main__':
    main()
