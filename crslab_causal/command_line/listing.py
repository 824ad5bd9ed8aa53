"""The command ``crslab-causal list``: list the models, datasets, configurations and runs."""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.artifacts import BEST_CHECKPOINT, RESULTS
from crslab_causal.base.errors import exit_status
from crslab_causal.config_files import CONFIG_FOLDER, PACKAGE_CONFIG, read_yaml
from crslab_causal.registry import DATASETS, MODELS

FOLDERS_WITHOUT_MODELS = ('base', 'experiments', 'sweeps')
"""Folders of files that do not configure a single run."""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """List models, datasets, configurations or runs, and return the exit status."""
    parser = argparse.ArgumentParser(prog=prog, description='List models, datasets, configurations or runs.')
    parser.add_argument('what', choices=LISTS, help='what to list')
    parser.add_argument(
        '--save-path',
        '--save_path',
        type=path_argument,
        default=Path('save'),
        metavar='FOLDER',
        help='folder of the runs (default: %(default)s)',
    )
    options = parser.parse_args(arguments)
    return exit_status(lambda: _print(options))


def _print(options: argparse.Namespace) -> None:
    table = list(LISTS[options.what](options))
    if options.what == 'runs' and not table:
        print(f'there are no runs in {options.save_path}; --save-path names another folder', file=sys.stderr)
    width = max((len(name) for name, _ in table), default=0)
    for name, text in table:
        print(f'{name:{width}s}  {text}'.rstrip())


def _models(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for model in MODELS.values():
        yield model.name, model.summary


def _datasets(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for dataset in DATASETS.values():
        yield dataset.name, dataset.summary


def _configs(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Yield the name of each configuration, and the first sentence of its first comment."""
    names: dict[str, Path] = {}
    for folder in (Path(CONFIG_FOLDER), PACKAGE_CONFIG):
        for path in sorted(folder.rglob('*.yaml')):
            name = path.relative_to(folder).with_suffix('')
            if name.parts[0] not in FOLDERS_WITHOUT_MODELS:
                names.setdefault(name.as_posix(), path)
    for name, path in sorted(names.items()):
        yield name, _first_sentence(path) or ', '.join(map(str, read_yaml(path).values()))


def _first_sentence(path: Path) -> str:
    """Return the first sentence of the comment at the start of a file; empty if there is no comment."""
    lines = itertools.takewhile(lambda line: line.startswith('#'), path.read_text('utf-8').splitlines())
    text = ' '.join(line.strip('# ') for line in lines)
    match = re.match(r'.*?[.!?](?=\s|$)', text)
    return match.group() if match else text


def _runs(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Yield the folder of each run, its progress, and its recall."""
    for folder in sorted(path.parent for path in options.save_path.glob(f'*/*/{RESULTS}')):
        saved = ', saved' if (folder / BEST_CHECKPOINT).is_file() else ''
        yield str(folder), f'finished{saved}; {_recall(folder / RESULTS)}'
    for path in sorted(options.save_path.glob(f'*/*/{BEST_CHECKPOINT}')):
        if not (path.parent / RESULTS).is_file():
            yield str(path.parent), 'not finished, saved'


def _recall(path: Path) -> str:
    """Return the recall of a run for all labels of the validation and the test split, in percent."""
    try:
        splits = json.loads(path.read_text('utf-8'))['splits']
        scores = {split: splits[split]['all'] for split in ('valid', 'test') if split in splits}
        cutoffs = [metric for metric in next(iter(scores.values())) if metric.startswith('recall@')]
        values = [
            f'{split} {" / ".join(f"{100 * by_metric[metric]:.2f}" for metric in cutoffs)}'
            for split, by_metric in scores.items()
        ]
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration):
        return f'{path.name} is damaged'
    return f'recall@{"/".join(metric.removeprefix("recall@") for metric in cutoffs)}: {", ".join(values)}'


LISTS = {'models': _models, 'datasets': _datasets, 'configs': _configs, 'runs': _runs}
