"""Train, test and load the system of a configuration from Python, like CRSLab's ``quick_start``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crslab_causal import register
from crslab_causal.base.artifacts import BEST_CHECKPOINT, LAST_CHECKPOINT, RESULTS
from crslab_causal.base.data_path import DATA_PATH, is_data_path
from crslab_causal.base.errors import UserError
from crslab_causal.registry import LANGUAGE_MODEL

if TYPE_CHECKING:
    from crslab_causal.chat.recommenders.base import ListRecommender
    from crslab_causal.config import Config, Flags
    from crslab_causal.config_files import Setting
    from crslab_causal.data.dataset.base import MentionDataset
    from crslab_causal.system.causal import CausalSystem

Settings = Iterable['Setting'] | Mapping[str, Any]
"""Changed keys of a configuration, as texts such as ``rec.epoch=3`` with a value in YAML, or as a mapping
``{'rec.epoch': 3}``."""


def run(config: str, settings: Settings = (), gpu: str = '-1', save_system: bool = False) -> dict[str, dict]:
    """Train and test the model of a configuration, and return its scores.

    Args:
        config: YAML file, or the name of a configuration of this package, for example ``causal_redial``.
        settings: changed keys of the configuration.
        gpu: ``'-1'`` for the CPU, ``'auto'``, or GPU numbers separated by commas.
        save_system: whether to save the system after every epoch. :func:`load_system` needs this.

    Returns:
        The scores by split, as in ``results.json``: ``run(...)['test']['all']['recall@50']``.

    Raises:
        UserError: the configuration or the data have a mistake.
    """
    from crslab_causal.config import Flags
    from crslab_causal.system.run_folder import run_folder

    checked = _checked(config, gpu, settings, Flags(save_system=save_system))
    _run(checked, save_system=save_system)
    return json.loads((run_folder(checked) / RESULTS).read_text('utf-8'))['splits']


def run_crslab(
    config: str,
    gpu: str = '-1',
    settings: Settings = (),
    save_data: bool = False,
    restore_data: bool = False,
    save_system: bool = False,
    restore_system: bool = False,
    interact: bool = False,
    debug: bool = False,
    tensorboard: bool = False,
    download: bool = True,
) -> None:
    """Train and test the model of a configuration, or chat with it.

    This is CRSLab's function of the same name with a checked configuration. The flags have CRSLab's names and meaning.

    Args:
        config: YAML file, or the name of a configuration of this package.
        gpu: ``'-1'`` for the CPU, ``'auto'``, or GPU numbers separated by commas. Each process of ``torchrun`` takes
            one.
        settings: changed keys of the configuration.
        save_data: whether to save the processed dataset.
        restore_data: whether to load the processed dataset that an earlier run has saved.
        save_system: whether to save the system after every epoch.
        restore_system: whether to continue a saved system.
        interact: whether to chat with a saved system instead of training one.
        debug: whether to train on the valid split and to log more.
        tensorboard: whether to write TensorBoard files into ``runs/``.
        download: whether a public dataset may be downloaded if its folder is empty.

    Raises:
        UserError: the configuration, the data or the flags have a mistake.
    """
    from crslab_causal.config import Flags

    checked = _checked(config, gpu, settings, Flags(save_system=save_system))
    _run(checked, save_data, restore_data, save_system, restore_system, interact, debug, tensorboard, download)


def run_alone(config: str, gpu: str = '-1', settings: Settings = (), save_system: bool = False, **flags: bool) -> None:
    """Call :func:`run_crslab` in a process that does nothing else, see :func:`.configure_process`."""
    from crslab_causal.config import Flags

    checked = _checked(config, gpu, settings, Flags(save_system=save_system))
    check_places(checked, flags.get('download', True))
    register()  # reports missing packages in one line
    from crslab_causal.base.process_setup import configure_process

    configure_process()
    _run(checked, save_system=save_system, **flags)


def _run(
    config: Config,
    save_data: bool = False,
    restore_data: bool = False,
    save_system: bool = False,
    restore_system: bool = False,
    interact: bool = False,
    debug: bool = False,
    tensorboard: bool = False,
    download: bool = True,
) -> None:
    check_places(config, download)
    register()
    from loguru import logger
    from tqdm import tqdm

    from crslab_causal.base import distributed
    from crslab_causal.crslab_compat import crslab

    if (interact or restore_system) and needs_own_run(config):
        from crslab_causal.system.checkpoint import check_options
        from crslab_causal.system.run_folder import check_saved, saved_folder, weights_folder

        name = BEST_CHECKPOINT if interact else LAST_CHECKPOINT
        check_saved(config, name)
        folder = weights_folder(config) if interact else saved_folder(config)
        check_options(folder / name, config.opt)
    if interact:
        print('Loading the data and the recommender ...', flush=True)
    _use_directories(config)
    logger.remove()
    if distributed.is_first():
        logger.add(
            lambda message: tqdm.write(message, end=''),
            colorize=sys.stdout.isatty(),
            level='DEBUG' if debug else 'WARNING' if interact else 'INFO',
        )
    with distributed.connected('cpu' if config.gpu == [-1] else 'gpu'):
        with distributed.first_goes_first():
            _provide_data(config, download)
        if not interact:  # a chat starts without the configuration on the screen
            config.report()
        crslab.quick_start.run_crslab(
            config, save_data, restore_data, save_system, restore_system, interact, debug, tensorboard
        )


def needs_own_run(config: Config) -> bool:
    """Return whether a chat needs a saved run of this configuration, and not only one that ``recommender`` names."""
    return config.run.model != LANGUAGE_MODEL or config.model.recommender is None


def _provide_data(config: Config, download: bool) -> None:
    """Download the dataset if it is public and its folder is empty."""
    if _may_download(config, download):
        from crslab_causal.prepare.preparation import prepare

        prepare(config.dataset_entry.folder, config.run.data_path or DATA_PATH)


def can_provide_data(config: Config) -> bool:
    """Return whether the data are missing, and :func:`run_crslab` would download them."""
    return _may_download(config, True)


def _may_download(config: Config, download: bool) -> bool:
    """Return whether the data of a run are to be downloaded."""
    data_path = Path(config.run.data_path or DATA_PATH)
    folder = data_path / config.dataset_entry.folder / config.run.tokenize
    if not download or not config.dataset_entry.public or any(folder.glob('[!.]*')):
        return False
    return config.run.tokenize == 'nltk' and (config.run.data_path is None or is_data_path(data_path))


def check_places(config: Config, download: bool = False) -> None:
    """Check the folders that a configuration names, before anything is loaded or printed.

    Args:
        config: the configuration.
        download: whether a public dataset may be downloaded if its folder is empty.

    Raises:
        UserError: the data are missing, or the runs cannot be written there.
    """
    from crslab_causal.data.dataset.presence import check_data_files

    run, entry = config.run, config.dataset_entry
    save_path = Path(run.save_path)
    there = next(path for path in (save_path, *save_path.absolute().parents) if path.exists())
    if not there.is_dir():
        raise UserError(f'save_path: {there} is a file; name the folder of all runs')
    if not os.access(there, os.W_OK):
        raise UserError(f'save_path: {there} cannot be written; name another folder')
    llm = getattr(config.model, 'llm', None)
    if llm is not None and llm.mode == 'replay':
        if llm.store is None:
            raise UserError('llm.store: mode replay needs the store of a recorded run; name its file')
        if not Path(llm.store).is_file():
            raise UserError(f'llm.store: {llm.store} does not exist; name the store of a recorded run')
    if not entry.generated and not _may_download(config, download):
        check_data_files(entry, Path(run.data_path or DATA_PATH), run.tokenize, entry.file_names())


def _use_directories(config: Config) -> None:
    from crslab_causal.crslab_compat import use_directories

    use_directories(config.run.data_path or DATA_PATH, config.run.save_path)


def load_recommender(
    config: str, gpu: str = '-1', settings: Settings = (), restore_data: bool = False
) -> ListRecommender:
    """Load a recommender, which answers one history at a time; see :func:`load_system`."""
    return load_system(config, gpu, settings, restore_data).recommender()


def load_system(config: str, gpu: str = '-1', settings: Settings = (), restore_data: bool = False) -> CausalSystem:
    """Load the system of a run that was saved with ``save_system``, with the weights of its best epoch.

    ``settings`` must contain the changed keys of the run, because they are part of the name of its folder. The loaded
    system must not be trained.

    Args: as those of :func:`run_crslab`.

    Raises:
        UserError: the configuration or the data have a mistake, or there is no such run.
    """
    checked = _checked(config, gpu, settings)
    check_places(checked)
    register()
    from crslab_causal.crslab_compat import get_dataset

    _use_directories(checked)
    return assemble(checked, get_dataset(checked, checked.run.tokenize, restore_data, False), interact=True)


def _checked(config: str, gpu: str, settings: Settings, flags: Flags | None = None) -> Config:
    """Return the checked configuration. Check that the run of its option ``recommender`` exists."""
    from crslab_causal.config import Config

    checked = Config(config, gpu, settings, flags)
    if getattr(checked.model, 'recommender', None) is not None:
        from crslab_causal.system.checkpoint import find_recommender

        find_recommender(checked.model.recommender)  # checked before the data are loaded
    return checked


def assemble(config: Config, dataset: MentionDataset, interact: bool = False, restore: bool = False) -> CausalSystem:
    """Build the system of a checked configuration over a loaded dataset.

    Args:
        config: the configuration.
        dataset: its dataset.
        interact: whether the system is for a chat; it then loads the weights of the best epoch.
        restore: whether the system continues from its last checkpoint.
    """
    from crslab_causal.crslab_compat import get_dataloader, get_system

    dataloaders = (
        get_dataloader(config, data, dataset.vocab)
        for data in (dataset.train_data, dataset.valid_data, dataset.test_data)
    )
    return get_system(config, *dataloaders, dataset.vocab, dataset.side_data, restore, interact)
