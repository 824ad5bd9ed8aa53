"""Functions that score runs of the kinds ``corpus`` and ``deconfounding`` right after their training."""

from __future__ import annotations

from crslab_causal.experiments.analysis.corpus import corpus_statistics
from crslab_causal.experiments.analysis.deconfounding import study_row
from crslab_causal.experiments.runner.execution import ExtraScorers

EXTRA_SCORERS = ExtraScorers(corpus=corpus_statistics, deconfounding=study_row)
