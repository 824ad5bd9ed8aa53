"""The command ``crslab-causal config show``: print a configuration with everything that it inherits."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from crslab_causal.base.errors import exit_status
from crslab_causal.config_files import apply_setting, dump_config, find_config, load_config_file


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Print a configuration, and return the exit status."""
    parser = argparse.ArgumentParser(prog=prog, description='Show configurations.')
    commands = parser.add_subparsers(required=True, metavar='command')
    show = commands.add_parser('show', help='print a configuration with everything that it inherits')
    show.add_argument('config', help='a YAML file, or a name of `list configs`')
    show.add_argument('--set', action='append', default=[], metavar='KEY=VALUE', help='override a key; may be repeated')
    show.add_argument('--defaults', action='store_true', help='also print the keys that keep their defaults')
    options = parser.parse_args(arguments)
    return exit_status(lambda: _show(options))


def _show(options: argparse.Namespace) -> None:
    from crslab_causal.config import Config

    path = find_config(options.config)
    checked = Config(path, settings=options.set)  # raises an error that says what is wrong
    raw = load_config_file(path)
    for setting in options.set:
        apply_setting(raw, setting)
    if options.defaults:
        raw = {key: value for key, value in checked.opt.items() if key not in ('gpu', 'model_name')}
    print(dump_config(raw), end='')
