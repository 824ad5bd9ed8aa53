"""The command ``crslab-causal prepare``: download a public dataset, or convert your own conversations."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from crslab_causal.base.errors import exit_status
from crslab_causal.prepare import command, own
from crslab_causal.registry import DATASETS


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Prepare a dataset, and return the exit status."""
    options = build_parser(prog).parse_args(arguments)
    return exit_status(lambda: options.run(options), 'interrupted; the same command continues the download')


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, with a subcommand for each dataset."""
    parser = argparse.ArgumentParser(prog=prog, description='Download and convert a dataset.')
    commands = parser.add_subparsers(required=True, metavar='dataset')
    summaries = {entry.folder: entry.summary for entry in DATASETS.values()}
    for dataset in command.DATASETS:
        command.add_arguments(commands.add_parser(dataset, help=summaries[dataset]), dataset)
    owner = commands.add_parser('own', help='your own conversations, see docs/own_data.md')
    owner.set_defaults(run=own.run)
    own.add_arguments(owner)
    return parser
