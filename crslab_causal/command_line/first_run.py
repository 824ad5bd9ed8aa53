"""The offers of ``crslab-causal chat`` if no run was trained yet, or if the data are missing."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from crslab_causal.base.artifacts import BEST_CHECKPOINT
from crslab_causal.base.data_path import DATA_PATH
from crslab_causal.base.errors import UserError
from crslab_causal.quick_start import can_provide_data, needs_own_run, run_alone

if TYPE_CHECKING:
    from crslab_causal.config_files import Setting


def offer_first_run(config: str, gpu: str, settings: Iterable[Setting]) -> None:
    """Offer to prepare the data and to train, where a chat lacks one of them, and do it if the answer is yes.

    Raises:
        UserError: a mistake in the configuration; the answer is no; or nobody can be asked.
    """
    from crslab_causal.config import Config
    from crslab_causal.system.run_folder import run_folder

    settings = list(settings)
    checked = Config(config, gpu, settings)
    folder = run_folder(checked)
    lacks_run = needs_own_run(checked) and not (folder / BEST_CHECKPOINT).is_file()
    lacks_data = can_provide_data(checked)
    if not lacks_run and not lacks_data:
        return
    name = checked.dataset_entry.folder
    commands, steps, lacks = [], [], []
    if lacks_data:
        lacks.append(
            f'There are no data of {checked.run.dataset} in {Path(checked.run.data_path or DATA_PATH) / name}.'
        )
        commands.append(f'`crslab-causal prepare {name}`')
        steps.append('download and prepare the data')
    if lacks_run:
        lacks.append(f'There is no saved run in {folder}.')
        commands.append(f'`crslab-causal run -c {config} --save-system`')
        steps.append(f'train {checked.run.model}')
    advice = f'run {" and ".join(commands)} first, with the same options'
    if not _is_terminal():
        if lacks_data:
            raise UserError(f'chat: {lacks[0]} To chat, {advice}')
        return  # the message about the missing run lists the runs that are there
    print('\n'.join(lacks))
    if not _asks(f'Shall I {" and ".join(steps)} now? The log shows how far it is. [y/n] '):
        raise UserError(f'chat: there is no saved run; {advice}')
    if lacks_run:
        run_alone(config, gpu, settings, save_system=True)
    else:
        from crslab_causal.prepare.preparation import prepare

        prepare(name, Path(checked.run.data_path or DATA_PATH))


def _is_terminal() -> bool:
    """Return whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _asks(question: str) -> bool:
    """Return whether the answer to a question is yes; the end of the input is a no."""
    while True:
        try:
            answer = input(question).strip().lower()
        except EOFError:
            print()
            return False
        if answer in ('y', 'yes'):
            return True
        if answer in ('n', 'no'):
            return False
