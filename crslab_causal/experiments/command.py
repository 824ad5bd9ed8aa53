"""What the command does: it reads suites, runs what is missing, and reports all of it."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from pathlib import Path
from typing import Iterator, Sequence

from loguru import logger

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.previous_results import Earlier
from crslab_causal.experiments.analysis.tables import NEEDS_LLM
from crslab_causal.experiments.reporting.report import write_report
from crslab_causal.experiments.runner.execution import Failure, run_all
from crslab_causal.experiments.runner.runs import Place, dataset_key, folder_of, missing_data, result_of, unfinished, waiting
from crslab_causal.experiments.suite.suite import Row, Run, Suite, Table, read_suite

CONFIG = Path('config')
SUITES = CONFIG / 'experiments'


def make(options: argparse.Namespace) -> int:
    """Runs what is asked for, and reports it."""
    logger.remove()  # what CRSLab says on loading is no news here; the runs have logs of their own
    place = Place(options.data_path.resolve(), options.work.resolve(), options.gpu, options.threads, options.llm)
    suites = read_suites(options.suites, options.quick, options.seeds)
    if options.jobs < 1 or options.threads < 1:
        raise UserError('--jobs and --threads must be at least 1')
    if options.readme is not None and not options.readme.is_file():
        raise UserError(f'--readme {options.readme}: no such file')
    earlier = Earlier(options.results if options.extend else None)
    if options.list:
        print(*listing(suites, place, earlier), sep='\n')
        return 0
    failures = {} if options.report else run_suites(suites, place, earlier, options)
    for path in write_report(suites, place, options.results, failures, options.readme, earlier):
        print(f'written: {path}')
    return 1 if failures else 0


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


def runs_of(suites: Sequence[Suite], place: Place, earlier: Earlier = Earlier()) -> list[Run]:
    """What is to be run, the first seed of every row before the second of any, and one dataset after another."""
    rows = [row for suite in suites for table in suite.tables for row in _rows_to_run(suite, table, place, earlier)]
    wanted = [(i, run) for row, runs in rows for i, run in enumerate(row.runs) if run in runs]
    wanted += [(i, run.recommender) for i, run in wanted if run.recommender is not None]
    keys = {run: dataset_key(run.config) for _, run in wanted}
    return [run for _, run in sorted(wanted, key=lambda pair: (pair[0], keys[pair[1]]))]


def _rows_to_run(suite: Suite, table: Table, place: Place, earlier: Earlier) -> Iterator[tuple[Row, Sequence[Run]]]:
    """Rows of a table, and those of their runs that an earlier report has not.

    If there are any, all runs of the reference are among them, since they are tested against its ranks, which no report keeps.
    """
    known = earlier.table(suite, table)
    rows = [row for row in table.rows if not row.options.hidden and (place.llm or row.options.needs != 'llm')]
    anything = any(known.lacks(run, place) for row in rows for run in row.runs)
    for row in rows:
        whole = anything and table.is_reference(row)
        yield row, row.runs if whole else [run for run in row.runs if known.lacks(run, place)]


def run_suites(suites: Sequence[Suite], place: Place, earlier: Earlier, arguments: argparse.Namespace) -> dict[Path, str]:
    """Runs what is not finished, and tells how far it is. Returns why which failed, by folder."""
    runs = runs_of(suites, place, earlier)
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


def listing(suites: Sequence[Suite], place: Place, earlier: Earlier) -> Iterator[str]:
    """Every run, whether the command would run it, and its folder."""
    todo = {folder_of(run, place) for run in unfinished(runs_of(suites, place, earlier), place)}
    for suite in suites:
        for table in suite.tables:
            known = earlier.table(suite, table)
            for row in table.rows:
                for run in row.runs:
                    folder = folder_of(run, place)
                    if folder in todo:
                        state = 'to do' if missing_data(run, place) is None else 'lacks data'
                    elif result_of(run, place) is not None:
                        state = 'finished'
                    elif not known.lacks(run, place):
                        state = 'in the earlier report'
                    else:
                        state = NEEDS_LLM if row.options.needs == 'llm' else 'only for runs to do'
                    yield f'{suite.name}/{table.options.name}\t{row.options.title}\tseed {run.seed}\t{state}\t{folder}'
