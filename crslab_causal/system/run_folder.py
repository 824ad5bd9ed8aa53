"""The folder of a run."""

from __future__ import annotations

from pathlib import Path

from loguru import logger

from crslab_causal.config import Config


def run_folder(config: Config) -> Path:
    """Return ``<save_path>/<dataset>_<model>/<run_name>_seed<seed>``."""
    run = config.run
    return Path(run.save_path) / f'{run.dataset}_{run.model}' / f'{run.run_name}_seed{run.seed}'


def rotate_existing(folder: Path) -> None:
    """Rename the folder of an earlier run, so that a new one overwrites nothing."""
    if folder.exists():
        number = 1
        while (rotated := folder.with_name(f'{folder.name}.{number}')).exists():
            number += 1
        folder.rename(rotated)
        logger.info(f'[An earlier run is kept in {rotated}]')
