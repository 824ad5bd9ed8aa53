"""Arguments of the command line that ``crslab-causal experiments`` and ``crslab-causal sweep`` share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.data_path import DATA_PATH
from crslab_causal.base.errors import UserError


def add_folders(parser: argparse.ArgumentParser, work: str) -> None:
    """Add the arguments that name the folder of the data and the folder of the work.

    Args:
        parser: the parser of the command.
        work: what the folder of the work contains.
    """
    parser.add_argument(
        '--data-path',
        '--data_path',
        type=path_argument,
        default=Path(DATA_PATH),
        help='folder that contains redial/nltk and opendialkg/nltk (default: %(default)s)',
    )
    parser.add_argument(
        '--work',
        type=path_argument,
        default=Path('save', 'experiments'),
        help=f'folder of {work} (default: %(default)s)',
    )


def add_resources(parser: argparse.ArgumentParser, unit: str) -> None:
    """Add the arguments that choose the GPU, and how many processes and threads there are.

    Args:
        parser: the parser of the command.
        unit: what a process does, for example ``run``.
    """
    parser.add_argument('-g', '--gpu', default='-1', help='GPU, as for `crslab-causal run` (default: the CPU)')
    parser.add_argument(
        '--jobs',
        type=int,
        default=max(1, os.cpu_count() or 1),
        help=f'number of {unit}s at a time (default: number of cores)',
    )
    parser.add_argument('--threads', type=int, default=1, help=f'number of threads of each {unit} (default: 1)')


def check_resources(options: argparse.Namespace) -> None:
    """Check the arguments of :func:`add_resources`.

    Raises:
        UserError: there is no process or no thread.
    """
    if options.jobs < 1 or options.threads < 1:
        raise UserError('--jobs and --threads must be at least 1')
