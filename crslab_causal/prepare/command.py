"""The command ``crslab-causal prepare``: its arguments, and what it does."""

from __future__ import annotations

import argparse

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.data_path import DATA_PATH

DATASETS = ('redial', 'opendialkg', 'inspired')


def add_arguments(parser: argparse.ArgumentParser, dataset: str) -> None:
    """Add the arguments of ``prepare`` for a dataset to its parser."""
    parser.set_defaults(dataset=dataset, source=None, split=None, answers_only=False, run=run)
    parser.add_argument(
        '--data-path',
        '--data_path',
        type=path_argument,
        default=DATA_PATH,
        metavar='FOLDER',
        help='folder that gets <dataset>/nltk (default: %(default)s)',
    )
    if dataset == 'redial':
        _add_source(parser)
        parser.add_argument(
            '--answers-only',
            action='store_true',
            help='only add seeker_answers.json, which two metrics need, to an existing data folder',
        )
    if dataset == 'opendialkg':
        _add_split(parser)
    parser.add_argument(
        '--mirror',
        metavar='ADDRESS',
        help='server with the files at ADDRESS/owner/repository/commit/path; also file://',
    )
    parser.add_argument(
        '--from-zip', type=path_argument, metavar='FILE', help="CRSLab's own archive, if you have kept it"
    )
    parser.add_argument('--dry-run', action='store_true', help='list files, hashes, sizes and licences only')


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--source',
        choices=('crslab', 'official'),
        help="crslab (default): CRSLab's own files, to compare with published results; "
        'official: the official conversations, converted by this package; they have likes and dislikes, and all files '
        'have a licence',
    )


def _add_split(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--split',
        choices=('dialogue', 'turn'),
        help='dialogue (default): no dialogue is in two splits; turn: as published, turns of test dialogues are also '
        'in train',
    )


def run(options: argparse.Namespace) -> int:
    """Prepare a dataset, and return the exit status.

    Raises:
        UserError: See :func:`.preparation.prepare`.
    """
    from crslab_causal.prepare.preparation import prepare  # imported late, so that the command starts fast

    prepare(
        options.dataset,
        options.data_path,
        source=options.source,
        split=options.split,
        mirror=options.mirror,
        from_zip=options.from_zip,
        answers_only=options.answers_only,
        dry_run=options.dry_run,
    )
    return 0
