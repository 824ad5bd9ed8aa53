"""The command that makes every table and figure: ``python -m crslab_causal.experiments``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Sequence

from crslab_causal.base.errors import exit_status

GOES_ON = 'interrupted; what is finished is kept, and the same command goes on from there'


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog='python -m crslab_causal.experiments',
        description='Makes the tables and figures of the paper and what goes past them. Runs that are finished are not '
                    'repeated: stop the command whenever you like, and start it again.')
    parser.add_argument('suites', nargs='*', help='names of files in config/experiments; default: all of them')
    parser.add_argument('--data_path', type=Path, default=Path('data', 'dataset'),
                        help='folder that holds redial/nltk and opendialkg/nltk (default: %(default)s)')
    parser.add_argument('--results', type=Path, help='where tables and figures go (default: results, with --quick '
                                                     'results-quick)')
    parser.add_argument('--work', type=Path, default=Path('save', 'experiments'),
                        help='where the runs go (default: %(default)s)')
    parser.add_argument('--quick', action='store_true',
                        help='a look at everything in minutes: one seed, two epochs, a tenth of the data; its numbers '
                             'mean nothing')
    parser.add_argument('--seeds', type=int, metavar='N', help='at most N seeds')
    parser.add_argument('--llm', choices=('replay', 'live'),
                        help='also the rows that need a language model: from recorded answers, or by asking one')
    parser.add_argument('--extend', action='store_true',
                        help='take the runs that the tables in --results have for finished, and run only what they lack')
    parser.add_argument('--report', action='store_true', help='run nothing; make tables and figures of what is finished')
    parser.add_argument('--list', action='store_true', help='say what would be run, and where it lies, and end')
    parser.add_argument('--readme', type=Path, help='also put the tables between their markers in this file')
    parser.add_argument('-g', '--gpu', default='-1', help='as for run_crslab.py (default: the CPU)')
    parser.add_argument('--jobs', type=int, default=max(1, os.cpu_count() or 1), help='runs at a time (default: cores)')
    parser.add_argument('--threads', type=int, default=1, help='threads of each run (default: 1)')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit status: 0, or 1 if a run failed, or 2 for a mistake."""
    options = parse(arguments)
    options.results = options.results or Path('results-quick' if options.quick else 'results')
    return exit_status(lambda: _make(options), GOES_ON)


def _make(options: argparse.Namespace) -> int:
    from crslab_causal.experiments.command import make  # seconds, most of them torch's; Ctrl-C in them has no traceback

    return make(options)


if __name__ == '__main__':
    sys.exit(main())
