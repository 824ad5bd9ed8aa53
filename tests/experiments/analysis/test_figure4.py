"""The numbers of Figure 4 in the record of a suite."""

import json
import shutil

import numpy as np
import pytest

from crslab_causal.experiments.analysis.collect import collect
from crslab_causal.experiments.analysis.figure4 import PanelSamples, histogram_record, kl_record
from crslab_causal.experiments.analysis.figure_runs import missing_figure_runs
from crslab_causal.experiments.analysis.previous_results import PreviousReport
from crslab_causal.experiments.analysis.record import read_record
from crslab_causal.experiments.command import runs_to_do
from crslab_causal.experiments.reporting.report import write_tables

ROWS = [
    {'title': 'with', 'id': 'with'},
    {'title': 'without', 'id': 'without', 'set': {'alpha': 0, 'beta': 0, 'rec.optimizer.lr': 0.1}},
]
PANEL = {'title': 'ReDial', 'table': 'main', 'with_': 'with', 'without': 'without', 'split': 'test'}


@pytest.fixture
def make_suite(write_suite, table):
    """Return a suite with two seeds and a figure; keywords are those of the panel."""
    return lambda quick=False, **panel: write_suite(
        [table(rows=ROWS)], figures=[{'name': 'shift', 'panels': [{**PANEL, **panel}]}], quick=quick
    )


@pytest.fixture
def finish(store, execute):
    """Execute the runs that a report of a suite needs."""

    def finish(suite, previous=PreviousReport()):
        todo = store.unfinished(runs_to_do([suite], store, previous))
        for run in todo:
            execute(run)
        return todo

    return finish


def read_lines(store, run, split='test'):
    path = store.folder(run) / f'ranks_{split}.jsonl'
    return [json.loads(line) for line in path.read_text('utf-8').splitlines()]


def count_shifts(pairs):
    """Return the numbers of samples up to rank 50 that rise, stay and fall, from pairs of original and other ranks."""
    shifts = [np.sign(before - after) for before, after in pairs if before <= 50]
    return [shifts.count(1), shifts.count(0), shifts.count(-1)]


def shift_counts(panel):
    return [np.sum(panel.histogram.up), np.sum(panel.histogram.unchanged), np.sum(panel.histogram.down)]


def test_both_readings_are_those_of_the_files_of_the_first_seed(make_suite, store, finish):
    suite = make_suite()
    finish(suite)
    one, two = collect(suite, store).figures
    with_, without = (row.runs[0] for row in suite.tables[0].rows)
    assert (one.name, one.reading) == ('shift_one_model', 'one_model')
    assert (two.name, two.reading) == ('shift_two_models', 'two_models')

    (panel,) = one.panels
    lines = read_lines(store, with_)
    assert panel.runs == [store.folder_name(with_)] and panel.split == 'test' and panel.title == 'ReDial'
    assert shift_counts(panel) == count_shifts([(line['rank'], line['rank_intervened']) for line in lines])
    assert panel.histogram.beyond == panel.histogram.missing == 0
    mean = sum(m * n for row in zip(panel.kl.mean, panel.kl.samples) for m, n in zip(*row) if n) / len(lines)
    assert mean == pytest.approx(np.mean([line['kl'] for line in lines]))

    (panel,) = two.panels
    assert panel.runs == [store.folder_name(with_), store.folder_name(without)]
    original = read_lines(store, without)
    assert [line['label'] for line in original] == [line['label'] for line in lines]  # one order for both runs
    assert shift_counts(panel) == count_shifts([(a['rank'], b['rank']) for a, b in zip(original, lines)])
    assert np.sum(panel.kl.samples) == len(lines) and np.nansum(np.array(panel.kl.mean, float)) > 0


def test_a_figure_waits_for_its_runs_and_their_weights(make_suite, store, finish, execute):
    suite = make_suite()
    with_, without = (row.runs[0] for row in suite.tables[0].rows)
    assert collect(suite, store).figures == []
    execute(with_)
    assert [figure.reading for figure in collect(suite, store).figures] == ['one_model']
    execute(without._replace(save=False))
    assert [figure.reading for figure in collect(suite, store).figures] == ['one_model']
    assert without in finish(suite)
    assert [figure.reading for figure in collect(suite, store).figures] == ['one_model', 'two_models']


def test_extending_a_record_without_figures_runs_only_what_the_figures_need(make_suite, store, finish, tmp_path):
    suite, results = make_suite(), tmp_path / 'results'
    finish(suite)
    whole = collect(suite, store)
    list(write_tables(whole.model_copy(update={'figures': []}), results))
    shutil.rmtree(store.paths.work)

    previous = PreviousReport(results)
    assert [run.seed for run in finish(suite, previous)] == [1, 1]
    extended = collect(suite, store, previous=previous)
    assert extended.figures == whole.figures and extended.tables == whole.tables

    list(write_tables(extended, results))
    shutil.rmtree(store.paths.work)
    previous = PreviousReport(results)
    assert missing_figure_runs(suite, store, previous) == finish(suite, previous) == []
    assert collect(suite, store, previous=previous) == read_record(results / 'suite.json') == extended


def test_recorded_numbers_of_other_runs_or_another_split_are_not_kept(make_suite, store, finish, tmp_path):
    suite, results = make_suite(), tmp_path / 'results'
    finish(suite)
    list(write_tables(collect(suite, store), results))
    previous = PreviousReport(results)
    assert missing_figure_runs(suite, store, previous) == []
    renamed = make_suite(title='ReDial, renamed')
    assert missing_figure_runs(renamed, store, previous) == []
    assert collect(renamed, store, previous=previous).figures[0].panels[0].title == 'ReDial, renamed'
    assert len(missing_figure_runs(make_suite(split='valid'), store, previous)) == 3
    assert len(missing_figure_runs(make_suite(with_='without', without='with'), store, previous)) == 3


def test_a_figure_whose_rows_are_left_out_is_left_out(write_suite, table, store):
    rows = [ROWS[0], {**ROWS[1], 'quick': False}]
    suite = write_suite([table(rows=rows)], figures=[{'name': 'shift', 'panels': [PANEL]}], quick=True)
    assert missing_figure_runs(suite, store, PreviousReport()) == [] == collect(suite, store).figures


def test_numbers_that_are_not_defined_are_none():
    nothing = np.full(3, np.nan)
    ranks = np.array([1.0, 2.0, 3.0])
    samples = PanelSamples(ranks, ranks[::-1], nothing, np.array(['a', 'b', 'b']))
    assert kl_record(samples) is None
    record = kl_record(samples._replace(kl=np.array([0.5, 0.25, 0.75])))
    assert record.mean[0][0] == 0.75 and record.low[0][0] is None and record.mean[0][1] is None
    assert histogram_record(samples).missing == 0 and histogram_record(samples._replace(rank_with=nothing)).missing == 3
