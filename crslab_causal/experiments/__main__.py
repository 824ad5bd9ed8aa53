"""The command ``crslab-causal experiments``, which makes all tables and figures.

``python -m crslab_causal.experiments`` is the same command.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Sequence

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.errors import exit_status
from crslab_causal.experiments import RESUME_HINT
from crslab_causal.experiments.arguments import add_folders, add_resources

PROG = 'python -m crslab_causal.experiments'


def parse(arguments: Sequence[str] | None, prog: str = PROG) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Make the tables and figures of the paper and of the further studies. Finished runs are not '
        'repeated: you can stop the command at any time and start it again.',
    )
    parser.add_argument('suites', nargs='*', help='names of files in config/experiments (default: all)')
    add_folders(parser, work='the runs')
    parser.add_argument(
        '--results',
        type=path_argument,
        help='folder of the tables and figures (default: results, with --quick results-quick)',
    )
    parser.add_argument(
        '--quick',
        action='store_true',
        help='run everything in minutes with one seed, two epochs and a tenth of the data; the scores are meaningless',
    )
    parser.add_argument(
        '--seeds', type=int, metavar='N', help='run at most N seeds; --extend keeps further seeds that are recorded'
    )
    parser.add_argument(
        '--llm',
        choices=('replay', 'live'),
        help='also run the rows that need a language model: from recorded answers, or with a server',
    )
    parser.add_argument(
        '--official',
        type=path_argument,
        metavar='FOLDER',
        help='folder that contains redial/test_data.json and opendialkg/test_data.json; each run of the tables with '
        'split: official is scored once on these files, and the scores are appended to official_log.jsonl in '
        '--results; with --report, nothing is trained',
    )
    parser.add_argument(
        '--extend', action='store_true', help='keep the results in --results, and run only what they lack'
    )
    parser.add_argument(
        '--replace',
        action='store_true',
        help='allow records in --results to be replaced whose runs are not in --work, or are on other data',
    )
    parser.add_argument(
        '--report',
        action='store_true',
        help='run nothing; make tables and figures of the finished runs, with --extend also of those in --results',
    )
    parser.add_argument(
        '--paper',
        action='store_true',
        help="run nothing; draw the paper's figures beside those of the records in --results, as paper.md",
    )
    parser.add_argument('--list', action='store_true', help='list the runs, their states and their folders, and exit')
    parser.add_argument('--readme', type=path_argument, help='Markdown file whose tables are also replaced')
    add_resources(parser, unit='run')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Run the command and return its exit status: 0, 1 if a run failed, or 2 for a mistake of the user."""
    options = parse(arguments, prog)
    options.results = options.results or Path('results-quick' if options.quick else 'results')
    return exit_status(lambda: _make(options), RESUME_HINT)


def _make(options: argparse.Namespace) -> int:
    from crslab_causal.experiments.command import (
        make,  # a slow import; Ctrl-C during it prints no traceback
    )

    return make(options)


if __name__ == '__main__':
    sys.exit(main())
