"""The command ``crslab-causal compare``: compare CRSLab's valid file of ReDial, and sources of entity links."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.data_path import DATA_PATH
from crslab_causal.base.errors import UserError, exit_status


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the comparison that the arguments name. Return the exit status: 0, or 2 for a mistake of the user."""
    options = _parser(prog).parse_args(arguments)
    return exit_status(lambda: options.run(options))


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Compare CRSLab's validation file of ReDial with other conversions of the same conversations. "
        'The files are downloaded.',
    )
    commands = parser.add_subparsers(required=True, metavar='comparison')
    valid = commands.add_parser(
        'valid',
        help='compare the utterances of the file with the conversion by this package',
        description="Compare the utterances of CRSLab's validation file of ReDial with those that this package "
        'converts from the raw conversations.',
    )
    valid.set_defaults(run=_compare_valid)
    valid.add_argument(
        '--with',
        dest='other',
        type=path_argument,
        metavar='FILE',
        help='valid_data.json to compare instead of the conversion',
    )
    links = commands.add_parser(
        'links',
        help="score a saved run on the file, with CRSLab's entity links and with others",
        description="Score a saved run on CRSLab's validation file of ReDial with the entity links in it, with those "
        "of the run's own valid_data.json, and with those of this package's linker. Nothing is trained.",
    )
    links.set_defaults(run=_compare_links)
    links.add_argument('-c', '--config', required=True, help='configuration of the saved run')
    links.add_argument('--seed', type=int, help='seed of the run (default: that of the configuration)')
    links.add_argument('--set', action='append', default=[], metavar='KEY=VALUE', help='override a key of the run')
    for command in (valid, links):
        command.add_argument(
            '--data-path',
            '--data_path',
            type=path_argument,
            default=DATA_PATH,
            metavar='FOLDER',
            help='folder of the datasets, which also keeps the downloaded files (default: %(default)s)',
        )
        command.add_argument(
            '--downloads', type=path_argument, metavar='FOLDER', help='keep the downloaded files below this folder'
        )
        command.add_argument(
            '--mirror', metavar='ADDRESS', help='download from this address, as with `prepare`; may begin with file://'
        )
        command.add_argument(
            '--record', type=path_argument, metavar='FILE', help='also write the result to this JSON file'
        )
    return parser


def _compare_valid(options: argparse.Namespace) -> None:
    from crslab_causal.prepare.comparison import VALID_SOURCES, compare, converted_valid
    from crslab_causal.prepare.content import read_json
    from crslab_causal.prepare.preparation import download
    from crslab_causal.prepare.redial import redial_entities

    other = None if options.other is None else _conversations(options.other)
    files = download(VALID_SOURCES, options.downloads or options.data_path, mirror=options.mirror)
    published = read_json(files['redial_valid'])
    outcome = compare(published, converted_valid(files) if other is None else other, redial_entities(files))
    title = 'the raw conversations, converted' if options.other is None else str(options.other)
    print(f"CRSLab's valid file of ReDial, and {title}:")
    for line in outcome.lines():
        print(line)
    _write(options.record, {'second': title if options.other is None else options.other.name, **outcome.record()})


def _conversations(path: Path) -> list[dict[str, Any]]:
    """Return the conversations of a file in CRSLab's form.

    Raises:
        UserError: the file cannot be read, or has another form.
    """
    from crslab_causal.data.dataset.validation import check_conversations, read_json

    if not path.is_file():
        raise UserError(f'--with {path}: no such file; name a valid_data.json')
    conversations = read_json(path, 'name a valid_data.json')
    check_conversations(path, conversations, 'movies')
    return conversations


def _compare_links(options: argparse.Namespace) -> None:
    from crslab_causal.experiments.analysis.entity_links import compare_links
    from crslab_causal.prepare.preparation import download

    settings = [*options.set, f'data_path={json.dumps(str(options.data_path))}']
    if options.seed is not None:
        settings.append(f'seed={options.seed}')

    def published() -> Path:
        (path,) = download(['redial_valid'], options.downloads or options.data_path, mirror=options.mirror).values()
        return path

    outcome = compare_links(options.config, settings, published)
    for line in outcome.lines():
        print(line)
    _write(options.record, outcome.record())


def _write(path: Path | None, record: dict[str, Any]) -> None:
    if path is None:
        return
    from crslab_causal.base.files import replace_file

    replace_file(path, json.dumps(record, ensure_ascii=False, indent=1) + '\n')
    print(f'written: {path}')
