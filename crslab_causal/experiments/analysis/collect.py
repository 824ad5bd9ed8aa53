"""Collect all numbers of a suite's tables and figures from its finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping

import numpy as np

from crslab_causal.experiments.analysis.cases import case_records
from crslab_causal.experiments.analysis.figure4 import figure_records
from crslab_causal.experiments.analysis.official_case import official_case
from crslab_causal.experiments.analysis.previous_results import PreviousReport, PreviousTable
from crslab_causal.experiments.analysis.record import (
    FAILED,
    NEEDS_LLM,
    Intervals,
    MeanRecord,
    RowRecord,
    Scores,
    SuiteRecord,
    TableRecord,
    Tests,
)
from crslab_causal.experiments.analysis.scores import RowResults, RunResult, groups_of
from crslab_causal.experiments.analysis.significance import (
    interval_runs,
    mean_tests,
    row_intervals,
    row_tests,
    with_scores_of_ranks,
)
from crslab_causal.experiments.runner.dataset_cache import DatasetCache
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Run, Suite, Table
from crslab_causal.experiments.suite.suite_options import OFFICIAL

TABLE_OPTIONS = ('name', 'title', 'kind', 'seeded', 'split', 'metrics', 'reference', 'readme', 'sweep')
"""Options of a table that are copied into its record."""


def collect(
    suite: Suite,
    store: RunStore,
    failures: Mapping[Path, str] | None = None,
    previous: PreviousReport | None = None,
    log: Path | None = None,
) -> SuiteRecord:
    """Return the record of a suite: all numbers of its tables, examples and figures, as they are written to JSON.

    Args:
        suite: the suite.
        store: folders of the runs.
        failures: reason why a run has failed, by the folder of the run.
        previous: previous report. Its results are kept; they are not read from the runs again.
        log: file that lists all uses of the official test files. None: the example of the official test set is copied
            from ``previous``.
    """
    previous = previous or PreviousReport()
    datasets = DatasetCache()
    return SuiteRecord(
        name=suite.name,
        title=suite.options.title,
        about=suite.options.about.strip(),
        tables=[_table_record(table, store, failures or {}, previous.table(suite, table)) for table in suite.tables],
        cases=[
            record
            for case in suite.options.cases
            for record in (
                case_records(case, suite, store, datasets, previous.cases(suite, case))
                if case.conversation is None
                else official_case(case, suite, store, datasets, previous.cases(suite, case), log)
            )
        ],
        figures=list(figure_records(suite, store, datasets, previous)),
    )


def _table_record(table: Table, store: RunStore, failures: Mapping[Path, str], previous: PreviousTable) -> TableRecord:
    rows = [
        RowResults(
            row, tuple(result for run in row.runs if (result := _run_result(run, table, store, previous)) is not None)
        )
        for row in table.rows
        if not row.options.hidden
    ]
    tests = row_tests(rows, table, store, previous)
    return TableRecord(
        **{name: getattr(table.options, name) for name in TABLE_OPTIONS},
        groups=groups_of(table),
        rows=[
            _row_record(
                row,
                table,
                _note(row, store, failures),
                own_tests,
                own_intervals,
                interval_runs(row, table, store, previous),
            )
            for row, own_tests, own_intervals in zip(rows, tests, row_intervals(rows, table, store, previous))
        ],
        means=_means(rows, table),
        data=_data(rows, store),
    )


def _data(rows: list[RowResults], store: RunStore) -> dict[str, str]:
    """Return the digest of the files of each dataset on which a row with results was run, by name of the dataset.

    A result of an earlier record comes from the same data, because the digest is part of the name of its folder.
    """
    runs = [run for row in rows if row.results for run in row.row.runs]
    digests = {run.config['dataset']: store.data_digest(run.config) for run in runs}
    return {dataset: digest for dataset, digest in digests.items() if digest is not None}


def _run_result(run: Run, table: Table, store: RunStore, previous: PreviousTable) -> RunResult | None:
    """Return the result of a run; None if the run is not finished.

    A result in the previous report is used even if the folder of the run exists, because another CPU may have rounded
    differently.
    """
    recorded = previous.results.get(store.folder_name(run))
    if recorded is not None:
        return recorded
    results = store.official_result(run) if table.options.split == OFFICIAL else store.result(run)
    if results is None:
        return None
    result = RunResult.from_files(results, table)
    if 'llm' in results:  # its file of ranks is that of the recommender before re-ranking
        return result
    return with_scores_of_ranks(result, store.ranks_path(result.folder, table.options.split), table)


def _row_record(
    row: RowResults,
    table: Table,
    note: str | None,
    tests: Tests,
    intervals: Intervals | None,
    n_interval_runs: int | None,
) -> RowRecord:
    options = row.row.options
    scores: Scores = (
        {
            group: {
                metric: [result.score(group, metric) for result in row.results]
                for metric in table.options.metrics
                if options.metrics is None or metric in options.metrics
            }
            for group in groups_of(table)
        }
        if row.results
        else {}
    )
    return RowRecord(
        title=options.title,
        id=options.id,
        x=row.row.x,
        series=row.row.series,
        reported=options.reported,
        source=options.source,
        runs=[result.about for result in row.results],
        scores=scores,
        note=note,
        tests=tests,
        **({} if options.footnote is None else {'footnote': options.footnote}),
        **({} if intervals is None else {'intervals': intervals}),
        **({} if intervals is None or n_interval_runs is None else {'interval_runs': n_interval_runs}),
    )


def _note(row: RowResults, store: RunStore, failures: Mapping[Path, str]) -> str | None:
    """Return the reason why a row has no scores, or the scores of some seeds only; None if it has all scores."""
    options, runs = row.row.options, row.row.runs
    if options.reported is not None or len(row.results) == len(runs) > 0:
        return None
    reasons = [failures[folder] for run in runs if (folder := store.folder(run)) in failures]
    if reasons:
        return f'{FAILED}{reasons[0]}'
    if row.results:
        return f'{len(row.results)} of {len(runs)} seeds'
    missing_answers = next(filter(None, map(store.missing_answers, runs)), None)
    if missing_answers is not None:
        return f'{NEEDS_LLM}: {missing_answers}'
    return NEEDS_LLM if options.needs == 'llm' else 'not run'


def _means(rows: list[RowResults], table: Table) -> list[MeanRecord]:
    """Return for each series its mean scores over the values of the sweep, one for each seed, and their tests."""
    series: dict[str, list[RowResults]] = {}
    for row in rows:
        if row.row.series:
            series.setdefault(row.row.series, []).append(row)
    reference = None
    if table.options.reference is not None:
        ids = {members[0].row.options.id: title for title, members in series.items()}
        reference = ids.get(table.options.reference)
    scores = {
        title: {metric: _seed_means(members, metric) for metric in table.options.metrics}
        for title, members in series.items()
    }
    tests = {} if reference is None else mean_tests(scores, reference, paired=bool(table.options.seeded))
    return [
        MeanRecord(
            title=title,
            reference=title == reference,
            reported=None,
            scores={'all': {metric: list(by_seed.values()) for metric, by_seed in scores[title].items()}},
            tests=tests.get(title, {}),
        )
        for title in series
    ]


def _seed_means(rows: list[RowResults], metric: str) -> dict[int, float]:
    """Return the mean score over the rows, by seed. Seeds that a row lacks are left out."""
    by_row = [
        {
            result.seed: score
            for result in row.results
            if result.seed is not None and (score := result.score('all', metric)) is not None
        }
        for row in rows
    ]
    seeds = [seed for seed in by_row[0] if all(seed in scores for scores in by_row)]
    return {seed: float(np.mean([scores[seed] for scores in by_row])) for seed in seeds}
