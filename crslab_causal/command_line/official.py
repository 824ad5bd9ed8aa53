"""The command ``crslab-causal official``: score a saved run on another test file, and log the scores."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.errors import UserError, exit_status

if TYPE_CHECKING:
    from crslab_causal.config import Config
    from crslab_causal.data.dataset.base import MentionDataset
    from crslab_causal.system.causal import CausalSystem

LOG = Path('results', 'official_log.jsonl')
"""Log of all scores on official test files, with one line for each."""
PLACES = ('config', 'seed', 'test_sha256')
"""Fields of the log that identify a configuration and a test file. Lines that agree in them are counted together."""
NO_MATTER = ('data_path', 'save_path', 'run_name')
"""Keys of a configuration that do not change the scores."""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Score a saved run on another test file. Return the exit status: 0, or 2 for a mistake of the user."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Score a saved run on another test file, such as the official test set, and append a line to a '
        'log. Nothing is trained. Choose nothing by these scores.',
    )
    parser.add_argument('-c', '--config', required=True, help='configuration of the saved run')
    parser.add_argument(
        '--test_data', '--test-data', required=True, type=path_argument, help='test_data.json to score on'
    )
    parser.add_argument('--seed', type=int, help='seed of the run (default: that of the configuration)')
    parser.add_argument('--set', action='append', default=[], metavar='KEY=VALUE', help='override a key of the run')
    parser.add_argument(
        '--data_path', '--data-path', type=path_argument, help='folder of the data that the run was trained on'
    )
    parser.add_argument('--log', type=path_argument, default=LOG, help='file to append to (default: %(default)s)')
    flags = parser.parse_args(arguments)
    return exit_status(lambda: _score(flags))


def _score(flags: argparse.Namespace) -> None:
    from crslab_causal.base.provenance import provenance

    commit = check_frozen(provenance()['git_commit'])
    settings = list(flags.set)
    if flags.seed is not None:
        settings.append(f'seed={flags.seed}')
    if flags.data_path is not None:
        settings.append(f'data_path={json.dumps(str(flags.data_path))}')
    if not flags.test_data.is_file():
        raise UserError(f'{flags.test_data}: does not exist; name a test_data.json')
    entry = score_run(flags.config, settings, flags.test_data)
    append_entry(flags.log, {'commit': commit} | entry)


def check_frozen(commit: str | None) -> str:
    """Return the git commit of the code.

    Raises:
        UserError: the code is not in a git checkout, or it has changes that are not committed.
    """
    if commit is None:
        raise UserError('the code is no git checkout, so that no commit can be logged; run the command in a clone')
    if ' ' in commit:
        raise UserError('the code or a configuration has changes that are not committed; commit them before you score')
    return commit


class LoadedRun(NamedTuple):
    """A saved run with its training data and the weights of its best epoch."""

    config_file: Path
    config: Config
    dataset: MentionDataset
    system: CausalSystem


def load_run(config_name: str, settings: list[str]) -> LoadedRun:
    """Load a saved run.

    Raises:
        UserError: there is no such run, or it was trained on other data.
    """
    from loguru import logger

    from crslab_causal import register
    from crslab_causal.base.data_path import DATA_PATH
    from crslab_causal.config import Config
    from crslab_causal.config_files import find_config
    from crslab_causal.quick_start import assemble
    from crslab_causal.system.run_folder import check_saved

    register()
    from crslab_causal.crslab_compat import get_dataset, use_directories

    logger.remove()
    config_file = find_config(config_name)
    config = Config(config_file, settings=settings)
    check_saved(config)
    use_directories(config.run.data_path or DATA_PATH, config.run.save_path)
    dataset = get_dataset(config, config.run.tokenize, False, False)
    system = assemble(config, dataset)
    system.load_best()
    return LoadedRun(config_file, config, dataset, system)


def score_samples(run: LoadedRun, samples: list[Any], source: object, split: str) -> tuple[dict[str, Any], list[Any]]:
    """Score a run on samples of its dataset. Its evaluator keeps the ranks.

    Args:
        run: the run.
        samples: its samples.
        source: where they come from, for the message.
        split: name for the scores.

    Returns:
        The scores, and the samples with a label that were scored.

    Raises:
        UserError: no sample has a label.
    """
    from crslab_causal.crslab_compat import get_dataloader

    dataloader = get_dataloader(run.config, samples, run.dataset.vocab)
    if run.system.confounder is not None:
        dataloader.stratify(run.system.confounder)
    if not len(dataloader):
        raise UserError(f"{source}: no recommender's turn names an item")
    scores = run.system.evaluation.evaluate(split, dataloader.to(run.system.device), report=False)
    return scores, list(dataloader.samples)


def score_run(config_name: str, settings: list[str], test_data: Path) -> dict[str, Any]:
    """Score the best weights of a saved run on a test file, and return the fields of a line of the log.

    Raises:
        UserError: there is no such run, it was trained on other data, or the file does not fit its data.
    """
    from crslab_causal.base.artifacts import RESULTS
    from crslab_causal.system.run_folder import run_folder

    run = load_run(config_name, settings)
    config = run.config
    samples, left_out = known_samples(run.dataset, test_data)
    scores, scored = score_samples(run, samples, test_data, 'official')
    trained = json.loads((run_folder(config) / RESULTS).read_text('utf-8')).get('git_commit')
    return {
        'time': datetime.now(UTC).isoformat(timespec='seconds'),
        'configuration': run.config_file.stem,
        'config': config_hash(config),
        'seed': config.run.seed,
        'trained_at_commit': trained,
        'test_sha256': hashlib.sha256(test_data.read_bytes()).hexdigest(),
        'samples': len(scored),
        'mentions_left_out': left_out,
        'scores': scores,
    }


def known_samples(dataset: MentionDataset, path: Path) -> tuple[list[Any], int]:
    """Return the samples of a test file without mentions that the dataset does not know.

    The second value is the number of these mentions.
    """
    side_data = dataset.side_data
    known = {*side_data['item_entity_ids'], *side_data['mentioned_entity_ids']}
    samples, unknown = [], 0
    for sample in dataset.read_other_test(path):
        changed: dict[str, Any] = dict(sample)
        for key in ('context_entities', 'context_mentions'):
            changed[key] = [entity for entity in sample[key] if entity in known]  # type: ignore[literal-required]
        unknown += len(sample['context_mentions']) - len(changed['context_mentions'])
        samples.append(changed)
    return samples, unknown


def config_hash(config: Config) -> str:
    """Return a hash of all keys of a configuration that can change its scores."""
    keys = {key: value for key, value in config.changed().items() if key not in NO_MATTER}
    return hashlib.sha256(json.dumps(keys, sort_keys=True, default=str).encode()).hexdigest()[:12]


def append_entry(log: Path, entry: dict[str, Any]) -> None:
    """Append a line to the log, and add how many times the configuration was scored on this file.

    Raises:
        UserError: the log is damaged.
    """
    earlier = []
    if log.is_file():
        for number, line in enumerate(log.read_text('utf-8').splitlines(), start=1):
            try:
                earlier.append(json.loads(line))
            except ValueError as error:
                raise UserError(f'{log}, line {number}: damaged; restore it') from error
    same = [line for line in earlier if all(line.get(key) == entry[key] for key in PLACES)]
    entry = {**entry, 'count': len(same) + 1}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('a', encoding='utf-8') as file:
        file.write(json.dumps(entry, ensure_ascii=False) + '\n')
    print(
        f'{entry["configuration"]}, seed {entry["seed"]}: {entry["samples"]} samples, scored {entry["count"]} time(s)'
    )
    print(f'appended: {log}')
