"""Measure how much the scores of one seed depend on how the CPU rounds sums.

    python benchmarks/rounding.py --data-path data/dataset

The same configuration with the same seed is trained with other numbers of threads, and without the widest vector
instructions of the CPU, as an older CPU would train it. Each of these adds up the same numbers in another order. The
scores are in ``benchmarks/rounding.json``, and a table of them is in ``docs/training.md``. Finished runs are kept in
``--work``, and are not repeated. ``--settings`` measures some of the rows; the others stay if the CPU is the same.
``--report-only`` trains nothing: it reads ``results/`` again and writes the table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from crslab_causal.base.files import replace_file  # noqa: E402
from crslab_causal.base.markdown_blocks import update_block  # noqa: E402
from crslab_causal.base.provenance import cpu_name  # noqa: E402

CONFIG = 'mixed_redial'
RECORD = ROOT / 'benchmarks' / 'rounding.json'
PAGE, BLOCK = ROOT / 'docs' / 'training.md', 'rounding'
SETTINGS: dict[str, dict[str, str]] = {
    '1 thread': {'OMP_NUM_THREADS': '1'},
    '2 threads': {'OMP_NUM_THREADS': '2', 'OMP_WAIT_POLICY': 'PASSIVE'},  # passive: a busy machine is not slowed down
    '1 thread, vectors of 256 bits at most': {
        'OMP_NUM_THREADS': '1',
        'ATEN_CPU_CAPABILITY': 'avx2',
        'MKL_ENABLE_INSTRUCTIONS': 'AVX2',
        'ONEDNN_MAX_CPU_ISA': 'AVX2',
    },
}
"""Environment of the training, by its title."""
RECORDS = {'pool': 'pool_redial', 'recommendation': 'table2'}
"""Committed records with runs of the same configuration, and a table of each."""
ROW = 'CausalKBRD, Z = |N|, item bias, transition counts'
METRICS = {'R@1': 'recall@1', 'R@10': 'recall@10', 'R@50': 'recall@50'}


def score(arguments: argparse.Namespace, title: str, seed: int) -> dict[str, Any]:
    """Train and test one configuration, and return epoch and scores in percent."""
    work = arguments.work / title.replace(' ', '_').replace(',', '')
    results = work / 'ReDial_CausalKBRD' / f'{CONFIG}_seed{seed}' / 'results.json'
    if not results.is_file():
        subprocess.run(
            [
                *(sys.executable, 'run_crslab.py', '-c', CONFIG, '--seed', str(seed), '--set', f'run_name={CONFIG}'),
                *('--set', f'save_path={work.resolve()}', '--data-path', str(arguments.data_path.resolve())),
            ],
            cwd=ROOT,
            env={**os.environ, **SETTINGS[title]},
            check=True,
        )
    record = json.loads(results.read_text('utf-8'))
    values = {
        split: {name: 100 * record['splits'][split]['all'][metric] for name, metric in METRICS.items()}
        for split in ('valid', 'test')
    }
    return {'best epoch': record['best_epoch'] + 1, **values}


def page(record: dict[str, Any]) -> str:
    """Return the table of a record, in Markdown."""
    heads = ' | '.join(['seeds', 'best epoch (the first is 1)', *METRICS])
    lines = [f'| | {heads} |', '|---|---:|---:|' + '---:|' * len(METRICS)]
    for title, runs in record['runs'].items():
        for seed, run in runs.items():
            cells = ' | '.join(f'{run["test"][name]:.1f}' for name in METRICS)
            lines.append(f'| {title} | {seed} | {run["best epoch"]} | {cells} |')
    for title, seeds in record['records'].items():
        own = {name: values[0] for name, values in seeds['test'].items()}
        first = f'{title}, its first seed, commit {seeds["first commit"]}'
        cells = ' | '.join(f'{value:.1f}' for value in own.values())
        lines.append(f'| {first} | {seeds["first seed"]} | {seeds["best epoch"]} | {cells} |')
        spread = ' | '.join(f'{min(v):.1f} to {max(v):.1f}' for v in seeds['test'].values())
        lines.append(f'| {title}, all seeds | {seeds["count"]} seeds | | {spread} |')
    return '\n'.join([*lines, '', f'ReDial, own test split, `{CONFIG}`; {record["cpu"]}.'])


def seeds_of_results() -> dict[str, Any]:
    """Return the scores of the seeds that the committed results have for this configuration, by record."""
    records = {}
    for file, table in RECORDS.items():
        tables = json.loads((ROOT / 'results' / f'{file}.json').read_text('utf-8'))['tables']
        rows = next(content['rows'] for content in tables if content['name'] == table)
        row = next(row for row in rows if row['title'] == ROW)
        records[f'`results/{file}.json`'] = {
            'first seed': row['runs'][0]['seed'],
            'first commit': row['runs'][0]['git_commit'][:7],
            'best epoch': row['runs'][0]['best_epoch'] + 1,
            'count': len(row['runs']),
            'test': {name: [100 * v for v in row['scores']['all'][metric]] for name, metric in METRICS.items()},
        }
    return records


def earlier_runs() -> dict[str, Any]:
    """Return the runs of the committed record by title; none if it is of another CPU."""
    if not RECORD.is_file():
        return {}
    record = json.loads(RECORD.read_text('utf-8'))
    return record['runs'] if record['cpu'] == cpu_name() else {}


def merged(earlier: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the earlier and the new runs in the order of :data:`SETTINGS`. New runs replace earlier ones."""
    return {title: new.get(title, earlier.get(title)) for title in SETTINGS if title in new or title in earlier}


def main() -> None:
    """Measure, and write record and table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-path', '--data_path', type=Path, default=Path('data', 'dataset'))
    parser.add_argument('--work', type=Path, default=Path('save', 'rounding'), help='folder of the runs')
    parser.add_argument('--seeds', type=int, nargs='+', default=[2020])
    parser.add_argument('--settings', nargs='+', choices=SETTINGS, default=list(SETTINGS), help='rows of the table')
    parser.add_argument(
        '--report-only', action='store_true', help='train nothing; read the records in results/ and write the table'
    )
    arguments = parser.parse_args()
    if arguments.report_only:
        record = json.loads(RECORD.read_text('utf-8')) | {'records': seeds_of_results()}
    else:
        titles = arguments.settings
        runs = {title: {seed: score(arguments, title, seed) for seed in arguments.seeds} for title in titles}
        known = merged(earlier_runs(), runs)
        record = {'cpu': cpu_name(), 'config': CONFIG, 'runs': known, 'records': seeds_of_results()}
    replace_file(RECORD, json.dumps(record, indent=1) + '\n')
    update_block(PAGE, BLOCK, page(record))


if __name__ == '__main__':
    main()
