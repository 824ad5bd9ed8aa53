"""The work of the command: read suites, execute what is missing, and write the reports.

What needs PyTorch is imported when runs or reports are to be made, so that ``--list`` answers at once.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from pathlib import Path
from typing import Iterator, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.base.markdown_blocks import update_block
from crslab_causal.experiments.analysis.case_runs import missing_case_runs
from crslab_causal.experiments.analysis.figure_runs import missing_figure_runs
from crslab_causal.experiments.analysis.previous_results import PreviousReport, PreviousTable
from crslab_causal.experiments.analysis.record import NEEDS_LLM, SuiteRecord, read_record
from crslab_causal.experiments.arguments import check_resources
from crslab_causal.experiments.runner.dataset_cache import dataset_key
from crslab_causal.experiments.runner.official_scores import score_missing
from crslab_causal.experiments.runner.paths import RunPaths
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Row, Run, Suite, Table, read_suites
from crslab_causal.experiments.suite.suite_options import OFFICIAL
from crslab_causal.official_scores import LOG


def make(options: argparse.Namespace) -> int:
    """Execute the command and return its exit status.

    Args:
        options: parsed command line of :mod:`.__main__`.

    Raises:
        UserError: the command line, a suite or the previous report contains a mistake.
    """
    if options.paper:
        _write_paper_page(options.results, options.readme)
        return 0
    suites = read_suites(options.suites, quick=options.quick, seeds=options.seeds)
    check_resources(options)
    if options.readme is not None and not options.readme.is_file():
        raise UserError(f'--readme {options.readme}: no such file')
    store = RunStore(
        RunPaths(
            options.data_path.resolve(),
            options.work.resolve(),
            options.gpu,
            options.threads,
            options.llm,
            None if options.official is None else options.official.resolve(),
        )
    )
    previous = PreviousReport(options.results if options.extend else None)
    if options.list:
        print(*list_runs(suites, store, previous), sep='\n')
        return 0
    if not options.replace:
        check_kept(suites, store, options.results, extend=options.extend)
    from loguru import logger

    from crslab_causal.experiments.analysis.collect import collect
    from crslab_causal.experiments.reporting.paper.page import has_records
    from crslab_causal.experiments.reporting.report import write_report

    logger.remove()  # hide CRSLab's messages; every run has its own log
    failures = {} if options.report else execute_missing(runs_to_do(suites, store, previous), store, options.jobs)
    _score_official(suites, store, previous, options.results / LOG.name)
    if options.extend and options.seeds is not None:  # the limit is for new runs; recorded seeds stay in the report
        suites = read_suites(options.suites, quick=options.quick)
    for suite in suites:
        record = collect(
            suite, store, failures, previous, None if options.official is None else options.results / LOG.name
        )
        if not record.has_runs():  # an empty report must not replace an earlier one
            print(f'{suite.name}: no run is finished, so that there is nothing to write', file=sys.stderr)
            continue
        if record.has_failures() and (options.results / f'{suite.name}.json').is_file():
            print(
                f'{suite.name}: not written: runs have failed; {options.results / suite.name}.json stays as it is',
                file=sys.stderr,
            )
            continue
        for path in write_report(record, options.results, options.readme):
            print(f'written: {path}')
    if not options.quick and has_records(options.results):
        _write_paper_page(options.results)
    return 1 if failures else 0


def _write_paper_page(results: Path, readme: Path | None = None) -> None:
    """Write the page about the paper, and the blocks of its claims and of our goals into a Markdown file."""
    from crslab_causal.experiments.reporting.paper.page import CLAIMS, GOALS, claims_block, goals_block, write_page

    print(f'written: {write_page(results)}')
    if readme is not None:
        update_block(readme, CLAIMS, claims_block(results))
        update_block(readme, GOALS, goals_block(results))
        print(f'written: {readme}')


def check_kept(suites: Sequence[Suite], store: RunStore, results: Path, extend: bool) -> None:
    """Check that the new records lose no result that only the present records have.

    Without ``extend`` a record is replaced, so all its runs must be on disk. With ``extend`` its runs are kept, if they
    are on the same data.

    Args:
        suites: the suites whose records are to be written.
        store: the runs.
        results: folder of the records.
        extend: whether ``--extend`` is given.

    Raises:
        UserError: results would be lost; the message says what to do.
    """
    for suite in suites:
        path = results / f'{suite.name}.json'
        if not path.is_file():
            continue
        if extend:
            record = read_record(path)
            dataset = _other_data(suite, record, store)
            if dataset is not None:
                raise UserError(
                    f'{path} has results that were computed on other {dataset} data than those in '
                    f'{store.paths.data_path}, and --extend would drop these results; write to another folder with '
                    '--results, or replace them with --replace'
                )
        elif _runs_elsewhere(path, store):
            raise UserError(
                f'{path} has results of runs that are not in {store.paths.work}, and this command would replace them; '
                'write to another folder with --results, keep them with --extend, or replace them with --replace'
            )


def _other_data(suite: Suite, record: SuiteRecord, store: RunStore) -> str | None:
    """Return the name of a dataset whose data differ from those behind a record; None if there is no such dataset."""
    recorded = {table.name: table.data for table in record.tables}
    for table in suite.tables:
        known = recorded.get(table.options.name, {})
        for run in (run for row in table.rows for run in row.runs):
            dataset = run.config['dataset']
            if dataset in known and store.data_digest(run.config) != known[dataset]:
                return dataset
    return None


def _runs_elsewhere(path: Path, store: RunStore) -> bool:
    """Return whether the folder of any run of a record does not exist. A damaged record counts as one without runs."""
    try:
        record = read_record(path)
    except UserError:
        return False
    runs = [run for table in record.tables for row in table.rows for run in row.runs]
    return any(not (store.paths.work / run.folder).is_dir() for run in runs)


def _score_official(suites: Sequence[Suite], store: RunStore, previous: PreviousReport, log: Path) -> None:
    """Score the runs of tables of the split ``official`` that no record has yet, each once."""
    runs = {
        store.folder(run): run
        for suite in suites
        for table in suite.tables
        if table.options.split == OFFICIAL
        for row in table.rows
        for run in row.runs
        if store.folder_name(run) not in previous.table(suite, table).results
    }
    for run, line in score_missing(runs.values(), store, log):
        print(
            f'scored on the official test: {run.config_file.stem} {" ".join(run.settings)}; '
            f'{line["samples"]} samples, scored {line["count"]} time(s)',
            flush=True,
        )


def runs_to_do(suites: Sequence[Suite], store: RunStore, previous: PreviousReport) -> list[Run]:
    """Return the runs that the reports of the suites need, whether or not they are finished.

    The first seeds of all rows come before the second ones, and runs on one dataset follow each other.
    """
    runs = [
        (i, run)
        for suite in suites
        for table in suite.tables
        for row, needed in _rows_to_run(table, store, previous.table(suite, table))
        for i, run in enumerate(row.runs)
        if run in needed
    ]
    runs += [(0, run) for suite in suites for run in missing_figure_runs(suite, store, previous)]
    runs += [(0, run) for suite in suites for run in missing_case_runs(suite, store, previous)]
    givers = runs
    while givers := [(i, run.recommender) for i, run in givers if run.recommender is not None]:
        runs = runs + givers
    keys = {run: dataset_key(run.config) for _, run in runs}
    return [run for _, run in sorted(runs, key=lambda numbered: (numbered[0], keys[numbered[1]]))]


def _rows_to_run(table: Table, store: RunStore, previous: PreviousTable) -> Iterator[tuple[Row, Sequence[Run]]]:
    """Yield each row of a table, and its runs that a previous report does not contain.

    If any run is missing, all runs of the reference row are included, because tests need its ranks and reports contain
    no ranks.
    """
    if table.options.split == OFFICIAL and store.paths.official is None:
        return  # without the test files nothing could be scored
    rows = [row for row in table.rows if not row.options.hidden and (store.paths.llm or row.options.needs != 'llm')]
    missing = {run for row in rows for run in row.runs if store.folder_name(run) not in previous.results}
    for row in rows:
        yield row, row.runs if missing and table.is_reference(row) else [run for run in row.runs if run in missing]


def execute_missing(runs: Sequence[Run], store: RunStore, jobs: int) -> dict[Path, str]:
    """Execute the runs that are not finished, and print the progress.

    Returns:
        The reasons of the runs that failed, by their folders.
    """
    from crslab_causal.experiments.analysis.scorers import EXTRA_SCORERS
    from crslab_causal.experiments.runner.execution import Failure, run_all

    failures = {store.folder(run): reason for run in runs if (reason := store.missing_data(run)) is not None}
    for reason in sorted(set(failures.values())):
        print(f'left out: {reason}', file=sys.stderr)
    possible = [run for run in runs if store.folder(run) not in failures]
    todo, total = store.unfinished(possible), len({store.folder(run) for run in possible})
    print(f'{total} runs, {total - len(todo)} of them finished, {len(todo)} to do, {jobs} at a time', flush=True)
    started = time.perf_counter()
    waves = [[run for run in todo if run.wave == wave] for wave in sorted({run.wave for run in todo})]
    outcomes = itertools.chain.from_iterable(run_all(wave, store, EXTRA_SCORERS, jobs) for wave in waves)
    for done, (run, outcome) in enumerate(outcomes, start=1):
        if not isinstance(outcome, Failure) and not store.is_finished(run):
            outcome = Failure(run, store.missing_answers(run) or 'it has written no result')
        if isinstance(outcome, Failure):
            failures[store.folder(run)] = outcome.reason
        remaining = (time.perf_counter() - started) / done * (len(todo) - done)
        text = f'failed: {outcome.reason}' if isinstance(outcome, Failure) else f'{outcome:.0f} s'
        print(
            f'[{done}/{len(todo)}] {run.config_file.stem} {" ".join(run.settings)}: {text}; '
            f'about {_duration(remaining)} left',
            flush=True,
        )
    return failures


def _duration(seconds: float) -> str:
    if seconds >= 5400:
        return f'{seconds / 3600:.1f} h'
    return f'{seconds / 60:.0f} min' if seconds >= 90 else f'{seconds:.0f} s'


def list_runs(suites: Sequence[Suite], store: RunStore, previous: PreviousReport) -> Iterator[str]:
    """Yield a line for each run: its table, row, seed, state and folder, separated by tabs."""
    todo = {store.folder(run) for run in store.unfinished(runs_to_do(suites, store, previous))}
    states: dict[tuple[str, str], str] = {}  # by the data, since hundreds of runs share them
    for suite in suites:
        for table in suite.tables:
            known = previous.table(suite, table)
            for row in table.rows:
                for run in row.runs:
                    folder = store.folder(run)
                    if folder in todo:
                        data = run.config.run.dataset, run.config.run.tokenize
                        if data not in states:
                            states[data] = 'to do' if store.missing_data(run) is None else 'lacks data'
                        state = states[data]
                    elif store.is_finished(run):
                        state = 'finished'
                    elif store.folder_name(run) in known.results:
                        state = 'in the previous report'
                    elif table.options.split == OFFICIAL and store.paths.official is None:
                        state = 'needs --official'
                    else:
                        state = NEEDS_LLM if row.options.needs == 'llm' else 'only for runs to do'
                    yield f'{suite.name}/{table.options.name}\t{row.options.title}\tseed {run.seed}\t{state}\t{folder}'
