"""Schema of ``results/<suite>.json``, the record of a suite: all numbers of its tables, examples and figures.

Reporting reads nothing but this record, and ``--extend`` adds to it.
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

CLUSTERED = 'bootstrap'
"""Name of the test that draws whole conversations, for which the samples of a conversation may depend on each other."""

Number = int | float
Reading = Literal['one_model', 'two_models']
"""The meaning of "with intervention" in Figure 4; see :mod:`.figure4`."""


class Record(BaseModel):
    """Base class of the parts of ``results/<suite>.json``. It refuses unknown keys and does not convert types."""

    model_config = ConfigDict(extra='forbid', strict=True, frozen=True)


class SparseRecord(Record):
    """Base class of parts whose unset fields are left out of the JSON file."""

    @model_serializer(mode='wrap')
    def _without_unset_fields(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if name in self.model_fields_set}


class RunRecord(SparseRecord):
    """The origin of the scores of one finished run: its folder, seed, length of training, and versions."""

    folder: str
    """Folder of the run relative to the folder of all runs: ``<dataset>_<model>/<key>_seed<seed>``."""
    seed: int | None = None
    """Seed; absent if the run only counts the data."""
    epochs: int | None = None
    best_epoch: int | None = None
    training_seconds: float | None = None
    git_commit: str | None = None
    versions: dict[str, str] = {}
    times_scored: int | None = None
    """How often the run was scored on the official test file; absent for other splits."""


class TestRecord(SparseRecord):
    """The result of a significance test of a row against the reference of its table."""

    __test__ = False  # pytest must not collect this class

    difference: float
    """Mean score of the row minus that of the reference, as a share from 0 to 1."""
    low: float | None = None
    """Lower end of the 95 % interval of the difference."""
    high: float | None = None
    p: float
    """p value before Holm's correction."""
    test: str
    """Name of the test. Tests of a row are :data:`CLUSTERED`; some records of an earlier release have ``McNemar``."""
    seeds: tuple[int, int] | None = None
    """Number of runs of the row, and number of runs of the reference."""
    p_seeds: float | None = None
    """p value of Welch's test over the seeds, if both rows have several seeds. ``p`` is never below it."""
    p_holm: float
    """p value after Holm's correction over all tests of the table."""
    significant: bool


Scores = dict[str, dict[str, list[Number | None]]]
"""Scores by group and metric, one for each run; None if a run has no such score."""
Tests = dict[str, dict[str, TestRecord]]
"""Significance tests by group and metric; empty if nothing is tested."""


Intervals = dict[str, dict[str, tuple[float, float]]]
"""95 % intervals over conversations by group and metric, as shares from 0 to 1."""


class RowRecord(SparseRecord):
    """A row of a table: its title, the runs behind it, their scores, and the significance tests."""

    title: str
    id: str | None
    x: Scalar
    """Value of the sweep's key."""
    series: str
    """Title that the rows of a sweep share. They differ in ``x`` only."""
    reported: dict[str, float] | None
    """Scores in percent by metric, as the publication in ``source`` reports them."""
    source: str | None
    runs: list[RunRecord]
    scores: Scores
    note: str | None
    """Reason why the row has no scores, or fewer than it should have."""
    tests: Tests
    footnote: str | None = None
    """Remark on the reported scores."""
    intervals: Intervals = {}
    """Intervals by a bootstrap that draws conversations; absent for rows without them, see :func:`.row_intervals`."""
    interval_runs: int | None = None
    """Number of runs that the intervals cover; absent if they cover all of them, see :func:`.interval_runs`."""


class MeanRecord(Record):
    """The mean scores of a series over all values of a sweep, with their significance tests."""

    title: str
    reference: bool
    """Whether the other series are tested against this one."""
    reported: None
    scores: Scores
    """Scores by group and metric, one for each seed."""
    tests: Tests


class TableRecord(Record):
    """A table: its options, its rows, and the digests of its data."""

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
    """Digest of the files of each dataset behind the scores, see :func:`.digest_of_files`. A generated corpus has none,
    because the configuration determines it. Records of earlier releases have none either."""

    def is_reference(self, row: RowRecord) -> bool:
        """Return whether this row is the reference, which all other rows of the table are tested against."""
        return is_reference_row(row.id, row.x, self.reference, self.sweep)


class SystemRecord(Record):
    """The answer of one system to an example turn (Table 7)."""

    title: str
    backend: str
    status: str
    listed: list[str]
    """Names of the first items of the system's list."""
    rank_before: Number | None
    """Rank of the label before a language model re-ranked the list; None if the label is not in the list."""
    rank_after: Number | None
    explanation: str
    response: str


class CaseRecord(Record):
    """An example turn and the answers of several systems to it (Table 7)."""

    name: str
    title: str
    split: str
    conversation: str
    turn: int
    label: str
    """Name of the item that the human recommender names."""
    context: list[tuple[str, str]]
    """Role of the speaker and text of each utterance before the turn."""
    reference: str
    """Response that the human recommender gave."""
    systems: list[SystemRecord]


class HistogramRecord(Record):
    """Numbers of samples by rank without the intervention and by rank shift; see :class:`.RankShiftHistogram`."""

    rank_edges: list[float]
    up_edges: list[float]
    down_edges: list[float]
    up: list[list[int]]
    unchanged: list[int]
    down: list[list[int]]
    beyond: int
    missing: int


class KLRecord(Record):
    """Mean KL divergences by rank without the intervention and direction of the shift; see :class:`.KLByRank`.

    None stands for NaN.
    """

    rank_edges: list[float]
    mean: list[list[float | None]]
    low: list[list[float | None]]
    high: list[list[float | None]]
    samples: list[list[int]]
    beyond: int
    missing: int


class PanelRecord(Record):
    """A panel of Figure 4: the rank shifts and the divergences of one dataset."""

    title: str
    split: str
    runs: list[str]
    """Folders of the runs that the numbers come from."""
    histogram: HistogramRecord
    kl: KLRecord | None
    """Divergences; None for a model without an intervention."""


class FigureRecord(Record):
    """All numbers of Figure 4, for one reading of "with intervention", see :mod:`.figure4`."""

    name: str
    """Name of the figure's files, without a suffix."""
    reading: Reading
    panels: list[PanelRecord]


class SuiteRecord(SparseRecord):
    """All numbers of a suite: its tables, examples (``cases``) and figures."""

    name: str
    title: str
    about: str
    tables: list[TableRecord]
    cases: list[CaseRecord]
    figures: list[FigureRecord] = []
    """Numbers of Figure 4; absent in records of earlier releases."""

    def has_runs(self) -> bool:
        """Return whether any row has a finished run."""
        return any(row.runs for table in self.tables for row in table.rows)

    def has_failures(self) -> bool:
        """Return whether any row lacks scores because a run failed."""
        return any((row.note or '').startswith(FAILED) for table in self.tables for row in table.rows)

    def to_json(self) -> str:
        """Return the content of the file ``results/<suite>.json``."""
        return json.dumps(self.model_dump(), indent=1, ensure_ascii=False) + '\n'


def read_record(path: Path) -> SuiteRecord:
    """Read a file ``results/<suite>.json``.

    Raises:
        UserError: the file does not match the schema.
    """
    try:
        return SuiteRecord.model_validate_json(path.read_text('utf-8'))
    except ValidationError as error:
        raise UserError(f'{path}: damaged ({first_mistake(error)}); restore it, or leave out --extend') from error
    except UnicodeDecodeError as error:
        raise UserError(f'{path}: damaged (not UTF-8); restore it, or leave out --extend') from error
