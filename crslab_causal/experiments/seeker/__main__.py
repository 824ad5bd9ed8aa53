"""Let simulated seekers talk to saved runs: ``python -m crslab_causal.experiments.seeker``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Sequence

from crslab_causal.base.errors import exit_status

PROG = 'python -m crslab_causal.experiments.seeker'


def main(arguments: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Run the command and return its exit status: 2 for a mistake of the user."""
    parser = _parser(prog)
    options = parser.parse_args(arguments)
    if options.driver == 'rules' and (options.llm_config or options.llm_set):
        parser.error('--llm-config, --llm-set: need --driver llm')
    if options.driver == 'llm' and not options.llm_config:
        parser.error('--driver llm: needs --llm-config, a configuration with a section llm')
    return exit_status(lambda: _run(options))


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Let simulated seekers talk to saved runs and to baselines, and count how soon the seekers '
        'are shown the film that they look for. The baselines are lists without a conversation, the most popular '
        'films, and random films.',
    )
    parser.add_argument(
        '-c',
        '--config',
        action='append',
        required=True,
        metavar='CONFIG',
        help='configuration of a run that `run --save-system` has saved; may be repeated',
    )
    parser.add_argument(
        '--data-path', '--data_path', metavar='FOLDER', help='folder that contains redial/nltk, opendialkg/nltk, ...'
    )
    parser.add_argument(
        '--set', action='append', default=[], metavar='KEY=VALUE', help='override a key of all configurations'
    )
    parser.add_argument('-g', '--gpu', default='-1', help='GPU; -1 for the CPU (default)')
    parser.add_argument(
        '--split',
        choices=('valid', 'test'),
        default='valid',
        help='split whose conversations give the profiles of the seekers (default: %(default)s)',
    )
    parser.add_argument('--n', type=_count, default=500, help='number of seekers (default: %(default)s)')
    parser.add_argument(
        '--patience',
        type=_count,
        default=10,
        help='number of messages after which a seeker gives up (default: %(default)s)',
    )
    parser.add_argument(
        '--seed', type=int, default=2020, help='seed that draws the seekers and their words (default: %(default)s)'
    )
    parser.add_argument(
        '--driver',
        choices=('rules', 'llm'),
        default='rules',
        help='writer of the messages: rules, or a language model (default: rules)',
    )
    parser.add_argument(
        '--llm-config', metavar='CONFIG', help='configuration whose section llm names the language model'
    )
    parser.add_argument(
        '--llm-set', action='append', default=[], metavar='KEY=VALUE', help='override a key of --llm-config'
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('save', 'seeker'),
        help='folder for seeker.json and seeker.md (default: %(default)s)',
    )
    parser.add_argument('--transcripts', type=Path, metavar='FILE', help='file for all conversations, in JSON Lines')
    return parser


def _count(text: str) -> int:
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def _run(options: argparse.Namespace) -> None:
    from crslab_causal import register

    register()
    from crslab_causal.experiments.seeker.study import run  # a slow import; a mistake in the arguments does not need it

    run(options)


if __name__ == '__main__':
    sys.exit(main())
