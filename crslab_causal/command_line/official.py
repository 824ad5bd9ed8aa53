"""The command ``crslab-causal official``: score a saved run on another test file, and log the scores."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.base.provenance import provenance
from crslab_causal.official_scores import LOG, check_frozen, score_and_log

if TYPE_CHECKING:
    from crslab_causal.config import Config
    from crslab_causal.data.dataset.base import MentionDataset
    from crslab_causal.system.causal import CausalSystem


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Score a saved run on another test file. Return the exit status: 0, or 2 for a mistake of the user."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Score a saved run on another test file, such as the official test set, and append a line to a '
        'log. Nothing is trained. Choose nothing by these scores.',
    )
    parser.add_argument('-c', '--config', required=True, help='configuration of the saved run')
    parser.add_argument(
        '--test_data', '--test-data', required=True, type=path_argument, help='test_data.json to score on'
    )
    parser.add_argument('--seed', type=int, help='seed of the run (default: that of the configuration)')
    parser.add_argument('--set', action='append', default=[], metavar='KEY=VALUE', help='override a key of the run')
    parser.add_argument(
        '--data_path', '--data-path', type=path_argument, help='folder of the data that the run was trained on'
    )
    parser.add_argument('--log', type=path_argument, default=LOG, help='file to append to (default: %(default)s)')
    flags = parser.parse_args(arguments)
    return exit_status(lambda: _score(flags))


def _score(flags: argparse.Namespace) -> None:
    check_frozen(provenance()['git_commit'])
    settings = list(flags.set)
    if flags.seed is not None:
        settings.append(f'seed={flags.seed}')
    if flags.data_path is not None:
        settings.append(f'data_path={json.dumps(str(flags.data_path))}')
    if not flags.test_data.is_file():
        raise UserError(f'{flags.test_data}: does not exist; name a test_data.json')
    entry = _score_run(flags.config, settings, flags.test_data, flags.log)
    print(
        f'{entry["configuration"]}, seed {entry["seed"]}: {entry["samples"]} samples, scored {entry["count"]} time(s)'
    )
    print(f'appended: {flags.log}')


def _score_run(config_name: str, settings: list[str], test_data: Path, log: Path) -> dict:
    """Load the data of a saved run, score the run, and return the line of the log."""
    config_file, config, dataset = _load_data(config_name, settings)
    return score_and_log(config, dataset, test_data, log, {'configuration': config_file.stem})


def _load_data(config_name: str, settings: list[str]) -> tuple[Path, Config, MentionDataset]:
    """Return the file and the content of the configuration of a saved run, and its dataset."""
    from loguru import logger

    from crslab_causal import register
    from crslab_causal.base.data_path import DATA_PATH
    from crslab_causal.config import Config
    from crslab_causal.config_files import find_config
    from crslab_causal.system.run_folder import check_saved

    register()
    from crslab_causal.crslab_compat import get_dataset, use_directories

    logger.remove()
    config_file = find_config(config_name)
    config = Config(config_file, settings=settings)
    check_saved(config)
    use_directories(config.run.data_path or DATA_PATH, config.run.save_path)
    return config_file, config, get_dataset(config, config.run.tokenize, False, False)


class LoadedRun(NamedTuple):
    """A saved run with its training data and the weights of its best epoch."""

    config_file: Path
    config: Config
    dataset: MentionDataset
    system: CausalSystem


def load_run(config_name: str, settings: list[str]) -> LoadedRun:
    """Load a saved run.

    Raises:
        UserError: there is no such run, or it was trained on other data.
    """
    from crslab_causal.quick_start import assemble

    config_file, config, dataset = _load_data(config_name, settings)
    system = assemble(config, dataset)
    system.load_best()
    return LoadedRun(config_file, config, dataset, system)


def score_samples(run: LoadedRun, samples: list[Any], source: object, split: str) -> tuple[dict[str, Any], list[Any]]:
    """Score a run on samples of its dataset. Afterwards the evaluator of the run contains the ranks.

    Args:
        run: the run.
        samples: samples of the dataset on which the run was trained.
        source: file of the samples, for the message.
        split: name for the scores.

    Returns:
        The scores, and the samples with a label that were scored.

    Raises:
        UserError: no sample has a label.
    """
    from crslab_causal.crslab_compat import get_dataloader

    dataloader = get_dataloader(run.config, samples, run.dataset.vocab)
    if run.system.confounder is not None:
        dataloader.stratify(run.system.confounder)
    if not len(dataloader):
        raise UserError(f"{source}: no recommender's turn names an item")
    scores = run.system.evaluation.evaluate(split, dataloader.to(run.system.device), report=False)
    return scores, list(dataloader.samples)
