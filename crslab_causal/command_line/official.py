"""The command ``crslab-causal official``: score a saved run on another test file, and log the scores."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.base.provenance import provenance
from crslab_causal.official_scores import LOG, check_frozen, score_and_log


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Score a saved run on another test file. Return the exit status: 0, or 2 for a mistake of the user."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Score a saved run on another test file, such as the official test set, and append a line to a '
        'log. Nothing is trained. Do not choose a model or a setting by these scores.',
    )
    parser.add_argument('-c', '--config', required=True, help='configuration of the saved run')
    parser.add_argument(
        '--test-data',
        '--test_data',
        required=True,
        type=path_argument,
        metavar='FILE',
        help='test_data.json to score on',
    )
    parser.add_argument('--seed', type=int, help='seed of the run (default: that of the configuration)')
    parser.add_argument('--set', action='append', default=[], metavar='KEY=VALUE', help='override a key of the run')
    parser.add_argument(
        '--data-path',
        '--data_path',
        type=path_argument,
        metavar='FOLDER',
        help='folder of the data that the run was trained on',
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
    from crslab_causal.saved_run import load_data

    config_file, config, dataset = load_data(config_name, settings)
    return score_and_log(config, dataset, test_data, log, {'configuration': config_file.stem})
