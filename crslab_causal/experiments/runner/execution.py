"""Execute runs, several at a time, in a way that can be stopped and continued at any moment."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, NamedTuple

from filelock import FileLock, Timeout
from loguru import logger

from crslab_causal.base import artifacts
from crslab_causal.base.errors import UserError
from crslab_causal.base.files import replace_file
from crslab_causal.base.restarts import is_restart, warn_of_restart
from crslab_causal.config import Config
from crslab_causal.experiments.runner.dataset_cache import DatasetCache
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Run

if TYPE_CHECKING:
    from crslab_causal.data.dataset.base import MentionDataset
    from crslab_causal.system.causal import CausalSystem


class ExtraScorers(NamedTuple):
    """The functions that score runs of the kinds ``corpus`` and ``deconfounding``. They must be picklable."""

    corpus: Callable[[MentionDataset], Mapping[str, Any]]
    """Function that returns the content of ``corpus.json``."""
    deconfounding: Callable[[CausalSystem], Mapping[str, Any]]
    """Function that returns the content of ``deconfounding.json`` from a trained system."""


class Failure(NamedTuple):
    """A run that ended without a result."""

    run: Run
    reason: str


class Executor:
    """Trains and scores one run after another.

    Args:
        store: folders of the runs.
        scorers: functions for the kinds of runs that need more than the scores of the recommender.
    """

    def __init__(self, store: RunStore, scorers: ExtraScorers):
        self.store, self.scorers = store, scorers
        self._datasets = DatasetCache()

    def execute(self, run: Run) -> float:
        """Train and score a run in the way that its table needs, and return the seconds that it took.

        A run that was killed continues from its last checkpoint. It ends with the same results as an uninterrupted run.

        Raises:
            UserError: see :func:`crslab_causal.quick_start.run_crslab`.
        """
        started = time.perf_counter()
        config = self.store.config(run)
        dataset = self._datasets.load(config)
        if run.kind == 'corpus':
            _write_json(self.store.folder(run) / artifacts.CORPUS, self.scorers.corpus(dataset))
            return time.perf_counter() - started
        system = self._assemble(run, config, dataset)
        system.fit()
        if run.kind == 'deconfounding':
            _write_json(system.folder / artifacts.DECONFOUNDING, self.scorers.deconfounding(system))
        if not run.save:
            system.remove_checkpoints()
        return time.perf_counter() - started

    def _assemble(self, run: Run, config: Config, dataset: MentionDataset) -> CausalSystem:
        from crslab_causal.quick_start import assemble

        path = self.store.folder(run) / artifacts.LAST_CHECKPOINT
        if not self.store.is_finished(run) and path.is_file():
            try:
                return assemble(config, dataset, restore=True)
            except UserError as error:  # for example an old checkpoint
                warn_of_restart(path, error)
        return assemble(config, dataset)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    replace_file(path, json.dumps(content, indent=1) + '\n')


# ---------------------------------------------------------------- worker processes

_executor: Executor | None = None
"""Executor of this worker process. It keeps the dataset between the tasks of the pool."""


START_METHOD = 'spawn'
"""How worker processes start. A process that is forked from one that has used PyTorch may hang."""


def worker_context() -> BaseContext:
    """Return the part of :mod:`multiprocessing` that starts worker processes."""
    return multiprocessing.get_context(START_METHOD)


def start_worker(threads: int) -> None:
    """Set up a process that does nothing but train."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the parent process reports Ctrl-C
    os.environ['OMP_NUM_THREADS'] = str(threads)
    import torch
    from tqdm import tqdm

    from crslab_causal.base.process_setup import configure_process, keep_freed_memory

    configure_process()
    keep_freed_memory()
    torch.set_num_threads(threads)
    logger.remove()
    # no other warnings, because every run would repeat those about its data
    logger.add(sys.stderr, level='WARNING', format='{message}', filter=is_restart)
    tqdm.set_lock(threading.RLock())  # tqdm's own lock is a semaphore, which Python reports as leaked on termination
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """End this process as soon as its parent process has ended, for example because it was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _start_run_worker(threads: int, store: RunStore, scorers: ExtraScorers) -> None:
    global _executor
    start_worker(threads)
    _executor = Executor(store, scorers)


def _execute_in_worker(run: Run) -> float:
    assert _executor is not None
    return _executor.execute(run)


def run_all(
    runs: list[Run], store: RunStore, scorers: ExtraScorers, jobs: int
) -> Iterator[tuple[Run, float | Failure]]:
    """Execute runs, ``jobs`` at a time. Yield each run when it ends, with its seconds or its failure.

    Closing this generator, or interrupting it, terminates the runs that are not finished.

    Raises:
        UserError: another command works in the same folder, or a worker process was killed.
    """
    work = store.paths.work
    work.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(work / '.lock', timeout=0).acquire()
    except Timeout as error:
        raise UserError(
            f'{work}: another command uses it for its runs; wait for it, or name another folder with --work'
        ) from error
    others = multiprocessing.active_children()
    pool = ProcessPoolExecutor(jobs, worker_context(), _start_run_worker, (store.paths.threads, store, scorers))
    futures: dict[Future[float], Run] = {}
    try:
        futures.update((pool.submit(_execute_in_worker, run), run) for run in runs)
        for future in as_completed(futures):
            run = futures[future]
            try:
                yield run, future.result()
            except BrokenProcessPool as error:
                raise UserError(
                    'a worker process was killed, perhaps for lack of memory; finished runs are kept: start '
                    'the command again with fewer --jobs'
                ) from error
            except UserError as error:
                yield run, Failure(run, str(error))
            except Exception as error:  # an unexpected error; the other runs continue
                yield run, Failure(run, _describe(error, run, store))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        workers = [process for process in multiprocessing.active_children() if process not in others]
        if not all(future.done() for future in futures):
            for process in workers:
                process.terminate()
        for process in workers:
            process.join()
        lock.lock.release()  # only after all runs have stopped writing


def _describe(error: Exception, run: Run, store: RunStore) -> str:
    """Return one line about an unexpected exception, and write its traceback into a file."""
    folder = store.folder(run)
    path = store.paths.work / 'errors' / f'{folder.parent.name}_{folder.name}.log'
    replace_file(path, ''.join(traceback.format_exception(error)))
    return f'{type(error).__name__}: {" ".join(str(error).split())[:200]} (more in {path})'
