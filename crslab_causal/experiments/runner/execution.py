"""Running what is not finished: several runs at a time, to be stopped and continued at any moment."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
import traceback
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Iterator, NamedTuple

from filelock import FileLock, Timeout

from crslab_causal.config import Config
from crslab_causal.base.errors import UserError
from crslab_causal.experiments.runner.runs import Place, config_of, dataset_key, folder_of, result_of
from crslab_causal.experiments.suite.suite import Run
from crslab_causal.base.files import replace_file

if TYPE_CHECKING:
    from crslab_causal.data.dataset.base import MentionDataset
    from crslab_causal.system.causal import CausalSystem

CHECKPOINT_SECONDS = 120
"""How much of a run may be lost when it is killed, apart from the epoch it is in."""


class Failure(NamedTuple):
    """A run that ended without a result."""

    run: Run
    reason: str


_dataset: tuple[tuple, object] | None = None


def execute(run: Run, place: Place) -> float:
    """Trains and scores one run, as far as its table asks for it, and returns how many seconds it took.

    A run that was killed goes on from its last checkpoint, and ends as an unbroken one. The dataset stays loaded for
    the next run of this process that wants the same one.

    Raises:
        UserError: as of :func:`crslab_causal.quick_start.run_crslab`.
    """
    from crslab_causal.experiments.analysis.corpus import corpus_statistics
    from crslab_causal.crslab_compat import use_directories
    from crslab_causal.system.text import TextSystem

    started = time.perf_counter()
    config = config_of(run, place)
    use_directories(config['data_path'], config['save_path'])
    dataset = dataset_of(config)
    if run.kind == 'corpus':
        replace_file(folder_of(run, place) / 'corpus.json', json.dumps(corpus_statistics(dataset), indent=1) + '\n')
        return time.perf_counter() - started
    system = _system(config, dataset, run, place)
    if isinstance(system, TextSystem):
        system.writes_responses = run.kind == 'generation'  # no other table reads them
    if not run.save:
        system.checkpoints.seconds = CHECKPOINT_SECONDS
    system.fit()
    if run.kind == 'deconfounding':
        from crslab_causal.experiments.analysis.deconfounding import study_row

        replace_file(system.folder / 'deconfounding.json', json.dumps(study_row(system), indent=1) + '\n')
    if not run.save:
        system.remove_checkpoints()
    return time.perf_counter() - started


def _system(config: Config, dataset: MentionDataset, run: Run, place: Place) -> CausalSystem:
    from crslab_causal.quick_start import assemble

    if result_of(run, place) is None and (folder_of(run, place) / 'last.pth').is_file():
        try:
            return assemble(config, dataset, restore=True)
        except UserError:  # the checkpoint is of an older release, say: the run starts anew, and the folder is set aside
            pass
    return assemble(config, dataset)


def dataset_of(config: Config) -> MentionDataset:
    """The dataset of a configuration; the last one of this process stays loaded."""
    from crslab_causal.crslab_compat import get_dataset

    global _dataset
    key = dataset_key(config)
    if _dataset is None or _dataset[0] != key:
        _dataset = None  # the old one goes before the new one comes
        _dataset = key, get_dataset(config, config['tokenize'], False, False)
    return _dataset[1]


def start_worker(threads: int) -> None:
    """Prepares a process that trains."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is the command's to explain
    os.environ['OMP_NUM_THREADS'] = str(threads)
    import torch
    from loguru import logger
    from tqdm import tqdm

    from crslab_causal.base.process_setup import keep_freed_memory, configure_process

    configure_process()
    keep_freed_memory()
    torch.set_num_threads(threads)
    logger.remove()
    tqdm.set_lock(threading.RLock())  # its own is a semaphore, about which Python warns when the process is ended early
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed command leaves no process behind that trains on."""
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def run_all(runs: list[Run], place: Place, jobs: int) -> Iterator[tuple[Run, float | Failure]]:
    """Runs them, ``jobs`` at a time, and yields each with its seconds, or why it failed, as it ends.

    Whoever stops asking, or interrupts, ends the runs that are going on.

    Raises:
        UserError: another command works in the same folder, or a process of a run was killed.
    """
    place.work.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(place.work / '.lock', timeout=0).acquire()
    except Timeout as error:
        raise UserError(f'{place.work}: another command is running experiments there; wait for it, or name another '
                        'folder with --work') from error
    others = multiprocessing.active_children()
    context = multiprocessing.get_context('spawn')  # a fork of a process that has used torch may hang
    pool = ProcessPoolExecutor(jobs, context, start_worker, (place.threads,))
    futures: dict[Future, Run] = {}
    try:
        futures.update((pool.submit(execute, run, place), run) for run in runs)
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except BrokenProcessPool as error:
                raise UserError('a process of a run was killed, perhaps for want of memory; what is finished is '
                                'kept: start the command again, with fewer --jobs') from error
            except UserError as error:
                yield futures[future], Failure(futures[future], str(error))
            except Exception as error:  # of CRSLab, or of a GPU without memory: the other runs go on
                yield futures[future], Failure(futures[future], _note(error, futures[future], place))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        workers = [process for process in multiprocessing.active_children() if process not in others]
        if not all(future.done() for future in futures):
            for process in workers:
                process.terminate()
        for process in workers:
            process.join()
        lock.lock.release()  # not before: nobody else may write where a run still does


def _note(error: Exception, run: Run, place: Place) -> str:
    """One line about an exception that nobody expected, whose traceback goes into a file."""
    folder = folder_of(run, place)
    path = place.work / 'errors' / f'{folder.parent.name}_{folder.name}.log'
    replace_file(path, ''.join(traceback.format_exception(error)))
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]} (more in {path})"
