"""The runs that Figure 4 shows, and whether a previous report has its numbers.

This module imports no PyTorch, so that a list of the runs appears at once; :mod:`.figure4` computes the numbers.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence, get_args

from crslab_causal.experiments.analysis.previous_results import PreviousReport
from crslab_causal.experiments.analysis.record import FigureRecord, Reading
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Run, Suite
from crslab_causal.experiments.suite.suite_options import PanelOptions, RankShiftOptions

READINGS: tuple[Reading, ...] = get_args(Reading)


class PanelRuns(NamedTuple):
    """A panel of Figure 4 (one dataset), and the two runs that it compares. They have the first seed of the suite."""

    options: PanelOptions
    with_: Run
    """Run that is trained with the intervention."""
    without: Run
    """Run that is trained without the intervention."""

    def runs(self, reading: Reading) -> tuple[Run, ...]:
        """Return the runs that are needed for one reading of "with intervention", see :mod:`.figure4`."""
        return (self.with_,) if reading == 'one_model' else (self.with_, self.without)


def missing_figure_runs(suite: Suite, store: RunStore, previous: PreviousReport) -> list[Run]:
    """Return the runs that Figure 4 needs and whose numbers the previous report does not contain."""
    runs: list[Run] = []
    for options in suite.options.figures:
        panels = panels_of(suite, options)
        for reading in READINGS:
            if recorded_figure(suite, options, reading, panels, store, previous) is None:
                runs += [run for panel in panels for run in panel.runs(reading)]
    return runs


def panels_of(suite: Suite, options: RankShiftOptions) -> list[PanelRuns]:
    """Return the panels of a figure. The list is empty if ``--quick`` leaves out a row that one of them shows."""
    panels = []
    for panel in options.panels:
        with_, without = (suite.find_row(panel.table, row_id) for row_id in (panel.with_, panel.without))
        if with_ is None or without is None:
            return []
        panels.append(PanelRuns(panel, with_.runs[0], without.runs[0]))
    return panels


def recorded_figure(
    suite: Suite,
    options: RankShiftOptions,
    reading: Reading,
    panels: Sequence[PanelRuns],
    store: RunStore,
    previous: PreviousReport,
) -> FigureRecord | None:
    """Return the numbers of a figure in the previous report; None if they come from other runs or splits."""
    recorded = previous.figure(suite, figure_name(options, reading))
    if recorded is None:
        return None
    recorded_runs = [(panel.split, panel.runs) for panel in recorded.panels]
    if recorded_runs != [(panel.options.split, folder_names(panel, reading, store)) for panel in panels]:
        return None
    return recorded.model_copy(
        update={
            'panels': [
                record.model_copy(update={'title': panel.options.title})
                for record, panel in zip(recorded.panels, panels)
            ]
        }
    )


def folder_names(panel: PanelRuns, reading: Reading, store: RunStore) -> list[str]:
    """Return the folders of the runs that a panel shows, relative to the folder of all runs."""
    return [store.folder_name(run) for run in panel.runs(reading)]


def figure_name(options: RankShiftOptions, reading: Reading) -> str:
    """Return the name of a figure, without suffix, for one reading of "with intervention"."""
    return f'{options.name}_{reading}'
