"""Functions that score a run right after its training, for the kinds of runs that need more than the recommender's scores."""

from __future__ import annotations

from crslab_causal.experiments.analysis.corpus import corpus_statistics
from crslab_causal.experiments.analysis.deconfounding import study_row
from crslab_causal.experiments.runner.execution import ExtraScorers

EXTRA_SCORERS = ExtraScorers(corpus=corpus_statistics, deconfounding=study_row)
