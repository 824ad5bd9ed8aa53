"""Scores of the runs of suites on the official test files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Iterator

from crslab_causal.experiments.runner.dataset_cache import DatasetCache
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Run
from crslab_causal.official_scores import score_and_log


def score_missing(runs: Iterable[Run], store: RunStore, log: Path) -> Iterator[tuple[Run, dict[str, Any]]]:
    """Score the finished runs that were not yet scored on the official test file, and yield each with its line.

    Raises:
        UserError: see :func:`score_and_log`; or an official test file does not exist.
    """
    datasets = DatasetCache()
    for run in runs:
        test = store.paths.official_test(run.config)
        if test is None or not store.is_finished(run) or store.official_result(run) is not None:
            continue
        store.official_digest(test)  # says in one line if the file does not exist
        config = store.config(run)
        about = {'configuration': run.config_file.stem, 'settings': list(run.settings), 'run': store.folder_name(run)}
        yield run, score_and_log(config, datasets.load(config), test, log, about, keep=True)
