"""The command that makes every table and figure: ``python -m crslab_causal.experiments``."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from pathlib import Path
from typing import Iterator, Sequence

from crslab_causal.config import Config
from crslab_causal.errors import UserError, exit_status
from crslab_causal.experiments.running.execution import Failure, run_all
from crslab_causal.experiments.running.runs import Place, dataset_key, folder_of, missing_data, result_of, unfinished, waiting
from crslab_causal.experiments.running.suite import Run, Suite, read_suite

CONFIG = Path('config')
SUITES = CONFIG / 'experiments'
GOES_ON = 'interrupted; what is finished is kept, and the same command goes on from there'


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog='python -m crslab_causal.experiments',
        description='Makes the tables and figures of the paper and what goes past them. Runs that are finished are not '
                    'repeated: stop the command whenever you like, and start it again.')
    parser.add_argument('suites', nargs='*', help=f'names of files in {SUITES}; default: all of them')
    parser.add_argument('--data_path', type=Path, default=Path('data', 'dataset'),
                        help='folder that holds redial/nltk and opendialkg/nltk (default: %(default)s)')
    parser.add_argument('--results', type=Path, help='where tables and figures go (default: results, with --quick '
                                                     'results-quick)')
    parser.add_argument('--work', type=Path, default=Path('save', 'experiments'),
                        help='where the runs go (default: %(default)s)')
    parser.add_argument('--quick', action='store_true',
                        help='a look at everything in minutes: one seed, two epochs, a tenth of the data; its numbers '
                             'mean nothing')
    parser.add_argument('--seeds', type=int, metavar='N', help='at most N seeds')
    parser.add_argument('--llm', choices=('replay', 'live'),
                        help='also the rows that need a language model: from recorded answers, or by asking one')
    parser.add_argument('--report', action='store_true', help='run nothing; make tables and figures of what is finished')
    parser.add_argument('--list', action='store_true', help='say what would be run, and where it lies, and end')
    parser.add_argument('--readme', type=Path, help='also put the tables between their markers in this file')
    parser.add_argument('-g', '--gpu', default='-1', help='as for run_crslab.py (default: the CPU)')
    parser.add_argument('--jobs', type=int, default=max(1, os.cpu_count() or 1), help='runs at a time (default: cores)')
    parser.add_argument('--threads', type=int, default=1, help='threads of each run (default: 1)')
    return parser.parse_args(arguments)


def read_suites(names: Sequence[str], quick: bool, seeds: int | None) -> list[Suite]:
    """The suites of these names, or all."""
    if not SUITES.is_dir():
        raise UserError(f'{SUITES}: no such folder; start the command in the root of the repository')
    known = sorted(path.stem for path in SUITES.glob('*.yaml'))
    for name in names:
        if name not in known:
            raise UserError(f'{name}: no such suite; choose among {", ".join(known)}')
    if seeds is not None and seeds < 1:
        raise UserError(f'--seeds {seeds}: must be at least 1')
    return [read_suite(SUITES / f'{name}.yaml', CONFIG, quick=quick, seeds=seeds) for name in names or known]


def runs_of(suites: Sequence[Suite], place: Place) -> list[Run]:
    """What is to be run, the first seed of every row before the second of any, and one dataset after another."""
    rows = [row for suite in suites for table in suite.tables for row in table.rows
            if place.llm or row.options.needs != 'llm']
    wanted = [(i, run) for row in rows for i, run in enumerate(row.runs)]
    wanted += [(i, run.recommender) for i, run in wanted if run.recommender is not None]
    keys = {run: dataset_key(Config(run.config_file, settings=run.settings)) for _, run in wanted}
    return [run for _, run in sorted(wanted, key=lambda pair: (pair[0], keys[pair[1]]))]


def run_suites(suites: Sequence[Suite], place: Place, arguments: argparse.Namespace) -> dict[Path, str]:
    """Runs what is not finished, and tells how far it is. Returns why which failed, by folder."""
    runs = runs_of(suites, place)
    failures = {folder_of(run, place): reason for run in runs if (reason := missing_data(run, place)) is not None}
    for reason in sorted(set(failures.values())):
        print(f'left out: {reason}', file=sys.stderr)
    possible = [run for run in runs if folder_of(run, place) not in failures]
    todo, total = unfinished(possible, place), len({folder_of(run, place) for run in possible})
    print(f'{total} runs, {total - len(todo)} of them finished, {len(todo)} to do, {arguments.jobs} at a time', flush=True)
    started = time.perf_counter()
    waves = ([run for run in todo if run.recommender is None], [run for run in todo if run.recommender is not None])
    ends = itertools.chain.from_iterable(run_all(wave, place, arguments.jobs) for wave in waves if wave)
    for done, (run, ended) in enumerate(ends, start=1):
        if not isinstance(ended, Failure) and result_of(run, place) is None:
            ended = Failure(run, waiting(run, place) or 'it has left no result')
        if isinstance(ended, Failure):
            failures[folder_of(run, place)] = ended.reason
        left = (time.perf_counter() - started) / done * (len(todo) - done)
        said = f'failed: {ended.reason}' if isinstance(ended, Failure) else f'{ended:.0f} s'
        print(f"[{done}/{len(todo)}] {run.config_file.stem} {' '.join(run.settings)}: {said}; "
              f'about {_duration(left)} left', flush=True)
    return failures


def _duration(seconds: float) -> str:
    return f'{seconds / 3600:.1f} h' if seconds >= 5400 else f'{seconds / 60:.0f} min' if seconds >= 90 \
        else f'{seconds:.0f} s'


def listing(suites: Sequence[Suite], place: Place) -> Iterator[str]:
    """Every run, and its folder."""
    for suite in suites:
        for table in suite.tables:
            for row in table.rows:
                for run in row.runs:
                    state = 'finished' if result_of(run, place) is not None else 'to do'
                    yield f'{suite.name}/{table.options.name}\t{row.options.title}\tseed {run.seed}\t{state}\t' \
                          f'{folder_of(run, place)}'


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit status: 0, or 1 if a run failed, or 2 for a mistake."""
    options = parse(arguments)
    options.results = options.results or Path('results-quick' if options.quick else 'results')
    return exit_status(lambda: make(options), GOES_ON)


def make(options: argparse.Namespace) -> int:
    """Runs what is asked for, and reports it."""
    from loguru import logger

    from crslab_causal.experiments.pages.report import write_report  # matplotlib is loaded only where figures are drawn

    logger.remove()  # what CRSLab says on loading is no news here; the runs have logs of their own
    place = Place(options.data_path.resolve(), options.work.resolve(), options.gpu, options.threads, options.llm)
    suites = read_suites(options.suites, options.quick, options.seeds)
    if options.jobs < 1 or options.threads < 1:
        raise UserError('--jobs and --threads must be at least 1')
    if options.readme is not None and not options.readme.is_file():
        raise UserError(f'--readme {options.readme}: no such file')
    if options.list:
        print(*listing(suites, place), sep='\n')
        return 0
    failures = {} if options.report else run_suites(suites, place, options)
    for path in write_report(suites, place, options.results, failures, options.readme):
        print(f'written: {path}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
