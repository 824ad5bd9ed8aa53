"""``crslab-causal batch``: import the answers of a Batch API into a store."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.errors import IncompleteRun, UserError, exit_status


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Import answers, print how many there are, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Import the answers of a Batch API into a store. A run with `--set llm.batch=REQUESTS` writes the '
        'requests.',
    )
    parser.add_argument('requests', type=path_argument, help='file that a run with llm.batch has written')
    parser.add_argument('results', type=path_argument, nargs='+', help='files that the Batch API has returned')
    parser.add_argument('--store', type=path_argument, required=True, help='file of llm.store')
    flags = parser.parse_args(arguments)
    return exit_status(lambda: _import(flags.requests, flags.results, flags.store))


def _import(requests: Path, results: list[Path], store_path: Path) -> None:
    from crslab_causal.llm.client.batch import import_results
    from crslab_causal.llm.client.store import Store

    for path in (requests, *results):
        if not path.is_file():  # now, because opening the store makes its file
            raise UserError(f'{path}: no such file; name the files of the batch')
    store = Store(store_path)
    try:
        done = import_results(requests, results, store)
    finally:
        store.close()
    print(f'{done.added} answers added to {store_path}, {done.known} were there already')
    for reason, n in done.failed.most_common():
        print(f'{n} requests failed: {reason}')
    if done.missing:
        print(f'{done.missing} requests are not in the results')
    if done.refused:
        print(f'the service refuses {", ".join(done.refused)}: the next batch that is written leaves this out')
    n_lacking = done.missing + done.failed.total()
    if n_lacking:
        raise IncompleteRun(
            f'{n_lacking} requests have no answer; write them to a new batch, or let a live run send them'
        )
