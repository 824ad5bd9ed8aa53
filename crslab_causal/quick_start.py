"""Run a configuration, as CRSLab's ``quick_start`` does."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Sequence

from crslab_causal import register
from crslab_causal.base.errors import exit_status

if TYPE_CHECKING:
    from crslab_causal.chat.recommender import Recommender
    from crslab_causal.config import Config, Flags
    from crslab_causal.data.dataset.base import MentionDataset
    from crslab_causal.system.causal import CausalSystem


def run_crslab(
    config: str,
    gpu: str = '-1',
    settings: Sequence[str] = (),
    save_data: bool = False,
    restore_data: bool = False,
    save_system: bool = False,
    restore_system: bool = False,
    interact: bool = False,
    debug: bool = False,
    tensorboard: bool = False,
) -> None:
    """Train and test the model of a configuration, or chat with it.

    This is CRSLab's function of the same name with a checked configuration. The flags have CRSLab's names and meaning.

    Args:
        config: YAML file.
        gpu: ``'-1'`` for the CPU, else GPU numbers separated by commas; each process of ``torchrun`` takes one.
        settings: ``key=value`` overrides of the configuration.
        save_data: save the processed dataset.
        restore_data: restore the processed dataset.
        save_system: save the system after every epoch.
        restore_system: continue a saved system.
        interact: chat with a saved system instead of training one.
        debug: train on the valid split, and log more.
        tensorboard: write TensorBoard files into ``runs/``.

    Raises:
        UserError: a mistake in the configuration, the data or the flags.
    """
    from crslab_causal.config import Flags

    checked = _checked(config, gpu, settings, Flags(save_system=save_system))
    register()
    from loguru import logger
    from tqdm import tqdm

    from crslab_causal.base import distributed
    from crslab_causal.crslab_compat import crslab, use_directories

    use_directories(checked.run.data_path or os.path.join('data', 'dataset'), checked.run.save_path)
    logger.remove()
    if distributed.is_first():
        logger.add(
            lambda message: tqdm.write(message, end=''),
            colorize=sys.stdout.isatty(),
            level='DEBUG' if debug else 'WARNING' if interact else 'INFO',
        )
    if not interact:  # a chat starts without the configuration on the screen
        checked.report()
    with distributed.connected(gpu):
        crslab.quick_start.run_crslab(
            checked, save_data, restore_data, save_system, restore_system, interact, debug, tensorboard
        )


def load_recommender(
    config: str, gpu: str = '-1', settings: Sequence[str] = (), restore_data: bool = False
) -> Recommender:
    """Load a recommender that answers one history at a time, see :func:`load_system`."""
    return load_system(config, gpu, settings, restore_data).recommender()


def load_system(config: str, gpu: str = '-1', settings: Sequence[str] = (), restore_data: bool = False) -> CausalSystem:
    """Load the system of a run with ``--save_system``, with the weights of its best epoch. It is not to be trained.

    Args: as those of :func:`run_crslab`.

    Raises:
        UserError: a mistake in the configuration or the data, or no such run.
    """
    checked = _checked(config, gpu, settings)
    register()
    from crslab_causal.crslab_compat import get_dataset, use_directories

    use_directories(checked.run.data_path or os.path.join('data', 'dataset'), checked.run.save_path)
    return assemble(checked, get_dataset(checked, checked.run.tokenize, restore_data, False), interact=True)


def _checked(config: str, gpu: str, settings: Sequence[str], flags: Flags | None = None) -> Config:
    """Return the checked configuration; the recommender that it names is there."""
    from crslab_causal.config import Config

    checked = Config(config, gpu, settings, flags)
    if getattr(checked.model, 'recommender', None) is not None:
        from crslab_causal.system.checkpoint import find_recommender

        find_recommender(checked.model.recommender)  # now, and not when the data are loaded
    return checked


def assemble(config: Config, dataset: MentionDataset, interact: bool = False, restore: bool = False) -> CausalSystem:
    """Build the system of a checked configuration over a loaded dataset.

    Args:
        config: the configuration.
        dataset: its dataset.
        interact: the system is to be chatted with, and loads the weights of the best epoch.
        restore: the system continues its last checkpoint.
    """
    from crslab_causal.crslab_compat import get_dataloader, get_system

    dataloaders = (
        get_dataloader(config, data, dataset.vocab)
        for data in (dataset.train_data, dataset.valid_data, dataset.test_data)
    )
    return get_system(config, *dataloaders, dataset.vocab, dataset.side_data, restore, interact)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line of ``run_crslab.py``: CRSLab's flags, and three of ours. Return the exit status."""
    parser = argparse.ArgumentParser(description='Run a model of CRSLab or crslab_causal.')
    parser.add_argument('-c', '--config', required=True, help='path of the configuration (YAML)')
    parser.add_argument('-g', '--gpu', default='-1', help='GPU ids, separated by commas; -1 for the CPU (default)')
    parser.add_argument('-sd', '--save_data', action='store_true', help='save processed dataset')
    parser.add_argument('-rd', '--restore_data', action='store_true', help='restore processed dataset')
    parser.add_argument('-ss', '--save_system', action='store_true', help='save the system after every epoch')
    parser.add_argument('-rs', '--restore_system', action='store_true', help='continue a saved system')
    parser.add_argument('-d', '--debug', action='store_true', help='train on the valid split, for debugging')
    parser.add_argument('-i', '--interact', action='store_true', help='chat with a saved system')
    parser.add_argument('-tb', '--tensorboard', action='store_true', help='write TensorBoard files into runs/')
    parser.add_argument('--data_path', help='folder that holds redial/nltk, opendialkg/nltk, ...')
    parser.add_argument('--seed', type=int, help='seed of the run')
    parser.add_argument(
        '--set',
        action='append',
        default=[],
        metavar='KEY=VALUE',
        help='override a key of the configuration, for example rec.epoch=3; may be repeated',
    )
    flags = vars(parser.parse_args(arguments))
    settings = flags.pop('set') + [
        f'{key}={value}' for key in ('data_path', 'seed') if (value := flags.pop(key)) is not None
    ]
    return exit_status(lambda: _run_alone(**flags, settings=settings))


def _run_alone(**arguments) -> None:
    """Call :func:`run_crslab` in a process that does nothing else."""
    from crslab_causal.base.process_setup import configure_process

    configure_process()
    run_crslab(**arguments)
