"""The command ``crslab-causal prepare own``: make a dataset from a user's own conversations, items and graph."""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Sequence

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.data_path import DATA_PATH
from crslab_causal.base.errors import UserError
from crslab_causal.base.files import new_folder
from crslab_causal.prepare.own_data.catalogue import read_catalogue
from crslab_causal.prepare.own_data.conversations import read_conversations
from crslab_causal.prepare.own_data.crslab_files import (
    DESCRIPTION_FILE,
    FOLDER,
    GENERATOR,
    check_target,
    crslab_files,
)
from crslab_causal.prepare.own_data.graph import Vertices, graph_from_columns, read_graph, without_edges
from crslab_causal.prepare.own_data.mentions import MentionResolver
from crslab_causal.prepare.own_data.splitting import SPLITS, split_dialogs

CONFIG = 'causal_own'
"""Configuration that trains on the dataset."""
MOST_WARNINGS = 20
"""Maximum number of warnings that the command prints. The others are only counted."""


@dataclass(frozen=True)
class Prepared:
    """The dataset that :func:`prepare_own` has written."""

    folder: Path
    counts: dict[str, int]
    """Numbers of conversations in each split, of items, entities and edges, and of mentions by their source."""
    warnings: list[str]
    """Lines about possible mistakes in the files."""
    replaced: bool
    """Whether the folder of an earlier call was replaced."""


def prepare_own(
    conversations: str | Path,
    items: str | Path,
    to: str | Path,
    graph: str | Path | None = None,
    *,
    split: Literal['random', 'time'] = 'random',
    valid: float = 0.1,
    test: float = 0.1,
    seed: int = 2020,
    link: bool = True,
    columns: Sequence[str] = (),
    replace: bool = False,
) -> Prepared:
    """Write a dataset for CRSLab from a user's files. The same files and options give the same bytes.

    Args:
        conversations: JSON Lines file, one conversation per line.
        items: CSV, TSV or JSON Lines file, one item per row.
        to: the ``data_path`` of later runs; the dataset is written to ``own/nltk`` below it.
        graph: file with ``head<TAB>relation<TAB>tail`` lines; None: edges from the items' columns.
        split: ``random`` or ``time``. With ``time`` the last conversations are the test split.
        valid: share of the conversations for validation.
        test: share of the conversations for test.
        seed: seed of the random split.
        link: whether to look for items and entities in the text of turns that do not list them.
        columns: further columns of ``items`` whose values become edges, if there is no ``graph``.
        replace: whether an earlier folder of this command may be replaced.

    Raises:
        UserError: a file or an option has a mistake. The message names the line of the file.
    """
    if graph is not None and columns:
        raise UserError('--columns: the edges come from --graph if it is given; leave out one of the two')
    folder = Path(to) / FOLDER
    replaced = check_target(folder, replace)
    conversations, items, graph = Path(conversations), Path(items), None if graph is None else Path(graph)
    warnings: list[str] = []
    catalogue = read_catalogue(items, columns, warnings)
    edges = graph_from_columns(catalogue) if graph is None else read_graph(graph, catalogue, warnings)
    vertices = Vertices(catalogue, edges)
    resolver = MentionResolver(conversations, catalogue, vertices, link)
    dialogs = resolver.resolve(read_conversations(conversations, warnings))
    warnings += resolver.warnings()
    splits = split_dialogs(conversations, dialogs, split, valid, test, seed)
    alone = without_edges(catalogue, edges.triples)
    if alone:
        warnings.append(
            f'{items}: items without an edge of the graph: {len(alone)} of {len(catalogue.items)}, '
            f'the first {alone[0].name!r} (id {alone[0].id})'
        )
    counts = {
        **{name: len(splits[name]) for name in SPLITS},
        'items': len(catalogue.items),
        'entities': len(vertices.ids),
        'edges': len(edges.triples),
        **{key: resolver.count[key] for key in ('items_given', 'items_linked', 'entities_given', 'entities_linked')},
    }
    description = {
        'generator': GENERATOR,
        'inputs': {
            key: {'name': path.name, 'sha256': hashlib.sha256(path.read_bytes()).hexdigest()}
            for key, path in (('conversations', conversations), ('items', items), ('graph', graph))
            if path is not None
        },
        'options': {'split': split, 'valid': valid, 'test': test, 'seed': seed, 'link': link, 'columns': list(columns)},
        'counts': counts,
    }
    files = crslab_files(catalogue, vertices, edges.triples, splits)
    files[DESCRIPTION_FILE] = json.dumps(description, indent=1) + '\n'
    with new_folder(folder) as new:
        for name, text in files.items():
            (new / name).write_text(text, 'utf-8', newline='\n')
    return Prepared(folder, counts, warnings, replaced)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``prepare own`` to a command line."""
    parser.add_argument(
        '--conversations', type=path_argument, required=True, help='JSON Lines file, one conversation per line'
    )
    parser.add_argument(
        '--items', type=path_argument, required=True, help='CSV, TSV or JSON Lines file, one item per row'
    )
    parser.add_argument(
        '--graph',
        type=path_argument,
        help='file with head<TAB>relation<TAB>tail in each line (default: edges from '
        "the items' genres, directors, stars and writers)",
    )
    parser.add_argument(
        '--to', type=path_argument, required=True, help='folder to write; the --data-path of later runs'
    )
    parser.add_argument(
        '--split',
        choices=('random', 'time'),
        default='random',
        help='how conversations are divided; time: the last ones are for test (default: %(default)s)',
    )
    parser.add_argument('--valid', type=float, default=0.1, help='share for validation (default: %(default)s)')
    parser.add_argument('--test', type=float, default=0.1, help='share for test (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=2020, help='seed of the random split (default: %(default)s)')
    parser.add_argument(
        '--columns',
        nargs='+',
        default=[],
        metavar='NAME',
        help='further columns of the items whose values become edges, without --graph',
    )
    parser.add_argument(
        '--no-linking',
        dest='link',
        action='store_false',
        help='take only the items and entities that the turns give, and look for none in the text',
    )
    parser.add_argument('--replace', action='store_true', help='replace an earlier folder of this command')


def run(options: argparse.Namespace) -> int:
    """Prepare a dataset, print a summary, and return the exit status.

    Args:
        options: the values of :func:`add_arguments`.

    Raises:
        UserError: a file or an option has a mistake.
    """
    names = ('conversations', 'items', 'to', 'graph', 'split', 'valid', 'test', 'seed', 'link', 'columns', 'replace')
    prepared = prepare_own(**{name: getattr(options, name) for name in names})
    for warning in prepared.warnings[:MOST_WARNINGS]:
        print(f'warning: {warning}', file=sys.stderr)
    if len(prepared.warnings) > MOST_WARNINGS:
        print(f'warning: {len(prepared.warnings) - MOST_WARNINGS} more warnings are not printed', file=sys.stderr)
    count = prepared.counts
    print(f'{"replaced" if prepared.replaced else "written"}: {prepared.folder}')
    print('conversations: ' + ', '.join(f'{count[name]} {name}' for name in SPLITS))
    print(f'graph: {count["items"]} items, {count["entities"] - count["items"]} other entities, {count["edges"]} edges')
    print(
        'mentions: '
        + ', '.join(
            f'{count[f"{kind}_given"]} {kind} given, {count[f"{kind}_linked"]} found in the text'
            for kind in ('items', 'entities')
        )
    )
    elsewhere = '' if options.to == Path(DATA_PATH) else f' --data-path {shlex.quote(str(options.to))}'
    print(f'to train: crslab-causal run -c {CONFIG}{elsewhere}')
    return 0
