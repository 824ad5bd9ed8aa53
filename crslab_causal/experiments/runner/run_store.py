"""The runs of suites on disk: their keys, folders and results."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Iterable

from crslab_causal.base import artifacts
from crslab_causal.base.errors import UserError
from crslab_causal.config import Config, Flags
from crslab_causal.experiments.runner.data_digests import DataDigests
from crslab_causal.experiments.runner.paths import RunPaths
from crslab_causal.experiments.suite.suite import Run
from crslab_causal.llm.client.result import MAX_UNANSWERED, UNANSWERED
from crslab_causal.registry import DATASETS, LANGUAGE_MODEL

CHECKPOINT_SECONDS = 120
"""Minimum seconds between two checkpoints. A killed run loses at most this time and the epoch in progress."""
KEY_LENGTH = 12
RESULT_VERSION = 1
"""Version of the results. Increase it when the code changes the scores of a configuration. All earlier runs are then
repeated."""


class RunStore:
    """The runs in a folder: the key and the folder of each run, and the files that the run has written.

    The folder of a run is ``<work>/<dataset>_<model>/<key>_seed<seed>``. The key is a hash of everything that the
    result depends on, except the seed. Equal runs of several tables therefore share one folder.

    Args:
        paths: folders of the data and the runs.
        digests: digests of data folders; None: they are computed when they are first needed.
    """

    def __init__(self, paths: RunPaths, digests: DataDigests | None = None):
        self.paths = paths
        self._digests = digests or DataDigests()
        self._folders: dict[Run, Path] = {}
        self._test_digests: dict[Path, str] = {}

    # ------------------------------------------------------------ keys and folders

    def key(self, run: Run) -> str:
        """Return the key of a run: a hash of its configuration, its data, and :data:`RESULT_VERSION`.

        Only options that differ from their default are part of the hash. A new option therefore changes no key if its
        default keeps the old behaviour.
        """
        changed = run.config.changed()
        if run.recommender is not None:
            changed['recommender'] = f'{self.key(run.recommender)}_seed{run.recommender.seed}'
        content: dict[str, Any] = {'config': changed, 'data': self.data_digest(run.config)}
        if RESULT_VERSION > 1:
            content['computation'] = RESULT_VERSION
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:KEY_LENGTH]

    def folder(self, run: Run) -> Path:
        """Return the folder of a run, whether or not it is finished."""
        if run not in self._folders:
            what = 'corpus' if run.kind == 'corpus' else run.config['model']
            self._folders[run] = self.paths.work / f'{run.config["dataset"]}_{what}' / f'{self.key(run)}_seed{run.seed}'
        return self._folders[run]

    def folder_name(self, run: Run) -> str:
        """Return the folder of a run relative to the folder of all runs. Records use this name."""
        return str(self.folder(run).relative_to(self.paths.work))

    def config(self, run: Run) -> Config:
        """Return the complete configuration of a run, including the paths of its data and its results."""
        from crslab_causal import register

        register()
        settings = [
            *run.settings,
            f'save_path={json.dumps(str(self.paths.work))}',
            f'run_name={json.dumps(self.key(run))}',
            f'data_path={json.dumps(str(self.paths.data_for(run.config)))}',
        ]
        if run.recommender is not None:
            settings.append(f'recommender={json.dumps(str(self.folder(run.recommender)))}')
        if (
            self.paths.llm is not None
            and 'llm' in result_files(run)
            and not any(setting.startswith('llm.mode=') for setting in settings)
        ):
            settings.append(f'llm.mode={self.paths.llm}')
        flags = Flags(
            save_system=run.save,
            checkpoint_seconds=CHECKPOINT_SECONDS,
            write_responses=run.kind == 'generation',  # no other table reads the responses
        )
        return Config(run.config_file, self.paths.gpu, settings, flags)

    # ------------------------------------------------------------ results

    def result(self, run: Run) -> dict | None:
        """Return the results of a finished run; None for a run that is not finished.

        The dictionary is the content of ``results.json`` with the additional key ``folder``, the name of the run's
        folder. The keys ``llm``, ``responses``, ``deconfounding`` and ``corpus`` hold further results, depending on the
        kind of the run.

        Raises:
            UserError: a file is damaged.
        """
        folder, files = self.folder(run), result_files(run)
        if not all((folder / name).is_file() for name in files.values()):
            return None
        parts = {part: _read(folder / name) for part, name in files.items()}
        if 'llm' in parts and count_unanswered(parts['llm']) > MAX_UNANSWERED * parts['llm']['llm']['samples']:
            return None  # too many of the scores would be those of the recommender
        return {**parts.pop('recommender', {}), **parts, 'folder': self.folder_name(run)}

    def official_result(self, run: Run) -> dict | None:
        """Return the results of a run with its scores on the official test file of its dataset.

        The key of a run does not depend on that file. Another file therefore needs another scoring, but no training.

        Returns:
            As :meth:`result`; None if the run is not finished, or was not scored on the file as it is now.

        Raises:
            UserError: a file is damaged, or the official test file does not exist.
        """
        results, path = self.result(run), self.folder(run) / artifacts.OFFICIAL_RESULTS
        if results is None or not path.is_file():
            return None
        scored, test = _read(path), self.paths.official_test(run.config)
        if test is not None and scored['test_sha256'] != self.official_digest(test):
            return None
        splits = {**results['splits'], 'official': scored['scores']}
        return {**results, 'splits': splits, 'times_scored': scored['count']}

    def official_digest(self, test: Path) -> str:
        """Return the SHA-256 of an official test file.

        Raises:
            UserError: the file does not exist.
        """
        if test not in self._test_digests:
            if not test.is_file():
                raise UserError(f'{test}: does not exist; name the folder of the official test files with --official')
            self._test_digests[test] = hashlib.sha256(test.read_bytes()).hexdigest()
        return self._test_digests[test]

    def is_finished(self, run: Run) -> bool:
        """Return whether a run has all its results."""
        return self.result(run) is not None

    def has_weights(self, run: Run) -> bool:
        """Return whether the weights of a run were saved."""
        return (self.folder(run) / artifacts.BEST_CHECKPOINT).is_file()

    def ranks_path(self, folder_name: str, split: str) -> Path:
        """Return the path of the ranks of a split in the folder of a run."""
        return self.paths.work / folder_name / artifacts.ranks_file(split)

    def llm_ranks_path(self, folder_name: str, split: str) -> Path:
        """Return the path of the ranks in the answers of a language model in the folder of a run."""
        return self.paths.work / folder_name / artifacts.llm_ranks_file(split)

    def missing_answers(self, run: Run) -> str | None:
        """Return how many answers of a language model an unfinished run lacks, as text.

        It is None if the run has not requested any.
        """
        path = self.folder(run) / result_files(run).get('llm', '')
        if not path.is_file() or self.is_finished(run):
            return None
        results = _read(path)
        return f'{count_unanswered(results)} of {results["llm"]["samples"]} samples have no answer'

    def unfinished(self, runs: Iterable[Run]) -> list[Run]:
        """Return the runs that still have to be executed, each once.

        Equal runs of several tables become one run, which scores and saves everything that any of the tables needs.
        """
        merged: dict[Path, Run] = {}
        for run in runs:
            other = merged.setdefault(self.folder(run), run)
            kind = run.kind if other.kind == 'recommendation' else other.kind  # all kinds score the recommender too
            merged[self.folder(run)] = run._replace(kind=kind, save=run.save or other.save)
        return [run for run in merged.values() if not self.is_finished(run) or (run.save and not self.has_weights(run))]

    # ------------------------------------------------------------ data

    def missing_data(self, run: Run) -> str | None:
        """Return a text that names the missing data files of a run; None if no file is missing.

        No download is started, because hundreds of runs may lack the same data. The text names the command.
        """
        folder, entry = self._data_folder(run.config), DATASETS[run.config['dataset']]
        if folder is None:
            return None
        missing = [file for file in entry.file_names() if not (folder / file).is_file()]
        if not missing:
            return None
        command = f'run `crslab-causal prepare {entry.folder}`, or ' if run.config.run.tokenize == 'nltk' else ''
        return f'{entry.name}: {folder} lacks {", ".join(missing)}; {command}name the data with --data-path'

    def data_digest(self, config: Config) -> str | None:
        """Return the digest of the data; None for a demo corpus, which the configuration determines."""
        folder = self._data_folder(config)
        if folder is None:
            return None
        return self._digests.digest(folder, config.dataset_entry.file_names())

    def _data_folder(self, config: Config) -> Path | None:
        if config.dataset_entry.generated:
            return None
        return self.paths.data_path / config.dataset_entry.folder / config.run.tokenize


def result_files(run: Run) -> dict[str, str]:
    """Return the files of results that a finished run has, as a dict from the kind of result to the name of the file.

    The kinds are ``recommender``, ``llm``, ``responses``, ``deconfounding`` and ``corpus``, as far as the run has them.
    """
    if run.kind == 'corpus':
        return {'corpus': artifacts.CORPUS}
    files = {'recommender': artifacts.RESULTS}
    if run.config['model'] == LANGUAGE_MODEL:
        files['llm'] = artifacts.LLM_RESULTS
    elif run.kind == 'generation':
        files['responses'] = artifacts.GENERATION_RESULTS
    if run.kind == 'deconfounding':
        files['deconfounding'] = artifacts.DECONFOUNDING
    return files


def count_unanswered(llm_results: dict) -> int:
    """Return the number of samples without an answer of the language model, from ``llm_results.json``."""
    return sum(llm_results['llm']['statuses'].get(status, 0) for status in UNANSWERED)


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text('utf-8'))
    except ValueError as error:
        raise UserError(f'{path}: damaged; remove it to repeat the run') from error
