"""From finished runs to the record of a suite, which is all that its pages are rendered from."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, Mapping

import numpy as np

from crslab_causal.experiments.analysis.cases import case_records
from crslab_causal.experiments.analysis.previous_results import Earlier, EarlierTable
from crslab_causal.experiments.analysis.scores import Found, Result, groups_of
from crslab_causal.experiments.analysis.significance import mean_tests, row_tests
from crslab_causal.experiments.runner.runs import Place, folder_of, result_of, waiting
from crslab_causal.experiments.suite.suite import Run, Suite, Table

NEEDS_LLM = 'needs an LLM'


def collect(suite: Suite, place: Place, failures: Mapping[Path, str] | None = None,
            earlier: Earlier = Earlier()) -> dict:
    """The record of a suite, which is all that its tables are rendered from.

    Args:
        suite: with its runs spelt out.
        place: of the runs.
        failures: reasons by folder, for rows that have no result.
        earlier: a report whose runs stand for those that are not at hand.
    """
    return {'name': suite.name, 'title': suite.options.title, 'about': suite.options.about.strip(),
            'tables': [_table_record(table, place, failures or {}, earlier.table(suite, table)) for table in suite.tables],
            'cases': list(_cases(suite, place, earlier))}


def _cases(suite: Suite, place: Place, earlier: Earlier) -> Iterator[dict]:
    for options in suite.options.cases:
        yield from case_records(options, suite, place, earlier.cases(suite, options))


def _table_record(table: Table, place: Place, failures: Mapping[Path, str], earlier: EarlierTable) -> dict:
    found = [Found(row, tuple(result for run in row.runs if (result := _result(run, table, place, earlier)) is not None))
             for row in table.rows if not row.options.hidden]
    options = table.options
    rows = [{**_row_record(f, table), 'note': _note(f, place, failures)} for f in found]
    for row, tests in zip(rows, row_tests(found, table, place, earlier)):
        row['tests'] = tests
    return {**options.model_dump(include={'name', 'title', 'kind', 'split', 'metrics', 'reference', 'readme', 'seeded'}),
            'groups': groups_of(table),
            'sweep': options.sweep and options.sweep.model_dump(), 'rows': rows, 'means': _means(found, table)}


def _result(run: Run, table: Table, place: Place, earlier: EarlierTable) -> Result | None:
    """What an earlier table says of a run stays, though another make of CPU may round otherwise."""
    recorded = earlier.result(run, place)
    if recorded is not None:
        return recorded
    found = result_of(run, place)
    return None if found is None else Result.of(found, table)


def _row_record(found: Found, table: Table) -> dict:
    options = found.row.options
    record = {'title': options.title, 'id': options.id, 'x': found.row.x,
              'series': found.row.series, 'reported': options.reported, 'source': options.source,
              'runs': [dict(result.about) for result in found.results]}
    record['scores'] = {group: {metric: [result.score(group, metric) for result in found.results]
                                for metric in table.options.metrics
                                if options.metrics is None or metric in options.metrics}
                        for group in groups_of(table)} if found.results else {}
    return record


def _note(found: Found, place: Place, failures: Mapping[Path, str]) -> str | None:
    """Why a row has no numbers, or fewer than it should have."""
    options = found.row.options
    if options.reported is not None or len(found.results) == len(found.row.runs) > 0:
        return None
    reasons = [failures[folder] for run in found.row.runs if (folder := folder_of(run, place)) in failures]
    if reasons:
        return f'failed: {reasons[0]}'
    if found.results:
        return f'{len(found.results)} of {len(found.row.runs)} seeds'
    if (said := next(filter(None, (waiting(run, place) for run in found.row.runs)), None)) is not None:
        return f'{NEEDS_LLM}: {said}'
    return NEEDS_LLM if options.needs == 'llm' else 'not run'


def _means(found: list[Found], table: Table) -> list[dict]:
    """For each series of a grid its mean over the values of the sweep, which is one number for each seed, and its tests."""
    series: dict[str, list[Found]] = {}
    for f in found:
        if f.row.series:
            series.setdefault(f.row.series, []).append(f)
    wanted = table.options.reference
    reference = next((name for name, own in series.items() if own[0].row.options.id == wanted is not None), None)
    scores = {name: {metric: _seed_means(own, metric) for metric in table.options.metrics}
              for name, own in series.items()}
    tests = {} if reference is None else mean_tests(scores, reference, paired=bool(table.options.seeded))
    return [{'title': name, 'reference': name == reference, 'reported': None,
             'scores': {'all': {metric: list(by_seed.values()) for metric, by_seed in scores[name].items()}},
             'tests': tests.get(name, {})} for name in series]


def _seed_means(found: list[Found], metric: str) -> dict[int, float]:
    """Of each seed that all rows have."""
    by_row = [{result.seed: result.score('all', metric) for result in f.results} for f in found]
    seeds = [seed for seed in by_row[0] if all(own.get(seed) is not None for own in by_row)]
    return {seed: float(np.mean([own[seed] for own in by_row])) for seed in seeds}
