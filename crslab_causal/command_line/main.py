"""The entry point: choose the subcommand, and pass the other arguments to it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pkgutil import resolve_name

import crslab_causal

COMMANDS = {
    'run': ('crslab_causal.command_line.run:main', 'train and test the model of a configuration'),
    'prepare': ('crslab_causal.command_line.prepare:main', 'download a dataset, or convert your own conversations'),
    'chat': ('crslab_causal.command_line.run:chat', 'chat with a trained recommender'),
    'list': ('crslab_causal.command_line.listing:main', 'list models, datasets, configurations or runs'),
    'cases': ('crslab_causal.command_line.cases:main', 'print single answers of a language model, worst ones first'),
    'batch': ('crslab_causal.command_line.batch:main', 'import the answers of a Batch API into a store'),
    'config': (
        'crslab_causal.command_line.configuration:main',
        'print a configuration with everything that it inherits',
    ),
    'experiments': ('crslab_causal.experiments.__main__:main', 'make the tables and figures'),
    'sweep': ('crslab_causal.experiments.sweep:main', 'search for options on the validation split'),
    'official': (
        'crslab_causal.command_line.official:main',
        'score a saved run on another test file, and log the scores',
    ),
    'compare': ('crslab_causal.experiments.compare:main', "compare CRSLab's validation file of ReDial with others"),
    'human': ('crslab_causal.experiments.human.__main__:main', 'prepare and summarise an evaluation by people'),
    'seeker': ('crslab_causal.experiments.seeker.__main__:main', 'let simulated seekers talk to saved runs'),
    'doctor': ('crslab_causal.command_line.doctor:main', 'show what is installed, and what is missing'),
}
"""Function and help text of each subcommand. A function is imported when its subcommand is called."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status: 0, 1 if a part failed, 2 for a mistake, 130 after Ctrl-C."""
    listed = '\n'.join(f'  {name:12s} {text}' for name, (_, text) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog='crslab-causal',
        usage='crslab-causal [-h] [--version] command ...',
        description='Causal conversational recommendation as a plugin for CRSLab.',
        epilog=f'commands:\n{listed}\n\n`crslab-causal command --help` explains a command.',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--version', action='version', version=f'crslab-causal {crslab_causal.__version__}')
    parser.add_argument('command', choices=COMMANDS, metavar='command', help='one of the commands below')
    parser.add_argument('arguments', nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args(['--help'] if not (sys.argv[1:] if arguments is None else arguments) else arguments)
    function, _ = COMMANDS[options.command]
    return resolve_name(function)(options.arguments, prog=f'crslab-causal {options.command}')
