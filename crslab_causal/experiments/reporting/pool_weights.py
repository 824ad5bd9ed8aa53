"""The weights of fitted pools by the length of the history: a record, and figures that are drawn from it.

::

    python -m crslab_causal.experiments.reporting.pool_weights save/ReDial_Pool/pool_redial_seed2020

The record, ``weights.json``, has the section ``pool`` of each run's ``results.json``; a later call replaces the
runs of the same dataset and keeps the others. Without a folder the figures are drawn again from the record.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Iterator

from crslab_causal.base.artifacts import RESULTS
from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.base.files import replace_file
from crslab_causal.experiments.reporting.figures.style import save
from crslab_causal.experiments.reporting.figures.weights import Weights, draw_weights

RECORD = 'weights.json'


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: write ``weights.json`` and the figures. Return the exit status."""
    parser = argparse.ArgumentParser(description='Draw the weights of pools by the length of the history.')
    parser.add_argument('runs', nargs='*', type=Path, help='folders of runs of Pool, one for each dataset')
    parser.add_argument(
        '--output', type=Path, default=Path('results/pool_weights'), help='folder of the record and the figures'
    )
    options = parser.parse_args(arguments)

    def write() -> None:
        for path in write_weights(options.runs, options.output):
            print(path)

    return exit_status(write)


def write_weights(runs: Sequence[Path], folder: Path) -> Iterator[Path]:
    """Add runs to ``weights.json``, draw a figure for each dataset in it, and yield the path of every written file.

    Raises:
        UserError: a folder has no results of a fitted pool.
    """
    from crslab_causal.model.pool.options import REPEAT_CHANNELS  # imports PyTorch, which no other report needs

    record = folder / RECORD
    pools: dict[str, Any] = json.loads(record.read_text('utf-8')) if record.is_file() else {}
    for run in runs:
        dataset, pool = _read_run(run)
        pools[dataset] = pool
    replace_file(record, json.dumps(dict(sorted(pools.items())), indent=1) + '\n')
    yield record
    for dataset, pool in pools.items():
        by_length = pool['by_length']
        experts = {name: Weights(**weights) for name, weights in by_length['channels'].items()}
        interval = f'95 % interval, bootstrap over {pool["conversations"]:,} conversations'
        yield from save(
            draw_weights(by_length['lengths'], experts, interval, REPEAT_CHANNELS),
            folder / dataset.lower(),
        )


def _read_run(folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the dataset of a run, and the section ``pool`` of its results with the seed and the data."""
    path = folder / RESULTS
    if not path.is_file():
        raise UserError(f'{path} does not exist; name the folder of a run of Pool')
    results = json.loads(path.read_text('utf-8'))
    pool = results.get('pool', {})
    if 'by_length' not in pool:
        raise UserError(f'{path}: is not of a pool that was fitted by this version; run it again')
    return results['config']['dataset'], {'seed': results['seed'], 'data': results['data'], **pool}


if __name__ == '__main__':
    raise SystemExit(main())
