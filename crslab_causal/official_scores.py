"""Scores of trained runs on another test file, such as the official test set, and the log of these scores.

Nothing is trained here. Each score is one line of the log, so that everybody can see how often a file was used.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crslab_causal.base.artifacts import OFFICIAL_RESULTS, RESULTS, ranks_file
from crslab_causal.base.errors import UserError
from crslab_causal.base.files import replace_file
from crslab_causal.base.json_lines import read_json_lines
from crslab_causal.base.provenance import provenance

if TYPE_CHECKING:
    from crslab_causal.config import Config
    from crslab_causal.data.dataset.base import MentionDataset

LOG = Path('results', 'official_log.jsonl')
"""Log of all scores on official test files, a line each."""
PLACES = ('config', 'seed', 'test_sha256')
"""Fields by which scores of one configuration on one file are counted."""
NO_MATTER = ('data_path', 'save_path', 'run_name')
"""Keys of a configuration that change no score."""
CUTOFFS = (1, 3, 5, 10, 25, 50)
"""Cutoffs of the paper's Tables 2, 3 and 6, at which every run is scored besides its own."""


def check_frozen(commit: str | None) -> str:
    """Return the commit of the code.

    Raises:
        UserError: the code is not in a git repository, or has changes that are not committed.
    """
    if commit is None:
        raise UserError(
            'the code is not in a git repository, so its commit cannot be logged; run the command in a clone'
        )
    if ' ' in commit:
        raise UserError('the code or a configuration has changes that are not committed; commit them before you score')
    return commit


def score_and_log(
    config: Config, dataset: MentionDataset, test_data: Path, log: Path, about: dict[str, Any], keep: bool = False
) -> dict[str, Any]:
    """Score the best weights of a saved run on a test file, append a line to the log, and return the line.

    Args:
        config: configuration of the saved run.
        dataset: the dataset that the run was trained on.
        test_data: the test file.
        log: file to append to.
        about: further content of the line, such as the name of the configuration.
        keep: whether to write the scores and the ranks into the folder of the run.

    Raises:
        UserError: the code has changes that are not committed, there is no such run, it was trained on other data, the
            file does not fit its data, or the log is damaged.
    """
    from crslab_causal.evaluator.report import save_records
    from crslab_causal.system.run_folder import check_saved, weights_folder

    commit = check_frozen(provenance()['git_commit'])
    check_saved(config)
    read_log(log)  # a damaged log is noticed before the test file is used
    scores, ranks, samples, left_out = _score(config, dataset, test_data)
    folder = weights_folder(config)
    trained = json.loads((folder / RESULTS).read_text('utf-8')).get('git_commit')
    entry = append_entry(
        log,
        {
            'commit': commit,
            'time': datetime.now(UTC).isoformat(timespec='seconds'),
            **about,
            'config': config_hash(config),
            'seed': config.run.seed,
            'trained_at_commit': trained,
            'test_sha256': hashlib.sha256(test_data.read_bytes()).hexdigest(),
            'samples': samples,
            'mentions_left_out': left_out,
            'scores': scores,
        },
    )
    if keep:
        save_records(folder / ranks_file('official'), ranks)
        replace_file(folder / OFFICIAL_RESULTS, json.dumps(entry, indent=1) + '\n')
    return entry


def log_display(log: Path, test_data: Path, conversation: str, turn: int, systems: list[str]) -> None:
    """Append a line to the log about a turn of a test file that is only shown."""
    about = {'conversation': conversation, 'turn': turn, 'systems': systems}
    log_use(
        log,
        'display only; nothing is scored or chosen',
        about,
        hashlib.sha256(test_data.read_bytes()).hexdigest(),
    )


def log_use(log: Path, use: str, about: dict[str, Any], test_sha256: str) -> None:
    """Append a line to the log about a use of a test file in which no run is scored.

    Args:
        log: file to append to.
        use: what the file is used for.
        about: further content of the line.
        test_sha256: hash of the test file.

    Raises:
        UserError: the code has changes that are not committed.
    """
    line = {
        'commit': check_frozen(provenance()['git_commit']),
        'time': datetime.now(UTC).isoformat(timespec='seconds'),
        'use': use,
        **about,
        'test_sha256': test_sha256,
    }
    _append(log, line)


def _append(log: Path, line: dict[str, Any]) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('a', encoding='utf-8') as file:
        file.write(json.dumps(line, ensure_ascii=False) + '\n')


def _score(
    config: Config, dataset: MentionDataset, test_data: Path
) -> tuple[dict[str, Any], list[dict[str, Any]], int, int]:
    """Return the scores of a run, its ranks, the number of samples, and the number of mentions that were left out."""
    from crslab_causal.quick_start import assemble
    from crslab_causal.saved_run import score_samples

    samples, left_out = known_samples(dataset, test_data)
    system = assemble(config, dataset)
    system.load_best()
    evaluator = system.evaluation.evaluator
    evaluator.cutoffs = sorted({*evaluator.cutoffs, *CUTOFFS})
    scores, scored = score_samples(config, dataset, system, samples, test_data, 'official')
    ranks = list(evaluator.records(scored, dataset.side_data.get('display_names', {})))
    return scores, ranks, len(scored), left_out


def known_samples(dataset: MentionDataset, path: Path) -> tuple[list[Any], int]:
    """Return the samples of a test file without mentions that the dataset does not know, and how many these are."""
    side_data = dataset.side_data
    known = {*side_data['item_entity_ids'], *side_data['mentioned_entity_ids']}
    samples, unknown = [], 0
    for sample in dataset.read_other_test(path):
        is_known = [entity in known for entity in sample['context_mentions']]
        changed: dict[str, Any] = dict(sample)
        changed['context_entities'] = [entity for entity in sample['context_entities'] if entity in known]
        for key in ('context_mentions', 'context_mention_roles'):  # the two lists stay parallel
            changed[key] = list(compress(changed[key], is_known))
        unknown += is_known.count(False)
        samples.append(changed)
    return samples, unknown


def config_hash(config: Config) -> str:
    """Return a hash of all keys of a configuration that may change its scores.

    The folder of a recommender that the run takes counts by its name alone.
    """
    keys = {key: value for key, value in config.changed().items() if key not in NO_MATTER}
    if keys.get('recommender') is not None:
        keys['recommender'] = Path(keys['recommender']).name
    return hashlib.sha256(json.dumps(keys, sort_keys=True, default=str).encode()).hexdigest()[:12]


def read_log(log: Path) -> list[dict[str, Any]]:
    """Return the lines of the log; none if it does not exist.

    Raises:
        UserError: the log is damaged.
    """
    if not log.is_file():
        return []
    return [line for _, line in read_json_lines(log, dict[str, Any], 'restore the log', skip_blank=False)]


def append_entry(log: Path, entry: dict[str, Any]) -> dict[str, Any]:
    """Append a line to the log, with the number of times that the configuration was scored on the file; return it.

    Raises:
        UserError: the log is damaged.
    """
    earlier = read_log(log)
    same = [line for line in earlier if all(line.get(key) == entry[key] for key in PLACES)]
    entry = {**entry, 'count': len(same) + 1}
    _append(log, entry)
    return entry
