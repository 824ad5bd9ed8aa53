"""The folder of a run."""

from __future__ import annotations

from pathlib import Path

from loguru import logger

from crslab_causal.config import Config


def run_folder(opt: Config) -> Path:
    """``<save_path>/<dataset>_<model>/<run_name>_seed<seed>``."""
    return Path(opt['save_path']) / f"{opt['dataset']}_{opt['model']}" / f"{opt['run_name']}_seed{opt['seed']}"


def set_aside(folder: Path) -> None:
    """Renames the folder of an earlier run, so that a fresh one overwrites nothing."""
    if folder.exists():
        number = 1
        while (aside := folder.with_name(f'{folder.name}.{number}')).exists():
            number += 1
        folder.rename(aside)
        logger.info(f'[An earlier run is kept in {aside}]')
