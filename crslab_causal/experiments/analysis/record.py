"""Schema of ``results/<suite>.json``, the record of a suite: all numbers that its pages and figures show.

Reporting reads nothing but this record, and ``--extend`` continues it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from crslab_causal.base.errors import UserError
from crslab_causal.base.options import first_mistake
from crslab_causal.experiments.suite.suite_options import Kind, Scalar, SuiteSweepOptions, is_reference_row

FAILED = 'failed: '
"""Beginning of the note of a row whose runs failed."""
NEEDS_LLM = 'needs an LLM'
"""Note of a row without scores whose runs need a language model."""

Number = int | float
Reading = Literal['one_model', 'two_models']
"""The meaning of "with intervention" in Figure 4; see :mod:`.figure4`."""


class Record(BaseModel):
    """Base of all parts of a record: no unknown keys, and no conversion of types."""

    model_config = ConfigDict(extra='forbid', strict=True, frozen=True)


class SparseRecord(Record):
    """A part of a record whose fields are left out of the file if they were never set."""

    @model_serializer(mode='wrap')
    def _without_unset_fields(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if name in self.model_fields_set}


class RunRecord(SparseRecord):
    """A finished run."""

    folder: str
    """Folder below that of all runs: ``<dataset>_<model>/<key>_seed<seed>``."""
    seed: int | None = None
    """Seed; absent for counts of the data."""
    epochs: int | None = None
    best_epoch: int | None = None
    training_seconds: float | None = None
    git_commit: str | None = None
    versions: dict[str, str] = {}
    times_scored: int | None = None
    """How often the run was scored on the official test file; absent for other splits."""


class TestRecord(SparseRecord):
    """A significance test of a row against the reference of its table."""

    __test__ = False  # no test class of pytest's

    difference: float
    """Mean score of the row minus that of the reference, as a share from 0 to 1."""
    low: float | None = None
    """Lower end of the 95 % interval of the difference."""
    high: float | None = None
    p: float
    """p value before Holm's correction."""
    test: str
    """Name of the test."""
    seeds: tuple[int, int] | None = None
    """Numbers of runs of the row and of the reference."""
    p_seeds: float | None = None
    """p value of Welch's test over the seeds, if both rows have several; ``p`` is at least this."""
    p_holm: float
    """p value after Holm's correction over the table."""
    significant: bool


Scores = dict[str, dict[str, list[Number | None]]]
"""Scores by group and metric, one for each run; None where a run has no such score."""
Tests = dict[str, dict[str, TestRecord]]
"""Tests by group and metric; empty where there is nothing to test."""


Intervals = dict[str, dict[str, tuple[float, float]]]
"""95 % intervals over conversations by group and metric, as shares from 0 to 1."""


class RowRecord(SparseRecord):
    """A row of a table."""

    title: str
    id: str | None
    x: Scalar
    """Value of the sweep's key."""
    series: str
    """Title that is shared by the rows of a sweep that differ in ``x`` only."""
    reported: dict[str, float] | None
    """Scores in percent, by metric, as ``source`` reports them."""
    source: str | None
    runs: list[RunRecord]
    scores: Scores
    note: str | None
    """Reason why the row has no scores, or fewer than it should have."""
    tests: Tests
    footnote: str | None = None
    """Remark on the reported scores."""
    intervals: Intervals = {}
    """Intervals of the scores on the official test set, by a bootstrap that draws conversations; absent for other
    splits."""


class MeanRecord(Record):
    """The mean of a series over all values of a sweep."""

    title: str
    reference: bool
    """Whether the other series are tested against this one."""
    reported: None
    scores: Scores
    """Scores by group and metric, one for each seed."""
    tests: Tests


class TableRecord(Record):
    """A table."""

    name: str
    title: str
    kind: Kind
    seeded: list[str]
    split: str
    metrics: list[str]
    reference: str | None
    readme: bool
    groups: list[str]
    sweep: SuiteSweepOptions | None
    rows: list[RowRecord]
    means: list[MeanRecord]
    data: dict[str, str] = {}
    """Digest of the files of each dataset that the scores come from, see :func:`.digest_of_files`. A generated corpus
    has none, since its configuration determines it; nor has a record of an earlier release."""

    def is_reference(self, row: RowRecord) -> bool:
        """Return whether the other rows are tested against this one."""
        return is_reference_row(row.id, row.x, self.reference, self.sweep)


class SystemRecord(Record):
    """The answer of a system to the turn of a case."""

    title: str
    backend: str
    status: str
    listed: list[str]
    """Names of the first items of its list."""
    rank_before: Number | None
    """Rank of the label before a language model re-ranked the list; None if the label is not in the list."""
    rank_after: Number | None
    explanation: str
    response: str


class CaseRecord(Record):
    """A turn of the data, and the answers of several systems to it (Table 7)."""

    name: str
    title: str
    split: str
    conversation: str
    turn: int
    label: str
    """Name of the item that the data recommend."""
    context: list[tuple[str, str]]
    """(role, text) of the utterances before the turn."""
    reference: str
    """Response of the data."""
    systems: list[SystemRecord]


class HistogramRecord(Record):
    """Numbers of samples by original rank and rank shift; see :class:`.RankShiftHistogram`."""

    rank_edges: list[float]
    up_edges: list[float]
    down_edges: list[float]
    up: list[list[int]]
    unchanged: list[int]
    down: list[list[int]]
    beyond: int
    missing: int


class KLRecord(Record):
    """Mean divergence by original rank and direction of the shift; see :class:`.KLByRank`. None stands for NaN."""

    rank_edges: list[float]
    mean: list[list[float | None]]
    low: list[list[float | None]]
    high: list[list[float | None]]
    samples: list[list[int]]
    beyond: int
    missing: int


class PanelRecord(Record):
    """A dataset in Figure 4."""

    title: str
    split: str
    runs: list[str]
    """Folders of the runs that the numbers come from."""
    histogram: HistogramRecord
    kl: KLRecord | None
    """Divergences; None for models without an intervention."""


class FigureRecord(Record):
    """The numbers of Figure 4 in one reading."""

    name: str
    """Name of the figure's files, without a suffix."""
    reading: Reading
    panels: list[PanelRecord]


class SuiteRecord(SparseRecord):
    """The record of a suite."""

    name: str
    title: str
    about: str
    tables: list[TableRecord]
    cases: list[CaseRecord]
    figures: list[FigureRecord] = []
    """Numbers of Figure 4; absent from records of earlier releases."""

    def has_runs(self) -> bool:
        """Return whether any row has a finished run."""
        return any(row.runs for table in self.tables for row in table.rows)

    def has_failures(self) -> bool:
        """Return whether any row lacks scores because a run failed."""
        return any((row.note or '').startswith(FAILED) for table in self.tables for row in table.rows)

    def to_json(self) -> str:
        """Return the content of the record's file."""
        return json.dumps(self.model_dump(), indent=1, ensure_ascii=False) + '\n'


def read_record(path: Path) -> SuiteRecord:
    """Read the record of a suite.

    Raises:
        UserError: the file is no such record.
    """
    try:
        return SuiteRecord.model_validate_json(path.read_text('utf-8'))
    except ValidationError as error:
        raise UserError(f'{path}: damaged ({first_mistake(error)}); restore it, or leave out --extend') from error
    except UnicodeDecodeError as error:
        raise UserError(f'{path}: damaged (not UTF-8); restore it, or leave out --extend') from error
