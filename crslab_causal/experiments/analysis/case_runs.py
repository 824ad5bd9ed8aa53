"""The language models that the example of the official test asks, and whether a report has their answers.

This module imports no PyTorch, so that a list of the runs appears at once; :mod:`.official_case` asks.
"""

from __future__ import annotations

from typing import Sequence

from crslab_causal.experiments.analysis.previous_results import PreviousReport
from crslab_causal.experiments.analysis.record import NEEDS_LLM, CaseRecord, SystemRecord
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Run, Suite
from crslab_causal.experiments.suite.suite_options import CaseOptions


def unanswered(title: str, suite: Suite) -> SystemRecord:
    """Return the row of a language model that nobody has asked yet. It names the command that asks."""
    command = f'crslab-causal experiments {suite.name} --extend --official FOLDER --llm live'
    return SystemRecord(
        title=title,
        backend='',
        status=f'{NEEDS_LLM}: run `{command}`',
        listed=[],
        rank_before=None,
        rank_after=None,
        explanation='',
        response='',
    )


def is_answered(system: SystemRecord) -> bool:
    """Return whether a row of an example has an answer."""
    return not system.status.startswith(NEEDS_LLM)


def open_questions(options: CaseOptions, suite: Suite, previous: Sequence[CaseRecord]) -> dict[str, Run]:
    """Return the runs of the language models that an example still has to ask, by the title of the row."""
    answered = {system.title for record in previous for system in record.systems if is_answered(system)}
    return {
        asked.title: suite.asked[options.name, asked.title]
        for asked in options.llm
        if (options.name, asked.title) in suite.asked and asked.title not in answered
    }


def missing_case_runs(suite: Suite, store: RunStore, previous: PreviousReport) -> list[Run]:
    """Return the recommenders whose lists the examples still have to show to a language model.

    There are none if the command line names no language model or no official test files.
    """
    if store.paths.llm is None or store.paths.official is None:
        return []
    return [
        run.recommender
        for options in suite.options.cases
        for run in open_questions(options, suite, previous.cases(suite, options)).values()
        if run.recommender is not None
    ]
