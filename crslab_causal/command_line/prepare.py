"""``crslab-causal prepare``: download a public dataset, or convert your own conversations."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from crslab_causal.base.errors import exit_status


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Prepare a dataset. Return the exit status."""
    from crslab_causal.prepare import command, own

    parser = argparse.ArgumentParser(prog=prog, description='Download and convert a dataset.')
    commands = parser.add_subparsers(required=True, metavar='dataset')
    command.add_parsers(commands)
    own.add_arguments(commands.add_parser('own', help='convert your own conversations'))
    options = parser.parse_args(arguments)
    return exit_status(lambda: options.run(options))
