"""The folder of a run."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from filelock import FileLock, Timeout
from loguru import logger

from crslab_causal.base.artifacts import BEST_CHECKPOINT
from crslab_causal.base.errors import UserError
from crslab_causal.config import Config


def run_folder(config: Config) -> Path:
    """Return the folder that a run writes to: ``<save_path>/<dataset>_<model>/<run_name>_seed<seed>``."""
    run = config.run
    return Path(run.save_path) / f'{run.dataset}_{run.model}' / f'{run.run_name}_seed{run.seed}'


def saved_folder(config: Config) -> Path:
    """Return the folder from which a run is loaded.

    If :func:`run_folder` does not exist, ``run_name`` may also be the whole name of a folder. So a run that was renamed
    because a later one took its folder can still be loaded.
    """
    folder = run_folder(config)
    named = folder.with_name(config.run.run_name)
    return named if named.is_dir() and not folder.exists() else folder


def weights_folder(config: Config) -> Path:
    """Return the folder that the weights of the best epoch are loaded from.

    The options of the language model do not change the recommender. So a run that was saved without them has the
    weights, if :func:`saved_folder` has none.
    """
    folder = saved_folder(config)
    of_recommender = folder.with_name(f'{config.recommender_run_name}_seed{config.run.seed}')
    has_weights = (of_recommender / BEST_CHECKPOINT).is_file()
    return of_recommender if has_weights and not (folder / BEST_CHECKPOINT).is_file() else folder


def check_saved(config: Config, name: str = BEST_CHECKPOINT) -> None:
    """Check that a run was saved, before its data are loaded.

    Args:
        config: configuration of the run.
        name: file that must be there: the weights of the best epoch, or the state of the last one.

    Raises:
        UserError: it was not; the message lists the saved runs of the same dataset and model.
    """
    folder = weights_folder(config) if name == BEST_CHECKPOINT else saved_folder(config)
    if (folder / name).is_file():
        return
    others = sorted(path.parent.name for path in folder.parent.glob(f'*/{name}'))
    hint = 'train first with --save-system'
    if others:
        hint += f', or choose a saved run of {folder.parent} by its options, or with --set run_name=NAME: '
        hint += ', '.join(others)
    raise UserError(f'{folder / name} does not exist; {hint}')


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of the folder of a run while the block runs.

    Raises:
        UserError: another process uses the same folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.parent / f'.{folder.name}.lock', timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UserError(f'{folder}: another process uses it; wait for it, or choose another run_name') from error
    try:
        yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)  # removed while the lock is held
        lock.release()


def rotate_existing(folder: Path) -> None:
    """Rename the folder of an earlier run, so that a new run does not overwrite it."""
    if folder.exists():
        number = 1
        while (rotated := folder.with_name(f'{folder.name}.{number}')).exists():
            number += 1
        folder.rename(rotated)
        logger.info(f'[An earlier run is kept in {rotated}]')
