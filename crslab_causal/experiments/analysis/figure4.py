r"""Compute the numbers of Figure 4 (Section 5): how the intervention shifts ranks, and the divergence by rank.

The paper's "with intervention" can be read in two ways. The figure is made for both:

- ``one_model`` compares the ranks of one model by p and, after the intervention, by :math:`\bar p`. The divergence is
  :math:`\mathrm{KL}(\bar p \| p)` of Eq 8.
- ``two_models`` compares a model that is trained without the causal loss and a model that is trained with it. The
  divergence is :math:`\mathrm{KL}(p_\mathrm{with} \| p_\mathrm{without})`. It needs the weights of both models.

All numbers come from the runs with the first seed.
"""

from __future__ import annotations

from typing import Iterator, NamedTuple, Sequence

import numpy as np

from crslab_causal.experiments.analysis.divergence import divergence
from crslab_causal.experiments.analysis.figure_runs import (
    READINGS,
    PanelRuns,
    figure_name,
    folder_names,
    panels_of,
    recorded_figure,
)
from crslab_causal.experiments.analysis.previous_results import PreviousReport
from crslab_causal.experiments.analysis.ranks import LabelRanks, align, read_ranks
from crslab_causal.experiments.analysis.record import FigureRecord, HistogramRecord, KLRecord, PanelRecord, Reading
from crslab_causal.experiments.analysis.shifts import kl_by_rank, largest_fall, rank_shift_histogram
from crslab_causal.experiments.runner.dataset_cache import DatasetCache
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Run, Suite


class PanelSamples(NamedTuple):
    """The samples of a panel. Each field has the shape ``(n_sample,)``."""

    rank_without: np.ndarray
    """Ranks without the intervention, see :func:`.rank_shift_histogram`."""
    rank_with: np.ndarray
    kl: np.ndarray
    """Divergence between the two distributions that give the ranks; NaN for a model without an intervention."""
    conversation: np.ndarray
    """Id of the conversation of each sample."""


def figure_records(
    suite: Suite, store: RunStore, datasets: DatasetCache, previous: PreviousReport
) -> Iterator[FigureRecord]:
    """Yield the numbers of Figure 4, for each of its versions in the suite whose runs are all finished.

    Numbers of the previous report are yielded unchanged if they come from the same runs.
    """
    for options in suite.options.figures:
        panels = panels_of(suite, options)
        for reading in READINGS:
            recorded = recorded_figure(suite, options, reading, panels, store, previous)
            if recorded is not None:
                yield recorded
            elif panels and all(_is_ready(run, reading, store) for panel in panels for run in panel.runs(reading)):
                samples = [_samples(panel, reading, store, datasets) for panel in panels]
                yield FigureRecord(
                    name=figure_name(options, reading),
                    reading=reading,
                    panels=_panel_records(panels, samples, reading, store),
                )


def histogram_record(samples: PanelSamples, reach: float = 0.0) -> HistogramRecord:
    """Count the samples of a panel by their rank without the intervention and by the shift of the rank.

    Args:
        samples: samples of the panel.
        reach: largest fall in ranks that the bins must include.
    """
    histogram = rank_shift_histogram(samples.rank_without, samples.rank_with, reach=reach)
    columns = {
        name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in histogram._asdict().items()
    }
    return HistogramRecord(**columns)


def kl_record(samples: PanelSamples) -> KLRecord | None:
    """Return the mean KL divergence of a panel by the rank without the intervention.

    It is None if no sample has a finite divergence.
    """
    if not np.isfinite(samples.kl).any():
        return None
    by_rank = kl_by_rank(samples.rank_without, samples.rank_with, samples.kl, samples.conversation)
    return KLRecord(
        rank_edges=by_rank.rank_edges.tolist(),
        mean=_without_nan(by_rank.mean),
        low=_without_nan(by_rank.low),
        high=_without_nan(by_rank.high),
        samples=by_rank.samples.tolist(),
        beyond=by_rank.beyond,
        missing=by_rank.missing,
    )


def _without_nan(values: np.ndarray) -> list[list[float | None]]:
    """Return an array as lists with None for NaN, which JSON does not have."""
    return [[None if np.isnan(value) else value for value in row] for row in values.tolist()]


def _is_ready(run: Run, reading: Reading, store: RunStore) -> bool:
    return store.is_finished(run) and (reading == 'one_model' or store.has_weights(run))


def _samples(panel: PanelRuns, reading: Reading, store: RunStore, datasets: DatasetCache) -> PanelSamples:
    split = panel.options.split
    with_ = _ranks(panel.with_, split, store)
    if reading == 'one_model':
        return PanelSamples(with_.rank, with_.rank_intervened, with_.kl, with_.conversation)
    without = _ranks(panel.without, split, store)
    kl = divergence(panel.with_, panel.without, split, store, datasets)
    return PanelSamples(without.rank, align(without, with_).rank, kl, without.conversation)


def _ranks(run: Run, split: str, store: RunStore) -> LabelRanks:
    return read_ranks(store.ranks_path(store.folder_name(run), split))


def _panel_records(
    panels: Sequence[PanelRuns], samples: Sequence[PanelSamples], reading: Reading, store: RunStore
) -> list[PanelRecord]:
    reach = max(largest_fall(panel.rank_without, panel.rank_with) for panel in samples)  # all panels have the same bins
    return [
        PanelRecord(
            title=panel.options.title,
            split=panel.options.split,
            runs=folder_names(panel, reading, store),
            histogram=histogram_record(s, reach),
            kl=kl_record(s),
        )
        for panel, s in zip(panels, samples)
    ]
